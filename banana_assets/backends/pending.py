"""What came in and is not in the tables yet."""

from __future__ import annotations

from datetime import date

import polars as pl

from banana_assets.backends.store import Store
from banana_assets.backends.tables import Tables
from banana_assets.core.tables import LOG_EVENTS, RESOURCE_SAMPLES


def arrival_days(store: Store, tables: Tables, *, today: date) -> list[date]:
    """The arrival days with log files or resource series that no table holds yet, and today."""
    parsed = tables.scan(LOG_EVENTS).select(pl.col("file_id").unique()).collect()
    sampled = tables.scan(RESOURCE_SAMPLES).select(pl.col("series_id").unique()).collect()
    files = store.log_files().join(parsed, on="file_id", how="anti")
    series = store.resource_series().join(sampled, on="series_id", how="anti")
    days = {*files["arrival_day"], *series["arrival_day"], today}
    return sorted(days)
