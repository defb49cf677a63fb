"""Which run wrote a row of a table, as the table's own Delta log tells it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from banana_assets.backends.tables import RUN_ID, Tables
from banana_assets.core.plans.lineage import Written
from banana_assets.core.schema import Table

if TYPE_CHECKING:
    from deltalake import DeltaTable

JOINS = "OPTIMIZE"


def written(tables: Tables, table: Table, where: pl.Expr | None = None) -> Written | None:
    """The materialization that wrote the row that ``where`` chooses, or the table as it is; None where there is none.

    The file that holds the row was added by one commit, whose number and run are in the log. Where that commit only
    joined files, the one before that wrote the row is looked for as long as its files are kept (a week); after that
    the joining one stands in.
    """
    opened = tables.delta(table)
    if opened is None:
        return None
    commit = opened.version() if where is None else _commit_of(tables, table, opened, where)
    joined = False
    while commit is not None:
        told = _history(opened).get(commit)
        if told is None or told.get("operation") != JOINS:
            break
        older = tables.delta(table, commit - 1)
        before = _commit_of(tables, table, older, where) if older is not None and where is not None else None
        joined = True
        if before is None:
            break
        commit = before
    if commit is None:
        return None
    told = _history(opened).get(commit, {})
    at = datetime.fromtimestamp(told["timestamp"] / 1000, UTC) if "timestamp" in told else None
    return None if at is None else Written(commit, at, told.get(RUN_ID), joined)


def _history(opened: DeltaTable) -> dict[int, dict[str, Any]]:
    return {entry["version"]: entry for entry in opened.history()}


def _commit_of(tables: Tables, table: Table, opened: DeltaTable, where: pl.Expr) -> int | None:
    """The commit that added the file in which the row is; None where no file that is kept has it."""
    files = opened.file_uris()
    if not files:
        return None
    scan = pl.scan_parquet(
        files, include_file_paths="_file", missing_columns="insert", extra_columns="ignore",
        storage_options=tables.storage_options,
    )  # fmt: skip
    try:
        found = scan.filter(where).select("_file").head(1).collect()["_file"].to_list()
    except (FileNotFoundError, pl.exceptions.PolarsError):
        return None
    if not found:
        return None
    name = found[0].rsplit("/", 1)[-1]
    # It is there from the commit that added it up to now, so that the first one is found by halving.
    low, high = 0, opened.version()
    while low < high:
        middle = (low + high) // 2
        at = tables.delta(table, middle)
        there = at is not None and any(uri.rsplit("/", 1)[-1] == name for uri in at.file_uris())
        low, high = (low, middle) if there else (middle + 1, high)
    return low
