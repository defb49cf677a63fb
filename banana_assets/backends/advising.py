"""Recommendations as they stand now: those of the table, with what people decided since it was computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from banana_assets.backends.reading_store import ReadingStore
from banana_assets.backends.tables import Tables
from banana_assets.core.advice.standing import with_states
from banana_assets.core.tables import OPTIMIZATION_RECOMMENDATIONS

if TYPE_CHECKING:
    from banana_assets.core.advice.observed import Observed


def recommendations_now(store: ReadingStore, tables: Tables) -> pl.DataFrame:
    """OPTIMIZATION_RECOMMENDATIONS with the decisions of this moment, the weightiest first."""
    # A table of an earlier version does not know when a recommendation was made.
    stored = tables.read(OPTIMIZATION_RECOMMENDATIONS).drop_nulls("created_at")
    known = with_states(stored, store.recommendation_states(), lambda: _observed(tables))
    return known.sort(["impact_score", "recommendation_id"], descending=[True, False])


def _observed(tables: Tables) -> Observed:
    # Looking into histories needs numpy, and only where somebody decided something.
    from banana_assets.backends.observing import observe

    return observe(tables)
