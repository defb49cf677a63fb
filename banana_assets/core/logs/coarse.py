"""Giving up rare words as variables where hardly two messages are alike: a file has a bounded number of shapes."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from banana_assets.core.logs.masks import shape_id
from banana_assets.core.logs.miner import VARIABLE
from banana_assets.core.logs.patterns import SHAPE_SCHEMA, merge_shapes

MOST_SHAPES = 50_000
"""Distinct shapes of one file that are kept apart."""


def common_words(shapes: pl.Series, most: int = MOST_SHAPES) -> pl.Series:
    """The words that enough of the distinct shapes have for at most so many shapes to be left.

    A word has to be in at least one of a thousand shapes, or in twice as many until it suffices.
    """
    words = shapes.to_frame("shape").with_row_index("row").select("row", word=pl.col("shape").str.split(" "))
    counts = words.explode("word").unique().group_by("word").len("shapes")
    floor = max(2, len(shapes) // 1000)
    while True:
        common = counts.filter(pl.col("shapes") >= floor)["word"]
        if common.is_empty() or coarse(shapes, common).n_unique() <= most:
            return common
        floor *= 2


def coarse(shapes: pl.Series, common: pl.Series) -> pl.Series:
    """The shapes with ``<*>`` for each run of words that are not common, in their order."""
    return (
        shapes.to_frame("shape")
        .with_row_index("row")
        .select("row", word=pl.col("shape").str.split(" "))
        .explode("word")
        .with_columns(pl.when(pl.col("word").is_in(common.implode())).then("word").otherwise(pl.lit(VARIABLE)))
        .with_columns(again=(pl.col("word") == VARIABLE) & (pl.col("word").shift(1).over("row") == VARIABLE))
        .filter(~pl.col("again").fill_null(value=False))
        .group_by("row", maintain_order=True)
        .agg(pl.col("word").str.join(" "))["word"]
        .alias(shapes.name)
    )


def with_coarse_shapes(counted: pl.DataFrame, common: pl.Series) -> pl.DataFrame:
    """Rows with ``shape_id, shape`` (as ``patterns.shapes`` gives them) with those of their coarse shapes instead."""
    texts = counted.select("shape").unique()
    texts = texts.with_columns(rough=coarse(texts["shape"], common))
    distinct = texts["rough"].unique()
    ids = pl.DataFrame({"rough": distinct, "rough_id": [shape_id(text) for text in distinct]})
    return (
        counted.join(texts.join(ids, on="rough"), on="shape", how="left", maintain_order="left")
        .with_columns(shape="rough", shape_id=pl.col("rough_id").cast(pl.Int64))
        .select(counted.columns)
    )


def joined_shapes(parts: Iterable[pl.DataFrame], most: int = MOST_SHAPES) -> pl.DataFrame:
    """The rows that ``patterns.shapes`` gave for consecutive parts of one file as one row an hour and shape.

    From the part on with which there are more than ``most`` distinct shapes, rare words are given up. A file gives the
    same rows wherever and whenever it is read in the same parts.
    """
    held = pl.DataFrame(schema=SHAPE_SCHEMA)
    common: pl.Series | None = None
    for part in parts:
        held = merge_shapes(pl.concat([held, part if common is None else with_coarse_shapes(part, common)]))
        distinct = held["shape"].unique()
        if len(distinct) > most:
            common = common_words(distinct, most)
            held = merge_shapes(with_coarse_shapes(held, common))
    return held
