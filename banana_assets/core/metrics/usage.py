"""Resource readings on a regular grid, ready to plot and to forecast."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from banana_assets.core.tables.metrics import RESOURCE_USAGE

WIDTHS = (10, 60, 300, 900, 3600, 86400)
"""Seconds between grid points, finest first."""

SPAN_WIDTHS = ((2 * 3600, 10), (12 * 3600, 60), (2 * 86400, 300))
"""Up to this span of readings (s), this width (s); longer ones get an hour."""

LONGEST_GAP = timedelta(hours=6)
"""Gaps up to this are interpolated; in longer ones the grid has no points."""


def grid_width(span_seconds: float, step_seconds: float) -> int:
    """Width of the grid (s) for readings over ``span_seconds`` whose median distance is ``step_seconds``.

    Ten seconds for up to two hours of readings, a minute for up to half a day, five minutes for up to two days, an
    hour for more; never finer than the readings themselves, so a day only where they come less than hourly.
    """
    width = next((w for span, w in SPAN_WIDTHS if span_seconds <= span), 3600)
    return next((w for w in WIDTHS if w >= max(width, step_seconds)), WIDTHS[-1])


def resource_usage(samples: pl.DataFrame) -> pl.DataFrame:
    """RESOURCE_USAGE out of RESOURCE_SAMPLES: mean and peak of each interval, by source and metric.

    Readings that are no finite number are left out. Readings at one moment (two recordings of one source) share their
    interval. A gap of up to six hours is filled by straight lines with ``samples`` 0; longer ones stay empty.
    Recordings of builds are not filled: between two builds nothing was measured because nothing ran.
    """
    read = samples.filter(pl.col("value").is_finite())
    if not read.height:
        return RESOURCE_USAGE.empty()
    parts = [
        _one(group, str(source), str(metric))
        for (source, metric), group in sorted(
            read.partition_by("source", "metric", as_dict=True).items(), key=lambda item: str(item[0])
        )
    ]
    return RESOURCE_USAGE.conform(pl.concat(parts).sort(*RESOURCE_USAGE.key))


def _one(group: pl.DataFrame, source: str, metric: str) -> pl.DataFrame:
    times = group["ts"].unique().sort()
    steps = times.diff().drop_nulls().dt.total_milliseconds() / 1000
    median = steps.median()
    step = float(median) if isinstance(median, int | float) else 0.0
    span = (times[-1] - times[0]).total_seconds()
    width = grid_width(span, step)
    cells = (
        group.with_columns(ts=pl.col("ts").dt.truncate(f"{width}s"))
        .group_by("ts")
        .agg(
            mean=pl.col("value").mean(),
            peak=pl.col("value").max(),
            samples=pl.len().cast(pl.Int64),
        )
        .sort("ts")
    )
    if group["build_id"].null_count():
        cells = _fill(cells, width)
    return cells.select(
        pl.lit(source).alias("source"),
        pl.lit(metric).alias("metric"),
        pl.lit(width, dtype=pl.Int64).alias("interval_seconds"),
        "ts",
        "mean",
        "peak",
        "samples",
    )


def _fill(cells: pl.DataFrame, width: int) -> pl.DataFrame:
    """The same with the cells of gaps up to LONGEST_GAP, interpolated in time."""
    near = cells.with_columns(after=pl.col("ts").shift(-1)).filter(
        (pl.col("after") - pl.col("ts") > timedelta(seconds=width)) & (pl.col("after") - pl.col("ts") <= LONGEST_GAP)
    )
    if not near.height:
        return cells
    missing = near.select(
        pl.datetime_ranges("ts", "after", interval=f"{width}s", closed="none", time_zone="UTC").alias("ts")
    ).explode("ts")
    whole = cells.join(missing, on="ts", how="full", coalesce=True).sort("ts")
    return whole.with_columns(
        pl.col("mean").interpolate_by("ts"),
        pl.col("peak").interpolate_by("ts"),
        pl.col("samples").fill_null(0),
    )
