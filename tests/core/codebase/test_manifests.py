# ruff: noqa: E501, ISC004 - a manifest is read in one piece

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.codebase.entries import begins_here, entry_points
from banana_assets.core.codebase.frameworks import frameworks
from banana_assets.core.codebase.manifests import Manifest, is_manifest, read_manifest

READ: dict[str, tuple[str, list[tuple[str, str, str]], list[tuple[str, str, str]]]] = {
    "pyproject.toml": (
        '[project]\nname = "shop"\ndependencies = ["flask>=3", "x[y] ; python_version < \'3\'"]\n[project.scripts]\nshop = "shop.cli:main"\n'
        '[project.optional-dependencies]\ntest = ["pytest"]\n[tool.poetry.dependencies]\npython = "3"\nredis = {version = "^5"}\n',
        [("flask", ">=3", "runtime"), ("x", "", "runtime"), ("pytest", "", "dev"), ("redis", "^5", "runtime")],
        [("command", "shop", "shop.cli:main")],
    ),
    "requirements-dev.txt": (
        "-r other.txt\na==1 # why\nb>=2,\\\n <3\n--hash=x\ngit+https://h/x.git#egg=inner\n./local\n",
        [("a", "==1", "dev"), ("b", ">=2, <3", "dev"), ("inner", "", "dev")],
        [],
    ),
    "setup.py": (
        "from setuptools import setup\nV = '1'\nsetup(name='shop', version=V, install_requires=['a>1'], extras_require={'docs': ['sphinx']},\n"
        " entry_points={'console_scripts': ['shop=shop:main']})\n",
        [("a", ">1", "runtime"), ("sphinx", "", "dev")],
        [("command", "shop", "shop:main")],
    ),
    "setup.cfg": ("[options]\ninstall_requires =\n  a>1\n", [("a", ">1", "runtime")], []),
    "Pipfile": ('[packages]\na = "*"\n[dev-packages]\nb = {version = "1"}\n', [("a", "*", "runtime"), ("b", "1", "dev")], []),
    "environment.yml": ("dependencies:\n - python=3\n - conda-forge::a=1\n - pip:\n   - b==2\n", [("a", "=1", "runtime"), ("b", "==2", "runtime")], []),
    "package.json": (
        '{"name": "@s/shop", "bin": "cli.js", "scripts": {"start": "node a.js", "odd": "x"}, "dependencies": {"react": "^19"}, "devDependencies": {"jest": "1"}}',
        [("react", "^19", "runtime"), ("jest", "1", "dev")],
        [("command", "shop", "cli.js"), ("script", "start", "node a.js")],
    ),
    "deno.json": ('{\n// why\n"imports": {"a": "jsr:@a/b@1", "c": "./c.ts"}, "tasks": {"dev": "deno run a.ts"}}', [("a", "jsr:@a/b@1", "runtime")], [("script", "dev", "deno run a.ts")]),
    "composer.json": ('{"require": {"php": "8", "laravel/framework": "^11"}}', [("laravel/framework", "^11", "runtime")], []),
    "go.mod": ("module x/shop\nrequire a/b v1\nrequire (\n\tc/d v2 // indirect\n)\n", [("a/b", "v1", "runtime"), ("c/d", "v2", "indirect")], []),
    "Cargo.toml": (
        '[package]\nname = "shop"\n[dependencies]\nserde = "1"\ntokio = {version = "1"}\n[dev-dependencies]\ninsta = "1"\n[[bin]]\nname = "b"\npath = "src/b.rs"\n',
        [("serde", "1", "runtime"), ("tokio", "1", "runtime"), ("insta", "1", "dev")],
        [("program", "b", "src/b.rs")],
    ),
    "pom.xml": (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><artifactId>shop</artifactId><dependencies><dependency><groupId>org.junit.jupiter</groupId><artifactId>junit</artifactId><version>5</version><scope>test</scope></dependency></dependencies></project>',
        [("org.junit.jupiter:junit", "5", "dev")],
        [],
    ),
    "build.gradle.kts": ('dependencies {\n  implementation("a.b:c:1")\n  testImplementation("d.e:f:2")\n}\n', [("a.b:c", "1", "runtime"), ("d.e:f", "2", "dev")], []),
    "Gemfile": ('gem "rails", "~> 8"\n# gem "no"\n', [("rails", "~> 8", "runtime")], []),
    "Shop.csproj": ('<Project><ItemGroup><PackageReference Include="xunit" Version="2" /></ItemGroup></Project>', [("xunit", "2", "runtime")], []),
    "mix.exs": ('defp deps do [{:phoenix, "~> 1.8"}] end', [("phoenix", "~> 1.8", "runtime")], []),
    "pubspec.yaml": ("name: shop\ndependencies:\n  http: ^1\n  flutter:\n    sdk: flutter\n", [("http", "^1", "runtime"), ("flutter", "", "runtime")], []),
    "CMakeLists.txt": ("find_package(GTest 1.14 REQUIRED)\n", [("GTest", "1.14", "runtime")], []),
    "vcpkg.json": ('{"dependencies": ["zlib", {"name": "boost", "version>=": "1"}]}', [("zlib", "", "runtime"), ("boost", "1", "runtime")], []),
    "build.sbt": ('libraryDependencies += "org.x" %% "y" % "1.0"', [("org.x:y", "1.0", "runtime")], []),
    "Dockerfile": (
        'FROM --platform=x python:3.13 AS base\nFROM base\nFROM host:5000/app@sha256:ab\nENTRYPOINT ["serve", \\\n "now"]\n',
        [("python", "3.13", "image"), ("host:5000/app", "sha256:ab", "image")],
        [("container", "ENTRYPOINT", '["serve", "now"]')],
    ),
    "Procfile": ("web: gunicorn app\n", [], [("service", "web", "gunicorn app")]),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_each_kind_of_manifest(name: str) -> None:
    text, dependencies, entries = READ[name]
    found = read_manifest(f"sub/{name}", text)
    assert found.problem == ""
    assert [(d.name, d.wanted, d.group) for d in found.dependencies] == dependencies
    assert [(e.kind, e.name, e.target) for e in found.entry_points] == entries


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("package.json", "[" * 100_000), ("package.json", "[]"), ("pyproject.toml", "a=" + "[" * 20_000),
        ("setup.py", "x=" + "-" * 100_000 + "1"), ("setup.py", "x=a" + ".b" * 100_000), ("setup.py", "\0"),
        ("pom.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), ("environment.yml", "[" * 5_000), ("setup.cfg", "x"),
        ("pubspec.yaml", "a: !!python/object/apply:os.system [ls]"), ("Cargo.toml", "["),
    ],
)  # fmt: skip
def test_a_broken_manifest_says_so(name: str, text: str) -> None:
    found = read_manifest(name, text)
    assert found.problem
    assert len(found.problem) <= 200
    assert found.dependencies == ()


@given(st.sampled_from(sorted(READ)), st.data())
def test_damaged_manifests_never_fail(name: str, data: st.DataObject) -> None:
    text = READ[name][0]
    at = data.draw(st.integers(0, len(text)))
    middle = data.draw(st.text(max_size=8))
    found = read_manifest(name, text[:at] + middle + text[at + data.draw(st.integers(0, 9)) :])
    assert isinstance(found, Manifest)


def test_values_are_masked_with_their_names() -> None:
    secret = "correct-horse-battery-9"
    for name, text in {
        "requirements.txt": f"password = '{secret}'\na @ https://u:{secret}@h/x\n",
        "package.json": f'{{"scripts": {{"start": "x --password {secret}"}}, "dependencies": {{"a": "git+https://u:{secret}@h/x"}}}}',
        "pyproject.toml": f'[tool.poetry.dependencies]\npassword = "{secret}"\n',
        "package.json.": "",
    }.items():
        if is_manifest(name):
            assert secret not in repr(read_manifest(name, text))


def test_frameworks_come_from_packages_and_files() -> None:
    manifests = [
        read_manifest("pyproject.toml", '[project]\ndependencies = ["FastAPI>=0.1", "unheard-of"]\n'),
        read_manifest("web/package.json", '{"dependencies": {"next": "15", "react": "19"}}'),
        read_manifest("go.mod", "require github.com/gin-gonic/gin/v2 v2\n"),
        read_manifest(
            "pom.xml",
            "<a><dependency><groupId>org.springframework.boot</groupId><artifactId>x-web</artifactId></dependency></a>",
        ),
    ]
    found = {
        f.name: (f.kind, f.wanted, f.path) for f in frameworks(manifests, [".github/workflows/ci.yml", "a_test.go"])
    }
    assert found["FastAPI"] == ("backend", ">=0.1", "pyproject.toml")
    assert found["Next.js"] == ("frontend", "15", "web/package.json")
    assert found["Gin"][0] == "backend"
    assert found["Spring Boot"][0] == "backend"
    assert found["GitHub Actions"] == ("ci", "", ".github/workflows/ci.yml")
    assert found["go test"][0] == "test"
    assert list(found)[:1] == ["FastAPI"]


def test_entry_points() -> None:
    manifest = read_manifest("pyproject.toml", READ["pyproject.toml"][0])
    paths = [
        "shop/__main__.py",
        "cmd/tool/main.go",
        "shop/app.py",
        "web/index.html",
        "tests/main.py",
        "vendor/x/main.go",
        "lib/run.py",
    ]
    found, more = entry_points([manifest], paths, ["lib/run.py", "shop/app.py"])
    assert [(p.kind, p.name, p.path) for p in found] == [
        ("command", "shop", "pyproject.toml"),
        ("program", "shop", "shop/__main__.py"),
        ("program", "app", "shop/app.py"),
        ("program", "web", "web/index.html"),
        ("program", "tool", "cmd/tool/main.go"),
        ("program", "run", "lib/run.py"),
    ]
    assert more == 0
    for text in (
        b'x\nif __name__ == "__main__":',
        b"func main() {",
        b"fn main() {",
        b"int main(",
        b"  public static void main(S",
    ):
        assert begins_here(text)
    assert not begins_here(b"main = 1\ndef main(): ...")
