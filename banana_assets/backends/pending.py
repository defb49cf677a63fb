"""What came in and is not in the tables yet."""

from __future__ import annotations

from datetime import date

import polars as pl

from banana_assets.backends.store import Store
from banana_assets.backends.tables import Tables
from banana_assets.core.tables import LOG_EVENTS, RESOURCE_SAMPLES


def arrival_days(store: Store, tables: Tables, *, today: date) -> list[date]:
    """The arrival days with log files or resource series that no table holds yet, and today."""
    files, series = store.log_files(), store.resource_series()
    unparsed = tables.lacking(LOG_EVENTS, "file_id", files["file_id"].to_list())
    unread = tables.lacking(RESOURCE_SAMPLES, "series_id", series["series_id"].to_list())
    days = {
        *files.filter(pl.col("file_id").is_in(unparsed))["arrival_day"],
        *series.filter(pl.col("series_id").is_in(unread))["arrival_day"],
        today,
    }
    return sorted(days)
