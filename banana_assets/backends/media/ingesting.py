"""Taking in media: folders of files, feeds, exports; a second time nothing that is as it was is read."""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from banana_assets.backends.ingest.paths import Found, expand
from banana_assets.backends.ingest.report import Item, Outcome, Progress, Report
from banana_assets.backends.lines import Oddities
from banana_assets.backends.media import feeds
from banana_assets.backends.media.exports import EXPORTS, read_export
from banana_assets.backends.media.files import is_media, read_media, sha256_of
from banana_assets.backends.media.records import MediaRecords, Saved, Source
from banana_assets.backends.store import Store
from banana_assets.core.errors import InputError
from banana_assets.core.evidence import plural
from banana_assets.core.media.records import Read
from banana_assets.core.media.schema import RecordSchema, schema_of
from banana_assets.core.media.standard import MEDIA

BATCH = 200
MOST_SCHEMA_BYTES = 1 << 20
SETTLED_NS = 2_000_000_000
"""A file written less than this before it was read may have been written once more since, at the same time of the
clock: its content is looked at again."""


def ingest_media(
    store: Store,
    paths: Iterable[Path | str],
    *,
    collection: str,
    schema: RecordSchema | None = None,
    table: str = "",
    progress: Progress | None = None,
    inside: Path | None = None,
) -> Report:
    """Take in what paths name: folders, media files, feeds (also http addresses of allowed hosts), exports.

    ``schema`` says what the records are: where none is told that of the collection so far, else media. It is kept under
    its name. ``table`` names that of a SQLite file. Of a folder that was read before, and of the folder ``inside``,
    files that are gone are noted. What cannot be used is in the report.
    """
    if not collection.strip():
        raise InputError("The collection has no name.", "Give one with --collection.")
    report = Report(progress=progress)
    taking = _Taking(store, report, collection.strip(), schema, table)
    told = [str(path) for path in paths]
    files = []
    for path in told:
        if path.startswith(("http://", "https://")):
            taking.take(path, lambda address=path: feeds.fetch(address, store.settings.feed_hosts))
        else:
            files.append(Path(path))
    for found in expand(files):
        if isinstance(found, InputError):
            report.refuse("", found)
        else:
            taking.take_file(found)
    taking.settle()
    taking.commit()
    for folder in (path for path in [*files, *([inside] if inside else [])] if path.is_dir()):
        taking.note_gone(folder.absolute())
    return report


def ingest_arrivals(store: Store, paths: Iterable[Path]) -> Report:
    """Take in files that came into the watched folder: the collection is the folder below ``media``, or media."""
    watched = store.settings.watch_folder
    root = watched.absolute() / MEDIA.name if watched else None
    by_folder: dict[Path | None, list[Path]] = {}
    for path in paths:
        own = root is not None and path.is_relative_to(root) and path.parent != root
        folder = root / path.relative_to(root).parts[0] if root and own else root
        by_folder.setdefault(folder, []).append(path)
    report = Report()
    for folder, files in by_folder.items():
        name = folder.name if folder else MEDIA.name
        inside = folder if folder != root else None
        report.items += ingest_media(store, files, collection=name, inside=inside).items
    return report


def schema_file(path: Path) -> RecordSchema:
    """The schema that a file declares (TOML, JSON, YAML). Raises InputError naming what is wrong."""
    try:
        data = path.read_bytes()
        if len(data) > MOST_SCHEMA_BYTES:
            raise InputError(f"{path} is larger than {MOST_SCHEMA_BYTES:,} bytes.", "Name a file with a schema.")
        text = data.decode("utf-8")
        told: Any = tomllib.loads(text) if path.suffix.lower() == ".toml" else yaml.safe_load(text)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
    except (ValueError, yaml.YAMLError) as error:
        raise InputError(f"{path} is no TOML, JSON or YAML: {str(error).splitlines()[0]}.", "Mend it.") from error
    return schema_of(told if isinstance(told, dict) else {}, path.stem.lower().replace("-", "_"))


class _Taking:
    def __init__(self, store: Store, report: Report, collection: str, schema: RecordSchema | None, table: str) -> None:
        self.records = MediaRecords(store.engine)
        self.known = self.records.sources(collection)
        if schema is None:
            names = {source["schema"] for source in self.known.values()}
            schema = self.records.schemas().get(names.pop(), MEDIA) if len(names) == 1 else MEDIA
        self.report, self.collection, self.schema, self.table = report, collection, schema, table
        if schema.name != MEDIA.name and self.records.schemas().get(schema.name) != schema:
            self.records.set_schema(schema)
        self.declared = self.records.declared_at(schema.name)
        self.seen: set[str] = set()
        self.pending: list[tuple[Source, list[Read]]] = []
        self.waiting: list[Source] = []
        self.notes: dict[str, list[str]] = {}

    def take_file(self, found: Found) -> None:
        """Take a file, or leave it and say why."""
        path = Path(os.path.abspath(found.path))  # noqa: PTH100 - a link stays what it is called
        ending = path.suffix.lower()
        if is_media(path):
            form = "file"
        elif found.named and (ending in EXPORTS or ending in feeds.FEEDS):
            form = EXPORTS.get(ending, "feed")
        else:
            why = "name it to take it in" if ending in EXPORTS or ending in feeds.FEEDS else "its name is not of media"
            outcome: Outcome = "failed" if found.named else "aside"
            message = f"{path} is no media file, feed or export by its name." if found.named else why
            self.report.add(Item(str(path), outcome, message=message))
            return
        self.seen.add(str(path))
        try:
            str(path).encode()
        except UnicodeEncodeError:
            name = os.fsencode(path).decode(errors="replace")
            self.report.refuse(name, InputError(f"The name of {name} is no UTF-8.", "Give the file another name."))
            return
        try:
            stat = path.stat()
            old = self.known.get(str(path))
            if old is not None and self._settled(old, stat):
                self.report.add(Item(str(path), "known", self.collection))
                return
            sha256 = sha256_of(path)
            source = Source(self.collection, str(path), form, self.schema.name, sha256, stat.st_size, stat.st_mtime_ns)
            if old is not None and old["sha256"] == sha256 and self._same_schema(old):
                self.records.touch(source)
                self.report.add(Item(str(path), "known", self.collection))
                return
            self.waiting.append(source)
        except OSError as error:
            self.report.refuse(str(path), InputError(f"{path} cannot be read: {error.strerror}.", "Check it."))

    def settle(self) -> None:
        """Read the files that are new or changed, once all of them are known: one that has only another place or name
        by now keeps its item."""
        waiting, self.waiting = self.waiting, []
        moves = self._moves(waiting)
        if moves:
            self.records.move(self.collection, moves)
            rows = [(source, self.known.pop(uri)) for uri, source in moves.items()]
            self.known |= {source.uri: row for source, row in rows}
            for uri, source in moves.items():
                self.notes[source.uri] = [f"moved from {uri}"]
        for source in waiting:
            try:
                self.add(source, self.read(Path(source.uri), source.form, source.sha256))
            except InputError as error:
                self.report.refuse(source.uri, error)
            except OSError as error:
                told = InputError(f"{source.uri} cannot be read: {error.strerror}.", "Check it.")
                self.report.refuse(source.uri, told)

    def _moves(self, waiting: list[Source]) -> dict[str, Source]:
        """Where each file was that is elsewhere now: a place that has its content no more."""
        now = {source.uri: source.sha256 for source in waiting}
        places: dict[str, list[str]] = {}
        for uri, old in self.known.items():
            if old["form"] == "file" and self._same_schema(old):
                places.setdefault(old["sha256"], []).append(uri)
        moves: dict[str, Source] = {}
        for source in waiting:
            left = [uri for uri in places.get(source.sha256, []) if uri not in moves and self._left(uri, now)]
            if source.form == "file" and left:
                # Of several of the same content that of the same name is meant.
                name = Path(source.uri).name
                same = [uri for uri in left if Path(uri).name == name]
                moves[min(same or left)] = source
        return moves

    def _left(self, uri: str, now: dict[str, str]) -> bool:
        if uri in now:
            return bool(now[uri] != self.known[uri]["sha256"])
        return uri not in self.seen and not os.path.lexists(uri)

    def _settled(self, old: dict[str, Any], stat: os.stat_result) -> bool:
        same = (old["bytes"], old["mtime_ns"]) == (stat.st_size, stat.st_mtime_ns) and self._same_schema(old)
        return same and old["read_at"].timestamp() * 1e9 - stat.st_mtime_ns > SETTLED_NS

    def _same_schema(self, old: dict[str, Any]) -> bool:
        """Whether the source was read by the schema as it is declared now."""
        return old["schema"] == self.schema.name and (self.declared is None or old["read_at"] >= self.declared)

    def read(self, path: Path, form: str, sha256: str) -> list[Read]:
        """What a file says."""
        if form == "file":
            return [read_media(path, self.schema, sha256)]
        if form == "feed":
            if path.stat().st_size > feeds.MOST_BYTES:
                raise InputError(f"{path} is larger than {feeds.MOST_BYTES:,} bytes.", "Name a smaller feed.")
            return feeds.read_feed(path.read_bytes(), str(path), self.schema)
        return read_export(path, self.schema, table=self.table, notes=self.notes.setdefault(str(path), []))

    def take(self, address: str, fetch: Any) -> None:
        """Take the feed of an address."""
        try:
            data = fetch()
            sha256 = hashlib.sha256(data).hexdigest()
            old = self.known.get(address)
            if old is not None and old["sha256"] == sha256 and self._same_schema(old):
                self.report.add(Item(address, "known", self.collection))
                return
            source = Source(self.collection, address, "feed", self.schema.name, sha256)
            self.add(source, feeds.read_feed(data, address, self.schema))
        except InputError as error:
            self.report.refuse(address, error)

    def add(self, source: Source, found: list[Read]) -> None:
        """Hold a source's items until its batch is full."""
        if not found:
            self.report.add(Item(source.uri, "empty", self.collection, message="it holds no item"))
            return
        self.pending.append((source, found))
        if len(self.pending) >= BATCH or sum(len(reads) for _, reads in self.pending) >= 50 * BATCH:
            self.commit()

    def commit(self) -> None:
        """Write the items of this batch in one transaction."""
        if not self.pending:
            return
        pending, self.pending = self.pending, []
        for (source, reads), saved in zip(pending, self.records.save(pending), strict=True):
            outcome: Outcome = "changed" if source.uri in self.known else "new"
            items = saved.new + saved.changed
            repeated = len(reads) - len({read.uri for read in reads})
            notes = self.notes.pop(source.uri, [])
            if saved.gone:
                notes.append(f"{plural(saved.gone, 'item')} no longer in it")
            if saved.taken:
                notes.append(f"{plural(saved.taken, 'item')} that another source told before: this one counts now")
            if repeated:
                notes.append(f"{plural(repeated, 'row')} of a place that an earlier row has: the earlier one counts")
            note = "; ".join(notes)
            if _nothing(saved):
                outcome = "known"
            self.report.add(Item(source.uri, outcome, self.collection, Oddities(lines=items), note))

    def note_gone(self, folder: Path) -> None:
        """Note the files of a folder that were there before and are no more."""
        inside = [uri for uri, old in self.known.items() if old["form"] == "file" and uri.startswith(f"{folder}/")]
        gone = [uri for uri in inside if uri not in self.seen and not Path(uri).exists()]
        if gone and self.records.remove(self.collection, gone):
            self.report.add(Item(str(folder), "aside", message=f"{plural(len(gone), 'file')} no longer there"))


def _nothing(saved: Saved) -> bool:
    return not (saved.new or saved.changed or saved.gone)
