"""Days of arrival: the first one, and those whose files are not in the tables yet."""

from __future__ import annotations

from datetime import date

import polars as pl

from banana_assets.backends.settings import SQLITE_NAME, Settings
from banana_assets.backends.store import Kind, Store, open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.tables import LOG_EVENTS, LOG_SHAPES, RESOURCE_ROLLUPS

KINDS: tuple[Kind, ...] = ("log_files", "builds", "resource_series")


def first_day(settings: Settings, *, today: date) -> date:
    """The day from which there are partitions: as set, else the first day of arrival, else today.

    A store that does not exist yet is not made for it.
    """
    if settings.partitions_start is not None:
        return settings.partitions_start
    if settings.database_url is None and not (settings.home / SQLITE_NAME).exists():
        return today
    with open_store(settings) as store:
        days = [day for kind in KINDS for day in store.arrival_days(kind)[:1]]
    return min([*days, today])


def arrival_days(store: Store, tables: Tables, *, today: date) -> list[date]:
    """The arrival days with log files or resource series that no table holds yet, and today."""
    files, series = store.log_files(), store.resource_series()
    ids = files["file_id"].to_list()
    unparsed = {*tables.lacking(LOG_EVENTS, "file_id", ids), *tables.lacking(LOG_SHAPES, "file_id", ids)}
    unread = tables.lacking(RESOURCE_ROLLUPS, "series_id", series["series_id"].to_list())
    days = {
        *files.filter(pl.col("file_id").is_in(list(unparsed)))["arrival_day"],
        *series.filter(pl.col("series_id").is_in(unread))["arrival_day"],
        today,
    }
    return sorted(days)
