"""How often plans worked."""

from __future__ import annotations

import polars as pl


def successes(outcomes: pl.DataFrame) -> tuple[int, int]:
    """How many plans are fixed, of how many whose outcome counts (PLAN_OUTCOMES)."""
    decided = outcomes.filter("counts", pl.col("outcome").is_in(["fixed", "recurred"]))
    return decided.filter(outcome="fixed").height, decided.height
