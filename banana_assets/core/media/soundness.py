"""What must hold of media tables. Each function answers the rows that break the rule; none means that it holds."""

from __future__ import annotations

import polars as pl

from banana_assets.core.vocabulary import VALUE_ORIGINS


def sourceless(items: pl.LazyFrame) -> pl.DataFrame:
    """Values (MEDIA_ITEMS) that do not say where they come from, or say nothing. Columns: item_id, field, origin."""
    values = items.select("item_id", "values").explode("values", empty_as_null=False, keep_nulls=False).unnest("values")
    bad = ~pl.col("origin").is_in(VALUE_ORIGINS) | (pl.col("source") == "") | (pl.col("value").list.len() == 0)
    return values.filter(bad).select("item_id", "field", "origin").sort("item_id", "field").collect()


def unbalanced(quality: pl.LazyFrame) -> pl.DataFrame:
    """Sums (METADATA_QUALITY) that their parts do not add up to: fields of a collection, collections of a field.

    Columns: record_schema, collection, field, measure, affected, of, parts.
    """
    table = quality.select("record_schema", "collection", "field", "measure", "affected", "of").collect()
    summed = table.filter(pl.col("measure").is_in(["missing", "invalid"]))
    fields = _apart(
        summed.filter(pl.col("field") == ""),
        summed.filter(pl.col("field") != ""),
        ["record_schema", "collection", "measure"],
    )
    rest = table.filter(pl.col("measure") != "decline")
    both = _apart(
        rest.filter(pl.col("collection") == ""),
        rest.filter(pl.col("collection") != ""),
        ["record_schema", "field", "measure"],
    )
    return pl.concat([fields, both]).unique().sort("record_schema", "collection", "field", "measure")


def _apart(whole: pl.DataFrame, parts: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    summed = parts.group_by(by).agg(parts=pl.col("affected").sum(), parts_of=pl.col("of").sum())
    joined = whole.join(summed, on=by, how="left")
    bad = (pl.col("parts").fill_null(0) != pl.col("affected")) | (pl.col("parts_of").fill_null(0) != pl.col("of"))
    columns = ["record_schema", "collection", "field", "measure", "affected", "of", "parts"]
    return joined.filter(bad).select(columns)
