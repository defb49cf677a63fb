"""Each metric against what a person computes from the same few rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import polars as pl
import pytest

from banana_assets.core.metrics.rates import wilson
from banana_assets.core.metrics.rollups import rollups
from banana_assets.core.metrics.runs import ended, red_periods
from banana_assets.core.metrics.system import system_metrics
from banana_assets.core.tables import (
    BUILD_STEPS,
    BUILDS,
    LOG_PATTERNS,
    LOG_SHAPES,
    RESOURCE_SAMPLES,
    SYSTEM_METRICS,
    TEST_RESULTS,
)
from tests.core.metrics.frames import at, builds, frame, patterns, results, samples, shapes

EMPTY = {t.name: t.empty() for t in (LOG_SHAPES, BUILDS, TEST_RESULTS, RESOURCE_SAMPLES, LOG_PATTERNS, BUILD_STEPS)}


def row(
    metrics_: pl.DataFrame, metric: str, subject: str, granularity: str = "day", ts: datetime | None = None
) -> dict[str, Any]:
    found = metrics_.filter(
        (pl.col("metric") == metric) & (pl.col("subject") == subject) & (pl.col("granularity") == granularity)
    )
    if ts is not None:
        found = found.filter(pl.col("ts") == ts)
    assert found.height == 1, (metric, subject, found)
    return found.row(0, named=True)


def value(metrics_: pl.DataFrame, metric: str, subject: str, granularity: str = "day", ts: Any = None) -> float:
    return float(row(metrics_, metric, subject, granularity, ts)["value"])


def metrics(**frames: pl.DataFrame) -> pl.DataFrame:
    all_ = EMPTY | frames
    out = system_metrics(
        all_["log_shapes"],
        all_["builds"],
        all_["test_results"],
        rollups(all_["resource_samples"]),
        all_["log_patterns"],
        all_["build_steps"],
    )
    assert SYSTEM_METRICS.violations(out) == {}
    assert out.schema == SYSTEM_METRICS.dtypes
    return out


def test_nothing_gives_nothing() -> None:
    assert metrics().height == 0


def test_log_rates_by_source_and_for_all() -> None:
    out = metrics(
        log_shapes=shapes(
            [
                {"hour": at(0), "events": 8, "severity_number": 9, "shape_id": 1},
                {"hour": at(0), "events": 2, "severity_number": 17, "shape_id": 2},
                {"hour": at(1), "events": 10, "severity_number": 13, "shape_id": 3, "source": "db", "file_id": 2},
                {"hour": None, "events": 99, "severity_number": 17, "shape_id": 4},
            ]
        )
    )
    assert value(out, "log_events", "api") == 10
    assert row(out, "log_events", "api")["unit"] == "events"
    assert value(out, "log_warnings", "db") == 10
    assert value(out, "log_events", "") == 20
    ratio = row(out, "log_error_ratio", "api")
    assert (ratio["value"], ratio["observations"], ratio["unit"]) == (pytest.approx(0.2), 10, "1")
    assert (ratio["low"], ratio["high"]) == pytest.approx(wilson(2, 10))
    assert value(out, "log_events", "", "hour", at(1)) == 10


def test_builds_count_what_ended_and_time_to_green() -> None:
    out = metrics(
        builds=builds(
            [
                {"status": "success", "duration_seconds": 60, "queued_at": at(-0.1), "started_at": at(0)},
                {"status": "failed", "duration_seconds": 80},
                {"status": "failed", "duration_seconds": 90},
                {"status": "success", "duration_seconds": 70},
                {"status": "cancelled", "duration_seconds": 1},
            ]
        )
    )
    assert value(out, "builds", "ci") == value(out, "builds", "main") == value(out, "builds", "ci/test") == 4
    assert value(out, "build_failure_ratio", "ci") == 0.5
    assert value(out, "build_duration_median_seconds", "ci") == 75
    assert row(out, "build_duration_median_seconds", "ci")["low"] is None  # Four values bound no median.
    assert value(out, "build_queue_median_seconds", "ci") == pytest.approx(360)
    assert row(out, "build_queue_median_seconds", "ci")["observations"] == 1
    assert value(out, "time_to_green_median_seconds", "ci") == 2 * 3600
    assert value(out, "outages", "ci") == 1


def test_the_median_of_six_lies_between_the_least_and_the_greatest() -> None:
    out = metrics(builds=builds([{"duration_seconds": s, "finished_at": at(k / 60)} for k, s in enumerate(range(6))]))
    found = row(out, "build_duration_median_seconds", "ci", "hour", at(0))
    assert (found["low"], found["value"], found["high"]) == (0, 2.5, 5)


def test_mttr_is_the_mean_over_what_turned_green_and_says_what_is_still_red() -> None:
    rows = [
        {"status": "failed", "finished_at": at(0)},
        {"status": "success", "finished_at": at(1)},
        {"status": "failed", "finished_at": at(2)},
        {"status": "success", "finished_at": at(5)},
        {"status": "failed", "finished_at": at(6)},
        # Another branch and another job are lines of their own.
        {"status": "failed", "finished_at": at(3), "branch": "next"},
        {"status": "success", "finished_at": at(4), "job": "lint"},
    ]
    out = metrics(builds=builds(rows))
    assert value(out, "time_to_green_mean_seconds", "ci") == 2 * 3600
    assert value(out, "time_to_green_median_seconds", "main") == 2 * 3600
    assert value(out, "outages", "ci") == 4
    assert value(out, "jobs_red", "ci") == 2
    assert [value(out, "jobs_red", "ci", "hour", at(h)) for h in range(7)] == [1, 0, 1, 2, 2, 1, 2]
    assert out.filter(pl.col("metric").str.starts_with("time_to_green"), pl.col("subject") == "next").height == 0


def test_a_build_that_others_overtook_opens_no_outage() -> None:
    rows = [
        {"status": "success", "started_at": at(0), "finished_at": at(1)},
        # Began before the success above had ended, and before the one that follows it.
        {"status": "success", "started_at": at(2), "finished_at": at(2.5)},
        {"status": "failed", "started_at": at(1.5), "finished_at": at(4)},
    ]
    assert red_periods(ended(builds(rows))).height == 0
    out = metrics(builds=builds(rows))
    assert value(out, "build_failures", "ci") == 1
    assert value(out, "jobs_red", "ci") == 0


def test_a_failure_and_a_success_at_one_moment_take_no_time() -> None:
    rows = [
        {"build_id": "a", "status": "failed", "finished_at": at(1), "duration_seconds": 0},
        {"build_id": "b", "status": "success", "finished_at": at(1), "duration_seconds": 0},
    ]
    out = metrics(builds=builds(rows))
    assert value(out, "time_to_green_mean_seconds", "ci") == 0
    assert value(out, "build_duration_median_seconds", "ci") == 0


def test_builds_without_times_count_on_their_day_of_arrival_and_bound_no_outage() -> None:
    rows = [{"status": s, "finished_at": None, "arrived_at": at(k)} for k, s in enumerate(("failed", "success"))]
    out = metrics(builds=builds(rows))
    assert value(out, "builds", "ci") == 2
    assert out.filter(pl.col("metric").str.starts_with("time_to_green")).height == 0


def test_clocks_that_run_backwards_are_counted_and_give_no_wait() -> None:
    rows = [
        {"queued_at": at(2), "started_at": at(1), "finished_at": at(3)},
        {"queued_at": at(2), "started_at": at(2.5), "finished_at": at(2.25), "duration_seconds": None},
    ]
    out = metrics(builds=builds(rows))
    assert value(out, "build_clock_faults", "ci") == 2
    assert value(out, "build_queue_median_seconds", "ci") == 1800
    assert row(out, "build_queue_median_seconds", "ci")["observations"] == 1


def test_buckets_are_days_of_utc_whatever_zone_a_time_is_written_in() -> None:
    evening = datetime(2026, 3, 1, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    out = metrics(builds=builds([{"finished_at": evening.astimezone(UTC)}]))
    assert set(out["ts"]) == {datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 2, 4, tzinfo=UTC)}


def test_hours_add_up_to_days() -> None:
    out = metrics(builds=builds([{"status": "failed" if k % 3 else "success"} for k in range(60)]))
    whole = out.filter(pl.col("metric").is_in(["builds", "build_failures"]))
    sums = whole.group_by("granularity", "metric", "dimension", "subject").agg(pl.col("value").sum())
    assert sums.group_by("metric", "dimension", "subject").agg(pl.col("value").n_unique())["value"].max() == 1


def test_tests_resources_steps_and_new_patterns() -> None:
    runs = builds([{"build_id": "x"}, {"build_id": "y"}])
    tested = results(
        [
            {"build_id": "x", "name": "a"},
            {"build_id": "x", "name": "b", "status": "failed"},
            {"build_id": "x", "name": "c", "status": "flaky", "attempts": 3},
            {"build_id": "x", "name": "d", "status": "skipped"},
            {"build_id": "y", "name": "a"},
        ]
    )
    step = {"name": "pip install", "step": "pip install", "first_line": 1, "last_line": 9, "heading": ""}
    steps = frame(
        BUILD_STEPS,
        [
            {"build_id": "x", "duration_seconds": 4.0},
            {"build_id": "y", "duration_seconds": 8.0},
            {"build_id": "y", "position": 2, "duration_seconds": None},
        ],
        {"position": 1, "log_sha256": "a" * 64, "rules_version": 1, **step},
    )
    out = metrics(
        builds=runs,
        test_results=tested,
        resource_samples=samples([10, 30, float("nan")]),
        log_patterns=patterns(
            [{"first_seen": at(0), "sources": ["api", "db"]}, {"pattern_id": "p2", "first_seen": None}]
        ),
        build_steps=steps,
    )
    assert value(out, "test_pass_ratio", "ci") == pytest.approx(3 / 4)
    assert value(out, "test_flaky_ratio", "ci") == pytest.approx(1 / 4)
    assert value(out, "test_retries", "ci") == 2
    assert value(out, "flaky_build_ratio", "ci") == 0.5
    assert value(out, "cpu_percent_mean", "host1", "hour") == 20
    assert value(out, "cpu_percent_max", "host1", "hour") == 30
    assert row(out, "cpu_percent_max", "host1", "hour")["unit"] == "percent"
    assert value(out, "log_new_patterns", "") == 1
    assert value(out, "log_new_patterns", "db") == 1
    assert value(out, "step_duration_median_seconds", "ci/test/pip install") == 6
