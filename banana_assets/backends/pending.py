"""Days of arrival: the first one, and those whose files are not in the tables yet."""

from __future__ import annotations

from datetime import date

import polars as pl
import sqlalchemy as sa

from banana_assets.backends.reading_store import Kind
from banana_assets.backends.records import tables as t
from banana_assets.backends.records.engine import reading
from banana_assets.backends.settings import SQLITE_NAME, Settings
from banana_assets.backends.store import Store, open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.tables import LOG_EVENTS, LOG_SHAPES, RESOURCE_ROLLUPS, TEST_RESULTS

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
    """The arrival days with log files, resource series or test results that no table holds yet, and today."""
    files, series = store.log_files(), store.resource_series()
    ids = files["file_id"].to_list()
    unparsed = {*tables.lacking(LOG_EVENTS, "file_id", ids), *tables.lacking(LOG_SHAPES, "file_id", ids)}
    unread = tables.lacking(RESOURCE_ROLLUPS, "series_id", series["series_id"].to_list())
    tested = _tested(store)
    days = {
        *files.filter(pl.col("file_id").is_in(list(unparsed)))["arrival_day"],
        *series.filter(pl.col("series_id").is_in(unread))["arrival_day"],
        *(tested[build_id] for build_id in tables.lacking(TEST_RESULTS, "build_id", list(tested))),
        today,
    }
    return sorted(days)


def _tested(store: Store) -> dict[str, date]:
    """The builds that have test results, with their days of arrival."""
    b, r = t.builds.c, t.test_results.c
    query = sa.select(r.build_id, b.arrival_day).join_from(t.test_results, t.builds).distinct()
    with reading(store.engine) as connection:
        return {row.build_id: row.arrival_day for row in connection.execute(query)}
