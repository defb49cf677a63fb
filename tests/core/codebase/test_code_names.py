# ruff: noqa: E501 - names are read in one piece

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.backends.codebase.folder import relative
from banana_assets.core.codebase.configuration import is_configuration, key_configuration
from banana_assets.core.codebase.languages import language_of, language_of_script, totals
from banana_assets.core.codebase.names import holds_secrets, is_generated, is_test, is_test_case
from banana_assets.core.codebase.testing import written_tests
from banana_assets.core.errors import InputError


@pytest.mark.parametrize(
    "path",
    [
        ".env", ".env.local", "config/prod.env", ".envrc", "id_rsa", "id_ed25519.bak", "a/server.pem", "tls.key", "x.p12",
        "credentials", "aws-credentials.json", "secrets.yaml", "application-secrets.yml", "config/secrets/db.yml",
        "client_secret_12.json", "service-account.json", "terraform.tfstate", "prod.tfvars", ".netrc", ".npmrc", ".pypirc",
        ".git-credentials", ".ssh/config", ".aws/credentials", "vault.kdbx", "release.jks", "passwords.csv", ".htpasswd",
        "kubeconfig", "server.crt", "prod.env.pem.example", "TOKENS.TXT", ".docker/config.json", "gcp-key.pem", ".bash_history",
    ],
)  # fmt: skip
def test_names_of_secrets(path: str) -> None:
    assert holds_secrets(path) == (path != "prod.env.pem.example")


@pytest.mark.parametrize(
    "path",
    [
        ".env.example", "env.py", "secrets.py", "src/credentials.ts", "key.json", "tsconfig.json", "keys.go", "README.md",
        "docs/secrets.md", "secret_scanning/rules.py", "environment.yml", "token.rs", "package-lock.json", "Makefile",
        "public.json", "tests/test_credentials.py", "secrets.example.yaml", "monkey.txt", "passing.txt",
    ],
)  # fmt: skip
def test_names_of_no_secrets(path: str) -> None:
    assert not holds_secrets(path)


@pytest.mark.parametrize(
    "path",
    [
        "tests/test_a.py", "a_test.py", "src/a.test.ts", "a.spec.tsx", "pkg/a_test.go", "src/test/java/CartTest.java",
        "CartTests.cs", "spec/cart_spec.rb", "tests/cart.rs", "CartTest.php", "test/cart_test.exs", "a_unittest.cc", "a.bats",
        "features/pay.feature", "Tests/CartTests.swift", "cart_test.dart", "test_cart.c", "CartSpec.scala", "t/basic.t",
    ],
)  # fmt: skip
def test_names_of_tests(path: str) -> None:
    assert is_test(path)
    assert is_test_case(path)


@pytest.mark.parametrize("path", ["src/latest.py", "contest.js", "testimony.go", "src/attest.rs", "tests/data/a.txt"])
def test_names_of_no_tests(path: str) -> None:
    assert not is_test(path)


def test_helpers_of_tests_are_no_cases() -> None:
    assert is_test("tests/conftest.py")
    assert not is_test_case("tests/conftest.py")


def test_generated_files() -> None:
    assert all(
        map(is_generated, ["vendor/a.go", "a.min.js", "x_pb2.py", "api.pb.go", "third_party/z.c", "Form.Designer.cs"])
    )
    assert not any(map(is_generated, ["src/a.go", "vendors.py", "regen.py"]))


def test_configuration_is_known_in_many_ecosystems_and_near_first() -> None:
    known = [
        "package.json", "pyproject.toml", "setup.py", "tsconfig.json", "vite.config.ts", "pytest.ini", "Dockerfile",
        ".env.example", "web/package.json", ".github/workflows/ci.yml", "go.mod", "Cargo.toml", "pom.xml", "app/build.gradle.kts",
        "Gemfile", "composer.json", "src/Shop.csproj", "CMakeLists.txt", "docker-compose.yml", "Makefile", ".gitlab-ci.yml",
        "requirements-dev.txt", "mix.exs", "pubspec.yaml", ".pre-commit-config.yaml", "Jenkinsfile", "tox.ini",
    ]  # fmt: skip
    assert all(map(is_configuration, known))
    assert not any(map(is_configuration, ["a.py", ".env", "src/config.py", "data.json", "README.md", ".npmrc"]))
    chosen = key_configuration([*known, "tests/fixtures/package.json"], 27)
    assert chosen[0] == ".env.example"
    assert "tests/fixtures/package.json" not in chosen
    assert chosen.index("package.json") < chosen.index("web/package.json")


def test_languages() -> None:
    named = {
        "a.py": "Python", "a.pyi": "Python", "a.tsx": "TSX", "a.ts": "TypeScript", "a.jsx": "JavaScript", "a.h": "C",
        "a.hpp": "C++", "Dockerfile.dev": "Dockerfile", "Makefile": "Makefile", "a.cs": "C#", "Jenkinsfile": "Groovy",
        "README": "Text", "a.yml": "YAML", "a.tf": "HCL", "a.unknown": None,
    }  # fmt: skip
    assert {name: language_of(name) for name in named} == named
    assert language_of_script(b"#!/usr/bin/env -S python3 -u") == "Python"
    assert language_of_script(b"#!/bin/bash") == "Shell"
    assert language_of_script(b"import os") is None
    assert language_of_script(b"#!") is None
    rows = totals([("Python", 10, 2), ("Python", 5, None), ("YAML", 99, 9), (None, 7, None)])
    assert [(r.name, r.files, r.bytes, r.lines, r.counted) for r in rows] == [
        ("Python", 2, 15, 2, 1),
        ("YAML", 1, 99, 9, 1),
    ]


def test_written_tests_are_counted() -> None:
    assert (
        written_tests("Python", b"def test_a():\n    def test_b(): ...\nasync def test_c(): ...\ndef other(): ...\n")
        == 3
    )
    assert written_tests("TypeScript", b"it('a', f)\n  test.each`x`('b')\nunit('c')\n") == 2
    assert written_tests("Go", b"func TestA(t *testing.T) {}\nfunc helper() {}\n") == 1
    assert written_tests("Kotlin", b"@Test fun a() {}\n@ParameterizedTest\n") == 2
    assert written_tests("Rust", b"#[test]\nfn a() {}\n#[tokio::test]\n") == 2
    assert written_tests("YAML", b"test: 1") == 0


@pytest.mark.parametrize(
    "path", ["", "/", "/etc/passwd", "..", "a/../../b", "a/..", ".git/config", "x/.GIT/y", "a\0b", "./", "a" * 5000]
)
def test_paths_that_leave_are_refused(path: str) -> None:
    with pytest.raises(InputError):
        relative(path)


@given(st.lists(st.sampled_from(["a", "b.py", ".", "..", "", ".git", " ", "-x", "é", "\udcff", "a\nb"]), max_size=8))
def test_a_relative_path_never_leaves(parts: list[str]) -> None:
    try:
        path = relative("/".join(parts))
    except InputError:
        return
    inside = path.split("/")
    assert inside
    assert not {"", ".", "..", ".git"} & set(inside)
    assert relative(path) == path
