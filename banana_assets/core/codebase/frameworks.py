"""Frameworks and tools recognised from what manifests ask for and which files there are."""

# ruff: noqa: E501 - a table is read in rows

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from banana_assets.core.codebase.manifests import Manifest

BACKEND, FRONTEND, TEST, DATA, ML, BUILD, LINT, CI, CONTAINER, INFRA, MOBILE, DOCS = (
    "backend", "frontend", "test", "data", "ml", "build", "lint", "ci", "container", "infrastructure", "mobile", "docs",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework or tool in use: its kind, the version asked for where written, and the file that says so."""

    name: str
    kind: str
    wanted: str
    path: str


_PYTHON: Mapping[str, str] = {
    BACKEND: "django=Django flask=Flask fastapi=FastAPI starlette=Starlette aiohttp tornado=Tornado sanic=Sanic litestar=Litestar bottle=Bottle pyramid=Pyramid falcon=Falcon quart=Quart djangorestframework=Django-REST-framework celery=Celery uvicorn gunicorn granian grpcio=gRPC graphene=Graphene strawberry-graphql=Strawberry",
    FRONTEND: "streamlit=Streamlit dash=Dash gradio=Gradio nicegui=NiceGUI",
    TEST: "pytest hypothesis=Hypothesis nose2 robotframework=Robot-Framework behave locust playwright=Playwright selenium=Selenium schemathesis=Schemathesis",
    DATA: "dagster=Dagster apache-airflow=Airflow prefect=Prefect dbt-core=dbt pandas polars=Polars sqlalchemy=SQLAlchemy alembic=Alembic pyspark=Spark duckdb=DuckDB deltalake=Delta-Lake pydantic=Pydantic dask=Dask psycopg psycopg2 redis=Redis pymongo=MongoDB numpy=NumPy",
    ML: "torch=PyTorch tensorflow=TensorFlow jax=JAX scikit-learn transformers=Transformers lightgbm=LightGBM xgboost=XGBoost keras=Keras openai=OpenAI anthropic=Anthropic langchain=LangChain ollama=Ollama mcp=MCP",
    BUILD: "hatchling=Hatch setuptools poetry-core=Poetry flit-core=Flit pdm-backend=PDM maturin scikit-build-core cython=Cython nox tox",
    LINT: "ruff=Ruff mypy pyright flake8 black=Black pylint=Pylint bandit=Bandit import-linter",
    DOCS: "sphinx=Sphinx mkdocs=MkDocs",
}
_JAVASCRIPT: Mapping[str, str] = {
    BACKEND: "express=Express koa=Koa fastify=Fastify hapi @hapi/hapi=hapi @nestjs/core=NestJS hono=Hono @apollo/server=Apollo apollo-server=Apollo socket.io=Socket.IO @adonisjs/core=AdonisJS sails=Sails @trpc/server=tRPC",
    FRONTEND: "react=React vue=Vue @angular/core=Angular svelte=Svelte solid-js=Solid preact=Preact next=Next.js nuxt=Nuxt gatsby=Gatsby astro=Astro @remix-run/react=Remix ember-source=Ember htmx.org=htmx lit=Lit jquery=jQuery redux=Redux tailwindcss=Tailwind @sveltejs/kit=SvelteKit three=Three.js d3=D3 qwik=Qwik",
    MOBILE: "react-native=React-Native expo=Expo @ionic/core=Ionic @capacitor/core=Capacitor electron=Electron @tauri-apps/api=Tauri",
    TEST: "jest=Jest vitest=Vitest mocha=Mocha jasmine=Jasmine ava=AVA cypress=Cypress @playwright/test=Playwright playwright=Playwright karma=Karma @testing-library/react=Testing-Library @testing-library/vue=Testing-Library tap puppeteer=Puppeteer",
    DATA: "prisma=Prisma @prisma/client=Prisma typeorm=TypeORM sequelize=Sequelize mongoose=Mongoose drizzle-orm=Drizzle knex=Knex graphql=GraphQL",
    BUILD: "typescript=TypeScript vite=Vite webpack=webpack rollup=Rollup esbuild parcel=Parcel turbo=Turborepo nx=Nx lerna=Lerna @babel/core=Babel @swc/core=SWC gulp=Gulp grunt=Grunt tsup",
    LINT: "eslint=ESLint prettier=Prettier stylelint=Stylelint @biomejs/biome=Biome husky=Husky",
    DOCS: "@docusaurus/core=Docusaurus vitepress=VitePress storybook=Storybook",
}
_TABLES: Mapping[str, Mapping[str, str]] = {
    "python": _PYTHON,
    "javascript": _JAVASCRIPT,
    "go": {
        BACKEND: "github.com/gin-gonic/gin=Gin github.com/labstack/echo=Echo github.com/gofiber/fiber=Fiber github.com/go-chi/chi=chi github.com/gorilla/mux=Gorilla google.golang.org/grpc=gRPC",
        TEST: "github.com/stretchr/testify=Testify github.com/onsi/ginkgo=Ginkgo",
        DATA: "gorm.io/gorm=GORM github.com/jackc/pgx=pgx",
        BUILD: "github.com/spf13/cobra=Cobra k8s.io/client-go=Kubernetes-client",
    },
    "rust": {
        BACKEND: "actix-web=Actix axum=Axum rocket=Rocket warp tonic=tonic poem=Poem hyper tokio=Tokio",
        FRONTEND: "leptos=Leptos yew=Yew dioxus=Dioxus bevy=Bevy",
        TEST: "proptest criterion=Criterion rstest insta quickcheck",
        DATA: "diesel=Diesel sqlx=SQLx sea-orm=SeaORM polars=Polars serde=Serde",
        MOBILE: "tauri=Tauri",
        BUILD: "clap pyo3=PyO3",
    },
    "jvm": {
        BACKEND: "org.springframework.boot=Spring-Boot org.springframework=Spring io.quarkus=Quarkus io.micronaut=Micronaut io.vertx=Vert.x io.dropwizard=Dropwizard io.ktor=Ktor com.typesafe.play=Play org.playframework=Play jakarta.platform=Jakarta-EE io.grpc=gRPC com.typesafe.akka=Akka",
        TEST: "org.junit.jupiter=JUnit-5 junit:junit=JUnit-4 org.testng=TestNG org.mockito=Mockito org.spockframework=Spock org.scalatest=ScalaTest io.kotest=Kotest org.testcontainers=Testcontainers",
        DATA: "org.hibernate=Hibernate org.apache.spark=Spark org.apache.kafka=Kafka org.flywaydb=Flyway org.liquibase=Liquibase org.apache.flink=Flink",
        MOBILE: "com.android.application=Android com.android.library=Android androidx.core=Android",
        BUILD: "org.jetbrains.kotlin=Kotlin",
    },
    "ruby": {
        BACKEND: "rails=Rails sinatra=Sinatra hanami=Hanami grape=Grape puma=Puma sidekiq=Sidekiq",
        TEST: "rspec=RSpec rspec-rails=RSpec minitest cucumber=Cucumber capybara=Capybara",
        LINT: "rubocop=RuboCop",
        DOCS: "jekyll=Jekyll",
    },
    "php": {
        BACKEND: "laravel/framework=Laravel symfony/framework-bundle=Symfony slim/slim=Slim cakephp/cakephp=CakePHP yiisoft/yii2=Yii",
        TEST: "phpunit/phpunit=PHPUnit pestphp/pest=Pest codeception/codeception=Codeception",
        DATA: "doctrine/orm=Doctrine",
        LINT: "phpstan/phpstan=PHPStan friendsofphp/php-cs-fixer=PHP-CS-Fixer",
    },
    "dotnet": {
        BACKEND: "Microsoft.AspNetCore=ASP.NET-Core Swashbuckle.AspNetCore=ASP.NET-Core Grpc.AspNetCore=gRPC",
        TEST: "xunit=xUnit NUnit=NUnit MSTest.TestFramework=MSTest Moq=Moq",
        DATA: "Microsoft.EntityFrameworkCore=Entity-Framework Dapper=Dapper",
        MOBILE: "Microsoft.Maui.Controls=MAUI Avalonia=Avalonia",
    },
    "elixir": {BACKEND: "phoenix=Phoenix", FRONTEND: "phoenix_live_view=LiveView", DATA: "ecto=Ecto ecto_sql=Ecto", LINT: "credo=Credo"},
    "dart": {MOBILE: "flutter=Flutter", TEST: "flutter_test=flutter_test test=test"},
    "swift": {BACKEND: "https://github.com/vapor/vapor.git=Vapor https://github.com/vapor/vapor=Vapor"},
    "c++": {
        TEST: "GTest=GoogleTest gtest=GoogleTest Catch2=Catch2 catch2=Catch2 doctest=doctest",
        DATA: "Boost=Boost boost=Boost OpenMP=OpenMP MPI=MPI Eigen3=Eigen OpenCV=OpenCV Qt5=Qt Qt6=Qt CUDAToolkit=CUDA",
    },
}  # fmt: skip
_BY_NAME: tuple[tuple[str, str, str], ...] = (
    (r"Jenkinsfile", "Jenkins", CI),
    (r"\.gitlab-ci\.ya?ml$", "GitLab CI", CI),
    (r"\.travis\.yml$", "Travis CI", CI),
    (r"azure-pipelines[\w.-]*\.ya?ml$", "Azure Pipelines", CI),
    (r"bitbucket-pipelines\.yml$", "Bitbucket Pipelines", CI),
    (r"\.drone\.ya?ml$", "Drone", CI),
    (r"\.?appveyor\.yml$", "AppVeyor", CI),
    (r"(?:Docker|Container)file|[\w.-]+\.[Dd]ockerfile$", "Docker", CONTAINER),
    (r"(?:docker-)?compose[\w.-]*\.ya?ml$", "Docker Compose", CONTAINER),
    (r"Chart\.yaml$", "Helm", INFRA),
    (r"kustomization\.ya?ml$", "Kustomize", INFRA),
    (r"[\w.-]+\.tf$", "Terraform", INFRA),
    (r"ansible\.cfg$", "Ansible", INFRA),
    (r"serverless\.ya?ml$", "Serverless Framework", INFRA),
    (r"Pulumi\.yaml$", "Pulumi", INFRA),
    (r"cdk\.json$", "AWS CDK", INFRA),
    (r"manage\.py$", "Django", BACKEND),
    (r"next\.config\.[cm]?[jt]s$", "Next.js", FRONTEND),
    (r"nuxt\.config\.[jt]s$", "Nuxt", FRONTEND),
    (r"angular\.json$", "Angular", FRONTEND),
    (r"svelte\.config\.[jt]s$", "Svelte", FRONTEND),
    (r"vite\.config\.[cm]?[jt]s$", "Vite", BUILD),
    (r"pytest\.ini$|conftest\.py$", "pytest", TEST),
    (r"tox\.ini$", "tox", BUILD),
    (r"noxfile\.py$", "nox", BUILD),
    (r"phpunit\.xml(?:\.dist)?$", "PHPUnit", TEST),
    (r"\.rspec$", "RSpec", TEST),
    (r"\w+_test\.go$", "go test", TEST),
    (r"[\w.-]+\.bats$", "Bats", TEST),
    (r"CMakeLists\.txt$", "CMake", BUILD),
    (r"meson\.build$", "Meson", BUILD),
    (r"(?:WORKSPACE|MODULE)(?:\.bazel)?$", "Bazel", BUILD),
    (r"pom\.xml$", "Maven", BUILD),
    (r"build\.gradle(?:\.kts)?$", "Gradle", BUILD),
    (r"(?:GNU)?[Mm]akefile$", "Make", BUILD),
    (r"\.pre-commit-config\.yaml$", "pre-commit", LINT),
    (r"mkdocs\.ya?ml$", "MkDocs", DOCS),
    (r"dbt_project\.yml$", "dbt", DATA),
    (r"uv\.lock$", "uv", BUILD),
    (r"poetry\.lock$", "Poetry", BUILD),
    (r"pnpm-lock\.yaml$", "pnpm", BUILD),
    (r"yarn\.lock$", "Yarn", BUILD),
    (r"package-lock\.json$", "npm", BUILD),
    (r"Cargo\.lock$", "Cargo", BUILD),
    (r"flake\.nix$", "Nix", BUILD),
)
_BY_FOLDER: tuple[tuple[str, str, str], ...] = (
    (".github/workflows/", "GitHub Actions", CI),
    (".circleci/", "CircleCI", CI),
    (".buildkite/", "Buildkite", CI),
    (".forgejo/workflows/", "Forgejo Actions", CI),
    (".gitea/workflows/", "Gitea Actions", CI),
    (".woodpecker/", "Woodpecker", CI),
    (".tekton/", "Tekton", CI),
)
_NAMES = re.compile("|".join(f"(?P<f{i}>{pattern})" for i, (pattern, _, _) in enumerate(_BY_NAME)))


def _known() -> dict[tuple[str, str], tuple[str, str]]:
    table = {}
    for ecosystem, kinds in _TABLES.items():
        for kind, entries in kinds.items():
            for entry in entries.split():
                package, _, name = entry.partition("=")
                table[ecosystem, package.lower()] = (name.replace("-", " ") if name else package, kind)
    return table


_KNOWN = _known()
_ORDER = {
    kind: i
    for i, kind in enumerate((BACKEND, FRONTEND, MOBILE, DATA, ML, TEST, BUILD, LINT, CI, CONTAINER, INFRA, DOCS))
}


def frameworks(manifests: Iterable[Manifest], paths: Iterable[str]) -> tuple[Framework, ...]:
    """What is recognised, each once: the most telling first, from the manifest nearest to the root."""
    found: dict[str, Framework] = {}
    for manifest in sorted(manifests, key=lambda m: (m.path.count("/"), m.path)):
        for dependency in manifest.dependencies:
            if known := _of(manifest.ecosystem, dependency.name):
                name, kind = known
                before = found.get(name)
                if before is None or (not before.wanted and dependency.wanted):
                    found[name] = Framework(name, kind, dependency.wanted, manifest.path)
    files = ((path.count("/"), path, row) for path in paths if (row := _of_file(path)))
    for _, path, (_, name, kind) in sorted(files):
        found.setdefault(name, Framework(name, kind, "", path))
    return tuple(sorted(found.values(), key=lambda f: (_ORDER[f.kind], f.name.lower())))


def _of_file(path: str) -> tuple[str, str, str] | None:
    """The row of a file, by its name or the folder at the root that it lies in."""
    if hit := _NAMES.match(path.rpartition("/")[2]):
        return _BY_NAME[int((hit.lastgroup or "f0")[1:])]
    return next((row for row in _BY_FOLDER if path.startswith(row[0])), None) if path.startswith(".") else None


def _of(ecosystem: str, package: str) -> tuple[str, str] | None:
    """The entry of a package, or of what its name stands below (``group:artifact``, a module's path)."""
    name = package.lower().replace("_", "-") if ecosystem == "python" else package.lower()
    while name:
        if known := _KNOWN.get((ecosystem, name)):
            return known
        cut = max(name.rfind(mark) for mark in ("/", ":", ".")) if ecosystem in ("go", "jvm", "dotnet") else -1
        name = name[:cut] if cut > 0 else ""
    return None
