"""When there is room for work: the hours in which forecasts leave enough of each resource, with the risk that not.

A forecast gives five quantiles a step. Between them the distribution is taken as straight lines, beyond the 95 %
interval as exponential tails that go on at the slope of its last part, so that a rare excess keeps a small risk.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from banana_assets.core.scheduling.asked import ACCEPTED_RISK

Floats = NDArray[np.float64]

LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
"""The levels of the quantiles of a forecast: lo95, lo80, the median, hi80, hi95."""

ALIKE = 50
"""Steps of the past with the most alike means, whose peaks speak for a step ahead."""

MOST_AT_ONCE = 1_000


@dataclass(frozen=True)
class Demand:
    """One resource over the steps ahead: forecast use as quantiles (steps x 5), what there is, and what work needs."""

    name: str
    quantiles: Floats
    limit: float
    need: float


@dataclass(frozen=True)
class Window:
    """Steps ``first`` to ``last`` (from 0) in which work may begin. ``risk`` is the least over the window, at ``best``;
    ``tightest`` names the resource that is short first, ``room`` how much of it is left at the 90 % level at best."""

    first: int
    last: int
    best: int
    risk: float
    tightest: str
    room: float


def excess(quantiles: Floats, value: float) -> Floats:
    """The chance that use lies above a value, for each step; quantiles are steps x 5, in rising order."""
    steps = np.sort(np.asarray(quantiles, dtype=float), axis=1)
    levels = np.array(LEVELS)
    chance = np.empty(len(steps))
    for i, row in enumerate(steps):
        if value >= row[-1]:
            chance[i] = _tail(float(value - row[-1]), float(row[-1] - row[-2]), 1 - LEVELS[-1], LEVELS[-1] - LEVELS[-2])
        elif value < row[0]:
            chance[i] = 1 - _tail(float(row[0] - value), float(row[1] - row[0]), LEVELS[0], LEVELS[1] - LEVELS[0])
        else:
            chance[i] = 1 - float(np.interp(value, row, levels))
    return chance


def _tail(beyond: float, width: float, left: float, mass: float) -> float:
    """What is left of a tail so far beyond the last quantile: exponential, as steep as the last part."""
    if beyond <= 0:
        return left
    return left * math.exp(-beyond * mass / (width * left)) if width * left > 0 else 0.0


def at_peaks(quantiles: Floats, means: Floats, peaks: Floats, ceiling: float = math.inf) -> Floats:
    """Quantiles (steps x 5) of the highest reading of each step, out of those of its mean.

    ``means`` and ``peaks`` are of the steps of the past. By how much peaks stand above means is taken from the fifty
    steps whose means are most alike, as if it did not depend on how far the forecast is off.
    """
    if not len(means):
        return quantiles
    above = peaks - means
    fine = (np.arange(80) + 0.5) / 80
    rows = []
    for row in np.sort(np.asarray(quantiles, dtype=float), axis=1):
        some = above[np.argsort(np.abs(means - row[2]), kind="stable")[:ALIKE]]
        sums = np.interp(fine, LEVELS, row)[:, None] + some[None, :]
        peak = np.quantile(np.minimum(sums, max(ceiling, float(row[-1]))), LEVELS)
        rows.append(np.maximum(peak, row))
    return np.array(rows).reshape(len(quantiles), len(LEVELS))


def at_once(demands: Sequence[Demand], first: int, steps: int, *, accepted: float = ACCEPTED_RISK) -> int | None:
    """How many such works may begin at a step with a risk of at most ``accepted``; None where what it needs
    of one of the resources was never measured."""
    if any(d.need <= 0 for d in demands):
        return None

    def risk(many: int) -> float:
        span = [replace(d, quantiles=d.quantiles[first : first + steps], need=d.need * many) for d in demands]
        return float(risks(span, steps)[0][0])

    return bisect_left(range(1, MOST_AT_ONCE + 1), True, key=lambda many: risk(many) > accepted)


def risks(demands: Sequence[Demand], steps: int) -> tuple[Floats, list[str]]:
    """For each step at which work of so many steps may begin: the risk that any resource is short while it runs, and
    the resource that weighs most in it.

    Risks of steps and resources are added (Boole's inequality), which is too high where they go together and never too
    low. Raises ValueError for fewer steps ahead than the work takes.
    """
    ahead = min(len(d.quantiles) for d in demands)
    if steps < 1 or ahead < steps:
        raise ValueError(f"work of {steps} steps does not fit into {ahead} steps ahead")
    chances = np.array([excess(d.quantiles[:ahead], d.limit - d.need) for d in demands])
    sums = np.lib.stride_tricks.sliding_window_view(chances, steps, axis=1).sum(axis=2)
    worst = sums.argmax(axis=0)
    return np.minimum(1.0, sums.sum(axis=0)), [demands[i].name for i in worst]


def windows(demands: Sequence[Demand], steps: int, *, accepted: float = ACCEPTED_RISK) -> list[Window]:
    """The windows in which work of so many steps may begin with a risk of at most ``accepted``, in order of time."""
    chance, tightest = risks(demands, steps)
    by_name = {d.name: d for d in demands}
    found: list[Window] = []
    begin = None
    for i in range(len(chance) + 1):
        fits = i < len(chance) and chance[i] <= accepted
        if fits and begin is None:
            begin = i
        elif not fits and begin is not None:
            best = begin + int(np.argmin(chance[begin:i]))
            short = by_name[tightest[best]]
            high = float(np.sort(short.quantiles[best : best + steps], axis=1)[:, 3].max())
            room = short.limit - short.need - high
            found.append(Window(begin, i - 1, best, float(chance[best]), short.name, room))
            begin = None
    return found


def same_hours(counts: Floats, hours: NDArray[np.int64], ahead: NDArray[np.int64]) -> Floats:
    """Quantiles (steps x 5) of what was counted in the same hours of the week before, for hours of the week ahead.

    ``counts`` were seen in ``hours`` (0 to 167, Monday midnight UTC first). An hour never seen takes those of the same
    hour on any day, else all.
    """
    counts, hours = np.asarray(counts, dtype=float), np.asarray(hours)
    rows = []
    for hour in ahead:
        same = counts[hours == hour]
        if len(same) < 2:
            same = counts[hours % 24 == hour % 24]
        rows.append(np.quantile(same if len(same) else counts, LEVELS))
    return np.array(rows).reshape(len(ahead), len(LEVELS))
