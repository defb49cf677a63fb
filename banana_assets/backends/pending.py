"""Days of arrival: the first one, and those whose files are not in the tables yet."""

from __future__ import annotations

from datetime import date

import polars as pl

from banana_assets.backends.reading_store import Kind
from banana_assets.backends.settings import SQLITE_NAME, Settings
from banana_assets.backends.store import Store, open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.tables import LOG_EVENTS, LOG_SHAPES, RESOURCE_ROLLUPS, TEST_RESULTS

_COUNTED = {"tests": pl.Int64, "attempts": pl.Int64, "letters": pl.Int64, "said": pl.Int64, "seconds": pl.Float64}
_COUNT = """
    SELECT b.arrival_day, r.build_id, r.status, COUNT(*), SUM(r.attempts), SUM(LENGTH(r.name)),
        COALESCE(SUM(LENGTH(r.message)), 0), COALESCE(SUM(r.duration_seconds), 0.0)
    FROM test_results r JOIN builds b ON b.build_id = r.build_id GROUP BY b.arrival_day, r.build_id, r.status
"""
"""By these the results of a build are compared, for each status: a report that comes again has other times at least."""

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
    """The arrival days with log files, resource series or test results that the tables do not hold, or hold as they
    were before a report came again, and today."""
    files, series = store.log_files(), store.resource_series()
    ids = files["file_id"].to_list()
    unparsed = {*tables.lacking(LOG_EVENTS, "file_id", ids), *tables.lacking(LOG_SHAPES, "file_id", ids)}
    unread = tables.lacking(RESOURCE_ROLLUPS, "series_id", series["series_id"].to_list())
    days = {
        *files.filter(pl.col("file_id").is_in(list(unparsed)))["arrival_day"],
        *series.filter(pl.col("series_id").is_in(unread))["arrival_day"],
        *_days_of_other_results(store, tables),
        today,
    }
    return sorted(days)


def _days_of_other_results(store: Store, tables: Tables) -> list[date]:
    """The days on which builds arrived whose test results are told otherwise, or not at all, by the table."""
    keys = ("arrival_day", "build_id", "status")
    schema = {name: TEST_RESULTS.dtypes[name] for name in keys} | _COUNTED
    told = store.records.frame(pl.Schema(schema), _COUNT)
    held = (
        tables.scan(TEST_RESULTS)
        .group_by(keys)
        .agg(
            pl.len().cast(pl.Int64).alias("tests"),
            pl.col("attempts").cast(pl.Int64).sum(),
            pl.col("name").str.len_chars().cast(pl.Int64).sum().alias("letters"),
            pl.col("message").str.len_chars().cast(pl.Int64).sum().alias("said"),
            pl.col("duration_seconds").sum().alias("seconds"),
        )
        .collect()
    )
    both = told.join(held, on=keys, how="full", suffix="_held", coalesce=True)
    alike = pl.all_horizontal(
        *(pl.col(name).eq_missing(pl.col(f"{name}_held")) for name in _COUNTED if name != "seconds"),
        # The order of a sum is not the same in both.
        (pl.col("seconds") - pl.col("seconds_held")).abs() <= 1e-6 * (1 + pl.col("seconds")),
    )
    days = set(both.filter(~alike.fill_null(False))["arrival_day"])
    return sorted(days.intersection(store.arrival_days("builds")))
