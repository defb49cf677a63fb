"""Trends by day: told where they are no chance, and which way is better."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from banana_assets.core.metrics.trends import Trend, trends


def days(metric: str, unit: str, values: list[float], n: int = 50) -> pl.DataFrame:
    rows = [
        {"metric": metric, "unit": unit, "day": date(2026, 3, 1) + timedelta(days=k), "value": v, "observations": n}
        for k, v in enumerate(values)
    ]
    return pl.DataFrame(rows)


def only(metric: str, unit: str, values: list[float], n: int = 50) -> Trend:
    (found,) = trends(days(metric, unit, values, n))
    return found


def test_fewer_failures_are_better_and_more_passes_are() -> None:
    assert only("build_failure_ratio", "1", [0.5, 0.5, 0.1, 0.1]).direction == "improving"
    assert only("build_failure_ratio", "1", [0.1, 0.1, 0.5, 0.5]).direction == "degrading"
    assert only("test_pass_ratio", "1", [0.5, 0.5, 0.9, 0.9]).direction == "improving"
    assert only("build_failure_ratio", "1", [0.2, 0.1, 0.2, 0.1]).direction == "stable"


def test_chance_is_not_told_as_a_change() -> None:
    few = only("build_failure_ratio", "1", [0.0, 0.5], n=2)
    assert (few.direction, few.change_percent) == ("stable", None)
    assert only("build_failure_ratio", "1", [0.25, 0.5], n=4).change_percent == 100


def test_levels_need_five_days_on_each_side() -> None:
    slow = [60.0, 61, 59, 60, 62, 90, 91, 89, 90, 92]
    found = only("build_duration_median_seconds", "s", slow)
    assert found.direction == "degrading"
    assert "Hodges-Lehmann" in found.why
    short = only("build_duration_median_seconds", "s", slow[3:7])
    assert (short.direction, short.why) == (None, "too few days to tell a change from chance")


def test_one_day_and_metrics_that_nobody_follows() -> None:
    one = only("log_error_ratio", "1", [0.1])
    assert (one.direction, one.why, len(one.points)) == (None, "2 days are needed", 1)
    assert trends(days("builds", "builds", [1, 2])) == []
