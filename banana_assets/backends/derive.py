"""Rows that are computed from stored logs, streamed: events of log files, shapes of events, samples, diagnoses.

Belongs here: opening what the store keeps and handing it to a function of core, in pieces that fit into memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import chain

import polars as pl

from banana_assets.backends.explaining import build_lines, diagnosed
from banana_assets.backends.lines import read_lines
from banana_assets.backends.records.rows import in_parts
from banana_assets.backends.store import Store
from banana_assets.backends.tables import Tables
from banana_assets.core.builds.diagnosis import RULES_VERSION
from banana_assets.core.builds.rows import failure_row
from banana_assets.core.builds.timing import RULES_VERSION as STEP_RULES
from banana_assets.core.builds.timing import step_rows
from banana_assets.core.logs.coarse import joined_shapes
from banana_assets.core.logs.events import events
from banana_assets.core.logs.header import learn_header
from banana_assets.core.logs.miner import VARIABLE
from banana_assets.core.logs.patterns import shapes
from banana_assets.core.metrics.rollups import rollups
from banana_assets.core.metrics.usage import HOUR, widths
from banana_assets.core.tables import (
    BUILD_FAILURES,
    BUILD_STEPS,
    BUILDS,
    LOG_EVENTS,
    LOG_FILES,
    RESOURCE_SAMPLES,
)

WINDOW_LINES, WINDOW_BYTES = 500_000, 16 << 20
"""Lines, and bytes of log, whose events are counted at once."""

SERIES_AT_ONCE = 200
COMMIT_BYTES = 256 << 20
"""Raw log bytes whose rows go into one commit: the work that a kill can cost."""


def in_commits(files: pl.DataFrame) -> Iterator[list[int]]:
    """Groups of file ids, each of at most COMMIT_BYTES of log (one file alone may be more)."""
    group: list[int] = []
    size = 0
    for file_id, length in files.select("file_id", "bytes").iter_rows():
        if group and size + length > COMMIT_BYTES:
            yield group
            group, size = [], 0
        group.append(file_id)
        size += length
    if group:
        yield group


def log_events(store: Store, files: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The events of those log files (rows of LOG_FILES), in frames of LOG_EVENTS."""
    for file in LOG_FILES.conform(files).iter_rows(named=True):
        with store.open_log(file["file_id"]) as stream:
            chunks = read_lines(stream)
            first = next(chunks, None)
            if first is None:
                continue
            header = learn_header(first["text"])
            arrived = file["arrived_at"]
            for frame in events(chain([first], chunks), header, year=arrived.year, now=arrived):
                shift = file["first_line"] - 1
                yield frame.with_columns(
                    pl.lit(file["arrival_day"]).alias("arrival_day"),
                    pl.lit(file["file_id"], dtype=pl.Int64).alias("file_id"),
                    pl.col("first_line") + shift,
                    pl.col("last_line") + shift,
                )


def log_shapes(tables: Tables, files: pl.DataFrame, given_up: list[int] | None = None) -> Iterator[pl.DataFrame]:
    """The shapes of those log files' stored events, in frames of LOG_SHAPES.

    Events are read in windows of lines, so that a large file needs no more memory than a small one. The ids of files
    with so many shapes that rare words were given up are added to ``given_up``.
    """
    stored = tables.scan(LOG_EVENTS)
    for file in files.iter_rows(named=True):
        own = stored.filter(pl.col("arrival_day") == file["arrival_day"], pl.col("file_id") == file["file_id"])
        first, end = file["first_line"], file["first_line"] + file["lines"]
        size = max(1, min(WINDOW_LINES, file["lines"] * WINDOW_BYTES // max(file["bytes"], 1)))
        parts = (
            shapes(own.filter(pl.col("first_line").is_between(start, start + size - 1)).collect())
            for start in range(first, end, size)
        )
        joined = joined_shapes(parts)
        if given_up is not None and joined["shape"].str.contains(VARIABLE, literal=True).any():
            given_up.append(file["file_id"])
        yield joined.with_columns(
            pl.lit(file["arrival_day"]).alias("arrival_day"),
            pl.lit(file["file_id"], dtype=pl.Int64).alias("file_id"),
            pl.lit(file["source"]).alias("source"),
        )


def resource_rollups(tables: Tables, days: Sequence[date], ids: Sequence[int]) -> Iterator[pl.DataFrame]:
    """The rollups of those series of these arrival days, in frames of RESOURCE_ROLLUPS."""
    stored = tables.scan(RESOURCE_SAMPLES).filter(pl.col("arrival_day").is_in(days))
    for group in in_parts(ids, SERIES_AT_ONCE):
        yield rollups(stored.filter(pl.col("series_id").is_in(group)))


def fine_samples(tables: Tables, summed: pl.DataFrame) -> pl.DataFrame:
    """The readings (RESOURCE_SAMPLES) of the series whose grid is finer than what RESOURCE_ROLLUPS says of them."""
    fine = widths(summed).filter(pl.col("width") < HOUR)
    if not fine.height:
        return RESOURCE_SAMPLES.empty()
    where = summed.join(fine, on=["source", "metric"], how="semi")
    chosen = (
        pl.col("arrival_day").is_in(where["arrival_day"].unique().to_list())
        & pl.col("series_id").is_in(where["series_id"].unique().to_list())
        & pl.col("metric").is_in(where["metric"].unique().to_list())
    )
    return tables.scan(RESOURCE_SAMPLES).filter(chosen).collect().sort(RESOURCE_SAMPLES.key)


def undiagnosed(builds: pl.DataFrame, failures: pl.DataFrame) -> pl.DataFrame:
    """The failed builds with a log that no diagnosis of these rules and that log exists for."""
    known = failures.filter(pl.col("rules_version") == RULES_VERSION).select("build_id", "log_sha256")
    return builds.filter(pl.col("status").is_in(["failed", "error"]), pl.col("log_sha256").is_not_null()).join(
        known, on=["build_id", "log_sha256"], how="anti"
    )


def build_failures(store: Store, builds: pl.DataFrame, chosen: Sequence[str], budget: int) -> Iterator[pl.DataFrame]:
    """The diagnoses of the chosen builds, one row of BUILD_FAILURES each.

    Each is compared with the last green build of the same job before it, of its branch where there is one.
    """
    rows = BUILDS.conform(builds).sort("arrived_at", "build_id")
    for build in rows.filter(pl.col("build_id").is_in(list(chosen))).iter_rows(named=True):
        when = build["finished_at"] or build["arrived_at"]
        found, _ = diagnosed(store, build, rows, budget)
        row = failure_row(found, build_id=build["build_id"], log_sha256=build["log_sha256"], failed_at=when)
        yield pl.DataFrame([row], schema=BUILD_FAILURES.dtypes)


def unstepped(builds: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """The builds with a log whose steps were not read by these rules from that log yet."""
    known = steps.filter(pl.col("rules_version") == STEP_RULES).select("build_id", "log_sha256").unique()
    return builds.drop_nulls("log_sha256").join(known, on=["build_id", "log_sha256"], how="anti")


def build_steps(store: Store, builds: pl.DataFrame, chosen: Sequence[str]) -> Iterator[pl.DataFrame]:
    """The steps of the chosen builds, in frames of BUILD_STEPS."""
    logs: dict[str, str] = dict(builds.select("build_id", "log_sha256").iter_rows())
    for build_id in chosen:
        rows = step_rows(build_lines(store, build_id), build_id, logs[build_id])
        yield pl.DataFrame(rows, schema=BUILD_STEPS.dtypes)
