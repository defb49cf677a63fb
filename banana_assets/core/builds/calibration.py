"""From the raw score of a category to the share of such diagnoses that are right."""

from __future__ import annotations

from bisect import bisect_left

# Raw score and share of right categories, drawn towards one half, from failed builds of which a person said the class:
# 26 public ones and 55 made for the purpose, as they came out before any rule was changed for them
# (docs/diagnosis.md has the counts). Below 0.5 there are six: a cautious guess.
_KNOTS: tuple[tuple[float, float], ...] = (
    (0.0, 0.1),
    (0.2, 0.2),
    (0.3, 0.4),
    (0.5, 0.55),
    (0.7, 0.85),
    (0.8, 0.88),
    (0.85, 0.93),
    (0.95, 0.95),
    (1.0, 0.95),
)


def calibrated(score: float) -> float:
    """The confidence (0..1) that belongs to a raw score (0..1), interpolated between measured points."""
    places = [place for place, _ in _KNOTS]
    score = min(max(score, places[0]), places[-1])
    right = max(1, bisect_left(places, score))
    (x0, y0), (x1, y1) = _KNOTS[right - 1], _KNOTS[right]
    return y0 + (y1 - y0) * (score - x0) / (x1 - x0)
