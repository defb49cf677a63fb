"""What follows from a forecast: when a limit is reached, what is needed against what there is, what to do and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from banana_assets.core.metrics.forecast.series import Floats, Series
from banana_assets.core.metrics.limits import (
    EXPECTED,
    NOT_WITHIN,
    POSSIBLE,
    REACHED,
    UNKNOWN,
    Crossing,
    forecast_crossing,
    rises,
    time_to_limit,
)

NEAR = 0.9
"""The share of a limit whose crossing is told: above it there is no room to act."""

TARGET = 0.8
"""The share of an allocation that the predicted need should take."""

IDLE = 0.4
"""Below this share of the allocation, over a week or more, less would do."""

LEAST_DAYS_TO_SHRINK = 7
FEW_HOURS = 0.25
"""Where the limit is near in less than this share of the time, moving work is cheaper than more of the resource."""

GROW, SHRINK, MOVE, KEEP, WATCH = "grow", "shrink", "move", "keep", "watch"


@dataclass(frozen=True)
class Limit:
    """What a series may reach at most, in its unit, and how that is known."""

    value: float
    known_from: str


@dataclass(frozen=True)
class Crossed:
    """When 90 % of the limit is crossed. Times are None where there is none within reach."""

    limit: float
    threshold: float
    state: str
    at: datetime | None
    earliest: datetime | None
    latest: datetime | None
    statement: str


@dataclass(frozen=True)
class Advice:
    """What is needed against what there is. ``recommended`` is None where no limit is known."""

    action: str
    current: float | None
    need: float
    recommended: float | None
    reasoning: str
    triggers: tuple[str, ...]
    actions: tuple[str, ...]
    act_by: datetime | None


def resource_type(metric: str) -> str:
    """cpu, memory, disk, network or other, by the metric's name."""
    name = metric.lower()
    words = {"cpu": "cpu", "load": "cpu", "mem": "memory", "rss": "memory", "swap": "memory", "disk": "disk"}
    words |= {"filesystem": "disk", "net": "network", "rx_": "network", "tx_": "network"}
    return next((kind for word, kind in words.items() if word in name), "other")


def accumulates(series: Series, metric: str) -> bool:
    """Whether what is used stays used, and grows: never so of a processor or a network."""
    return resource_type(metric) not in ("cpu", "network") and rises(series.values, series.season)


def crossing(series: Series, metric: str, quantiles: Floats, limit: Limit) -> Crossed:
    """When the series crosses 90 % of its limit: by its growth where it accumulates, by its forecast else."""
    threshold = NEAR * limit.value
    horizon = len(quantiles)
    if accumulates(series, metric):
        found = time_to_limit(series.values, series.season, threshold, horizon)
    else:
        last = float(series.values[-1])
        found = forecast_crossing(quantiles[:, 1], quantiles[:, 2], quantiles[:, 3], threshold, last)
    at, low, high = (_moment(series, x) for x in (found.steps, found.low, found.high))
    return Crossed(
        limit.value, threshold, found.state, at, low, high, _statement(found, at, low, high, series, horizon)
    )


def advise(
    series: Series,
    metric: str,
    quantiles: Floats,
    peaks: float,
    limit: Limit | None,
    crossed: Crossed | None,
    confidence: str,
) -> Advice:
    """The allocation that the forecast asks for.

    The need is the highest upper 80 % bound times ``peaks``, by how much the peaks of an interval stand above its mean.
    It should take 80 % of what there is. More is advised where 90 % are, or may be, crossed within the horizon; other
    hours, where that is so in less than a quarter of the steps; less, where cpu or memory took under 40 % for a week.
    A forecast of low confidence advises nothing, unless what it is about only ever grows.
    """
    need = float(quantiles[:, 3].max()) * peaks
    bound = "upper 80 % bound" if peaks <= 1 else f"upper 80 % bound, times {peaks:.3g} for usual peaks"
    if limit is None or crossed is None:
        text = f"{size_text(need, metric)} needed at most ({bound}); no limit of it is known"
        return Advice(WATCH, None, need, None, text, (), (), None)
    there, kind = limit.value, resource_type(metric)
    need = min(need, there) if _percent(metric) else need
    share = need / there if there > 0 else 0.0
    enough = need / TARGET
    trigger = f"{metric} above {size_text(crossed.threshold, metric)} for three intervals of {series.step} s"
    days = len(series.values) * series.step / 86400
    used = f"{size_text(need, metric)} needed at most ({bound}) of {size_text(there, metric)}"
    # Of a percentage the need is the share.
    used += "" if _percent(metric) and there == 100 else f", {share:.0%}"
    if confidence == "low" and not accumulates(series, metric):
        return Advice(WATCH, there, need, None, f"{used}; the past is too short to advise more", (trigger,), (), None)
    if crossed.state in (REACHED, EXPECTED, POSSIBLE):
        near = quantiles[:, 3] * peaks >= crossed.threshold
        by = crossed.earliest or crossed.at or series.end
        if kind == "cpu" and 0 < near.mean() < FEW_HOURS and series.season > 1:
            hours = sorted({series.time(int(k) + 1).hour for k in np.flatnonzero(near)})
            told = f"move work out of {_hours(hours)} UTC"
            return Advice(
                MOVE, there, need, there, f"{used}, in {near.mean():.0%} of the time", (trigger,), (told,), by
            )
        enough = max(enough, there * 1.1) if _percent(metric) else max(enough, there)
        return Advice(GROW, there, need, enough, used, (trigger,), _more(kind, metric, there, enough), by)
    if share < IDLE and kind in ("cpu", "memory") and days >= LEAST_DAYS_TO_SHRINK:
        text = f"{used}, after {days:.0f} days of readings"
        told = f"allot {size_text(enough, metric)} {'of what there is now' if _percent(metric) else ''}".strip()
        return Advice(SHRINK, there, need, enough, text, (trigger,), (told,), None)
    return Advice(KEEP, there, need, there, used, (trigger,), (), None)


def _more(kind: str, metric: str, there: float, enough: float) -> tuple[str, ...]:
    bigger = f"{enough / there:.0%} of the present size" if _percent(metric) else size_text(enough, metric)
    ways = {
        "cpu": (f"allot cpu of {bigger}", "run fewer jobs at once"),
        "memory": (f"allot memory of {bigger}", "run fewer jobs at once", "look for the process that grows"),
        "disk": (f"allot disk of {bigger}", "remove caches, artifacts and old logs"),
        "network": (f"allot bandwidth of {bigger}", "cache what is fetched each time"),
    }
    return ways.get(kind, (f"allot {bigger}",))


def _percent(metric: str) -> bool:
    return "percent" in metric or "util" in metric


def size_text(value: float, metric: str) -> str:
    """A value of that metric for people: ``42.5 %``, ``29.4 GiB``, ``1.2 MiB/s``, ``3.142``."""
    if _percent(metric):
        return f"{value:.3g} %"
    if "bytes" in metric:
        rate = "/s" if "per_second" in metric else ""
        for unit in ("B", "KiB", "MiB", "GiB"):
            if abs(value) < 1024:
                return f"{value:.3g} {unit}{rate}"
            value /= 1024
        return f"{value:.4g} TiB{rate}"
    return f"{value:.4g}"


def _hours(hours: list[int]) -> str:
    """Hours of the day as spans: 09:00-11:59, 14:00-14:59."""
    spans: list[list[int]] = []
    for hour in hours:
        if spans and hour == spans[-1][1] + 1:
            spans[-1][1] = hour
        else:
            spans.append([hour, hour])
    return ", ".join(f"{a:02d}:00-{b:02d}:59" for a, b in spans)


def _moment(series: Series, steps: float | None) -> datetime | None:
    return None if steps is None else series.end + timedelta(seconds=round(steps * series.step))


def _statement(
    found: Crossing, at: datetime | None, low: datetime | None, high: datetime | None, series: Series, horizon: int
) -> str:
    end = f"{series.time(horizon):%F %H:%M} UTC"
    if found.state == REACHED:
        return "is above 90 % of the limit now"
    if found.state == UNKNOWN:
        return f"cannot be known: {found.reason}"
    if found.state == NOT_WITHIN:
        return f"does not cross 90 % of the limit before {end}" + (f": {found.reason}" if found.reason else "")
    after = f"and {high:%F %H:%M} UTC" if high is not None else "and never"
    if low is None:
        after = f"before {high:%F %H:%M} UTC" if high is not None else f"before {end}"
        return f"crosses 90 % of the limit {after}"
    if found.state == POSSIBLE:
        return f"may cross 90 % of the limit from {low:%F %H:%M} UTC on" + (f": {found.reason}" if found.reason else "")
    return f"crosses 90 % of the limit between {low:%F %H:%M} {after}, most likely at {at:%F %H:%M}"
