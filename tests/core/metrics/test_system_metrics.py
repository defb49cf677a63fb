from __future__ import annotations

import polars as pl
import pytest

from banana_assets.core.metrics.rollups import rollups
from banana_assets.core.metrics.system import system_metrics
from banana_assets.core.tables import BUILDS, LOG_PATTERNS, LOG_SHAPES, RESOURCE_SAMPLES, SYSTEM_METRICS, TEST_RESULTS
from tests.core.metrics.frames import at, builds, patterns, results, samples, shapes

EMPTY = {t.name: t.empty() for t in (LOG_SHAPES, BUILDS, TEST_RESULTS, RESOURCE_SAMPLES, LOG_PATTERNS)}


def value(frame: pl.DataFrame, metric: str, subject: str, granularity: str = "day") -> float:
    found = frame.filter(
        (pl.col("metric") == metric) & (pl.col("subject") == subject) & (pl.col("granularity") == granularity)
    )
    assert found.height == 1, (metric, subject, found)
    return float(found["value"][0])


def metrics(**frames: pl.DataFrame) -> pl.DataFrame:
    all_ = EMPTY | frames
    summed = rollups(all_["resource_samples"])
    out = system_metrics(all_["log_shapes"], all_["builds"], all_["test_results"], summed, all_["log_patterns"])
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
    assert value(out, "log_error_ratio", "api") == pytest.approx(0.2)
    assert value(out, "log_warnings", "db") == 10
    assert value(out, "log_events", "") == 20


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
    assert value(out, "builds", "ci") == 4
    assert value(out, "build_failure_ratio", "ci") == 0.5
    assert value(out, "build_duration_median_seconds", "ci") == 75
    assert value(out, "build_queue_median_seconds", "ci") == pytest.approx(360)
    assert value(out, "time_to_green_median_seconds", "ci") == 2 * 3600
    assert value(out, "builds", "main") == 4


def test_tests_resources_and_new_patterns() -> None:
    runs = builds([{"build_id": "x"}])
    tested = results(
        [
            {"build_id": "x", "name": "a"},
            {"build_id": "x", "name": "b", "status": "failed"},
            {"build_id": "x", "name": "c", "status": "flaky", "attempts": 2},
            {"build_id": "x", "name": "d", "status": "skipped"},
        ]
    )
    out = metrics(
        builds=runs,
        test_results=tested,
        resource_samples=samples([10, 30]),
        log_patterns=patterns([{"first_seen": at(0)}]),
    )
    assert value(out, "test_pass_ratio", "ci") == pytest.approx(2 / 3)
    assert value(out, "test_flaky_ratio", "ci") == pytest.approx(1 / 3)
    assert value(out, "cpu_percent_mean", "host1", "hour") == 20
    assert value(out, "cpu_percent_max", "host1", "hour") == 30
    assert value(out, "log_new_patterns", "") == 1
