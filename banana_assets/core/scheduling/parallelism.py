"""How many tasks should run at once: the work that was done at each number, as it was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from banana_assets.core.scheduling.estimates import Past

Floats = NDArray[np.float64]

FEWEST = 10
"""Tasks that must have run at a number before it is judged."""

WORTH = 0.05
"""Share of throughput that one more at once has to bring."""


ROUNDS = 10


@dataclass(frozen=True)
class Level:
    """What was seen with so many at once: ``slowdown`` is how many times as long the same kind of task ran as at the
    lowest level; ``throughput`` the work done a second, in tasks that run alone; ``low`` and ``high`` its 95 %
    interval."""

    at_once: int
    tasks: int
    slowdown: float
    throughput: float
    low: float
    high: float


@dataclass(frozen=True)
class Parallelism:
    """The number to use, what it rests on, and what bounds it: throughput, memory, cores or evidence."""

    at_once: int
    bounded_by: str
    levels: tuple[Level, ...]


def others(history: Sequence[Past]) -> NDArray[np.int64]:
    """How many tasks ran when each began, itself counted.

    Not while it ran: a long run meets more others for being long, which looks as if others had made it long.
    """
    begun = np.array([p.started for p in history])
    ended = np.sort([p.finished for p in history])
    running = np.searchsorted(np.sort(begun), begun, "right") - np.searchsorted(ended, begun, "right")
    counted: NDArray[np.int64] = np.maximum(1, running).astype(np.int64)
    return counted


def _beside_kind(history: Sequence[Past], level: NDArray[np.int64]) -> Floats:
    """Logarithms of run times less what is due to the kind of task.

    Kinds and levels are told apart by median polish (J. W. Tukey, Exploratory Data Analysis, 1977): a kind that only
    runs in a crowd says nothing of crowds.
    """
    time = np.log([max(p.runtime, 1e-3) for p in history])
    kinds = np.unique([p.kind for p in history], return_inverse=True)[1]
    of_kind, of_level = np.zeros(len(time)), np.zeros(len(time))
    for _ in range(ROUNDS):
        of_kind = _medians(time - of_level, kinds)
        of_level = _medians(time - of_kind, level)
    left: Floats = time - of_kind
    return left


def _medians(values: Floats, groups: NDArray[np.int64]) -> Floats:
    found = np.empty(len(values))
    for group in np.unique(groups):
        found[groups == group] = np.median(values[groups == group])
    return found


def advise(
    history: Sequence[Past], *, memory_limit: float = math.inf, cpu_limit: float = math.inf, seed: int = 1
) -> Parallelism | str:
    """The number of tasks at once with the most measured throughput within the limits, or why nothing can be said.

    One more counts when it brings 5 % or more. Nothing is said of numbers that were never seen.
    """
    alongside = others(history)
    left = _beside_kind(history, alongside)
    seen = {int(n): np.exp(left[alongside == n]) for n in np.unique(alongside)}
    enough = {n: values for n, values in sorted(seen.items()) if len(values) >= FEWEST}
    if len(enough) < 2:
        if not enough:
            return f"there are too few tasks: no number at once was seen in {FEWEST} of them"
        return f"only {next(iter(enough))} at once was seen in {FEWEST} tasks or more; two numbers are needed"
    draw = np.random.default_rng(seed)
    base = float(np.median(next(iter(enough.values()))))
    levels = []
    for n, values in enough.items():
        slowdown = float(np.median(values)) / base
        drawn = np.median(draw.choice(values, size=(500, len(values))), axis=1) / base
        fast, slow = np.quantile(drawn, [0.025, 0.975])
        levels.append(Level(n, len(values), slowdown, n / slowdown, n / float(slow), n / float(fast)))
    best = levels[0]
    bounded_by = "evidence"
    for level in levels[1:]:
        if level.low >= best.throughput * (1 + WORTH):
            best = level
        elif level.high < best.throughput * (1 + WORTH):
            bounded_by = "throughput"
            break
    for name, need, limit in (("memory", "memory", memory_limit), ("cores", "cpu", cpu_limit)):
        high = float(np.quantile([getattr(p, need) for p in history], 0.95))
        if high > 0 and math.isfinite(limit) and best.at_once * high > limit:
            best = max((v for v in levels if v.at_once * high <= limit), key=lambda v: v.at_once, default=levels[0])
            bounded_by = name
    return Parallelism(best.at_once, bounded_by, tuple(levels))
