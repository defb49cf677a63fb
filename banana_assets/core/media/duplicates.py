"""Items that are there twice: the same bytes, the same title and length, the same identifier."""

from __future__ import annotations

import polars as pl

from banana_assets.core.media.items import Library

ARTIST = "artist"
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
    """The same words in the title, as long as each other; where artist, identifier or date are told, of the same."""
    length = next((field.name for field in library.schema.fields if field.kind == "duration"), "")
    if not library.schema.title or not length:
        return []
    word = pl.col("text").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "")
    title = library.usable.filter(pl.col("field") == library.schema.title).select("item_id", "collection", word=word)
    seconds = pl.col("text").cast(pl.Float64, strict=False)
    lasting = library.usable.filter(pl.col("field") == length).select("item_id", seconds=seconds).drop_nulls()
    rows = title.filter(pl.col("word") != "").join(lasting, on="item_id")
    facets = []
    for field in library.schema.fields:
        if field.name == ARTIST or field.kind in ("identifier", "date"):
            told = library.usable.filter(pl.col("field") == field.name)
            own = told.select("item_id", pl.col("text").str.to_lowercase().alias(f"own_{field.name}"))
            rows = rows.join(own, on="item_id", how="left")
            facets.append(f"own_{field.name}")
    # Where all that say it say the same, those that say nothing may be the same too.
    named = [
        pl.when(pl.col(name).drop_nulls().n_unique().over("collection", "word") > 1)
        .then(pl.col(name).fill_null(""))
        .otherwise(pl.lit(""))
        .alias(name)
        for name in facets
    ]
    keyed = rows.with_columns(named).with_columns(key=pl.concat_str("collection", "word", *facets, separator="\x1f"))
    near = keyed.filter(pl.len().over("key") > 1).sort("key", "seconds", "item_id")
    grouped = near.with_columns(run=pl.Series(_runs(near), dtype=pl.Int64))
    same = grouped.filter(pl.len().over("run") > 1)
    first = pl.col("seconds").min().over("run").cast(pl.String)
    name = pl.concat_str("word", *facets, first, separator=" ")
    return [same.select("item_id", "collection", measure=pl.lit("duplicate_title"), group=name)]


def _runs(near: pl.DataFrame) -> list[int]:
    """The number of each row's run: rows of a key whose lengths differ by NEAR_SECONDS in all."""
    runs: list[int] = []
    before, begin = None, 0.0
    for key, seconds in near.select("key", "seconds").iter_rows():
        if key != before or seconds - begin > NEAR_SECONDS:
            runs.append(runs[-1] + 1 if runs else 0)
            before, begin = key, seconds
        else:
            runs.append(runs[-1])
    return runs
