"""What a failure is called: never the heading of a message, always what went wrong (messages under ``output/``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from banana_assets.core.builds.diagnosis import diagnose
from banana_assets.core.builds.saying import MOST
from banana_assets.core.builds.titles import title_of

HERE = Path(__file__).parent

TITLES = {
    # Test runners: the test and its assertion.
    "ant-junit": "ant says adds: expected:<3> but was:<2>",
    "cargo-error": "cargo says tests::parses: Error: ParseIntError { kind: InvalidDigit }",
    "cargo-test": "cargo says tests::adds: assertion `left == right` failed: left: 3, right: 4",
    "ctest": "cmake says The following tests FAILED: 1 - adds (Failed)",
    "go-subtest": "go says FAIL: TestTotal/of_two: cart_test.go:8: total = 2, want 3",
    "go-test": "go says FAIL: TestTotal: cart_test.go:7: Total() = 3, want 4",
    "gradle-test": "gradle says CartTest > adds FAILED: java.lang.AssertionError: expected:<3> but was:<2>",
    "jest": "jest says cart › adds: expect(received).toBe(expected): Expected: 4, Received: 3",
    "junit": "java says adds(CartTest): java.lang.AssertionError: expected:<3> but was:<2>",
    "minitest": "minitest says CartTest#test_total [cart_test.rb:4]: Expected: 4, Actual: 3",
    "mocha": "mocha says cart adds: AssertionError [ERR_ASSERTION]: Expected values to be strictly equal: 3 !== 4",
    "mocha-throws": "mocha says cart total adds: TypeError: Cannot read properties of null (reading 'price')",
    "node-test": "tap says adds: Expected values to be strictly equal: expected: 3, actual: 2",
    "phpunit": "phpunit says CartTest::testMissing: Error: Call to undefined function cart()",
    "prove": "tap says Failed test 'total': got: '3', expected: '4'",
    "pytest": "pytest says test_total: assert 3 == 4",
    "rspec": "rspec says cart adds: expect(1 + 2).to eq(4): expected: 4, got: 3",
    "unittest": "unittest says ERROR: test_missing (cart_unittest.CartTest.test_missing): KeyError: 'price'",
    "vitest": "vitest says cart.test.mjs > cart > adds: AssertionError: expected 3 to be 4",
    # What could not be loaded, and why.
    "jest-syntax": "jest says Test suite failed to run: SyntaxError: /srv/app/src/hours.js: Unexpected token (1:33)",
    "jest-module": "jest says Test suite failed to run: SyntaxError: Cannot use import statement outside a module",
    "pytest-collect-syntax": "pytest says ERROR collecting test_cart.py: "
    "/srv/app/shop/cart.py:1: SyntaxError: expected ':'",
    "pytest-fixture": "pytest says ERROR at setup of test_total: fixture 'basket' not found",
    "unittest-import": "unittest says ERROR: test_cart (unittest.loader._FailedTest.test_cart): "
    "ModuleNotFoundError: No module named 'basket_of_ours'",
    # Compilers and linters: the place and the message, of the first error.
    "clang": "gcc says cart.c:4:15: error: no member named 'cost' in 'struct item'",
    "eslint": "eslint says /srv/app/es/cart.js:1:5: 'total' is assigned a value but never used (no-unused-vars)",
    "prettier": "prettier says ugly.js: [warn] Code style issues found in the above file. "
    "Run Prettier with --write to fix.",
    "ruff": "ruff says cart.py:1:1: I001 [*] Import block is un-sorted or un-formatted",
    "rustc": "rustc says src/lib.rs:1:25: error[E0308]: mismatched types: expected `u32`, found `&str`",
    "shellcheck": "shellcheck says In cart.sh line 2: SC2045 (error): Iterating over ls output is fragile. Use globs.",
    "terraform-syntax": "terraform says main.tf:1: Error: Invalid expression",
    # Headings of everything else.
    "asan": "sanitizer says ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000010: "
    "in main /srv/app/asan.c:2",
    "composer": "php says Your requirements could not be resolved to an installable set of packages: Root "
    "composer.json requires php >=99.0 but your php version (8.2.36) does not satisfy that requirement.",
    "eslint-config": "eslint says ESLint couldn't find an eslint.config.* file.",
    "gradle-task": "gradle says Task 'publishAll' not found in root project 'tmpg6u8_48d'.",
    "make-shell": "python says json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes: "
    "line 1 column 2 (char 1)",
    "pnpm-script": "pnpm says Error: ERR_PNPM_NO_SCRIPT: Missing script: biuld",
    "python-import": "python says ModuleNotFoundError: No module named 'nosuchmodule'",
    "python-syntax": "/srv/app/s.py:1: SyntaxError: invalid syntax",
}


def title(log: Path) -> str:
    found = diagnose(log.read_text(encoding="utf-8").split("\n"))
    return title_of(found.reason, found.cause_text)


@pytest.mark.parametrize("name", TITLES)
def test_the_title_says_what_went_wrong(name: str) -> None:
    assert title(HERE / "output" / f"{name}.txt") == TITLES[name]


@pytest.mark.parametrize("log", sorted(HERE.glob("*/*.txt")), ids=lambda log: log.stem)
def test_no_title_is_a_heading_alone(log: Path) -> None:
    said = title(log)
    assert not said.endswith((":", "FAILED", "stdout", "ERROR!", "most recent call last)"))
    assert len(said) <= MOST + 30


def test_exceptions_that_differ_are_different_failures() -> None:
    trace = ["Traceback (most recent call last):", '  File "build.py", line 2, in <module>', "    run()"]
    one, other = (diagnose([*trace, f"KeyError: {name}"]) for name in ("'DATABASE_URL'", "'CACHE_URL'"))
    assert one.category == other.category == "configuration_error"
    assert one.fingerprint != other.fingerprint


def test_modules_that_fail_to_load_for_other_reasons_are_different_failures() -> None:
    title = "________________________ ERROR collecting test_cart.py _________________________"
    one, other = (diagnose([title, f"E   NameError: name '{name}' is not defined"]) for name in ("price", "cart"))
    assert one.fingerprint != other.fingerprint


def test_a_test_that_fails_with_other_values_is_the_same_failure() -> None:
    title = "_________________________________ test_total _________________________________"
    one, other = (diagnose([title, f"E   assert {n} == 4"]) for n in (3, 5))
    assert one.fingerprint == other.fingerprint
