"""From which patterns a pattern came, when templates split, merge or get another text between two runs."""

from __future__ import annotations

from datetime import date

import polars as pl

from banana_assets.core.tables.patterns import FORMER


def formerly(patterns: pl.DataFrame, previous: pl.DataFrame, on: date) -> pl.DataFrame:
    """``pattern_id, formerly``: what each pattern came from, a row each of those that came from others.

    ``patterns`` has ``pattern_id, shapes``; ``previous`` are the rows of LOG_PATTERNS before; ``on`` is the day to be
    told for what moved. Shapes keep their ids, so a pattern that holds shapes of an earlier one of another id came
    from it: ``split`` when shapes of the earlier one are elsewhere too, ``renamed`` when it is all there was, and
    ``merged`` when there was something else. What an earlier pattern came from goes along. The same patterns again
    give the same rows.
    """
    after = patterns.select("pattern_id", shape_id="shapes").explode("shape_id")
    before = previous.select(old_id="pattern_id", template="template", shape_id="shapes").explode("shape_id")
    pairs = after.join(before, on="shape_id").select("pattern_id", "old_id", "template").unique()
    moved = (
        pairs.with_columns(
            parts=pl.len().over("old_id"),
            sources=pl.len().over("pattern_id"),
        )
        .filter(pl.col("pattern_id") != pl.col("old_id"))
        .with_columns(
            kind=pl.when(pl.col("parts") > 1)
            .then(pl.lit("split"))
            .when(pl.col("sources") > 1)
            .then(pl.lit("merged"))
            .otherwise(pl.lit("renamed")),
            changed_on=pl.lit(on, dtype=pl.Date),
        )
    )
    told = moved.select(
        "pattern_id",
        formerly=pl.struct(pattern_id="old_id", template="template", kind="kind", changed_on="changed_on").cast(FORMER),
    )
    carried = (
        pairs.select("pattern_id", "old_id")
        .join(previous.select("formerly", old_id="pattern_id"), on="old_id")
        .select("pattern_id", "formerly")
        .explode("formerly", empty_as_null=False, keep_nulls=False)
        .with_columns(pl.col("formerly").cast(FORMER))
    )
    return (
        pl.concat([told, carried])
        .with_columns(
            old=pl.col("formerly").struct.field("pattern_id"),
            changed_on=pl.col("formerly").struct.field("changed_on"),
        )
        .filter(pl.col("old") != pl.col("pattern_id"))
        # What moved to and fro is told once, as it was the last time.
        .sort("changed_on", pl.col("formerly").struct.field("kind"))
        .unique(["pattern_id", "old"], keep="last", maintain_order=True)
        .sort("pattern_id", "changed_on", "old")
        .group_by("pattern_id", maintain_order=True)
        .agg("formerly")
    )
