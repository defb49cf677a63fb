"""The media of a store, over the engine of its records: schemas, sources, items and their values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import sqlalchemy as sa

from banana_assets.backends.records import media_tables as t
from banana_assets.backends.records.engine import reading, writing
from banana_assets.core.errors import InputError
from banana_assets.core.evidence import stable_id
from banana_assets.core.media.items import Library, is_placeholder, library
from banana_assets.core.media.records import Read
from banana_assets.core.media.schema import RecordSchema, schema_of, told
from banana_assets.core.media.standard import MEDIA
from banana_assets.core.tables.media import MEDIA_ITEMS, VALUE

HELD = ("accepted", "applied")
"""States of a proposal whose value counts as known."""

_AT_ONCE = 5000
_COLUMNS = (
    "item_id", "collection", "record_schema", "kind", "uri", "content_sha256", "bytes", "known", "present",
    "arrived_at", "changed_at", "arrival_day",
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """A file, export or feed as it is now: ``bytes`` and ``mtime_ns`` are None where it is no file."""

    collection: str
    uri: str
    form: str
    schema: str
    sha256: str
    bytes: int | None = None
    mtime_ns: int | None = None

    @property
    def key(self) -> str:
        """The hash of collection and place."""
        return stable_id("media source", self.collection, self.uri)


@dataclass(frozen=True)
class Saved:
    """What a save did: items by what became of them."""

    new: int = 0
    changed: int = 0
    known: int = 0
    gone: int = 0

    def __add__(self, other: Saved) -> Saved:
        return Saved(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))


class MediaRecords:
    """The media of a store. Every frame is in a settled order."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def cursor(self) -> tuple[int, int, datetime | None]:
        """What changes whenever items, proposals or decisions do."""
        p = t.media_proposals.c
        with reading(self.engine) as connection:
            items = connection.execute(sa.select(sa.func.max(t.media_items.c.seq))).scalar() or 0
            last, decided = connection.execute(sa.select(sa.func.max(p.id), sa.func.max(p.decided_at))).one()
        return items, last or 0, decided

    def items(self, schema: str = "") -> pl.DataFrame:
        """The items (MEDIA_ITEMS) by item_id, of one schema or all, with the values that people and proposals add."""
        c = t.media_items.c
        query = sa.select(*(c["schema" if name == "record_schema" else name] for name in _COLUMNS)).order_by(c.item_id)
        if schema:
            query = query.where(c.schema == schema)
        with reading(self.engine) as connection:
            rows = [tuple(row) for row in connection.execute(query)]
            held = self._held(connection)
        schemas = self.schemas()
        stored = pl.DataFrame(rows, schema=_STORED, orient="row")
        known = stored["known"].str.json_decode(pl.List(VALUE))
        frame = stored.with_columns(known.alias("values")).drop("known")
        if held:
            frame = _overlaid(frame, held, schemas)
        return MEDIA_ITEMS.conform(_titled(frame, schemas))

    def schemas(self) -> dict[str, RecordSchema]:
        """The schemas by name: media, and those that people brought."""
        c = t.media_schemas.c
        with reading(self.engine) as connection:
            rows = list(connection.execute(sa.select(c.name, c.declaration).order_by(c.name)))
        return {MEDIA.name: MEDIA} | {name: schema_of(orjson.loads(text)) for name, text in rows}

    def set_schema(self, schema: RecordSchema) -> None:
        """Keep a schema in place of the one of its name. Raises InputError for the one of media, which is ours."""
        if schema.name == MEDIA.name:
            raise InputError("The schema media is built in.", "Give yours another name.")
        c = t.media_schemas.c
        values = {"declaration": orjson.dumps(told(schema)).decode(), "set_at": datetime.now(UTC)}
        with writing(self.engine) as connection:
            changed = connection.execute(sa.update(t.media_schemas).where(c.name == schema.name).values(values))
            if not changed.rowcount:
                connection.execute(sa.insert(t.media_schemas).values(name=schema.name, **values))

    def declared_at(self, name: str) -> datetime | None:
        """When the schema of that name was declared as it is; None for one that is built in."""
        c = t.media_schemas.c
        with reading(self.engine) as connection:
            return connection.execute(sa.select(c.set_at).where(c.name == name)).scalar()

    def libraries(self) -> list[Library]:
        """The library of each schema that has items."""
        frame = self.items()
        schemas = self.schemas()
        return [library(frame, schemas[name]) for name in sorted(frame["record_schema"].unique()) if name in schemas]

    def source(self, collection: str, uri: str) -> dict[str, Any] | None:
        """The source as it was when it was read last; None where it never was."""
        c = t.media_sources.c
        with reading(self.engine) as connection:
            key = stable_id("media source", collection, uri)
            row = connection.execute(sa.select(t.media_sources).where(c.uri_key == key)).mappings().one_or_none()
        return dict(row) if row else None

    def sources(self, collection: str) -> dict[str, dict[str, Any]]:
        """The sources of a collection, by place."""
        c = t.media_sources.c
        with reading(self.engine) as connection:
            found = connection.execute(sa.select(t.media_sources).where(c.collection == collection)).mappings()
            return {row["uri"]: dict(row) for row in found}

    def touch(self, source: Source) -> None:
        """Note the size and the time of a file whose content is as it was."""
        c = t.media_sources.c
        values = {"bytes": source.bytes, "mtime_ns": source.mtime_ns, "read_at": datetime.now(UTC)}
        with writing(self.engine) as connection:
            connection.execute(sa.update(t.media_sources).where(c.uri_key == source.key).values(values))

    def save(self, batch: Sequence[tuple[Source, Sequence[Read]]]) -> list[Saved]:
        """Keep what these sources say now, in one transaction; what one said before and says no more is gone."""
        with writing(self.engine) as connection:
            return [self._save(connection, source, found) for source, found in batch]

    def _save(self, connection: sa.Connection, source: Source, found: Sequence[Read]) -> Saved:
        now = datetime.now(UTC)
        source_id = _put_source(connection, source, now)
        c = t.media_items.c
        before = {
            row.item_id: row
            for row in connection.execute(
                sa.select(c.item_id, c.known, c.kind, c.content_sha256, c.present, c.schema).where(
                    c.source_id == source_id
                )
            )
        }
        seq = connection.execute(sa.select(sa.func.max(c.seq))).scalar() or 0
        new, changed, known = [], [], 0
        ids = {stable_id("media item", source.collection, source.schema, read.uri): read for read in reversed(found)}
        before |= _elsewhere(connection, [item_id for item_id in ids if item_id not in before])
        for item_id, read in reversed(ids.items()):
            text = orjson.dumps([value.told() for value in read.values]).decode()
            values = {
                "known": text, "kind": read.kind, "content_sha256": read.content_sha256, "bytes": read.bytes,
                "present": True, "schema": source.schema,
            }  # fmt: skip
            old = before.get(item_id)
            if old is None:
                seq += 1
                own = {"item_id": item_id, "seq": seq, "collection": source.collection, "uri": read.uri}
                own |= {"source_id": source_id, "arrived_at": now, "changed_at": now, "arrival_day": now.date()}
                new.append(values | own)
            elif (old.known, old.kind, old.content_sha256, old.present) != (text, read.kind, read.content_sha256, True):
                seq += 1
                own = {"seq": seq, "source_id": source_id, "changed_at": now}
                changed.append((item_id, values | own))
            else:
                known += 1
        for k in range(0, len(new), _AT_ONCE):
            connection.execute(sa.insert(t.media_items), new[k : k + _AT_ONCE])
        for item_id, values in changed:
            connection.execute(sa.update(t.media_items).where(c.item_id == item_id).values(values))
        gone = [item_id for item_id in before if item_id not in ids and before[item_id].present]
        self._gone(connection, gone, seq, now)
        return Saved(len(new), len(changed), known, len(gone))

    def remove(self, collection: str, uris: Iterable[str]) -> int:
        """Note that these sources of a collection are there no more; how many items are gone with them."""
        keys = [stable_id("media source", collection, uri) for uri in uris]
        c, s = t.media_items.c, t.media_sources.c
        gone = 0
        with writing(self.engine) as connection:
            seq = connection.execute(sa.select(sa.func.max(c.seq))).scalar() or 0
            for k in range(0, len(keys), 500):
                ids = sa.select(s.id).where(s.uri_key.in_(keys[k : k + 500]))
                rows = connection.execute(sa.select(c.item_id).where(c.source_id.in_(ids), c.present)).scalars().all()
                self._gone(connection, rows, seq + gone, datetime.now(UTC))
                gone += len(rows)
        return gone

    def _gone(self, connection: sa.Connection, ids: Sequence[str], seq: int, now: datetime) -> None:
        c = t.media_items.c
        for number, item_id in enumerate(ids, seq + 1):
            values = {"present": False, "seq": number, "changed_at": now}
            connection.execute(sa.update(t.media_items).where(c.item_id == item_id).values(values))

    def _held(self, connection: sa.Connection) -> dict[str, list[dict[str, Any]]]:
        """The values of accepted proposals and those that people set, by item, the latest last."""
        c = t.media_proposals.c
        columns = (c.item_id, c.field, c.value, c.origin, c.rule, c.confidence, c.decided_by)
        query = sa.select(*columns).where(c.state.in_(HELD)).order_by(c.item_id, c.decided_at, c.id)
        held: dict[str, list[dict[str, Any]]] = {}
        for item_id, field, value, origin, rule, confidence, by in connection.execute(query):
            source = f"set by {by}" if origin == "person" else f"{rule}, accepted by {by}"
            row = {"field": field, "value": orjson.loads(value), "origin": origin, "source": source}
            held.setdefault(item_id, []).append(row | {"confidence": confidence})
        return held


_STORED = pl.Schema(
    {n: pl.String if n == "known" else MEDIA_ITEMS.column(n).dtype for n in _COLUMNS}  # as in the records
)


def _put_source(connection: sa.Connection, source: Source, now: datetime) -> int:
    c = t.media_sources.c
    values = {
        "form": source.form, "schema": source.schema, "bytes": source.bytes, "mtime_ns": source.mtime_ns,
        "sha256": source.sha256, "read_at": now,
    }  # fmt: skip
    found = connection.execute(sa.select(c.id).where(c.uri_key == source.key)).scalar()
    if found is not None:
        connection.execute(sa.update(t.media_sources).where(c.id == found).values(values))
        return int(found)
    own = {"collection": source.collection, "uri": source.uri, "uri_key": source.key}
    done = connection.execute(sa.insert(t.media_sources).values(values | own))
    key = done.inserted_primary_key
    assert key is not None
    return int(key[0])


def _elsewhere(connection: sa.Connection, ids: Sequence[str]) -> dict[str, Any]:
    """Those of the items that other sources of the collection tell."""
    c = t.media_items.c
    columns = (c.item_id, c.known, c.kind, c.content_sha256, c.present, c.schema)
    found: dict[str, Any] = {}
    for k in range(0, len(ids), 500):
        query = sa.select(*columns).where(c.item_id.in_(ids[k : k + 500]))
        found |= {row.item_id: row for row in connection.execute(query)}
    return found


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


def local_path(uri: str) -> Path | None:
    """The file of an item, where its place is one."""
    return Path(uri) if uri.startswith("/") else None
