"""Past forecasts: kept, and scored when what they foretold has been read."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from banana_assets.core.tables.advice import RESOURCE_USAGE_PREDICTIONS

KEPT_DAYS = 60
_SERIES = ["source", "metric"]
_URGENCY = {"grow": 0, "move": 1, "shrink": 2, "keep": 3, "watch": 4}


def current(predictions: pl.DataFrame) -> pl.DataFrame:
    """The newest forecast of each series (RESOURCE_USAGE_PREDICTIONS)."""
    return predictions.filter("current")


def kept(made: pl.DataFrame, previous: pl.DataFrame, usage: pl.DataFrame) -> pl.DataFrame:
    """RESOURCE_USAGE_PREDICTIONS: the forecasts made now, and the past ones, scored.

    ``made``: this run's forecasts; ``previous``: the table as it was; ``usage``: RESOURCE_USAGE. Of past forecasts the
    first of each day and series is kept, for sixty days before the newest. One that was made again from the same
    readings replaces the old one.
    """
    newest = pl.concat([made.select(*_SERIES, "made_at"), previous.select(*_SERIES, "made_at")])["made_at"].max()
    # Rows that an earlier version of the table wrote say too little to be scored.
    previous = previous.drop_nulls(["current", "interval_seconds"])
    past = previous.join(made.select(*_SERIES, "made_at").unique(), on=[*_SERIES, "made_at"], how="anti")
    if newest is not None:
        past = past.filter(pl.col("made_at") >= pl.lit(newest) - timedelta(days=KEPT_DAYS))
    firsts = past.group_by(*_SERIES, pl.col("made_at").dt.date().alias("day")).agg(pl.col("made_at").min()).drop("day")
    past = past.join(firsts, on=[*_SERIES, "made_at"], how="semi").with_columns(current=pl.lit(value=False))
    whole = RESOURCE_USAGE_PREDICTIONS.conform(pl.concat([made, past]))
    return scored(whole, usage).sort(*RESOURCE_USAGE_PREDICTIONS.key)


def scored(predictions: pl.DataFrame, usage: pl.DataFrame) -> pl.DataFrame:
    """The same with ``actual_usage``, ``accuracy_score`` and whether the intervals held, where it has been read since.

    A forecast is compared with the reading of the grid cell that its time falls into; where the grid has become coarser
    since, that cell is wider. What was scored once stays, also when the readings are gone.
    """
    read = usage.filter(pl.col("samples") > 0).select(
        *_SERIES, pl.col("ts").alias("cell"), pl.col("mean").alias("read"), "interval_seconds"
    )
    found = predictions.sort("ts").join_asof(
        read.rename({"interval_seconds": "width"}).sort("cell"),
        left_on="ts",
        right_on="cell",
        by=_SERIES,
        strategy="backward",
        check_sortedness=False,
    )
    within = (pl.col("ts") - pl.col("cell")).dt.total_seconds() < pl.col("width")
    actual = pl.coalesce("actual_usage", pl.when(within).then("read"))
    found = found.with_columns(actual_usage=actual)
    value, told = pl.col("actual_usage"), pl.col("predicted_usage")
    greater = pl.max_horizontal(value.abs(), told.abs())
    off = pl.when(greater > 0).then((value - told).abs() / greater).otherwise(0.0)
    return found.with_columns(
        accuracy_score=pl.when(value.is_not_null()).then((1 - off).clip(0, 1)),
        inside80=value.is_between("lo80", "hi80"),
        inside95=value.is_between("lo95", "hi95"),
    ).select(RESOURCE_USAGE_PREDICTIONS.dtypes.names())


def coverage(predictions: pl.DataFrame) -> pl.DataFrame:
    """How past intervals held, by model. Columns: model, readings, inside80, inside95, accuracy."""
    known = predictions.drop_nulls("actual_usage")
    return (
        known.group_by("model")
        .agg(
            readings=pl.len(),
            inside80=pl.col("inside80").mean(),
            inside95=pl.col("inside95").mean(),
            accuracy=pl.col("accuracy_score").mean(),
        )
        .sort("model")
    )


def outlook(predictions: pl.DataFrame) -> pl.DataFrame:
    """A row a series of the newest forecasts: what comes and what to do. Columns: source, metric, crossing, action,
    reasoning, act_by."""
    return (
        current(predictions)
        .unique(_SERIES, keep="first", maintain_order=True)
        .select(
            *_SERIES,
            pl.col("crossing").struct.field("statement").alias("crossing"),
            pl.col("advice").struct.field("action"),
            pl.col("advice").struct.field("reasoning"),
            pl.col("advice").struct.field("act_by"),
        )
        .sort(pl.col("action").replace_strict(_URGENCY, default=9), *_SERIES)
    )
