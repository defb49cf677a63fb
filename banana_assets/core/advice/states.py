"""What people decided about recommendations, and what they set metrics to be compared with."""

from __future__ import annotations

import polars as pl

from banana_assets.core.schema import Type
from banana_assets.core.tables.common import UTC

_STATES: dict[str, Type] = {
    "recommendation_id": pl.String,
    "status": pl.String,
    "note": pl.String,
    "implemented_at": UTC,
    "set_at": UTC,
    "set_by": pl.String,
}
STATES = pl.Schema(_STATES)
"""Columns and types of decisions, a row a recommendation (``Store.recommendation_states``)."""

_BASELINES: dict[str, Type] = {"metric": pl.String, "value": pl.Float64, "set_at": UTC, "set_by": pl.String}
BASELINES = pl.Schema(_BASELINES)
"""Columns and types of baselines, a row a metric (``Store.baselines``)."""
