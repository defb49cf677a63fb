"""Resource readings on a regular grid, ready to plot and to forecast."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from banana_assets.core.metrics.rollups import median_steps, merged, rollups
from banana_assets.core.tables.metrics import RESOURCE_USAGE

WIDTHS = (10, 60, 300, 900, 3600, 86400)
"""Seconds between grid points, finest first."""

SPAN_WIDTHS = ((2 * 3600, 10), (12 * 3600, 60), (2 * 86400, 300))
"""Up to this span of readings (s), this width (s); longer ones get an hour."""

HOUR = 3600

LONGEST_GAP = timedelta(hours=6)
"""Gaps up to this are interpolated; in longer ones the grid has no points."""

_KEY = ["source", "metric"]


def grid_width(span_seconds: float, step_seconds: float) -> int:
    """Width of the grid (s) for readings over ``span_seconds`` whose median distance is ``step_seconds``.

    Ten seconds for up to two hours of readings, a minute for up to half a day, five minutes for up to two days, an
    hour for more; never finer than the readings themselves, so a day only where they come less than hourly.
    """
    width = next((w for span, w in SPAN_WIDTHS if span_seconds <= span), HOUR)
    return next((w for w in WIDTHS if w >= max(width, step_seconds)), WIDTHS[-1])


def widths(summed: pl.DataFrame) -> pl.DataFrame:
    """The grid of each series of RESOURCE_ROLLUPS. Columns: source, metric, of_build, width (s).

    Where the width is an hour or more the rollups say all; for finer ones the readings are needed.
    """
    found = median_steps(summed)
    chosen = [grid_width(span, step) for span, step in found.select("span", "step").iter_rows()]
    return found.select(*_KEY, "of_build").with_columns(width=pl.Series(chosen, dtype=pl.Int64))


def resource_usage(samples: pl.DataFrame, summed: pl.DataFrame | None = None) -> pl.DataFrame:
    """RESOURCE_USAGE: mean and peak of each interval, by source and metric.

    ``summed`` are the RESOURCE_ROLLUPS of all readings, ``samples`` (RESOURCE_SAMPLES) those of the series that need a
    grid finer than an hour (``widths``); without ``summed``, all readings.

    Readings that are no finite number are left out. Readings at one moment (two recordings of one source) share their
    interval. A gap of up to six hours is filled by straight lines with ``samples`` 0; longer ones stay empty.
    Recordings of builds are not filled: between two builds nothing was measured because nothing ran.
    """
    known = rollups(samples) if summed is None else summed
    grids = widths(known)
    if not grids.height:
        return RESOURCE_USAGE.empty()
    parts = []
    for (width,), group in sorted(grids.partition_by("width", as_dict=True).items()):
        seconds = int(str(width))
        if seconds < HOUR:
            read = samples.filter(pl.col("value").is_finite()).join(group, on=_KEY, how="semi")
            cells = (
                read.group_by(*_KEY, pl.col("ts").dt.truncate(f"{seconds}s"))
                .agg(mean=pl.col("value").mean(), peak=pl.col("value").max(), samples=pl.len().cast(pl.Int64))
                .sort(*_KEY, "ts")
            )
        else:
            cells = merged(known.join(group, on=_KEY, how="semi"), f"{seconds}s", *_KEY).drop("least")
        filled = _fill(cells.join(group.filter("of_build"), on=_KEY, how="anti"), seconds)
        recorded = cells.join(group.filter("of_build"), on=_KEY, how="semi")
        parts.append(pl.concat([filled, recorded]).with_columns(interval_seconds=pl.lit(seconds, dtype=pl.Int64)))
    return RESOURCE_USAGE.conform(pl.concat(parts).sort(*RESOURCE_USAGE.key))


def _fill(cells: pl.DataFrame, width: int) -> pl.DataFrame:
    """The same with the cells of gaps up to LONGEST_GAP, interpolated in time."""
    step = timedelta(seconds=width)
    ordered = cells.sort(*_KEY, "ts")
    after = {name: pl.col(name).shift(-1).over(_KEY).alias(f"{name}_after") for name in ("ts", "mean", "peak")}
    near = ordered.with_columns(after.values()).filter(
        (pl.col("ts_after") - pl.col("ts") > step) & (pl.col("ts_after") - pl.col("ts") <= LONGEST_GAP)
    )
    if not near.height:
        return ordered
    missing = near.with_columns(
        at=pl.datetime_ranges("ts", "ts_after", interval=f"{width}s", closed="none", time_zone="UTC")
    ).explode("at")
    share = (pl.col("at") - pl.col("ts")) / (pl.col("ts_after") - pl.col("ts"))
    lines = missing.select(
        *_KEY,
        pl.col("at").alias("ts"),
        *(pl.col(name) + share * (pl.col(f"{name}_after") - pl.col(name)) for name in ("mean", "peak")),
        pl.lit(0, dtype=pl.Int64).alias("samples"),
    )
    return pl.concat([ordered, lines]).sort(*_KEY, "ts")
