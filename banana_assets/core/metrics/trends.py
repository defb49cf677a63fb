"""Where metrics go over days: the earlier half of the days against the later one, told only where it is no chance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from banana_assets.core.advice.comparison import Comparison, rate_change, shift

FEWEST_DAYS = 2

BETTER_HIGH = {
    "build_failure_ratio": False,
    "build_duration_median_seconds": False,
    "test_pass_ratio": True,
    "flaky_build_ratio": False,
    "log_error_ratio": False,
    "time_to_green_median_seconds": False,
    "plan_optimization_score": True,
    "plan_resource_efficiency": True,
}
"""The metrics that are followed, and whether more of them is better."""


@dataclass(frozen=True)
class Day:
    """A metric on one day, and how many observations it rests on."""

    day: date
    value: float
    observations: int


@dataclass(frozen=True)
class Trend:
    """``direction`` is improving, stable or degrading, None where there are too few days to say; ``why`` how it is
    known. ``change_percent`` is of the mean of the later days over that of the earlier ones."""

    metric: str
    unit: str
    direction: str | None
    change_percent: float | None
    why: str
    points: tuple[Day, ...]


def trends(daily: pl.DataFrame) -> list[Trend]:
    """The trends of days (``metric, unit, day, value, observations``), those of BETTER_HIGH alone, in their order."""
    found = []
    for metric in BETTER_HIGH:
        mine = daily.filter(metric=metric).sort("day")
        if mine.height:
            found.append(_trend(metric, mine))
    return found


def _trend(metric: str, days: pl.DataFrame) -> Trend:
    points = tuple(Day(*row) for row in days.select("day", "value", "observations").iter_rows())
    unit = str(days["unit"][0])
    if len(points) < FEWEST_DAYS:
        return Trend(metric, unit, None, None, f"{FEWEST_DAYS} days are needed", points)
    half = len(points) // 2
    early, late = days.head(half), days.tail(len(points) - half)
    before, after = _mean(early), _mean(late)
    percent = 100 * (after - before) / before if before else None
    compared = _compared(metric, unit, early, late)
    if compared.low is None or compared.high is None:
        return Trend(metric, unit, None, percent, "too few days to tell a change from chance", points)
    better = BETTER_HIGH[metric] == (after > before)
    direction = ("improving" if better else "degrading") if compared.clear else "stable"
    why = f"{compared.method}: {compared.low:+.3g} to {compared.high:+.3g} (95 % interval)"
    return Trend(metric, unit, direction, percent, why, points)


def _mean(days: pl.DataFrame) -> float:
    n = int(days["observations"].sum())
    if not n:
        return float(days["value"].mean())  # type: ignore[arg-type]
    return float((days["value"] * days["observations"]).sum()) / n


def _compared(metric: str, unit: str, early: pl.DataFrame, late: pl.DataFrame) -> Comparison:
    """Shares by their counts, all else by the values of the days."""
    if unit == "1" and not metric.startswith("plan_"):
        counts = [(round(_mean(half) * n), n) for half in (early, late) for n in [int(half["observations"].sum())]]
        return rate_change(*counts[0], *counts[1])
    return shift(early["value"].to_numpy(), late["value"].to_numpy())
