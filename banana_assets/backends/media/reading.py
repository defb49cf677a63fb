"""Reading the media of a store: schemas, sources, items and their values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
import polars as pl

from banana_assets.backends.records.rows import Rows, among
from banana_assets.core.evidence import stable_id
from banana_assets.core.media.items import Library, is_placeholder, libraries
from banana_assets.core.media.schema import RecordSchema, schema_of
from banana_assets.core.media.standard import MEDIA
from banana_assets.core.schema import Type
from banana_assets.core.tables.common import UTC
from banana_assets.core.tables.media import MEDIA_ITEMS, VALUE

HELD = ("accepted", "applied")
"""States of a proposal whose value counts as known."""

_COLUMNS = (
    "item_id", "collection", "record_schema", "kind", "uri", "content_sha256", "bytes", "known", "present",
    "arrived_at", "changed_at", "arrival_day",
)  # fmt: skip
_STORED = pl.Schema(
    {n: pl.String if n == "known" else MEDIA_ITEMS.column(n).dtype for n in _COLUMNS}  # as in the records
)
_SOURCES: dict[str, Type] = {
    "id": pl.Int64,
    "collection": pl.String,
    "uri": pl.String,
    "uri_key": pl.String,
    "form": pl.String,
    "schema": pl.String,
    "bytes": pl.Int64,
    "mtime_ns": pl.Int64,
    "sha256": pl.String,
    "read_at": UTC,
}


class MediaReading:
    """The media of a store, for whoever only reads them. Every frame is in a settled order."""

    def __init__(self, records: Rows) -> None:
        self.records = records

    def cursor(self) -> tuple[int, int, object, object]:
        """What changes whenever items, proposals, decisions or schemas do: a value for each of them."""
        items = self.records.rows("SELECT max(seq) FROM media_items")[0][0] or 0
        last, decided = self.records.rows("SELECT max(id), max(decided_at) FROM media_proposals")[0]
        declared = self.records.rows("SELECT max(set_at) FROM media_schemas")[0][0]
        return items, last or 0, decided, declared

    def items(self) -> pl.DataFrame:
        """The items (MEDIA_ITEMS) by item_id, with the values that people and proposals add."""
        return self._items(self.schemas())

    def _items(self, schemas: dict[str, RecordSchema]) -> pl.DataFrame:
        columns = ", ".join(f'"{"schema" if name == "record_schema" else name}"' for name in _COLUMNS)
        stored = self.records.frame(_STORED, f"SELECT {columns} FROM media_items ORDER BY item_id")
        known = stored["known"].str.json_decode(pl.List(VALUE))
        frame = stored.with_columns(known.alias("values")).drop("known")
        if held := self._held():
            frame = _overlaid(frame, held, schemas)
        return MEDIA_ITEMS.conform(_titled(frame, schemas))

    def collections(self) -> list[str]:
        """The names of the collections that have items."""
        rows = self.records.rows("SELECT DISTINCT collection FROM media_items WHERE present ORDER BY collection")
        return [name for (name,) in rows]

    def schemas(self) -> dict[str, RecordSchema]:
        """The schemas by name: media, and those that people brought."""
        rows = self.records.rows("SELECT name, declaration FROM media_schemas ORDER BY name")
        return {MEDIA.name: MEDIA} | {name: schema_of(orjson.loads(text)) for name, text in rows}

    def declared_at(self, name: str) -> datetime | None:
        """When the schema of that name was declared as it is; None for one that is built in."""
        statement = "SELECT set_at FROM media_schemas WHERE name = :name"
        found = self.records.frame(pl.Schema({"set_at": UTC}), statement, {"name": name})["set_at"].to_list()
        return found[0] if found else None

    def libraries(self) -> list[Library]:
        """The library of each schema that has items."""
        schemas = self.schemas()
        return libraries(self._items(schemas), schemas)

    def source(self, collection: str, uri: str) -> dict[str, Any] | None:
        """The source as it was when it was read last; None where it never was."""
        key = stable_id("media source", collection, uri)
        found = self._sources("uri_key = :key", {"key": key})
        return found[0] if found else None

    def sources(self, collection: str) -> dict[str, dict[str, Any]]:
        """The sources of a collection, by place."""
        return {row["uri"]: row for row in self._sources("collection = :collection", {"collection": collection})}

    def _sources(self, where: str, values: dict[str, Any]) -> list[dict[str, Any]]:
        columns = ", ".join(f'"{name}"' for name in _SOURCES)
        statement = f"SELECT {columns} FROM media_sources WHERE {where}"
        return self.records.frame(pl.Schema(_SOURCES), statement, values).to_dicts()

    def _held(self) -> dict[str, list[dict[str, Any]]]:
        """The values of accepted proposals and those that people set, by item, the latest last."""
        these, values = among(HELD)
        columns = "item_id, field, value, origin, rule, confidence, decided_by"
        statement = f"SELECT {columns} FROM media_proposals WHERE state IN {these} ORDER BY item_id, decided_at, id"
        held: dict[str, list[dict[str, Any]]] = {}
        for item_id, field, value, origin, rule, confidence, by in self.records.rows(statement, values):
            source = f"set by {by}" if origin == "person" else f"{rule}, accepted by {by}"
            row = {"field": field, "value": orjson.loads(value), "origin": origin, "source": source}
            held.setdefault(item_id, []).append(row | {"confidence": confidence})
        return held


def _overlaid(
    frame: pl.DataFrame, held: dict[str, list[dict[str, Any]]], schemas: dict[str, RecordSchema]
) -> pl.DataFrame:
    """Put accepted values where nothing (or a placeholder) stands, and those that people set in place of anything."""
    touched = frame.filter(pl.col("item_id").is_in(list(held)))
    if touched.is_empty():
        return frame
    rows = []
    for item_id, record_schema, values in touched.select("item_id", "record_schema", "values").iter_rows():
        names = schemas[record_schema].names if record_schema in schemas else ()
        by_field = {value["field"]: value for value in values or []}
        for value in held[item_id]:
            stands = by_field.get(value["field"])
            # What was written into the file keeps its provenance: a tag that we wrote is nobody's word.
            ours = stands is not None and stands["value"] == value["value"]
            free = stands is None or is_placeholder(stands["value"], name=value["field"] in names)
            if value["origin"] == "person" or free or ours:
                by_field[value["field"]] = value
        rows.append({"item_id": item_id, "overlaid": list(by_field.values())})
    laid = pl.DataFrame(rows, schema={"item_id": pl.String, "overlaid": pl.List(VALUE)})
    joined = frame.join(laid, on="item_id", how="left", maintain_order="left")
    return joined.with_columns(values=pl.coalesce("overlaid", "values")).drop("overlaid")


def _titled(frame: pl.DataFrame, schemas: dict[str, RecordSchema]) -> pl.DataFrame:
    """The frame with ``title``, by what the schemas call it."""
    names = {name: schema.title for name, schema in schemas.items() if schema.title}
    field = pl.col("record_schema").replace_strict(names, default="", return_dtype=pl.String)
    own = (
        frame.select("item_id", "values", title_field=field)
        .explode("values", empty_as_null=False, keep_nulls=False)
        .filter(pl.col("values").struct.field("field") == pl.col("title_field"))
        .select("item_id", title=pl.col("values").struct.field("value").list.join("; "))
        .unique("item_id")
    )
    return frame.join(own, on="item_id", how="left", maintain_order="left")
