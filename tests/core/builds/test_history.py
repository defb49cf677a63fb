from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from banana_assets.core.builds.history import test_history as history_of
from banana_assets.core.builds.history import trend
from banana_assets.core.tables import TEST_HISTORY, TEST_RESULTS
from tests.core.metrics.frames import at, builds, results


def history(*outcomes: str | dict[str, Any], job: str = "test") -> dict[str, Any]:
    """The history of one test: a build an hour, with its status or more of its facts."""
    rows, tests = [], []
    for hour, told in enumerate(outcomes):
        facts = dict(told) if isinstance(told, dict) else {"status": told}
        status = facts.pop("status")
        seconds = facts.pop("seconds", 0.5)
        red = status in ("failed", "error")
        row = {"build_id": f"b{hour}", "commit_sha": f"c{hour}", "job": job, "finished_at": at(hour)}
        rows.append(row | {"status": "failed" if red else "success"} | facts)
        tests.append({"build_id": f"b{hour}", "name": "t", "status": status, "duration_seconds": seconds})
    frame = history_of(results(tests), builds(rows))
    assert TEST_HISTORY.violations(frame) == {}
    return frame.row(0, named=True)


def test_without_results_there_is_none() -> None:
    assert history_of(TEST_RESULTS.empty(), builds([{}])).is_empty()


def test_counts_rates_and_durations() -> None:
    row = history("passed", "failed", "skipped", "flaky", "passed")
    assert (row["runs"], row["failures"], row["skipped"]) == (4, 1, 1)
    assert row["failure_rate"] == 0.25
    assert row["failure_rate_low"] < 0.25 < row["failure_rate_high"]
    assert (row["median_seconds"], row["p95_seconds"], row["total_seconds"]) == (0.5, 0.5, 2.5)
    assert (row["first_seen"], row["last_seen"], row["last_status"]) == (at(0), at(4), "passed")
    assert (row["last_passed_build"], row["last_passed_at"]) == ("b4", at(4))
    assert (row["failing_since"], row["failing_builds"]) == (None, 0)


def test_a_test_that_never_ran_has_no_rate() -> None:
    row = history("skipped", "skipped")
    assert (row["runs"], row["failure_rate"], row["last_passed_build"]) == (0, None, None)
    assert (row["failure_rate_low"], row["failure_rate_high"]) == (0, 1)


def test_since_when_it_fails() -> None:
    row = history("failed", "passed", "failed", "error", "failed")
    assert (row["failing_since_build"], row["failing_since_commit"], row["failing_builds"]) == ("b2", "c2", 3)
    assert (row["failing_since"], row["last_passed_build"]) == (at(2), "b1")


def test_a_test_that_is_gone_from_a_green_job_fails_no_more() -> None:
    rows = [{"build_id": "a", "status": "failed"}, {"build_id": "b"}]
    tests = results([{"build_id": "a", "name": "t", "status": "failed"}, {"build_id": "b", "name": "u"}])
    frame = history_of(tests, builds(rows))
    assert dict(frame.select("name", "failing_builds").iter_rows()) == {"t": 0, "u": 0}


def test_another_branch_does_not_end_the_failing() -> None:
    row = history(
        {"status": "passed"}, {"status": "failed"}, {"status": "passed", "branch": "dev"}, {"status": "failed"}
    )
    assert (row["failing_since_build"], row["failing_builds"]) == ("b1", 2)


def test_a_name_in_another_pipeline_is_another_test() -> None:
    known = builds([{"build_id": "a", "pipeline": "x"}, {"build_id": "b", "pipeline": "y"}])
    frame = history_of(results([{"build_id": k, "name": "t"} for k in "ab"]), known)
    assert frame["test_id"].n_unique() == frame.height == 2


@pytest.mark.parametrize(
    ("seconds", "ratio", "slower"),
    [
        ([1.0] * 14, None, False),
        ([1.0] * 30, 1.0, False),
        ([1.0] * 20 + [1.5] * 10, 1.5, True),
        ([1.0, 3.0] * 15, 1.0, False),
        ([0.0] * 20 + [2.0] * 10, 2000.0, True),
        ([0.0001] * 20 + [0.0002] * 10, 1.0, False),
        ([0.002] * 20 + [0.004] * 10, 2.0, False),  # nobody waits for two milliseconds
        ([2.0] * 20 + [1.0] * 10, 0.5, False),
    ],
)
def test_trends_of_durations(seconds: list[float], ratio: float | None, slower: bool) -> None:
    found, longer = trend(np.array(seconds))
    assert (found if found is None else round(found, 3), longer) == (ratio, slower)


def test_the_order_of_rows_does_not_count() -> None:
    tests = results([{"build_id": f"b{k}", "name": n, "status": "failed" if k == 2 else "passed"}
                     for k in range(4) for n in "tu"])  # fmt: skip
    known = builds([{"build_id": f"b{k}", "status": "failed" if k == 2 else "success"} for k in range(4)])
    expected = history_of(tests, known)
    assert history_of(tests.reverse(), known.reverse()).equals(expected)
    assert expected.select(pl.col("failures").sum()).item() == 2
