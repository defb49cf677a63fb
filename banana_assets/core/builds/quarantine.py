"""Tests that people took out of judgement, and until when."""

from __future__ import annotations

from datetime import date

import polars as pl

from banana_assets.core.schema import Type
from banana_assets.core.tables.common import UTC

_TYPES: dict[str, Type] = {
    "test_id": pl.String,
    "pipeline": pl.String,
    "title": pl.String,
    "until": pl.Date,
    "reason": pl.String,
    "set_at": UTC,
    "set_by": pl.String,
    "lifted_at": UTC,
    "lifted_by": pl.String,
}
QUARANTINES = pl.Schema(_TYPES)
"""Columns and types of quarantines, the last one of each test (``Store.quarantines``)."""


def quarantined(tests: pl.DataFrame, quarantines: pl.DataFrame, today: date) -> pl.DataFrame:
    """The tests (with ``test_id``) with ``quarantine, quarantined_until, quarantine_reason`` as of that day.

    A quarantine holds before its last day: from ``until`` on it is ``expired``, and ``lifted`` when somebody ended it.
    """
    told = quarantines.select(
        "test_id",
        quarantine=pl.when(pl.col("lifted_at").is_not_null())
        .then(pl.lit("lifted"))
        .when(pl.col("until") <= today)
        .then(pl.lit("expired"))
        .otherwise(pl.lit("active")),
        quarantined_until="until",
        quarantine_reason="reason",
    )
    columns = ["quarantine", "quarantined_until", "quarantine_reason"]
    return (
        tests.drop(columns, strict=False)
        .join(told, on="test_id", how="left", maintain_order="left")
        .with_columns(pl.col("quarantine").fill_null("none"))
    )
