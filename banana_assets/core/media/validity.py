"""Whether values are what their field says: dates, seconds, languages, genres, numbers, addresses, closed sets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import polars as pl

from banana_assets.core.media import languages
from banana_assets.core.media.items import Library, library
from banana_assets.core.media.schema import Field, RecordSchema
from banana_assets.core.tables.media import MEDIA_ITEMS

_TIME = r"[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?"
_DATE = rf"^\d{{4}}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01])(?:{_TIME})?)?)?$"
_URL = r"(?i)^(?:https?|ftp)://[^\s/$.?#][^\s]*$"
EPOCHS = ("0000", "0001", "1970-01-01", "1900-01-01", "1904-01-01", "1601-01-01")
"""Where clocks and programs begin that know no date."""

CHECKED = ("date", "duration", "language", "genre", "number", "url")


def checked(field: Field) -> bool:
    """Whether there is anything that a value of it could break."""
    return field.kind in CHECKED or bool(field.vocabulary)


def invalid(library: Library) -> pl.DataFrame:
    """The values that are not what their field says: ``item_id, collection, field, text, reason``.

    Placeholders are gaps and are not looked at again. Dates are no later than a day after the item arrived.
    """
    parts = [library.values.head(0).select("item_id", "collection", "field", "text", reason=pl.lit(""))]
    arrived = library.items.select("item_id", "arrived_at")
    for field in library.schema.fields:
        if not checked(field):
            continue
        own = library.usable.filter(pl.col("field") == field.name)
        if own.is_empty():
            continue
        if field.kind == "date":
            own = own.join(arrived, on="item_id", how="left")
            judged = own.with_columns(reason=_date(field))
        elif field.kind in ("duration", "number"):
            judged = own.with_columns(reason=_number(field))
        elif field.kind == "url":
            judged = own.with_columns(reason=_said(~pl.col("text").str.contains(_URL), "no address of the web"))
        else:
            judged = _by_word(own, _language if field.kind == "language" else _word(field))
        parts.append(judged.filter(pl.col("reason") != "").select("item_id", "collection", "field", "text", "reason"))
    return pl.concat(parts)


def objection(item: Mapping[str, Any], field: str, value: Sequence[str], schema: RecordSchema) -> str:
    """What is wrong with a value for a field of an item (a row of MEDIA_ITEMS); empty where nothing is."""
    said = {"field": field, "value": list(value), "origin": "person", "source": "", "confidence": None}
    row = {name: item[name] for name in MEDIA_ITEMS.dtypes} | {"values": [said]}
    found = invalid(library(MEDIA_ITEMS.conform(pl.DataFrame([row], schema=MEDIA_ITEMS.dtypes)), schema))
    return str(found["reason"][0]) if found.height else ""


def _said(rule: pl.Expr, text: str) -> pl.Expr:
    return pl.when(rule).then(pl.lit(text)).otherwise(pl.lit(""))


def _date(field: Field) -> pl.Expr:
    text = pl.col("text")
    day = text.str.slice(0, 10)
    real = day.str.to_date("%Y-%m-%d", strict=False)
    year = text.str.slice(0, 4).cast(pl.Int32, strict=False)
    latest = (pl.col("arrived_at") + pl.duration(days=1)).dt.strftime("%Y-%m-%d")
    low, high = (field.minimum or 0, field.maximum or 9999)
    return (
        pl.when(~text.str.contains(_DATE))
        .then(pl.lit("no date of ISO 8601"))
        .when((day.str.len_chars() == 10) & real.is_null())
        .then(pl.lit("no such day"))
        .when(pl.any_horizontal(text.str.starts_with(epoch) for epoch in EPOCHS))
        .then(pl.lit("where a clock begins that knows no date"))
        .when((year < low) | (year > high))
        .then(pl.lit(f"not between {low:g} and {high:g}"))
        .when(day > latest.str.slice(0, day.str.len_chars()))
        .then(pl.lit("later than when it arrived"))
        .otherwise(pl.lit(""))
    )


def _number(field: Field) -> pl.Expr:
    text = pl.col("text")
    # Tags write a place and how many there are: 3/12.
    value = (text.str.extract(r"^(\d+)(?:/\d+)?$") if field.kind == "number" else text).cast(pl.Float64, strict=False)
    value = value.fill_null(text.cast(pl.Float64, strict=False))
    low, high = field.minimum, field.maximum
    outside = pl.lit(value=False)
    if low is not None:
        outside = outside | (value < low)
    if high is not None:
        outside = outside | (value > high)
    what = "no number" if field.kind == "number" else "no number of seconds"
    ends = ["-∞" if low is None else f"{low:.15g}", "∞" if high is None else f"{high:.15g}"]
    bounds = f"not between {' and '.join(ends)}"
    zero = (value == 0) if field.kind == "duration" else pl.lit(value=False)
    return (
        pl.when(value.is_null() | ~value.is_finite())
        .then(pl.lit(what))
        .when(zero)
        .then(pl.lit("of no length"))
        .when(outside)
        .then(pl.lit(bounds))
        .otherwise(pl.lit(""))
    )


def _by_word(own: pl.DataFrame, judge: Callable[[str], str]) -> pl.DataFrame:
    """Judge each different value once: there are few of them among many items."""
    single = own.select("value").unique()
    reasons = [next((r for word in words if (r := judge(word))), "") for words in single["value"].to_list()]
    judged = single.with_columns(reason=pl.Series(reasons, dtype=pl.String))
    return own.join(judged, on="value", how="left")


def _language(word: str) -> str:
    return languages.problem(word)


def _word(field: Field) -> Callable[[str], str]:
    words = field.vocabulary
    loose = {_loose(word): word for word in reversed(words)}
    exact = set(words)

    @cache
    def judge(word: str) -> str:
        if word in exact or not words:
            return ""
        if field.kind == "genre" and (code := re.fullmatch(r"\(?(\d{1,3})\)?", word)):
            return f"a number in place of a word ({code[1]})"
        near = loose.get(_loose(word))
        if near is not None:
            return f"spelt otherwise in the vocabulary: {near}" if near.casefold() != word.casefold() else ""
        return "not in the vocabulary"

    return judge


def _loose(word: str) -> str:
    """The word without what spellings differ in."""
    return re.sub(r"[\W_]+", "", word.casefold().replace("&", "and"))
