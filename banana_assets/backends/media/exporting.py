"""Values with their provenance, for programs that keep metadata beside files."""

from __future__ import annotations

from typing import Any

import polars as pl

from banana_assets.backends.media.analysis import chosen
from banana_assets.backends.media.reading import MediaReading
from banana_assets.backends.reading_store import ReadingStore
from banana_assets.core.media.items import libraries

OURS = ("derived", "model", "person")


def exported(
    store: ReadingStore, *, collection: str | None = None, accepted_only: bool = False
) -> list[dict[str, Any]]:
    """A row a value: ``item_id, collection, uri, field, value`` (a list), ``origin, source, confidence``.

    With ``accepted_only`` those alone that rules, models or people gave. Raises InputError for a collection that there
    is not.
    """
    records = MediaReading(store.records)
    items = records.items()
    meant = {item for one in chosen(libraries(items, records.schemas()), collection) for item in one.items["item_id"]}
    values = (
        items.filter(pl.col("present") & pl.col("item_id").is_in(meant))
        .select("item_id", "collection", "uri", "values")
        .explode("values", empty_as_null=False, keep_nulls=False)
        .unnest("values")
    )
    if accepted_only:
        values = values.filter(pl.col("origin").is_in(OURS))
    return values.sort("collection", "uri", "field").to_dicts()
