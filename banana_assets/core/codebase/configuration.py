"""Which files configure a project: its build, its tools, its tests, its CI, its containers."""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

from collections.abc import Iterable

from banana_assets.core.codebase.names import holds_secrets, is_generated, is_test
from banana_assets.core.text import Late

_NAMES = Late(
    r"""(?x)^(?:
      # what a project is made of
      package\.json | deno\.jsonc? | bunfig\.toml | lerna\.json | nx\.json | turbo\.json | rush\.json | pnpm-workspace\.yaml
      | pyproject\.toml | setup\.(?:py|cfg) | requirements[\w.-]*\.(?:txt|in) | constraints[\w.-]*\.txt | Pipfile
      | environment\.ya?ml | pixi\.toml | MANIFEST\.in
      | go\.(?:mod|work) | Cargo\.toml | rust-toolchain(?:\.toml)? | pom\.xml | build\.gradle(?:\.kts)?
      | settings\.gradle(?:\.kts)? | gradle\.properties | libs\.versions\.toml | build\.(?:sbt|sc|xml|zig|mill) | ivy\.xml
      | Gemfile | [\w.-]+\.gemspec | composer\.json | mix\.exs | rebar\.config | pubspec\.yaml | Package\.swift | Podfile
      | Cartfile | project\.clj | deps\.edn | shadow-cljs\.edn | stack\.yaml | cabal\.project | [\w.-]+\.cabal | dune-project
      | [\w.-]+\.opam | elm\.json | dub\.(?:json|sdl) | shard\.yml | [\w.-]+\.nimble | DESCRIPTION | Project\.toml | cpanfile
      | [\w.-]+\.(?:cs|fs|vb|vcx)proj | [\w.-]+\.slnx? | Directory\.(?:Build|Packages)\.(?:props|targets) | global\.json
      | packages\.config | [Nn]u[Gg]et\.[Cc]onfig | conanfile\.(?:txt|py) | vcpkg\.json
      # how it is built
      | (?:GNU)?[Mm]akefile | CMakeLists\.txt | CMakePresets\.json | configure\.ac | meson\.build | meson_options\.txt
      | SConstruct | wscript | WORKSPACE(?:\.bazel)? | MODULE\.bazel | \.bazelrc | BUCK | justfile | [Tt]askfile\.ya?ml
      | Rakefile | gulpfile\.[cm]?[jt]s | Gruntfile\.[cm]?js | Earthfile | dodo\.py | noxfile\.py | tasks\.py | magefile\.go
      | \.goreleaser\.ya?ml | flake\.nix | shell\.nix | default\.nix
      # its tools and tests
      | tsconfig[\w.-]*\.json | jsconfig\.json | vite(?:st)?\.config\.[cm]?[jt]s | webpack[\w.-]*\.[cm]?[jt]s
      | (?:rollup|esbuild|babel|jest|playwright|cypress|karma|next|nuxt|svelte|astro|remix|gatsby|vue|metro|app|eslint|prettier
        |tailwind|postcss|stylelint|commitlint|lint-staged|tsup|wdio|drizzle|codegen)[\w-]*\.(?:config|conf)\.[cm]?[jt]s
      | angular\.json | \.babelrc[\w.]* | \.eslintrc[\w.]* | \.prettierrc[\w.]* | \.stylelintrc[\w.]* | \.swcrc | biome\.jsonc?
      | pytest\.ini | tox\.ini | \.?mypy\.ini | \.?ruff\.toml | \.flake8 | \.?pylintrc | \.coveragerc | pyrightconfig\.json
      | ty\.toml | \.pre-commit-config\.yaml | \.isort\.cfg | \.importlinter | alembic\.ini | manage\.py
      | \.golangci\.ya?ml | rustfmt\.toml | \.rustfmt\.toml | clippy\.toml | deny\.toml | nextest\.toml
      | phpunit\.xml(?:\.dist)? | phpstan\.neon(?:\.dist)? | \.rubocop\.yml | \.rspec | \.clang-(?:format|tidy) | checkstyle\.xml
      | detekt\.ya?ml | \.editorconfig | \.tool-versions | \.nvmrc | \.node-version | \.python-version | \.ruby-version
      | \.java-version | mise\.toml | \.mise\.toml | renovate\.json5? | dependabot\.ya?ml | codecov\.ya?ml | \.codecov\.ya?ml
      | sonar-project\.properties | workspace\.yaml | dagster\.yaml | dbt_project\.yml | airflow\.cfg
      | buf(?:\.gen)?\.yaml | openapi\.(?:ya?ml|json) | schema\.prisma
      # where it runs
      | (?:Docker|Container)file[\w.-]* | [\w.-]+\.[Dd]ockerfile | (?:docker-)?compose[\w.-]*\.ya?ml | \.dockerignore
      | docker-bake\.(?:hcl|json) | \.devcontainer\.json | devcontainer\.json | Vagrantfile | Procfile | Tiltfile | skaffold\.yaml
      | Chart\.yaml | values[\w.-]*\.yaml | kustomization\.ya?ml | serverless\.ya?ml | vercel\.json | netlify\.toml | fly\.toml
      | render\.yaml | app\.ya?ml | cloudbuild\.ya?ml | Pulumi\.yaml | cdk\.json | samconfig\.toml | ansible\.cfg | nginx\.conf
      | main\.tf | versions\.tf | providers\.tf | railway\.(?:json|toml) | wrangler\.(?:toml|jsonc?) | firebase\.json
      # CI
      | \.gitlab-ci\.ya?ml | Jenkinsfile[\w.-]* | azure-pipelines[\w.-]*\.ya?ml | \.travis\.yml | \.drone\.ya?ml | appveyor\.yml
      | \.appveyor\.yml | bitbucket-pipelines\.yml | \.cirrus\.yml | \.woodpecker\.ya?ml | buildspec\.ya?ml | \.readthedocs\.ya?ml
      | \.env[._](?:example|sample|template|dist) | [\w.-]+\.env\.(?:example|sample|template|dist)
    )$"""
)
_PATHS = Late(
    r"(?:^|/)(?:\.github/(?:workflows|actions)/.+\.ya?ml|\.circleci/config\.yml|\.buildkite/.+\.ya?ml|\.gitlab/ci/.+\.ya?ml"
    r"|\.azure-?pipelines/.+\.ya?ml|\.woodpecker/.+\.ya?ml|\.tekton/.+\.ya?ml|\.forgejo/workflows/.+\.ya?ml"
    r"|\.gitea/workflows/.+\.ya?ml|\.cargo/config(?:\.toml)?|\.devcontainer/.+\.json|\.ci/[\w.-]+|\.config/nextest\.toml"
    r"|gradle/wrapper/gradle-wrapper\.properties|\.mvn/[\w.-]+|\.teamcity/.+\.kts?)$"
)


def is_configuration(path: str) -> bool:
    """Whether a file configures the project, and is none that holds secrets."""
    name = path.rpartition("/")[2]
    in_its_own = path.startswith(".") or "/." in path or name.startswith("gradle-")
    known = _NAMES.match(name) is not None or (in_its_own and _PATHS.search(path) is not None)
    return known and not holds_secrets(path)


def key_configuration(paths: Iterable[str], most: int) -> list[str]:
    """The configuration files, at most so many: those near the root first, those of tests and vendored code last."""
    chosen = [path for path in paths if is_configuration(path)]
    chosen.sort(key=lambda p: (is_generated(p), is_test(p) or "fixtures/" in p or "/templates/" in p, p.count("/"), p))
    return chosen[:most]
