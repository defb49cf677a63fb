"""Summaries that say nothing: short, the same for many, the title again, leftovers of HTML, the same closing lines."""

from __future__ import annotations

import polars as pl

from banana_assets.core.media.items import Library

SHARED_BY = 3
"""Items from which on the same text is boilerplate."""

LINE_SHARE = 0.3
"""Of the texts of a collection: a line that is in so many of them says nothing about any."""

_TAGS = "p|br|div|span|a|b|i|em|strong|ul|ol|li|h[1-6]|img|font|table|tr|td"
_HTML = rf"(?i)</?(?:{_TAGS})\b[^>]*>|&(?:[a-z]{{2,8}}|#x?[0-9a-f]+);"


def judged(library: Library) -> pl.DataFrame:
    """Faults of prose: ``item_id, collection, field, text, measure`` (short, boilerplate), ``reason``; at most one of
    each measure a value."""
    parts = [
        library.values.head(0).select("item_id", "collection", "field", "text", measure=pl.lit(""), reason=pl.lit(""))
    ]
    titles = library.items.select("item_id", "title")
    for field in library.schema.fields:
        own = library.usable.filter(pl.col("field") == field.name)
        if not field.shortest or own.is_empty():
            continue
        own = own.select("item_id", "collection", "field", "text").join(titles, on="item_id", how="left")
        length = pl.col("text").str.len_chars()
        short = own.filter(length < field.shortest).with_columns(
            measure=pl.lit("short"), reason=pl.lit(f"fewer than {field.shortest} characters")
        )
        same = _norm(pl.col("text"))
        alike = pl.len().over("collection", same)
        left = own.join(_remainders(own), on="item_id", how="left")["left"]
        reason = (
            pl.when(same == _norm(pl.col("title").fill_null("")))
            .then(pl.lit("the title again"))
            .when(alike >= SHARED_BY)
            .then(pl.lit("the same text as others"))
            .when(pl.col("text").str.contains(_HTML))
            .then(pl.lit("leftovers of HTML"))
            .when((length >= field.shortest) & (pl.col("left") < field.shortest))
            .then(pl.lit("little beside lines that many share"))
            .otherwise(pl.lit(""))
        )
        boilerplate = own.with_columns(left=left).with_columns(measure=pl.lit("boilerplate"), reason=reason)
        columns = ["item_id", "collection", "field", "text", "measure", "reason"]
        parts += [short.select(columns), boilerplate.filter(pl.col("reason") != "").select(columns)]
    return pl.concat(parts)


def _remainders(own: pl.DataFrame) -> pl.DataFrame:
    """``item_id, left``: the characters of each text in lines that few texts of its collection share."""
    lines = (
        own.select("item_id", "collection", line=pl.col("text").str.split("\n"))
        .explode("line", empty_as_null=False)
        .with_columns(pl.col("line").str.strip_chars())
        .filter(pl.col("line") != "")
    )
    texts = own.group_by("collection").agg(texts=pl.len())
    common = (
        lines.unique()
        .group_by("collection", "line")
        .agg(n=pl.len())
        .join(texts, on="collection")
        .filter((pl.col("n") >= SHARED_BY) & (pl.col("n") >= LINE_SHARE * pl.col("texts")))
    )
    rest = lines.join(common, on=["collection", "line"], how="anti")
    counted = rest.group_by("item_id").agg(left=pl.col("line").str.len_chars().sum())
    return own.select("item_id").join(counted, on="item_id", how="left").with_columns(pl.col("left").fill_null(0))


def _norm(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()


def too_alike(text: str, other: str) -> bool:
    """Whether a summary is no more than the line that it should sum up."""
    return " ".join(text.split()).casefold() == " ".join(other.split()).casefold()
