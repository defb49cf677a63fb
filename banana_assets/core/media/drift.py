"""Whether newer arrivals are worse than those before: the share of missing values, by day of arrival."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from banana_assets.core.media.items import Library
from banana_assets.core.metrics.rates import newcombe

RECENT = timedelta(days=7)
FEWEST = 10
"""Items on each side below which nothing is told."""

LEAST_CHANGE = 0.05


@dataclass(frozen=True)
class Decline:
    """A field that newer items of a collection lack more often: counts before and since, and since when."""

    collection: str
    field: str
    missing_before: int
    before: int
    missing: int
    of: int
    since: datetime


def declines(library: Library) -> list[Decline]:
    """The fields that are missing more often among what arrived in the latest seven days of a collection than before.

    By Newcombe's 95 % interval of the difference, and by five points at least.
    """
    lacking = library.gaps.select("item_id", "field", missing=pl.lit(value=True))
    rows = (
        library.expected.join(library.items.select("item_id", "arrived_at"), on="item_id")
        .join(lacking, on=["item_id", "field"], how="left")
        .with_columns(
            pl.col("missing").fill_null(value=False),
            new=pl.col("arrived_at").dt.truncate("1d")
            > (pl.col("arrived_at").max().over("collection").dt.truncate("1d") - RECENT),
        )
    )
    counted = (
        rows.group_by("collection", "field")
        .agg(
            of=pl.col("new").sum(),
            missing=(pl.col("missing") & pl.col("new")).sum(),
            before=(~pl.col("new")).sum(),
            missing_before=(pl.col("missing") & ~pl.col("new")).sum(),
            since=pl.col("arrived_at").filter(pl.col("new")).min(),
        )
        .filter((pl.col("of") >= FEWEST) & (pl.col("before") >= FEWEST))
        .sort("collection", "field")
    )
    found = []
    for row in counted.iter_rows(named=True):
        told = Decline(**row)
        change = told.missing / told.of - told.missing_before / told.before
        low, _ = newcombe(told.missing_before, told.before, told.missing, told.of)
        if change >= LEAST_CHANGE and low > 0:
            found.append(told)
    return found
