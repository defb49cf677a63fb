"""How likely a count is by chance, when counts come in bursts."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def dispersion(counts: NDArray[np.float64]) -> float:
    """Variance over mean of counts that should be alike, at least 1: what a Poisson count has."""
    mean = float(counts.mean()) if len(counts) else 0.0
    return max(1.0, float(counts.var(ddof=1)) / mean) if len(counts) > 1 and mean > 0 else 1.0


def count_tail(count: float, expected: float, spread: float = 1.0) -> float:
    """P(X >= count) for a count of that mean and of ``spread`` times a Poisson's variance: a negative binomial one.

    Events of logs come in bursts; a Poisson chance takes every burst for a change. Source: A. C. Cameron,
    P. K. Trivedi, Regression Analysis of Count Data, 2nd ed., 3.3 (the NB1 variance).
    """
    from scipy.special import betainc, gammainc

    if count <= 0:
        return 1.0
    mean = max(expected, 1e-12)
    if spread <= 1.0 + 1e-9:
        return float(gammainc(count, mean))
    return float(betainc(count, mean / (spread - 1), 1 - 1 / spread))


def fisher_tail(hits: int, n: int, hits_before: int, n_before: int) -> float:
    """Fisher's exact one-sided chance of so many hits or more among n, given the hits in both together.

    R. A. Fisher, "On the interpretation of chi-squared from contingency tables", JRSS 85 (1922).
    """
    both, total = hits + hits_before, n + n_before
    ways = sum(math.comb(both, k) * math.comb(total - both, n - k) for k in range(hits, min(both, n) + 1))
    return ways / math.comb(total, n)
