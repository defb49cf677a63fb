"""Each entry of the table against what its tool really prints (recorded under ``output/``)."""

import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banana_assets.core.builds.blocks import BLOCKS, MOST
from banana_assets.core.builds.diagnosis import diagnose
from banana_assets.core.builds.tools import RULES
from banana_assets.core.vocabulary import FAILURE_CATEGORIES

OUTPUT = Path(__file__).parent / "output"

EXPECTED = {
    # file: (tool, category, lines of the cause, failing tests)
    "asan": ("sanitizer", "crash", (2, 20), ()),
    "bash": ("shell", "missing_dependency", (1, 1), ()),
    "bash-unbound": ("shell", "configuration_error", (1, 1), ()),
    "cargo-test": ("cargo", "test_failure", (11, 33), ("tests::adds",)),
    "cmake": ("cmake", "configuration_error", (7, 21), ()),
    "curl": ("network", "network_error", (1, 1), ()),
    "docker": ("docker", "container_build_error", (5, 5), ()),
    "eslint": ("eslint", "lint_error", (2, 6), ()),
    "gcc": ("gcc", "compile_error", (1, 5), ()),
    "gcc-link": ("gcc", "compile_error", (1, 3), ()),
    "git": ("git", "version_control_error", (1, 1), ()),
    "git-clone": ("git", "version_control_error", (1, 1), ()),
    "go-build": ("go", "compile_error", (1, 2), ()),
    "go-test": ("go", "test_failure", (2, 3), ("TestTotal",)),
    "javac": ("javac", "compile_error", (1, 4), ()),
    "jest": ("jest", "test_failure", (6, 21), ("cart › adds",)),
    "make": ("gcc", "compile_error", (2, 6), ()),
    "make-norule": ("make", "configuration_error", (1, 1), ()),
    "maven": ("maven", "missing_dependency", (13, 13), ()),
    "minitest": ("minitest", "test_failure", (9, 12), ("CartTest::test_total",)),
    "mocha": ("mocha", "test_failure", (9, 24), ("cart::adds",)),
    "mypy": ("mypy", "type_error", (1, 1), ()),
    "ninja": ("gcc", "compile_error", (14, 18), ()),
    "node-module": ("node", "missing_dependency", (5, 5), ()),
    "node-syntax": (None, "syntax_error", (1, 12), ()),
    "npm-script": ("npm", "configuration_error", (1, 4), ()),
    "perl": ("perl", "missing_dependency", (1, 1), ()),
    "pip": ("pip", "missing_dependency", (2, 3), ()),
    "prettier": ("prettier", "lint_error", (1, 3), ()),
    "prove": ("tap", "test_failure", (2, 5), ()),
    "pytest": ("pytest", "test_failure", (10, 27), ("test_cart.py::test_total", "test_cart.py::TestCart::test_add[0]")),
    "python-import": ("python", "missing_dependency", (1, 4), ()),
    "python-syntax": (None, "syntax_error", (1, 4), ()),
    "rspec": ("rspec", "test_failure", (5, 12), ("./spec/cart_spec.rb::cart adds",)),
    "ruby-load": ("ruby", "missing_dependency", (1, 1), ()),
    "ruff": ("ruff", "lint_error", (1, 25), ()),
    "ruff-concise": ("flake8", "lint_error", (1, 3), ()),
    "rustc": ("rustc", "compile_error", (2, 8), ()),
    "tsc": ("tsc", "type_error", (1, 1), ()),
    "tsc-pretty": ("tsc", "type_error", (1, 4), ()),
    "unittest": (
        "unittest",
        "test_failure",
        (6, 19),
        ("cart_unittest.CartTest::test_missing", "cart_unittest.CartTest::test_total"),
    ),
    "vitest": ("vitest", "test_failure", (10, 25), ("cart > adds",)),
    "clang": ("gcc", "compile_error", (1, 7), ()),
    "clang-link": ("gcc", "compile_error", (1, 3), ()),
    "gradle-compile": ("javac", "compile_error", (4, 9), ()),
    "gradle-test": ("gradle", "test_failure", (16, 25), ("CartTest::adds",)),
    "gradle-task": ("gradle", "configuration_error", (7, 8), ()),
    "ant-javac": ("javac", "compile_error", (5, 8), ()),
    "ant-junit": ("ant", "test_failure", (11, 21), ("adds",)),
    "junit": ("java", "test_failure", (5, 13), ("CartTest::adds",)),
    "phpunit": ("phpunit", "test_failure", (9, 24), ("CartTest::testMissing", "CartTest::testAdds")),
    "php-fatal": ("php", "crash", (1, 1), ()),
    "php-parse": ("php", "syntax_error", (1, 1), ()),
    "composer": ("php", "missing_dependency", (5, 10), ()),
    "bundler": ("bundler", "missing_dependency", (4, 5), ()),
    "bundler-gemfile": ("bundler", "configuration_error", (1, 1), ()),
    "terraform-validate": ("terraform", "configuration_error", (14, 20), ()),
    "terraform-init": ("terraform", "configuration_error", (10, 18), ()),
    "terraform-syntax": ("terraform", "configuration_error", (12, 18), ()),
    "docker-daemon": ("docker", "infrastructure_error", (1, 1), ()),
    "yarn": ("yarn", "missing_dependency", (4, 4), ()),
    "yarn-command": ("yarn", "configuration_error", (2, 2), ()),
    "pnpm": ("pnpm", "configuration_error", (1, 3), ()),
    "pnpm-script": ("pnpm", "configuration_error", (1, 4), ()),
    "pnpm-lifecycle": (None, "crash", (6, 14), ()),
    "npm-lifecycle": (None, "test_failure", (9, 9), ()),
    "npm-json": ("npm", "configuration_error", (1, 4), ()),
    "uv": ("uv", "missing_dependency", (1, 2), ()),
    "uv-lock": ("uv", "missing_dependency", (3, 4), ()),
    "poetry": ("poetry", "missing_dependency", (8, 8), ()),
    "poetry-lock": ("poetry", "configuration_error", (4, 4), ()),
    "tox": ("python", "missing_dependency", (1, 3), ()),
    "pylint": ("pylint", "lint_error", (2, 6), ()),
    "flake8": ("flake8", "lint_error", (1, 4), ()),
    "black": ("black", "lint_error", (1, 4), ()),
    "pyright": ("pyright", "type_error", (2, 4), ()),
    "pytest-collect": ("pytest", "missing_dependency", (9, 20), ("test_cart.py",)),
    "pytest-usage": ("pytest", "configuration_error", (1, 4), ()),
    "ava-missing": ("node", "missing_dependency", (4, 14), ()),
    "node-test": ("tap", "test_failure", (3, 27), ("adds",)),
    "stylelint": ("stylelint", "lint_error", (2, 4), ()),
    "tsc-config": ("tsc", "configuration_error", (1, 1), ()),
    "eslint-config": ("eslint", "configuration_error", (2, 6), ()),
    "go-panic": ("go", "crash", (1, 7), ()),
    "go-vet": ("go", "compile_error", (1, 2), ()),
    "go-mod": ("go", "missing_dependency", (1, 2), ()),
    "cargo-missing": ("cargo", "missing_dependency", (1, 1), ()),
    "cargo-manifest": ("cargo", "configuration_error", (1, 7), ()),
    "clippy": ("rustc", "lint_error", (2, 27), ()),
    "rustfmt": ("cargo", "lint_error", (1, 1), ()),
    "git-conflict": ("git", "version_control_error", (2, 3), ()),
    "git-push": ("git", "version_control_error", (3, 3), ()),
    "git-pathspec": ("git", "version_control_error", (1, 1), ()),
    "ctest": ("cmake", "test_failure", (3, 12), ("adds",)),
    "shellcheck": ("shellcheck", "lint_error", (2, 7), ()),
    "maven-pom": ("maven", "configuration_error", (2, 14), ()),
    "ruby-syntax": ("ruby", "syntax_error", (1, 4), ()),
    "make-shell": ("python", "syntax_error", (2, 14), ()),
    "pytest-collect-syntax": ("pytest", "syntax_error", (8, 31), ("test_cart.py",)),
    "pytest-collect-own": ("pytest", "test_failure", (8, 20), ("test_cart.py",)),
    "pytest-collect-name": ("pytest", "test_failure", (8, 18), ("test_cart.py",)),
    "pytest-conftest": ("pytest", "missing_dependency", (1, 4), ()),
    "pytest-conftest-syntax": ("pytest", "syntax_error", (1, 7), ()),
    "pytest-fixture": ("pytest", "test_failure", (10, 13), ("test_cart.py::test_total",)),
    "unittest-syntax": ("unittest", "syntax_error", (3, 15), ("unittest.loader._FailedTest::test_cart",)),
    "unittest-import": ("unittest", "missing_dependency", (3, 14), ("unittest.loader._FailedTest::test_cart",)),
    "vitest-missing": ("vitest", "missing_dependency", (8, 10), ()),
    "vitest-missing-file": ("vitest", "test_failure", (8, 10), ()),
    "vitest-syntax": ("vitest", "syntax_error", (8, 17), ()),
    "jest-missing": ("jest", "missing_dependency", (2, 13), ()),
    "jest-missing-file": ("jest", "test_failure", (2, 8), ()),
    "jest-syntax": ("jest", "syntax_error", (2, 78), ()),
    "jest-module": ("jest", "configuration_error", (2, 31), ()),
    "mocha-missing": ("node", "missing_dependency", (2, 2), ()),
    "mocha-throws": ("mocha", "test_failure", (10, 24), ("cart total::adds", "cart total::waits")),
    "tsc-missing": ("tsc", "missing_dependency", (1, 1), ()),
    "tsc-missing-file": ("tsc", "type_error", (1, 1), ()),
    "tsc-syntax": ("tsc", "syntax_error", (1, 1), ()),
    "cargo-error": ("cargo", "test_failure", (11, 17), ("tests::parses", "tests::unwraps")),
    "go-subtest": ("go", "test_failure", (2, 3), ("TestTotal", "TestTotal/of_two")),
}


def lines(name: str) -> list[str]:
    return (OUTPUT / f"{name}.txt").read_text(encoding="utf-8").split("\n")


@pytest.mark.parametrize("name", EXPECTED)
def test_says_what_failed(name: str) -> None:
    tool, category, (first, last), failing = EXPECTED[name]
    found = diagnose(lines(name))
    assert (found.status, found.tool, found.category) == ("failed", tool, category)
    assert found.failing_tests == failing
    covered = {n for a, b in found.cause for n in range(a, b + 1)}
    assert set(range(first, last + 1)) <= covered
    assert len(covered) <= last - first + 9, "the cause goes on far beyond the message"


def test_every_recording_is_looked_at() -> None:
    assert {path.stem for path in OUTPUT.glob("*.txt")} == set(EXPECTED)


@pytest.mark.parametrize(
    "prefix", ["2026-01-02T03:04:05.1234567Z ", "\x1b[31m", "#12 0.345 ", "[2026-01-02T03:04:05.123Z] "]
)
@pytest.mark.parametrize("name", ["gcc", "pytest", "tsc", "cargo-test", "cmake"])
def test_what_ci_systems_wrap_around_a_line_changes_nothing(name: str, prefix: str) -> None:
    plain, wrapped = diagnose(lines(name)), diagnose([prefix + line for line in lines(name)])
    assert (plain.category, plain.cause, plain.fingerprint) == (wrapped.category, wrapped.cause, wrapped.fingerprint)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.tool}:{rule.pattern[:40]}")
def test_entries_are_sound(rule) -> None:
    assert not rule.category or rule.category in FAILURE_CATEGORIES
    assert rule.block in BLOCKS
    assert 0 < rule.weight <= 100
    assert isinstance(rule.regex, re.Pattern)
    assert all(hint for hint in rule.hints)
    if rule.hints[0].startswith("re:"):
        pl.Series(["x"]).str.contains(rule.hints[0].removeprefix("re:"))
    else:
        assert all(hint == hint.lower() for hint in rule.hints)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.sampled_from(
            [
                "",
                "  at f (a.js:1:2)",
                "E   x",
                "    y",
                "Traceback (most recent call last):",
                "error: x",
                "- z",
                "1) A::b",
            ]
        )
    ),
    st.integers(0, 30),
)
def test_blocks_stay_in_the_log_and_hold_their_anchor(texts: list[str], at: int) -> None:
    texts = [*texts, "anchor"]
    anchor = min(at, len(texts) - 1)
    for block in BLOCKS.values():
        span = block(texts, anchor)
        if span is None:
            continue
        first, last = span
        assert 0 <= first <= anchor <= last < len(texts)
        assert last - first <= 20 * MOST
