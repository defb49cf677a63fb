"""Blobs: bytes kept by their SHA-256, compressed with zstd, through fsspec.

A blob is first written under a temporary name, synced, and renamed to its address; its row comes afterwards, so a row
never points at nothing. What is small once compressed is kept in the row itself: a million tiny files are slower and
larger than rows of a table. ``stored_blobs`` reads them.
"""

from __future__ import annotations

import errno
import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Self

import sqlalchemy as sa
import zstandard

from banana_assets.backends.records import tables
from banana_assets.backends.records.engine import EngineRows, writing
from banana_assets.backends.scratch import owned_name, sweep
from banana_assets.backends.stored_blobs import CHUNK, StoredBlobs
from banana_assets.core.errors import StoreError

SMALL_BYTES = 64 << 10
"""Blobs of at most this compressed size are rows (bytes)."""

LEVEL = 3


@dataclass(frozen=True)
class Blob:
    """What was stored: its address, its size, its compressed size and, where it is a row, the compressed bytes."""

    sha256: str
    size: int
    stored_bytes: int
    content: bytes | None = None


class Blobs(StoredBlobs):
    """The blobs of one store, to be read and added to."""

    def __init__(self, engine: sa.Engine, root: str) -> None:
        super().__init__(EngineRows(engine), root)
        self.engine = engine

    def put(self, stream: IO[bytes]) -> Blob:
        """Store the stream's bytes; the same bytes again change nothing. Memory stays flat."""
        blob = self.write(stream)
        with writing(self.engine) as connection:
            register(connection, [blob])
        return blob

    def write(self, stream: IO[bytes]) -> Blob:
        """Bring the stream's bytes to rest without their row; ``register`` adds it, in the caller's transaction.

        Raises StoreError when the place cannot be written, for instance because it is full.
        """
        with self.writer() as writer:
            while chunk := stream.read(CHUNK):
                writer.write(chunk)
            return writer.finish()

    def writer(self) -> BlobWriter:
        """A blob to be written piece by piece."""
        return BlobWriter(self)

    def sweep(self) -> int:
        """Remove what killed processes left half written; returns how many."""
        return sweep(Path(self.root) / "tmp") if self.local else 0

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Turn what the place says (full, not permitted) into StoreError."""
        try:
            yield
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            raise StoreError(
                f"The logs cannot be stored in {self.root}: {error.strerror or error}.",
                "Free some room and run the same command again; nothing was half stored."
                if full
                else "Mend its permissions, or set BANANA_BLOBS_URL to a place of yours.",
            ) from error


def register(connection: sa.Connection, blobs: list[Blob]) -> None:
    """Add the rows of blobs that are at rest, in the caller's transaction; known ones stay as they are."""
    now = datetime.now(UTC)
    rows = [
        {
            "sha256": b.sha256,
            "bytes": b.size,
            "stored_bytes": b.stored_bytes,
            "content": b.content,
            "created_at": now,
        }
        for b in blobs
    ]
    if rows:
        connection.execute(insert_new(connection, tables.blobs), rows)


def insert_new(connection: sa.Connection, table: sa.Table) -> sa.Insert:
    """An insert that leaves alone what is already there."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table).on_conflict_do_nothing()


class BlobWriter:
    """A blob on its way. Leaving the ``with`` block without ``finish`` leaves nothing behind."""

    def __init__(self, blobs: Blobs) -> None:
        self.blobs = blobs
        self.digest = hashlib.sha256()
        self.size = 0
        self.compressor = zstandard.ZstdCompressor(level=LEVEL).compressobj()
        self.head = bytearray()
        self.spill: _Spill | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.spill is not None:
            self.spill.discard()

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self.digest.update(data)
        self.size += len(data)
        self._store(self.compressor.compress(data))

    def finish(self) -> Blob:
        """Bring the blob to rest under its address."""
        self._store(self.compressor.flush())
        address = self.digest.hexdigest()
        if self.spill is None:
            return Blob(address, self.size, len(self.head), bytes(self.head))
        with self.blobs.reported():
            self.spill.finish(self.blobs.path(address))
        return Blob(address, self.size, self.spill.size)

    def _store(self, packed: bytes) -> None:
        if self.spill is None and len(self.head) + len(packed) <= SMALL_BYTES:
            self.head += packed
            return
        with self.blobs.reported():
            if self.spill is None:
                self.spill = _Spill(self.blobs)
                self.spill.write(bytes(self.head))
            self.spill.write(packed)


class _Spill:
    """A blob on its way: a temporary file that becomes the blob, or nothing."""

    def __init__(self, blobs: Blobs) -> None:
        self.fs, self.local = blobs.fs, blobs.local
        self.temporary = f"{blobs.root}/tmp/{owned_name()}{uuid.uuid4().hex}.part"
        if self.local:
            Path(self.temporary).parent.mkdir(parents=True, exist_ok=True)
            self.file: IO[bytes] = open(self.temporary, "wb", buffering=0)  # noqa: PTH123, SIM115
        else:
            self.file = self.fs.open(self.temporary, "wb")
        self.size = 0
        self.there = True

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        self.size += len(view)
        while view:
            # Unbuffered files may take less than all of it.
            view = view[self.file.write(view) :]

    def finish(self, final: str) -> None:
        """Sync the file and give it its address."""
        if not self.local:
            self.file.close()
            self.fs.mkdirs(str(PurePosixPath(final).parent), exist_ok=True)
            self.fs.mv(self.temporary, final)
            self.there = False
            return
        os.fsync(self.file.fileno())
        self.file.close()
        folder = Path(final).parent
        folder.mkdir(parents=True, exist_ok=True)
        Path(self.temporary).replace(final)
        self.there = False
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def discard(self) -> None:
        """Leave nothing behind, unless it became the blob."""
        if not self.there:
            return
        self.there = False
        try:
            self.file.close()
        finally:
            if self.fs.exists(self.temporary):
                self.fs.rm_file(self.temporary)
