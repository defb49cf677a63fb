"""Resource readings as stored bytes: CSV of time (microseconds), metric and value, sorted, so that the same readings
have the same hash."""

from __future__ import annotations

import io

import polars as pl

from banana_assets.core.tables.common import UTC

SAMPLES = pl.Schema([("metric", pl.String), ("ts", UTC), ("value", pl.Float64)])
"""Readings without what the series says of all of them."""


def encode(samples: pl.DataFrame) -> bytes:
    """The stored form of readings (SAMPLES), one a metric and moment."""
    ordered = samples.select(
        pl.col("ts").dt.epoch("us").alias("ts_us"), pl.col("metric"), pl.col("value").cast(pl.Float64)
    ).sort("metric", "ts_us")
    buffer = io.BytesIO()
    ordered.write_csv(buffer)
    return buffer.getvalue()


def decode(data: bytes) -> pl.DataFrame:
    """Readings (SAMPLES) from their stored form, by metric and time."""
    frame = pl.read_csv(data, schema={"ts_us": pl.Int64, "metric": pl.String, "value": pl.Float64})
    return frame.select(
        pl.col("metric"),
        pl.from_epoch("ts_us", time_unit="us").dt.replace_time_zone("UTC").alias("ts"),
        pl.col("value"),
    )
