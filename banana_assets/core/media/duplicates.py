"""Items that are there twice: the same bytes, the same title and length, the same identifier."""

from __future__ import annotations

import polars as pl

from banana_assets.core.media.items import Library

NEAR_SECONDS = 1.0
"""Two copies of a recording differ by less in length."""


def duplicates(library: Library) -> pl.DataFrame:
    """Every item of a set of duplicates: ``item_id, collection, measure, group`` (the same for the items of a set).

    Copies are looked for within a collection: that something is in two collections may be meant.
    """
    parts = [_content(library), *_titles(library), *_ids(library)]
    return pl.concat(parts)


def _content(library: Library) -> pl.DataFrame:
    own = library.items.filter(pl.col("content_sha256").is_not_null())
    same = own.filter(pl.len().over("collection", "content_sha256") > 1)
    return same.select("item_id", "collection", measure=pl.lit("duplicate_content"), group=pl.col("content_sha256"))


def _ids(library: Library) -> list[pl.DataFrame]:
    found = []
    for field in library.schema.fields:
        if field.kind == "identifier":
            own = library.usable.filter(pl.col("field") == field.name)
            same = own.filter(pl.len().over("collection", "text") > 1)
            columns = {"measure": pl.lit("duplicate_id"), "group": pl.col("text")}
            found.append(same.select("item_id", "collection", **columns))
    return found


def _titles(library: Library) -> list[pl.DataFrame]:
    """The same words in the title, by the same artist where both are told, and as long as each other."""
    length = next((field.name for field in library.schema.fields if field.kind == "duration"), "")
    if not library.schema.title or not length:
        return []
    word = pl.col("text").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "")
    title = library.usable.filter(pl.col("field") == library.schema.title).select("item_id", "collection", word=word)
    seconds = pl.col("text").cast(pl.Float64, strict=False)
    lasting = library.usable.filter(pl.col("field") == length).select("item_id", seconds=seconds).drop_nulls()
    rows = title.filter(pl.col("word") != "").join(lasting, on="item_id").sort("collection", "word", "seconds")
    apart = (pl.col("seconds") - pl.col("seconds").shift(1)).over("collection", "word") > NEAR_SECONDS
    grouped = rows.with_columns(run=apart.fill_null(value=False).cum_sum().over("collection", "word"))
    same = grouped.filter(pl.len().over("collection", "word", "run") > 1)
    name = pl.col("word") + " " + pl.col("run").cast(pl.String)
    return [same.select("item_id", "collection", measure=pl.lit("duplicate_title"), group=name)]
