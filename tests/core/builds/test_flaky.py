from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from banana_assets.core.builds.flaky import by_luck, flaky_tests
from banana_assets.core.builds.junit import parse_junit
from banana_assets.core.builds.quarantine import QUARANTINES
from banana_assets.core.tables import BUILD_FAILURES, FLAKY_TESTS, TEST_RESULTS
from tests.core.metrics.frames import at, builds, failures, results

TODAY = date(2026, 3, 20)
NONE = pl.DataFrame(schema=QUARANTINES)
PASS, FAIL, RETRIED = "passed", "failed", "flaky"


def told(*runs: tuple[str, dict[str, str]], job: str = "test") -> tuple[pl.DataFrame, pl.DataFrame]:
    """(test results, builds) of builds an hour apart: the commit, and how each test ended."""
    rows, tests = [], []
    for hour, (commit, outcomes) in enumerate(runs):
        red = any(status in (FAIL, "error") for status in outcomes.values())
        build = {"build_id": f"b{hour}", "commit_sha": commit, "status": "failed" if red else "success", "job": job}
        rows.append(build | {"finished_at": at(hour)})
        for name, status in outcomes.items():
            said = f"{name} broke" if status != PASS else None
            tests.append({"build_id": f"b{hour}", "name": name, "status": status, "message": said})
    return results(tests), builds(rows)


def flaky(*runs: tuple[str, dict[str, str]], quarantines: pl.DataFrame = NONE) -> dict[str, dict[str, Any]]:
    tests, known = told(*runs)
    frame = flaky_tests(tests, known, BUILD_FAILURES.empty(), quarantines, TODAY)
    assert FLAKY_TESTS.violations(frame) == {}
    return {row["name"]: row for row in frame.iter_rows(named=True)}


def series(*outcomes: str, commit: str | None = None) -> list[tuple[str, dict[str, str]]]:
    return [(commit or f"c{k}", {"t": status}) for k, status in enumerate(outcomes)]


def test_without_results_there_is_nothing() -> None:
    assert flaky_tests(TEST_RESULTS.empty(), builds([{}]), BUILD_FAILURES.empty(), NONE, TODAY).is_empty()


def test_pass_and_fail_on_one_commit_is_a_flake() -> None:
    row = flaky(("c0", {"t": PASS}), ("c1", {"t": FAIL}), ("c1", {"t": PASS}), ("c2", {"t": PASS}))["t"]
    assert (row["state"], row["runs"], row["failures"], row["flakes"], row["mixed_commits"]) == ("flaky", 4, 1, 1, 1)
    assert (row["retried"], row["clean_runs"], row["message"]) == (0, 2, "t broke")
    assert row["flake_rate"] == 0.25
    # Wilson, 1 of 4 (Newcombe, "Two-sided confidence intervals for the single proportion", 1998, method 3).
    assert (row["flake_rate_low"], row["flake_rate_high"]) == pytest.approx((0.0456, 0.6994), abs=1e-4)
    assert row["flip_rate"] == pytest.approx(2 / 3)
    (seen,) = row["evidence"]
    assert (seen["build_id"], seen["other_build_id"], seen["how"], seen["commit_sha"]) == ("b1", "b2", "failed", "c1")
    assert row["first_flake"] == row["last_flake"] == at(1)


def test_passing_first_and_failing_then_is_a_flake_too() -> None:
    assert flaky(("c", {"t": PASS}), ("c", {"t": FAIL}))["t"]["flakes"] == 1


@pytest.mark.parametrize(
    "outcomes",
    [
        series(PASS, FAIL, FAIL, PASS),  # broken by a commit, mended by another
        series(FAIL, FAIL, FAIL, commit="c"),  # it always fails
        series(PASS, "skipped", PASS, commit="c"),
    ],
)
def test_what_changes_with_the_commit_or_never_is_not_flaky(outcomes: list[tuple[str, dict[str, str]]]) -> None:
    assert flaky(*outcomes) == {}


def test_other_jobs_of_the_commit_are_other_machines() -> None:
    first, linux = told(("c", {"t": PASS}), job="linux")
    second, windows = told(("c", {"t": FAIL}), job="windows")
    windows, second = (frame.with_columns(build_id=pl.lit("w0")) for frame in (windows, second))
    both = flaky_tests(pl.concat([first, second]), pl.concat([linux, windows]), BUILD_FAILURES.empty(), NONE, TODAY)
    assert both.is_empty()


def test_a_commit_that_nobody_knows_shows_nothing() -> None:
    tests, known = told(("c", {"t": PASS}), ("c", {"t": FAIL}))
    known = known.with_columns(commit_sha=pl.lit(None, dtype=pl.String))
    assert flaky_tests(tests, known, BUILD_FAILURES.empty(), NONE, TODAY).is_empty()


def test_retries_within_a_build_count() -> None:
    report = b"""<testsuite><testcase classname="C" name="again"><flakyFailure message="boom"/></testcase>
        <testcase classname="C" name="never"><failure message="no"/><rerunFailure message="no"/></testcase>
        </testsuite>"""
    parsed = parse_junit(report)
    rows = [
        {"build_id": "b0", "suite": t.suite, "classname": t.classname, "name": t.name, "status": t.status,
         "attempts": t.attempts, "message": t.message}
        for t in parsed
    ]  # fmt: skip
    known = builds([{"build_id": "b0", "status": "failed"}])
    (row,) = flaky_tests(results(rows), known, BUILD_FAILURES.empty(), NONE, TODAY).iter_rows(named=True)
    assert (row["name"], row["retried"], row["flakes"], row["failures"]) == ("again", 1, 1, 0)
    assert (row["evidence"][0]["how"], row["message"]) == ("retried", "boom")


def test_a_build_in_which_most_fails_says_nothing_of_a_test() -> None:
    names = [f"t{k}" for k in range(10)]
    down = dict.fromkeys(names, FAIL)
    fine = dict.fromkeys(names, PASS)
    assert flaky(("c", down), ("c", fine)) == {}
    assert flaky(("c", dict.fromkeys(names[:5], FAIL) | dict.fromkeys(names[5:], PASS)), ("c", fine)) == {}
    four = flaky(("c", dict.fromkeys(names[:4], FAIL) | dict.fromkeys(names[4:], PASS)), ("c", fine))
    assert set(four) == set(names[:4])
    beside = flaky(("c", fine), ("c", down), ("c", fine | {"t3": FAIL}))
    assert (beside["t3"]["runs"], beside["t3"]["flakes"]) == (2, 1)


def test_a_flaky_test_that_only_fails_now_is_broken() -> None:
    begin = [("c0", {"t": FAIL}), ("c0", {"t": PASS})]
    assert flaky(*begin, ("c1", {"t": FAIL}))["t"]["state"] == "flaky"
    assert flaky(*begin, ("c1", {"t": FAIL}), ("c2", {"t": FAIL}))["t"]["state"] == "broken"
    assert flaky(*begin, ("c1", {"t": FAIL}), ("c2", {"t": FAIL}), ("c3", {"t": PASS}))["t"]["state"] == "flaky"


def test_a_branch_that_nobody_builds_any_more_breaks_nothing() -> None:
    tests, known = told(("c0", {"t": FAIL}), ("c1", {"t": FAIL}), ("c2", {"t": FAIL}), ("c2", {"t": PASS}))
    branches = pl.Series("branch", ["dev", "dev", "main", "main"])
    frame = flaky_tests(tests, known.with_columns(branches), BUILD_FAILURES.empty(), NONE, TODAY)
    assert frame["state"].item() == "flaky"
    turned = flaky_tests(tests, known.with_columns(branches.reverse()), BUILD_FAILURES.empty(), NONE, TODAY)
    assert turned["state"].item() == "flaky"


def test_a_test_is_quiet_when_a_flake_was_to_be_expected() -> None:
    # One flake in two runs: nine passes in a row have a chance of 6 / (11 x 12), eight of 6 / (10 x 11).
    assert (by_luck(1, 2, 9), by_luck(1, 2, 8)) == pytest.approx((6 / 132, 6 / 110))
    begin = [("c0", {"t": PASS}), ("c0", {"t": FAIL})]
    passes = [(f"c{k}", {"t": PASS}) for k in range(1, 10)]
    assert flaky(*begin, *passes[:8])["t"]["state"] == "flaky"
    row = flaky(*begin, *passes)["t"]
    assert (row["state"], row["clean_runs"]) == ("quiet", 9)


@pytest.mark.parametrize(
    ("messages", "kind"),
    [
        (["Timed out after 30 s", "TimeoutError: page"], "timeout"),
        (["Connection refused by 127.0.0.1", "assert 1 == 2"], None),
        (["Connection refused", "ECONNRESET", "assert 1 == 2"], "network_error"),
        (["assert 1 == 2"], None),
    ],
)
def test_a_kind_is_named_when_the_messages_say_it(messages: list[str], kind: str | None) -> None:
    tests, known = told(
        *(pair for k in range(len(messages)) for pair in [(f"c{k}", {"t": FAIL}), (f"c{k}", {"t": PASS})])
    )
    said = iter(messages)
    tests = tests.with_columns(
        pl.Series("message", [next(said) if s == FAIL else None for s in tests["status"]], pl.String)
    )
    assert flaky_tests(tests, known, BUILD_FAILURES.empty(), NONE, TODAY)["kind"].item() == kind


def quarantine(test_id: str, until: date, *, lifted: bool = False) -> pl.DataFrame:
    when = datetime(2026, 3, 3, tzinfo=UTC)
    row = {"test_id": test_id, "pipeline": "ci", "title": "t", "until": until, "reason": "known", "set_at": when,
           "set_by": "ann", "lifted_at": when if lifted else None, "lifted_by": "bob" if lifted else None}  # fmt: skip
    return pl.DataFrame([row], schema=QUARANTINES)


@pytest.mark.parametrize(
    ("until", "lifted", "shown"),
    [
        (date(2026, 3, 21), False, "active"),
        (date(2026, 3, 20), False, "expired"),  # it ends on that day
        (date(2026, 3, 21), True, "lifted"),
        (date(2026, 3, 19), True, "lifted"),
    ],
)
def test_quarantines_hold_until_their_day(until: date, lifted: bool, shown: str) -> None:
    runs = [("c", {"t": PASS}), ("c", {"t": FAIL})]
    name = flaky(*runs)["t"]["test_id"]
    row = flaky(*runs, quarantines=quarantine(name, until, lifted=lifted))["t"]
    assert (row["quarantine"], row["quarantined_until"], row["quarantine_reason"]) == (shown, until, "known")


def test_a_test_in_quarantine_is_listed_though_it_is_not_flaky() -> None:
    tests, known = told(("c", {"t": PASS, "u": PASS}))
    from banana_assets.core.builds.testruns import reported

    name = reported(tests, known).row(by_predicate=pl.col("name") == "t", named=True)["test_id"]
    row = flaky(("c", {"t": PASS, "u": PASS}), quarantines=quarantine(name, date(2026, 4, 1)))
    assert set(row) == {"t"}
    assert (row["t"]["flakes"], row["t"]["flake_rate"], row["t"]["state"]) == (0, 0, "quiet")


def test_logs_without_a_report_show_flakes_too() -> None:
    rows: list[dict[str, Any]] = [
        {"build_id": "r", "commit_sha": "c1", "status": "failed", "log_sha256": "a" * 64},
        {"build_id": "g", "commit_sha": "c1"},
        {"build_id": "h", "commit_sha": "c2"},
        {"build_id": "x", "commit_sha": "c3", "status": "failed", "log_sha256": "a" * 64},
    ]
    known = builds(rows)
    failed = failures(
        [{"build_id": "r", "failing_tests": ["cart::total", "cart::tax"], "category": "test_failure"},
         {"build_id": "x", "failing_tests": ["cart::tax"], "category": "test_failure"}]
    )  # fmt: skip
    frame = flaky_tests(TEST_RESULTS.empty(), known, failed, NONE, TODAY)
    found = {row["name"]: row for row in frame.iter_rows(named=True)}
    assert set(found) == {"cart::total", "cart::tax"}
    total, tax = found["cart::total"], found["cart::tax"]
    assert (total["source"], total["runs"], total["failures"], total["flakes"]) == ("log", 3, 1, 1)
    assert (tax["runs"], tax["failures"], tax["flakes"]) == (4, 2, 1)
    # A job that has reports is judged by these alone.
    reported_too = results([{"build_id": "g", "name": "t"}])
    assert flaky_tests(reported_too, known, failed, NONE, TODAY).is_empty()


def test_the_same_rows_in_another_order_give_the_same_table() -> None:
    tests, known = told(("c", {"t": PASS, "u": FAIL}), ("c", {"t": FAIL, "u": PASS}), ("d", {"t": PASS, "u": RETRIED}))
    expected = flaky_tests(tests, known, BUILD_FAILURES.empty(), NONE, TODAY)
    assert expected.height == 2
    assert flaky_tests(tests.reverse(), known.reverse(), BUILD_FAILURES.empty(), NONE, TODAY).equals(expected)
