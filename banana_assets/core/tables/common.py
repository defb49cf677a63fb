"""Columns and types that several tables share."""

from __future__ import annotations

import polars as pl

from banana_assets.core.schema import Column

UTC = pl.Datetime("us", "UTC")

CITATION = pl.Struct(
    {
        "build_id": pl.String,
        "sha256": pl.String,
        "first_line": pl.Int64,
        "last_line": pl.Int64,
        "quote": pl.String,
    }
)
"""A place in a stored log: ``(build, sha256 of the log, first line, last line, quote)``. ``build_id`` is null for the
log of an application, which is no build."""

EVIDENCE = pl.Struct({"fact": pl.String, "table": pl.String, "key": pl.String, "citation": CITATION})
"""Why something is said: the fact in words, the row it comes from (``table``, ``key``) and, where it rests on a log,
the place there."""

ARRIVAL_DAY = Column("arrival_day", pl.Date, "UTC day on which it was ingested; the axis of the daily partitions")
FILE_ID = Column("file_id", pl.Int64, "which ingested log file (log_files.file_id)", minimum=1)
BUILD_ID = Column("build_id", pl.String, "which build (builds.build_id)")
