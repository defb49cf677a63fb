"""Resource readings summed up by hour. Sums of series add up to the sum of all, so that each series is read once."""

from __future__ import annotations

import polars as pl

from banana_assets.core.tables.metrics import RESOURCE_ROLLUPS

_SERIES = ["arrival_day", "series_id", "source", "metric", "of_build"]


def rollups(samples: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    """RESOURCE_ROLLUPS out of RESOURCE_SAMPLES. Readings that are no finite number are left out.

    An hour without a finite reading keeps its row, with no samples, so that its series counts as read.
    """
    value, finite = pl.col("value"), pl.col("value").is_finite()
    found = (
        samples.lazy()
        .with_columns(of_build=pl.col("build_id").is_not_null(), hour=pl.col("ts").dt.truncate("1h"))
        .group_by(*_SERIES, "hour")
        .agg(
            samples=finite.sum().cast(pl.Int64),
            mean=value.filter(finite).mean(),
            least=value.filter(finite).min(),
            peak=value.filter(finite).max(),
            moments=pl.col("ts").filter(finite).n_unique().cast(pl.Int64),
            first_ts=pl.col("ts").filter(finite).min(),
            last_ts=pl.col("ts").filter(finite).max(),
        )
        .sort(*RESOURCE_ROLLUPS.key)
        .collect()
    )
    return RESOURCE_ROLLUPS.conform(found)


def merged(found: pl.DataFrame, width: str, *by: str) -> pl.DataFrame:
    """Rollups of RESOURCE_ROLLUPS joined by ``by`` and buckets of ``width`` (an hour or more).

    Columns: ``by``, ts (start of the bucket), mean, least, peak, samples.
    """
    n = pl.col("samples")
    return (
        found.filter(n > 0)
        .group_by(*by, pl.col("hour").dt.truncate(width).alias("ts"))
        .agg(
            # In the order of the hours, so that the same rows give the same last digit.
            mean=(pl.col("mean") * n / n.sum()).sort_by("hour", "series_id").sum(),
            least=pl.col("least").min(),
            peak=pl.col("peak").max(),
            samples=n.sum(),
        )
        .sort(*by, "ts")
    )


def median_steps(found: pl.DataFrame) -> pl.DataFrame:
    """How far readings are apart. Columns: source, metric, step (s, median), span (s, first to last), of_build.

    Within an hour readings are taken to be evenly apart. A series with one reading has the step 0. ``of_build`` is
    whether builds alone were measured.
    """
    read = found.filter(pl.col("samples") > 0).sort("first_ts", "series_id")
    key = ["source", "metric"]
    seconds = (pl.col("last_ts") - pl.col("first_ts")).dt.total_milliseconds() / 1000
    between = (pl.col("first_ts") - pl.col("last_ts").cum_max().shift(1).over(key)).dt.total_milliseconds() / 1000
    within = read.filter(pl.col("moments") > 1).select(
        *key, step=seconds / (pl.col("moments") - 1), weight=pl.col("moments") - 1
    )
    across = (
        read.select(*key, step=between, weight=pl.lit(1, dtype=pl.Int64)).drop_nulls("step").filter(pl.col("step") > 0)
    )
    reached = pl.col("weight").cum_sum() * 2 >= pl.col("weight").sum()
    steps = (
        pl.concat([within, across])
        .sort(*key, "step")
        .group_by(key, maintain_order=True)
        .agg(step=pl.col("step").filter(reached).first())
    )
    spans = read.group_by(key, maintain_order=True).agg(
        span=(pl.col("last_ts").max() - pl.col("first_ts").min()).dt.total_milliseconds() / 1000,
        of_build=pl.col("of_build").all(),
    )
    return spans.join(steps, on=key, how="left").with_columns(pl.col("step").fill_null(0.0)).sort(*key)
