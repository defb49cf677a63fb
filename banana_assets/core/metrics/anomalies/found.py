"""Anomalies of stored series: which readings stand out, from what, since when."""

from __future__ import annotations

import numpy as np
import polars as pl

from banana_assets.core.metrics.anomalies.detect import FIRST_SCORED, anomaly_scores, readings_a_day
from banana_assets.core.tables.metrics import METRIC_ANOMALIES

ANOMALOUS = 0.5
LONGEST = 2000
"""Readings of a series that are scored, the latest."""

USUAL_DAYS = 5
KEY = ("origin", "dimension", "subject", "metric")


def anomalies(usage: pl.DataFrame, metrics: pl.DataFrame, least: float = ANOMALOUS) -> pl.DataFrame:
    """METRIC_ANOMALIES out of RESOURCE_USAGE and SYSTEM_METRICS: the readings with a score of ``least`` and more.

    Resources are scored by their mean on the grid, without filled gaps; of the system metrics the hourly ones that are
    not of resources. Series of fifty readings or fewer are not scored, of longer ones the last two thousand are.
    """
    found = [score(frame, least) for frame in series(usage, metrics)]
    kept = [f for f in found if f.height]
    if not kept:
        return METRIC_ANOMALIES.empty()
    return METRIC_ANOMALIES.conform(pl.concat(kept).sort(*METRIC_ANOMALIES.key))


def series(usage: pl.DataFrame, metrics: pl.DataFrame) -> list[pl.DataFrame]:
    """Each series of RESOURCE_USAGE and SYSTEM_METRICS in order of time: the key columns, ts, value."""
    read = usage.filter(pl.col("samples") > 0).select(
        pl.lit("resource_usage").alias("origin"),
        pl.lit("source").alias("dimension"),
        pl.col("source").alias("subject"),
        "metric",
        "ts",
        pl.col("mean").alias("value"),
    )
    of_resources = pl.col("metric").str.replace(r"_(?:mean|max|p\\d+)$", "").is_in(usage["metric"].unique().to_list())
    hourly = metrics.filter((pl.col("granularity") == "hour") & ~of_resources).select(
        pl.lit("system_metrics").alias("origin"), "dimension", "subject", "metric", "ts", "value"
    )
    whole = pl.concat([read, hourly]).filter(pl.col("value").is_finite())
    parts = whole.partition_by(*KEY, as_dict=True)
    return [part.sort("ts") for _, part in sorted(parts.items())]


def score(frame: pl.DataFrame, least: float) -> pl.DataFrame:
    """METRIC_ANOMALIES of one of ``series``."""
    last = frame.tail(LONGEST)
    if last.height <= FIRST_SCORED:
        return METRIC_ANOMALIES.empty()
    values = last["value"].to_numpy()
    period = readings_a_day(last["ts"].dt.epoch("s").to_numpy())
    usual = last["value"].shift(1).rolling_median(USUAL_DAYS * period, min_samples=5)
    scored = last.with_columns(usual=usual, score=pl.Series(anomaly_scores(values.astype(np.float64), period)))
    return METRIC_ANOMALIES.conform(scored.filter((pl.col("score") >= least) & pl.col("usual").is_not_null()))
