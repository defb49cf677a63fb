"""Reading a log once: its hashes, what of it is known, and its new bytes on their way to the store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, cast

from banana_assets.backends.blobs import Blob, BlobWriter
from banana_assets.backends.ingest.content import CHUNK, Content
from banana_assets.backends.lines import Oddities, scan_oddities
from banana_assets.backends.store import Store
from banana_assets.core.errors import InputError

HEAD = 1024
"""Bytes whose hash tells logs apart that cannot be the same log at another length."""


@dataclass(frozen=True)
class Known:
    """A stored piece of a log: bytes ``start`` to ``end`` of the content with that hash."""

    id: int
    """0 while it waits for its commit."""

    content: str
    head: str | None
    start: int
    end: int
    blob: str
    continues: int | None


@dataclass(frozen=True)
class Scan:
    """The content of a file: its size and hashes, and the longest known beginning of it."""

    size: int
    sha256: str
    head: str | None
    prefix: Known | None
    prefix_lines: int
    tail_sha256: str


def scan_content(content: Content, known: Iterable[Known], limit: int) -> Scan:
    """Hash a content and find the longest known content that it begins with.

    Raises InputError when it is larger than ``limit`` bytes.
    """
    ends: list[tuple[int, Known]] = []
    whole, tail = hashlib.sha256(), hashlib.sha256()
    size = lines = prefix_lines = 0
    head: str | None = None
    prefix: Known | None = None
    with content.reading() as stream:
        first = stream.read(CHUNK)
        if len(first) >= HEAD:
            head = hashlib.sha256(first[:HEAD]).hexdigest()
        ends = sorted(((k.end, k) for k in known if k.head in (None, head)), key=lambda e: e[0], reverse=True)
        chunk = first
        while chunk:
            while ends and ends[-1][0] <= size + len(chunk):
                end, row = ends.pop()
                piece, chunk = chunk[: end - size], chunk[end - size :]
                for digest in (whole, tail):
                    digest.update(piece)
                size, lines = size + len(piece), lines + piece.count(b"\n")
                if whole.hexdigest() == row.content:
                    prefix, prefix_lines, tail = row, lines, hashlib.sha256()
            for digest in (whole, tail):
                digest.update(chunk)
            size, lines = size + len(chunk), lines + chunk.count(b"\n")
            if size > limit:
                raise InputError(
                    f"{content.name} is larger than {limit:,} bytes.", "Raise BANANA_MAX_LOG_BYTES if that is meant."
                )
            chunk = stream.read(CHUNK)
    return Scan(size, whole.hexdigest(), head, prefix, prefix_lines, tail.hexdigest())


def store_log(store: Store, content: Content, start: int = 0, end: int | None = None) -> tuple[Blob, Oddities]:
    """Bring the bytes ``start`` to ``end`` of a content to rest as a blob, counting what is odd about them.

    One pass, flat memory. Raises InputError when they are more than the settings allow.
    """
    with content.reading() as stream, store.blobs.writer() as writer:
        left = start
        while left and (skipped := stream.read(min(CHUNK, left))):
            left -= len(skipped)
        limit = store.settings.max_log_bytes
        tap = _Tap(stream, writer, limit + 1 if end is None else end - start)
        oddities = scan_oddities(cast("BinaryIO", tap), CHUNK)
        if oddities.bytes > limit:
            raise InputError(
                f"{content.name} is larger than {limit:,} bytes.", "Raise BANANA_MAX_LOG_BYTES if that is meant."
            )
        return writer.finish(), oddities


class _Tap:
    """The next ``left`` bytes of a stream, every one of which also goes to a writer."""

    def __init__(self, stream: BinaryIO, writer: BlobWriter, left: int) -> None:
        self.stream, self.writer, self.left = stream, writer, left

    def read(self, size: int) -> bytes:
        data = self.stream.read(min(size, self.left))
        self.left -= len(data)
        self.writer.write(data)
        return data
