from pathlib import Path

import pytest

from banana_assets.core.builds.cleaning import clean
from banana_assets.core.builds.testlogs import count_tests, read_tests

OUTPUT = Path(__file__).parent / "output"


@pytest.mark.parametrize(
    ("name", "run", "failed", "skipped"),
    [
        ("pytest", 4, 2, 0),
        ("unittest", 3, 2, 1),
        ("cargo-test", 2, 1, 0),
        ("jest", 2, 1, 0),
        ("mocha", 2, 1, 0),
        ("vitest", 1, 1, 0),
        ("rspec", 2, 1, 0),
        ("minitest", 1, 1, 0),
    ],
)
def test_counts_are_what_the_runner_says(name: str, run: int, failed: int, skipped: int) -> None:
    found = count_tests(clean((OUTPUT / f"{name}.txt").read_text(encoding="utf-8").split("\n")))
    assert [(c.run, c.failed, c.skipped) for c in found] == [(run, failed, skipped)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("tests/test_a.py::TestA::test_b[x-1] PASSED [ 10%]", ("tests/test_a.py", "TestA", "test_b[x-1]", "passed")),
        ("[gw1] [ 20%] FAILED tests/test_a.py::test_c", ("tests/test_a.py", "", "test_c", "failed")),
        ("test_d (pkg.mod.Case) ... ERROR", ("", "pkg.mod.Case", "test_d", "error")),
        ("    --- FAIL: TestA/sub (0.00s)", ("", "", "TestA/sub", "failed")),
        ("test cart::adds ... ignored", ("", "", "cart::adds", "skipped")),
        ("        FAIL [   9.875s] cart::api adds", ("cart::api", "", "adds", "failed")),
        (
            "[ERROR] adds(com.example.CartTest)  Time elapsed: 0.01 s  <<< FAILURE!",
            ("", "com.example.CartTest", "adds", "failed"),
        ),
        (
            "[ERROR] com.example.CartTest.adds -- Time elapsed: 0.01 s <<< ERROR!",
            ("", "com.example.CartTest", "adds", "error"),
        ),
        ("CartTest > adds() FAILED", ("", "CartTest", "adds()", "failed")),
        ("[       OK ] Cart.Adds (0 ms)", ("", "Cart", "Adds", "passed")),
        ("  Failed Shop.CartTests.Adds [12 ms]", ("", "", "Shop.CartTests.Adds", "failed")),
        ("not ok 3 - adds", ("", "", "adds", "failed")),
        ("1) App\\CartTest::testAdds", ("", "App\\CartTest", "testAdds", "failed")),
        ("Test Case '-[CartTests testAdds]' failed (0.001 seconds).", ("", "CartTests", "testAdds", "failed")),
    ],
)
def test_a_line_names_a_test(line: str, expected: tuple[str, str, str, str]) -> None:
    (found,) = read_tests(clean([line]))
    assert (found.suite, found.classname, found.name, found.status) == expected


@pytest.mark.parametrize("line", ["not ok 3 - later # TODO", "Task :test FAILED", "ok", "● Console", "12) of 20"])
def test_a_line_names_no_test(line: str) -> None:
    assert read_tests(clean([line])) == ()


def test_a_failure_repeated_in_the_summary_is_one_attempt_and_a_later_pass_makes_it_flaky() -> None:
    log = ["t.py::test_a FAILED", "FAILED t.py::test_a - assert 1 == 2", "t.py::test_b FAILED", "t.py::test_b PASSED"]
    found = {r.name: (r.status, r.attempts) for r in read_tests(clean(log))}
    assert found == {"test_a": ("failed", 1), "test_b": ("flaky", 2)}
