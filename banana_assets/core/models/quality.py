"""Whether a model has shown itself to be worse than planning without one."""

from __future__ import annotations

import polars as pl

from banana_assets.core.metrics.rates import Z80, wilson

QUALITY = pl.Schema({"model": pl.String, "category": pl.String, "decided": pl.Int64, "fixed": pl.Int64})
"""What came of the plans of each ``model`` (``provider/name``; ``FLOOR`` for plans without one) by class of failure:
how many later builds decided, and how many of these were fixed."""

FLOOR = "deterministic"
LEAST_DECIDED = 5
"""Decided plans below which nothing is concluded."""


def below_floor(quality: pl.DataFrame, model: str, category: str) -> str | None:
    """Why a model is not used for a class of failure: the most that its record can stand for (upper end of the 80 %
    Wilson interval) is less than the rate without a model. None where it may be used, or too little is known."""
    counts = {
        row["model"]: (row["fixed"], row["decided"])
        for row in quality.filter(pl.col("category") == category).iter_rows(named=True)
    }
    fixed, decided = counts.get(model, (0, 0))
    floor_fixed, floor_decided = counts.get(FLOOR, (0, 0))
    if min(decided, floor_decided) < LEAST_DECIDED:
        return None
    rate = floor_fixed / floor_decided
    if wilson(fixed, decided, Z80)[1] >= rate:
        return None
    return (
        f"of its plans for {category} {fixed} of {decided} worked, without a model {floor_fixed} of {floor_decided} did"
    )
