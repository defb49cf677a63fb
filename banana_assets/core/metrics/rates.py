"""Rates out of counts, with their uncertainty: Wilson intervals and Beta-binomial shrinkage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from banana_assets.core.metrics.special import betaincinv

Z95 = 1.959963984540054
Z80 = 1.2815515655446004


def wilson(hits: float, n: float, z: float = Z95) -> tuple[float, float]:
    """The Wilson score interval of a proportion, both ends in 0..1; (0, 1) when nothing was observed.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    if n <= 0:
        return 0.0, 1.0
    p = hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low = 0.0 if hits <= 0 else max(0.0, middle - half)
    high = 1.0 if hits >= n else min(1.0, middle + half)
    return low, high


def newcombe(hits_before: float, n_before: float, hits_after: float, n_after: float) -> tuple[float, float]:
    """The 95 % interval of the second proportion less the first."""
    p, q = hits_before / n_before, hits_after / n_after
    l1, u1 = wilson(hits_before, n_before)
    l2, u2 = wilson(hits_after, n_after)
    low = q - p - math.sqrt((q - l2) ** 2 + (u1 - p) ** 2)
    high = q - p + math.sqrt((u2 - q) ** 2 + (p - l1) ** 2)
    return max(-1.0, low), min(1.0, high)


@dataclass(frozen=True)
class BetaPrior:
    """A Beta(a, b) belief about a rate before its own counts are seen; a + b is what it weighs, in observations."""

    a: float
    b: float

    def mean(self, hits: float, n: float) -> float:
        """The rate after ``hits`` of ``n``: pulled to the prior's mean the more, the smaller n is."""
        return (self.a + hits) / (self.a + self.b + n)

    def interval(self, hits: float, n: float, level: float = 0.95) -> tuple[float, float]:
        """The equal-tailed posterior interval of the rate."""
        tail = (1 - level) / 2
        a, b = self.a + hits, self.b + n - hits
        return betaincinv(a, b, tail), betaincinv(a, b, 1 - tail)


JEFFREYS = BetaPrior(0.5, 0.5)


def fit_prior(hits: Sequence[float], n: Sequence[float]) -> BetaPrior:
    """The Beta prior of a family of rates, by the method of moments over its members.

    Members with fewer than five observations say too little about the spread and are left out; with fewer than three
    members left, or no spread beyond chance, a weak prior (weight 2) at the pooled rate is used. The weight is held
    in 1..20, so that a member with a few dozen observations always speaks for itself.
    Source: Gelman et al., Bayesian Data Analysis (3rd ed.), section 5.1.
    """
    total, all_hits = sum(n), sum(hits)
    if total <= 0:
        return JEFFREYS
    pooled = min(max((all_hits + 0.5) / (total + 1), 0.01), 0.99)
    rates = [(h / k, k) for h, k in zip(hits, n, strict=True) if k >= 5]
    weight = 2.0
    if len(rates) >= 3:
        mean = sum(r for r, _ in rates) / len(rates)
        spread = sum((r - mean) ** 2 for r, _ in rates) / (len(rates) - 1)
        chance = sum(mean * (1 - mean) / k for _, k in rates) / len(rates)
        between = spread - chance
        weight = pooled * (1 - pooled) / between - 1 if between > 1e-9 else 20.0
    weight = min(max(weight, 1.0), 20.0)
    return BetaPrior(pooled * weight, (1 - pooled) * weight)
