"""What webhooks brought, for whoever only looks."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from banana_assets.backends.records.rows import Rows, among
from banana_assets.core.schema import Type
from banana_assets.core.tables.common import UTC

_TYPES: dict[str, Type] = {
    "id": pl.Int64,
    "provider": pl.String,
    "delivery_id": pl.String,
    "event": pl.String,
    "received_at": UTC,
    "state": pl.String,
    "attempts": pl.Int64,
    "builds": pl.String,
    "message": pl.String,
    "done_at": UTC,
}
DELIVERIES = pl.Schema(_TYPES)
"""Columns of ``delivery_list``."""


def delivery_list(records: Rows, limit: int = 50, states: Sequence[str] = ()) -> pl.DataFrame:
    """The latest deliveries (DELIVERIES), the newest first, all or those in these states."""
    these, values = among(states)
    where = f" WHERE state IN {these}" if states else ""
    statement = f"SELECT {', '.join(DELIVERIES)} FROM deliveries{where} ORDER BY id DESC LIMIT :most"
    return records.frame(DELIVERIES, statement, {**values, "most": limit})
