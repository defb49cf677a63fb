"""Whether a job became slower: its last builds against those before, by ranks, so that single outliers say nothing."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def slow_down(durations: Floats) -> tuple[float, float, float, int] | None:
    """Whether the last third of durations (s, in order) is slower than what came before.

    Returns (median now, median before, one-sided p, how many are "now"), or None with fewer than five and ten.
    """
    parts = halves(durations)
    if parts is None:
        return None
    now, before = parts
    return float(np.median(now)), float(np.median(before)), mann_whitney_greater(now, before), len(now)


def halves(durations: Floats) -> tuple[Floats, Floats] | None:
    """The last third of durations (5 to 20) and up to 100 before; None with fewer than five and ten."""
    recent = max(5, min(20, len(durations) // 3))
    if len(durations) < recent + 10:
        return None
    return durations[-recent:], durations[:-recent][-100:]


def mann_whitney_greater(now: Floats, before: Floats) -> float:
    """One-sided p-value that ``now`` tends to be above ``before`` (normal approximation with ties and continuity).

    H. B. Mann and D. R. Whitney, "On a test of whether one of two random variables is stochastically larger" (1947).
    """
    n, m = len(now), len(before)
    both = np.concatenate([now, before])
    _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    u = ranks[:n].sum() - n * (n + 1) / 2
    total = n + m
    ties = float((counts**3 - counts).sum()) / (total * (total - 1)) if total > 1 else 0.0
    variance = n * m / 12 * (total + 1 - ties)
    if variance <= 0:
        return 1.0
    z = (u - n * m / 2 - 0.5) / math.sqrt(variance)
    return 0.5 * math.erfc(z / math.sqrt(2))
