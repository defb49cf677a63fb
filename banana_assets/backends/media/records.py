"""The media of a store, over the engine of its records: schemas, sources, items and their values."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from banana_assets.backends.media.reading import MediaReading
from banana_assets.backends.records import media_tables as t
from banana_assets.backends.records.engine import EngineRows, writing
from banana_assets.backends.records.rows import in_parts
from banana_assets.core.errors import InputError
from banana_assets.core.evidence import stable_id
from banana_assets.core.media.records import Read
from banana_assets.core.media.schema import RecordSchema, told
from banana_assets.core.media.standard import MEDIA

_AT_ONCE = 5000


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
    taken: int = 0
    """Of all these, those that another source told until now."""

    def __add__(self, other: Saved) -> Saved:
        return Saved(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))


class MediaRecords(MediaReading):
    """The media of a store, over the engine of its records."""

    def __init__(self, engine: sa.Engine) -> None:
        super().__init__(EngineRows(engine))
        self.engine = engine

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
                sa.select(c.item_id, c.uri, c.known, c.kind, c.content_sha256, c.present, c.schema).where(
                    c.source_id == source_id
                )
            )
        }
        seq = _last(connection)
        new, changed, known = [], [], 0
        ids, others = _identified(connection, source, before, found)
        taken = sum(row.present for row in others.values())
        before |= others
        for item_id, read in reversed(ids.items()):
            text = orjson.dumps([value.told() for value in read.values]).decode()
            values = {
                "known": text, "kind": read.kind, "content_sha256": read.content_sha256, "bytes": read.bytes,
                "present": True, "schema": source.schema,
            }  # fmt: skip
            old = before.get(item_id)
            if old is None:
                seq += 1
                own: dict[str, Any] = {"item_id": item_id, "seq": seq, "collection": source.collection, "uri": read.uri}
                own |= {"source_id": source_id, "arrived_at": now, "changed_at": now, "arrival_day": now.date()}
                new.append(values | own)
            elif (old.known, old.kind, old.content_sha256, old.present) != (text, read.kind, read.content_sha256, True):
                seq += 1
                own = {"seq": seq, "source_id": source_id, "changed_at": now}
                changed.append((item_id, values | own))
            else:
                known += 1
        for part in in_parts(new, _AT_ONCE):
            connection.execute(sa.insert(t.media_items), part)
        for item_id, values in changed:
            connection.execute(sa.update(t.media_items).where(c.item_id == item_id).values(values))
        gone = [item_id for item_id in before if item_id not in ids and before[item_id].present]
        self._gone(connection, gone, seq, now)
        return Saved(len(new), len(changed), known, len(gone), taken)

    def move(self, collection: str, moves: Mapping[str, Source]) -> None:
        """Let the item of each file that was at a place be that of the file that is elsewhere now: all that is known of
        it, and was decided and written, goes with it. What was at that place before and moved nowhere is gone."""
        s = t.media_sources.c
        old = {uri: stable_id("media source", collection, uri) for uri in moves}
        with writing(self.engine) as connection:
            ids = {
                uri: connection.execute(sa.select(s.id).where(s.uri_key == key)).scalar_one()
                for uri, key in old.items()
            }
            for source in moves.values():
                there = connection.execute(sa.select(s.id).where(s.uri_key == source.key)).scalar()
                if there is not None and there not in ids.values():
                    self._displace(connection, there, "gone")
                    c = t.media_items.c
                    gone = (
                        connection.execute(sa.select(c.item_id).where(c.source_id == there, c.present)).scalars().all()
                    )
                    self._gone(connection, gone, _last(connection), datetime.now(UTC))
            # Two files may have changed places: each leaves its own before any arrives.
            for source_id in ids.values():
                self._displace(connection, source_id, "moving")
            for uri, source in moves.items():
                where: dict[str, Any] = {"uri": source.uri, "uri_key": source.key}
                connection.execute(sa.update(t.media_sources).where(s.id == ids[uri]).values(where))
                own = sa.update(t.media_items).where(t.media_items.c.source_id == ids[uri])
                connection.execute(own.values(uri=source.uri, seq=_last(connection) + 1))

    def _displace(self, connection: sa.Connection, source_id: int, why: str) -> None:
        key = stable_id("media source", why, str(source_id))
        connection.execute(sa.update(t.media_sources).where(t.media_sources.c.id == source_id).values(uri_key=key))

    def remove(self, collection: str, uris: Iterable[str]) -> int:
        """Note that these sources of a collection are there no more; how many items are gone with them."""
        keys = [stable_id("media source", collection, uri) for uri in uris]
        c, s = t.media_items.c, t.media_sources.c
        gone = 0
        with writing(self.engine) as connection:
            seq = _last(connection)
            for part in in_parts(keys):
                ids = sa.select(s.id).where(s.uri_key.in_(part))
                rows = connection.execute(sa.select(c.item_id).where(c.source_id.in_(ids), c.present)).scalars().all()
                self._gone(connection, rows, seq + gone, datetime.now(UTC))
                gone += len(rows)
        return gone

    def _gone(self, connection: sa.Connection, ids: Sequence[str], seq: int, now: datetime) -> None:
        c = t.media_items.c
        for number, item_id in enumerate(ids, seq + 1):
            values = {"present": False, "seq": number, "changed_at": now}
            connection.execute(sa.update(t.media_items).where(c.item_id == item_id).values(values))


def _last(connection: sa.Connection) -> int:
    """The last number that an arrival or a change was given."""
    return connection.execute(sa.select(sa.func.max(t.media_items.c.seq))).scalar() or 0


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


def _identified(
    connection: sa.Connection, source: Source, before: Mapping[str, Any], found: Sequence[Read]
) -> tuple[dict[str, Read], dict[str, Any]]:
    """What was read by its item's id, the last first: that of the item of this place, or a new one; and those of the
    items that other sources of the collection tell.

    An id is the hash of the place where the item was first; when it was moved, that of another file at that place is
    another one.
    """
    own = {(row.schema, row.uri): row.item_id for row in before.values()}
    wanted = {
        read.uri: stable_id("media item", source.collection, source.schema, read.uri)
        for read in found
        if (source.schema, read.uri) not in own
    }
    c = t.media_items.c
    columns = (c.item_id, c.uri, c.known, c.kind, c.content_sha256, c.present, c.schema)
    there: dict[str, Any] = {}
    for part in in_parts(list(wanted.values())):
        query = sa.select(*columns).where(c.item_id.in_(part))
        there |= {row.item_id: row for row in connection.execute(query)}
    named = {}
    for read in reversed(found):
        item_id = own.get((source.schema, read.uri)) or wanted[read.uri]
        if item_id in there and there[item_id].uri != read.uri:
            item_id = stable_id("media item", source.collection, source.schema, read.uri, secrets.token_hex(8))
        named[item_id] = read
    return named, {item_id: row for item_id, row in there.items() if item_id in named and item_id not in before}


def local_path(uri: str) -> Path | None:
    """The file of an item, where its place is one."""
    return Path(uri) if uri.startswith("/") else None
