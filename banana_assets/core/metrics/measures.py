"""Measures of a bucket of time: what is taken of its rows, in which unit, and within which interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from banana_assets.core.metrics.rates import Z95

COLUMNS = ["ts", "metric", "dimension", "subject", "unit", "value", "low", "high", "observations"]


@dataclass(frozen=True)
class Measure:
    """A metric: its name, unit, value, how many observations it rests on, and the ends of its 95 % interval."""

    name: str
    unit: str
    value: pl.Expr
    observations: pl.Expr
    low: pl.Expr | None = None
    high: pl.Expr | None = None

    def struct(self) -> pl.Expr:
        """The measure of a group as one column."""
        nothing = pl.lit(None, dtype=pl.Float64)
        return pl.struct(
            value=self.value.cast(pl.Float64),
            low=nothing if self.low is None else self.low.cast(pl.Float64),
            high=nothing if self.high is None else self.high.cast(pl.Float64),
            observations=self.observations.cast(pl.Int64),
        ).alias(self.name)


def count(name: str, unit: str, value: pl.Expr, of: pl.Expr | None = None) -> Measure:
    """A count; ``of`` how many were looked at, the count itself unless told."""
    return Measure(name, unit, value, value if of is None else of)


def share(name: str, hits: pl.Expr, of: pl.Expr) -> Measure:
    """A share of what was looked at, with its Wilson interval."""
    low, high = wilson(hits, of)
    return Measure(name, "1", hits / of, of, low, high)


def median(name: str, column: str) -> Measure:
    """A median of seconds, with the interval that its order statistics give (``median_interval``)."""
    values = pl.col(column).drop_nulls()
    low, high = median_interval(values)
    return Measure(name, "s", values.median(), values.len(), low, high)


def percentile_95(name: str, column: str) -> Measure:
    """A 95th percentile of seconds, interpolated between readings; without an interval, which would take hundreds."""
    values = pl.col(column).drop_nulls()
    return Measure(name, "s", values.quantile(0.95, "linear"), values.len())


def mean(name: str, column: str) -> Measure:
    """A mean of seconds."""
    values = pl.col(column).drop_nulls()
    return Measure(name, "s", values.mean(), values.len())


def wilson(hits: pl.Expr, n: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """``rates.wilson`` as expressions; null where nothing was looked at."""
    p, z = hits / n, Z95
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * (p * (1 - p) / n + z * z / (4 * n * n)).sqrt() / (1 + z * z / n)
    seen = pl.when(n > 0)
    low = seen.then(pl.when(hits == 0).then(0.0).otherwise((middle - half).clip(0, 1)))
    high = seen.then(pl.when(hits == n).then(1.0).otherwise((middle + half).clip(0, 1)))
    return low, high


def median_interval(values: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """The order statistics that hold the median with 95 %, whatever the distribution; null for fewer than six values.

    W. J. Conover, Practical Nonparametric Statistics (3rd ed., 1999), section 3.2, with the normal approximation.
    """
    ordered = values.sort()
    n = values.len()
    rank = ((n + 1) / 2 - Z95 / 2 * n.cast(pl.Float64).sqrt()).floor().cast(pl.Int64)
    enough = pl.when(rank >= 1)
    low = enough.then(ordered.get((rank - 1).clip(0), null_on_oob=True))
    high = enough.then(ordered.get((n.cast(pl.Int64) - rank).clip(0), null_on_oob=True))
    return low, high


def measured(
    frame: pl.DataFrame,
    time: str,
    width: str,
    subjects: Mapping[str, str | None],
    measures: Sequence[Measure],
) -> list[pl.DataFrame]:
    """The measures by bucket of ``time`` and by each subject (dimension to column, None for all), as rows of COLUMNS.

    Rows whose subject is empty are in no bucket of that dimension. What has no value is left out.
    """
    if not frame.height:
        return []
    bucketed = frame.with_columns(ts=pl.col(time).dt.truncate(width))
    parts = []
    for dimension, subject in subjects.items():
        rows = bucketed if subject is None else bucketed.filter(pl.col(subject) != "")
        keys = ["ts"] if subject is None else ["ts", subject]
        grouped = rows.group_by(keys).agg(m.struct() for m in measures)
        for measure in measures:
            parts.append(
                grouped.select(
                    "ts",
                    pl.lit(measure.name).alias("metric"),
                    pl.lit(dimension).alias("dimension"),
                    (pl.lit("") if subject is None else pl.col(subject)).alias("subject"),
                    pl.lit(measure.unit).alias("unit"),
                    pl.col(measure.name).struct.unnest(),
                )
                .filter(pl.col("value").is_finite())
                .select(COLUMNS)
            )
    return parts
