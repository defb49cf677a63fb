"""How many items a batch should take: from the time and memory that batches of different sizes took.

Time and memory are lines over the size, fitted by repeated medians of slopes, which no less than half of the batches
being odd would carry away (A. F. Siegel, "Robust regression using repeated medians", Biometrika 69, 1982). What a batch
may take at worst is the line plus the 95 % quantile of what lay above it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST = 8
SIZES = 3
"""Different sizes that have to be seen before anything is said of others."""

MOST = 1_000
"""Latest batches that are looked at."""

BEYOND = 2.0
"""Times the largest batch seen, beyond which nothing is advised."""

ENOUGH = 0.9
"""Share of the rate of endless batches at which larger ones are not worth their memory."""


@dataclass(frozen=True)
class Line:
    """A measure over the size of a batch: ``base + per_item * size``, at worst ``above`` more."""

    base: float
    per_item: float
    above: float

    def usual(self, size: float) -> float:
        """What a batch of that size takes as a rule."""
        return self.base + self.per_item * size

    def worst(self, size: float) -> float:
        """What nineteen of twenty batches of that size stay below."""
        return self.usual(size) + self.above


@dataclass(frozen=True)
class BatchAdvice:
    """The size to use. ``rate`` in items a second at that size, ``rate_now`` at the usual size (the median seen);
    ``bounded_by`` says what keeps it from being larger: memory, time, evidence or return."""

    size: int
    size_now: int
    rate: float
    rate_now: float
    bounded_by: str
    time: Line
    memory: Line | None
    batches: int


def fit(sizes: Floats, values: Floats) -> Line:
    """The line through values over sizes; never falling, never below zero at size zero."""
    from scipy.stats import siegelslopes

    slope = max(0.0, float(siegelslopes(values, sizes).slope))
    base = max(0.0, float(np.median(values - slope * sizes)))
    left = values - (base + slope * sizes)
    return Line(base, slope, max(0.0, float(np.quantile(left, 0.95))))


def advise(
    sizes: Floats,
    seconds: Floats,
    memory: Floats | None = None,
    *,
    memory_limit: float = math.inf,
    time_limit: float = math.inf,
) -> BatchAdvice | str:
    """The size of a batch that is as fast as it is worth within the limits, or why nothing can be said.

    ``sizes`` in items, ``seconds`` and ``memory`` (bytes, None where it was not measured) of the batches that ran.
    """
    sizes, seconds = np.asarray(sizes, dtype=float)[-MOST:], np.asarray(seconds, dtype=float)[-MOST:]
    if len(sizes) < FEWEST:
        return f"{len(sizes)} batches with a size are too few; {FEWEST} are needed"
    if len(np.unique(sizes)) < SIZES:
        return f"all batches had the same {len(np.unique(sizes))} sizes; run some smaller or larger ones"
    time = fit(sizes, seconds)
    held = fit(sizes, np.asarray(memory, dtype=float)[-MOST:]) if memory is not None else None
    usual = max(1, round(float(np.median(sizes))))
    bounds = {"evidence": BEYOND * float(sizes.max()), "time": _within(time, time_limit)}
    if held is not None:
        bounds["memory"] = _within(held, memory_limit)
    if time.per_item > 0:
        # The rate n / (base + per_item n) reaches a share s of its limit at n = s base / ((1 - s) per_item). Batches
        # smaller than today's are asked for by limits alone: what they bring is nothing.
        bounds["return"] = max(usual, ENOUGH / (1 - ENOUGH) * time.base / time.per_item)
    bounded_by = min(bounds, key=bounds.__getitem__)
    size = math.floor(bounds[bounded_by])
    if size < 1:
        return f"not even a batch of one item keeps within the {bounded_by} that is told"
    return BatchAdvice(size, usual, _rate(time, size), _rate(time, usual), bounded_by, time, held, batches=len(sizes))


def _within(line: Line, limit: float) -> float:
    """The size whose worst keeps within a limit; endless where the size does not matter to it."""
    left = limit - line.base - line.above
    if line.per_item > 0:
        return left / line.per_item if math.isfinite(limit) else math.inf
    return math.inf if left >= 0 else 0.0


def _rate(time: Line, size: int) -> float:
    usual = time.usual(size)
    return size / usual if usual > 0 else math.inf
