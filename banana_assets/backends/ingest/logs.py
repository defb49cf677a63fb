"""Taking in application logs.

A file is known by the hash of its content, not by its path, so a rotated or compressed copy of known content is known.
When what is known is the beginning of a file, the file has grown and only its new tail comes in, with the line numbers
going on. Batches of files are committed together; a file is in wholly or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from banana_assets.backends.blobs import Blob, register
from banana_assets.backends.ingest.archives import Member, members
from banana_assets.backends.ingest.content import CHUNK, Content, check_text, from_path
from banana_assets.backends.ingest.naming import archive_name, source_name
from banana_assets.backends.ingest.paths import Found, expand, is_archive_name
from banana_assets.backends.ingest.report import Item, Progress, Report
from banana_assets.backends.ingest.scanning import Known, Scan, scan_content, store_log
from banana_assets.backends.lines import Oddities
from banana_assets.backends.records import tables as t
from banana_assets.backends.records.engine import reading, writing
from banana_assets.backends.scratch import scratch_folder, sweep
from banana_assets.backends.store import Store
from banana_assets.core.errors import InputError

BATCH_FILES = 200
BATCH_BYTES = 32 << 20


@dataclass(frozen=True)
class Entry:
    """A file that waits for its commit."""

    content: Content
    source: str
    scan: Scan
    blob: Blob
    oddities: Oddities


@dataclass
class Shelf:
    """What is known of one source: committed rows, and those of this batch."""

    rows: list[Known]
    newest: int
    pending: list[Known] = field(default_factory=list)

    @property
    def all(self) -> list[Known]:
        """Both."""
        return self.rows + self.pending


def ingest_logs(
    store: Store, paths: Iterable[Path | str], *, source: str | None = None, progress: Progress | None = None
) -> Report:
    """Take in log files: paths of files, folders, globs, archives, or ``-``.

    ``source`` names what wrote them; told from each path where it is None. What cannot be used is in the report, the
    rest goes in. Raises StoreError when the store itself fails; what was committed before stays.
    """
    report = Report(progress=progress)
    store.blobs.sweep()
    sweep(store.settings.home / "tmp")
    with scratch_folder(store.settings.home) as scratch:
        taking = _Taking(store, report, source)
        for found in expand(map(Path, paths)):
            if isinstance(found, InputError):
                report.refuse("", found)
            else:
                taking.take_file(found, scratch)
        taking.commit()
    return report


class _Taking:
    def __init__(self, store: Store, report: Report, source: str | None) -> None:
        self.store, self.report, self.source = store, report, source
        self.shelves: dict[str, Shelf] = {}
        self.entries: list[Entry] = []

    def take_file(self, found: Found, scratch: Path) -> None:
        """Take a file, or leave it and say why."""
        path = found.path
        if is_archive_name(path.name):
            self.take_archive(path)
            return
        if not found.named and not found.log:
            self.report.add(Item(str(path), "aside", message="its name is not one that logs have"))
            return
        try:
            content = from_path(path, self.store.settings, scratch)
            check_text(content)
            name = "stdin" if str(path) == "-" else source_name(path.absolute())
            self.accept(self.prepare(content, self.source or name))
        except InputError as error:
            self.report.refuse(str(path), error)
        if len(self.entries) >= BATCH_FILES or sum(e.scan.size for e in self.entries) >= BATCH_BYTES:
            self.commit()

    def take_archive(self, path: Path) -> None:
        """Take all logs of an archive, or none of them."""
        with scratch_folder(self.store.settings.home) as scratch:
            try:
                logs = _logs(path, members(path, self.store.settings, scratch))
                for member in logs:
                    check_text(member.content)
                inside = archive_name(path.absolute())
                taken = [self.prepare(m.content, self.source or source_name(inside / m.path)) for m in logs]
            except InputError as error:
                self.report.refuse(str(path), error)
                return
            for entry in taken:
                self.accept(entry)
            self.commit()

    def prepare(self, content: Content, source: str) -> Entry | Item:
        """Compare the content with what is known and bring its new bytes to rest; no row is written yet."""
        shelf = self.shelf(source)
        scan = scan_content(content, shelf.all, self.store.settings.max_log_bytes)
        if scan.head and any(k.head == scan.head and k.end > scan.size for k in shelf.pending):
            # What waits may begin with all of this; the comparison needs its bytes at rest.
            self.commit()
            shelf = self.shelf(source)
        if scan.size == 0:
            return Item(content.name, "empty", source, message="it is empty")
        if any(k.content == scan.sha256 for k in shelf.all) or self.is_older_copy(scan, shelf):
            return Item(content.name, "known", source)
        start = scan.prefix.end if scan.prefix else 0
        blob, oddities = store_log(self.store, content, start, scan.size)
        if blob.sha256 != scan.tail_sha256:
            raise InputError(f"{content.name} changed while it was read.", "Run the same command again.")
        return Entry(content, source, scan, blob, oddities)

    def accept(self, entry: Entry | Item) -> None:
        if isinstance(entry, Item):
            self.report.add(entry)
            return
        if any(k.content == entry.scan.sha256 for k in self.shelf(entry.source).pending):
            self.report.add(Item(entry.content.name, "known", entry.source))
            return
        self.entries.append(entry)
        scan = entry.scan
        start = scan.prefix.end if scan.prefix else 0
        self.shelf(entry.source).pending.append(
            Known(0, scan.sha256, scan.head, start, scan.size, entry.blob.sha256, None)
        )

    def shelf(self, source: str) -> Shelf:
        if source not in self.shelves:
            with reading(self.store.engine) as connection:
                rows = _known(connection, source, 0)
            self.shelves[source] = Shelf(rows, max((k.id for k in rows), default=0))
        return self.shelves[source]

    def is_older_copy(self, scan: Scan, shelf: Shelf) -> bool:
        """Whether a known log begins with all of this one, as a copy made before it grew does."""
        if scan.head is None:
            return False
        by_id = {k.id: k for k in shelf.rows}
        for known in shelf.rows:
            if known.head != scan.head or known.end <= scan.size or known.start >= scan.size:
                continue
            pieces = [known]
            while pieces[0].continues is not None:
                pieces.insert(0, by_id[pieces[0].continues])
            digest, left = hashlib.sha256(), scan.size
            for piece in pieces:
                with self.store.blobs.open(piece.blob) as stream:
                    while left and (chunk := stream.read(min(CHUNK, left))):
                        digest.update(chunk)
                        left -= len(chunk)
            if digest.hexdigest() == scan.sha256:
                return True
        return False

    def commit(self) -> None:
        """Write the rows of this batch in one transaction. Where another process brought in the same source meanwhile,
        look again."""
        while self.entries:
            entries, self.entries = self.entries, []
            with writing(self.store.engine) as connection:
                raced = {e.source for e in entries if _newest(connection, e.source) > self.shelves[e.source].newest}
                kept = [e for e in entries if e.source not in raced]
                register(connection, [e.blob for e in kept])
                for entry in kept:
                    _insert(connection, entry)
            for entry in kept:
                self.report.add(
                    Item(
                        entry.content.name,
                        "grown" if entry.scan.prefix else "new",
                        entry.source,
                        entry.oddities,
                    )
                )
            for source in {e.source for e in entries}:
                del self.shelves[source]
            for entry in entries:
                if entry.source in raced:
                    try:
                        self.accept(self.prepare(entry.content, entry.source))
                    except InputError as error:
                        self.report.refuse(entry.content.name, error)


def _logs(path: Path, inside: list[Member]) -> list[Member]:
    logs = [member for member in inside if member.log]
    if not logs:
        raise InputError(f"{path} holds no logs.", "Name an archive of text files.")
    return logs


def _known(connection: sa.Connection, source: str, after: int) -> list[Known]:
    c = t.log_files.c
    rows = connection.execute(
        sa.select(c.id, c.content_sha256, c.head_sha256, c.start_byte, c.bytes, c.sha256, c.continues)
        .where(c.source == source, c.id > after)
        .order_by(c.id)
    )
    return [Known(r[0], r[1], r[2], r[3], r[3] + r[4], r[5], r[6]) for r in rows]


def _newest(connection: sa.Connection, source: str) -> int:
    c = t.log_files.c
    return connection.execute(sa.select(sa.func.max(c.id)).where(c.source == source)).scalar() or 0


def _insert(connection: sa.Connection, entry: Entry) -> None:
    c, scan = t.log_files.c, entry.scan
    before = None
    if scan.prefix is not None:
        before = connection.execute(
            sa.select(c.id).where(c.source == entry.source, c.content_sha256 == scan.prefix.content)
        ).scalar_one()
    now = datetime.now(UTC)
    connection.execute(
        t.log_files.insert().values(
            source=entry.source,
            path=entry.content.name,
            sha256=entry.blob.sha256,
            content_sha256=scan.sha256,
            head_sha256=scan.head,
            continues=before,
            start_byte=scan.prefix.end if scan.prefix else 0,
            first_line=scan.prefix_lines + 1,
            arrived_at=now,
            arrival_day=now.date(),
            **vars(entry.oddities),
        )
    )
