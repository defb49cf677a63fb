"""From the raw score of a category to the share of such diagnoses that are right."""

from __future__ import annotations

from bisect import bisect_left

# Raw score and share of right categories. The upper part is measured on few builds (docs/diagnosis.md says how many),
# drawn towards one half; the part below 0.5 is a cautious guess.
_KNOTS: tuple[tuple[float, float], ...] = (
    (0.0, 0.1),
    (0.2, 0.2),
    (0.3, 0.4),
    (0.5, 0.55),
    (0.7, 0.72),
    (0.8, 0.85),
    (0.85, 0.94),
    (0.95, 0.97),
    (1.0, 0.97),
)


def calibrated(score: float) -> float:
    """The confidence (0..1) that belongs to a raw score (0..1), interpolated between measured points."""
    places = [place for place, _ in _KNOTS]
    score = min(max(score, places[0]), places[-1])
    right = max(1, bisect_left(places, score))
    (x0, y0), (x1, y1) = _KNOTS[right - 1], _KNOTS[right]
    return y0 + (y1 - y0) * (score - x0) / (x1 - x0)
