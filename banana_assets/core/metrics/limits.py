"""When a series reaches its limit: the point, the 80 % range, or why nothing can be said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST_BLOCKS = 4
PATHS = 200
HALF_LIFE = 4.0
"""Blocks (days, where there is a season) after which a past block is drawn half as often."""

WIDENING = 2.4
"""The bootstrap knows nothing of changes to come: its range in log time grows by this, as calibrated on accumulated
real increments (benchmarks/limits.py)."""

LONGEST_BLOCKS = 28
TREND_BLOCKS = 14
TREND = 0.7
"""Kendall's tau of block means over time from which on a series counts as rising."""

REACHED, EXPECTED, POSSIBLE, NOT_WITHIN, UNKNOWN = "reached", "expected", "possible", "not_within", "unknown"
STATES = (REACHED, EXPECTED, POSSIBLE, NOT_WITHIN, UNKNOWN)


@dataclass(frozen=True)
class Crossing:
    """When a series reaches a limit, in steps past its end.

    ``state``: ``reached`` already; ``expected`` within the horizon; ``possible`` within it, by the early end of the
    range alone; ``not_within`` the horizon; ``unknown``, with the reason. ``steps`` is the point, ``low`` and ``high``
    the ends of the 80 % range; None where a time lies past what was searched.
    """

    state: str
    steps: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""


def rises(values: Floats, season: int) -> bool:
    """Whether a series accumulates: the means of its last 4 to 14 blocks (days) rise, by Kendall's tau >= .7."""
    block = _block(len(values) - 1, season)
    means = values[len(values) % block :].reshape(-1, block).mean(axis=1)[-TREND_BLOCKS:]
    n = len(means)
    if n < FEWEST_BLOCKS:
        return False
    signs = np.sign(means[None, :] - means[:, None])[np.triu_indices(n, 1)]
    return bool(signs.mean() >= TREND)


def time_to_limit(values: Floats, season: int, limit: float, horizon: int) -> Crossing:
    """When a series that accumulates (disk space, a leak) reaches ``limit``, looked for within ``horizon`` steps.

    ``values``: readings on a regular grid without holes, ``season`` steps a day (0: none). The point is the median of
    what six continuations of the past say: the last day, two, three and seven days again, the week at yesterday's
    pace, and the week's mean day at yesterday's level. The range is the 10th to 90th percentile of the first passage of
    paths made of whole past days, recent ones more often, widened around its median (``WIDENING``). Where there are
    fewer than four seasons an eighth of the past takes the part of a day.
    Sources: Künsch, "The jackknife and the bootstrap for general stationary observations" (1989), for the blocks.
    """
    values = np.asarray(values, dtype=np.float64)
    if len(values) and values[-1] >= limit:
        return Crossing(REACHED, 0.0, 0.0, 0.0)
    steps = np.diff(values)
    block = _block(len(steps), season)
    days = steps[len(steps) % block :].reshape(-1, block)[-LONGEST_BLOCKS:] if len(steps) else steps.reshape(0, 1)
    if len(days) < FEWEST_BLOCKS:
        return Crossing(UNKNOWN, reason="too few readings to know how it grows")
    if not steps.any():
        return Crossing(NOT_WITHIN, reason="it does not change")
    target = limit - values[-1]
    longest = 4 * horizon
    point = float(np.median([_passage(np.cumsum(path), target) for path in _continuations(days, longest)]))
    range_ = _range(days, target, longest)
    if not np.isfinite(point):
        early = range_[1]
        if early <= horizon:
            return Crossing(POSSIBLE, None, early, None, "it does not rise at its present pace, but has before")
        return Crossing(NOT_WITHIN, reason="it does not get there at its present pace")
    middle, low, high = range_
    if not np.isfinite(middle):
        return Crossing(UNKNOWN, point, None, None, "it rises and falls too much to say when")
    ends = point * np.exp(WIDENING * np.log(np.array([low, high]) / middle))
    low, high = float(min(ends[0], point)), float(max(ends[1], point))
    shown = high if np.isfinite(high) and high <= 4 * longest else None
    state = EXPECTED if point <= horizon else POSSIBLE if low <= horizon else NOT_WITHIN
    return Crossing(state, point, low, shown)


def forecast_crossing(low80: Floats, middle: Floats, high80: Floats, limit: float, last: float) -> Crossing:
    """When a forecast (80 % bounds and median, a value a step) first reaches ``limit``: for series that come and go.

    The range begins where the upper bound gets there and ends where the lower one does.
    """
    if last >= limit:
        return Crossing(REACHED, 0.0, 0.0, 0.0)
    early, point, late = (_first(x >= limit) for x in (high80, middle, low80))
    if point is not None:
        return Crossing(EXPECTED, point, early, late)
    if early is not None:
        return Crossing(POSSIBLE, None, early, None)
    return Crossing(NOT_WITHIN)


def _block(steps: int, season: int) -> int:
    return season if season > 1 and steps >= FEWEST_BLOCKS * season else max(1, steps // 8)


def _continuations(days: Floats, longest: int) -> list[Floats]:
    """Increments to come, as the past goes on in six ways."""
    last, week = days[-1:], days[-7:]
    ways = [days[-k:].ravel() for k in (1, 2, 3, 7)]
    mean_day = week.mean(axis=0)
    level, before = float(last.mean()), float(days[-8].mean()) if len(days) > 7 else 0.0
    pace = float(np.clip(level / before, 0.2, 5)) if level > 0 and before > 0 else 1.0
    ways.append(week.ravel() * np.sqrt(pace))
    usual = float(mean_day.mean())
    ways.append(mean_day * (level / usual) if usual > 0 and level > 0 else mean_day)
    return [np.tile(way, longest // len(way) + 1)[:longest] for way in ways]


def _passage(path: Floats, target: float) -> float:
    """The step, with its fraction, at which a path first reaches the target; infinite where it never does."""
    there = path >= target - 1e-9 * abs(target)
    if not there.any():
        return float("inf")
    i = int(np.argmax(there))
    before = path[i - 1] if i else 0.0
    return i + float(np.clip((target - before) / max(path[i] - before, 1e-12), 0, 1))


def _range(days: Floats, target: float, longest: int) -> tuple[float, float, float]:
    """Median, 10th and 90th percentile of the first passage of paths drawn from whole blocks."""
    n, block = days.shape
    weight = 0.5 ** (np.arange(n)[::-1] / HALF_LIFE)
    drawn = np.random.default_rng(5).choice(n, size=(PATHS, longest // block + 1), p=weight / weight.sum())
    hits = np.sort([_passage(np.cumsum(days[row].ravel()), target) for row in drawn])
    at = (np.array([0.5, 0.1, 0.9]) * (PATHS - 1)).round().astype(int)
    middle, low, high = (float(max(x, 0.5)) for x in hits[at])
    return middle, low, high


def _first(there: NDArray[np.bool_]) -> float | None:
    return float(np.argmax(there)) + 1.0 if there.any() else None
