"""Before against after: differences with their 95 % intervals, and how many observations it takes to tell."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from banana_assets.core.metrics.rates import Z95, newcombe

Floats = NDArray[np.float64]

FEWEST = 5
"""Observations on each side below which nothing is told."""

FEWEST_READINGS = 12
MOST_NEEDED = 1000
DRAWS = 2000


@dataclass(frozen=True)
class Comparison:
    """Levels before and after, ``after - before`` with its 95 % interval; all None where there are too few.

    ``needed``: observations more, after, with which the smallest change that would matter could be told at the
    earliest; None where it can be told already, or not within a thousand.
    """

    before: float | None
    after: float | None
    difference: float | None
    low: float | None
    high: float | None
    n_before: int
    n_after: int
    needed: int | None
    method: str

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def shift(before: Floats, after: Floats) -> Comparison:
    """Hodges and Lehmann's shift between two samples: the median of all differences, with Mann and Whitney's interval.

    J. L. Hodges, E. L. Lehmann, "Estimates of location based on rank tests", Ann. Math. Stat. 34 (1963); the interval
    by the normal approximation to the rank of its ends (Hollander, Wolfe, Chicken, Nonparametric Statistical Methods,
    3rd ed., 4.3). Right where the two differ by a shift; one outlier moves neither end.
    """
    n, m = len(before), len(after)
    method = "Hodges-Lehmann shift, Mann-Whitney interval"
    levels = _levels(before, after, np.median)
    rank = _rank(n, m)
    if n < FEWEST or m < FEWEST or rank < 1:
        return Comparison(*levels, None, None, None, n, m, _needed_for_shift(n, m), method)
    differences = np.sort((after[:, None] - before[None, :]).ravel())
    low, high = float(differences[rank - 1]), float(differences[len(differences) - rank])
    return Comparison(*levels, float(np.median(differences)), low, high, n, m, None, method)


def _rank(n: int, m: int) -> int:
    """Which of the ordered differences is the lower end; below 1, no interval of 95 % exists."""
    return math.floor(n * m / 2 + 0.5 - Z95 * math.sqrt(n * m * (n + m + 1) / 12))


def _needed_for_shift(n: int, m: int) -> int | None:
    if n < FEWEST:
        return None
    for more in range(1, MOST_NEEDED):
        if m + more >= FEWEST and _rank(n, m + more) >= 1:
            return more
    return None


def rate_change(hits_before: int, n_before: int, hits_after: int, n_after: int) -> Comparison:
    """The difference of two proportions with Newcombe's interval from Wilson's (his method 10).

    R. G. Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine
    17 (1998). Too early while even a rate of zero from now on could not be told from the rate before; ``needed`` is how
    many observations without a hit that would take.
    """
    method = "difference of proportions, Newcombe's interval"
    if not n_before or not n_after:
        before = hits_before / n_before if n_before else None
        needed = _needed_for_rate(hits_before, n_before, hits_after, n_after)
        return Comparison(before, None, None, None, None, n_before, n_after, needed, method)
    p, q = hits_before / n_before, hits_after / n_after
    low, high = newcombe(hits_before, n_before, hits_after, n_after)
    clear = low > 0 or high < 0
    needed = None if clear else _needed_for_rate(hits_before, n_before, hits_after, n_after)
    return Comparison(p, q, q - p, low, high, n_before, n_after, needed, method)


def _needed_for_rate(hits_before: int, n_before: int, hits_after: int, n_after: int) -> int | None:
    if not n_before or not hits_before:
        return None
    for more in range(1, MOST_NEEDED):
        if newcombe(hits_before, n_before, hits_after, n_after + more)[1] < 0:
            return more
    return None


def level_change(before: Floats, after: Floats, statistic: Callable[..., Floats] = np.mean) -> Comparison:
    """The difference of a statistic of two series of neighbouring readings, with a block bootstrap's interval.

    Readings beside each other resemble each other, so blocks of n^(1/3) are drawn instead of readings (D. N. Politis,
    J. P. Romano, "A circular block-resampling procedure for stationary data", 1992); percentile interval of two
    thousand draws from a fixed seed. FEWEST_READINGS on each side.
    """
    least = FEWEST_READINGS
    name = "median" if statistic is np.median else "mean"
    method = f"difference of {name}s, circular block bootstrap"
    n, m = len(before), len(after)
    levels = _levels(before, after, statistic)
    if n < least or m < least:
        needed = None if n < least else least - m
        return Comparison(*levels, None, None, None, n, m, needed, method)
    random = np.random.default_rng(20)
    draws = _resampled(after, statistic, random) - _resampled(before, statistic, random)
    low, high = np.quantile(draws, [0.025, 0.975])
    difference = float(statistic(after) - statistic(before))
    return Comparison(*levels, difference, float(low), float(high), n, m, None, method)


def _resampled(values: Floats, statistic: Callable[..., Floats], random: np.random.Generator) -> Floats:
    n = len(values)
    length = max(1, round(n ** (1 / 3)))
    blocks = -(-n // length)
    starts = random.integers(0, n, size=(DRAWS, blocks))
    places = (starts[:, :, None] + np.arange(length)).reshape(DRAWS, -1)[:, :n] % n
    return np.asarray(statistic(values[places], axis=1))


def _levels(before: Floats, after: Floats, statistic: Callable[..., Floats]) -> tuple[float | None, float | None]:
    return (
        float(statistic(before)) if len(before) else None,
        float(statistic(after)) if len(after) else None,
    )
