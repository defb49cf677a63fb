"""Input that can be read more than once, whatever it comes from, and the refusal of what is no text."""

from __future__ import annotations

import io
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

from banana_assets.backends.lines import open_log, texts_of
from banana_assets.backends.plain_text import refuse_no_text
from banana_assets.backends.settings import Settings
from banana_assets.core.errors import InputError

IN_MEMORY = 8 << 20
"""Input up to this size (bytes, uncompressed) is read once and held."""

SNIFFED = 64 << 10
WHOLE = 256 << 20
"""Largest input that is read as one piece: manifests, test reports, tables of readings (bytes, uncompressed)."""
CHUNK = 1 << 20


@dataclass(frozen=True)
class Content:
    """A named input. ``open`` gives its plain bytes from the beginning, as often as it is called."""

    name: str
    open: Callable[[], BinaryIO]

    @classmethod
    def of_bytes(cls, name: str, data: bytes) -> Content:
        """Input that is in memory."""
        return cls(name, lambda: io.BytesIO(data))

    @contextmanager
    def reading(self) -> Iterator[BinaryIO]:
        """The open stream; what the disk says becomes an InputError."""
        try:
            with self.open() as stream:
                yield stream
        except OSError as error:
            raise InputError(f"{self.name} cannot be read: {error.strerror or error}.", "Check the disk.") from error

    def whole(self, limit: int = WHOLE) -> bytes:
        """All bytes, of input that has to be in memory. Raises InputError when they are more than ``limit``."""
        data = self.head(limit + 1)
        if len(data) > limit:
            raise InputError(f"{self.name} is larger than {limit:,} bytes.", "Split it into smaller files.")
        return data

    def head(self, size: int = SNIFFED) -> bytes:
        """The first bytes."""
        with self.reading() as stream:
            return stream.read(size)


def from_path(path: Path, settings: Settings, scratch: Path, name: str | None = None) -> Content:
    """A file as input; gzip and zstd are unpacked. ``-``, pipes and other things that can be read only once are copied
    to ``scratch``.

    Raises InputError for what cannot be opened, is damaged, or unpacks to more than the settings allow.
    """
    shown = name or ("standard input" if str(path) == "-" else str(path))

    def opened(at: Path = path) -> BinaryIO:
        return open_log(at, settings.unpack_limits, name)

    try:
        once = str(path) == "-" or not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        # open_log says in one sentence what is wrong with this path.
        once = False
    if not once:
        try:
            with opened() as stream:
                data = stream.read(IN_MEMORY + 1)
        except OSError as error:
            raise InputError(f"{shown} cannot be read: {error.strerror or error}.", "Check the disk.") from error
        if len(data) <= IN_MEMORY:
            return Content.of_bytes(shown, data)
        return Content(shown, opened)
    handle, copy = tempfile.mkstemp(dir=scratch)
    with os.fdopen(handle, "wb") as out, opened() as stream:
        _copy(stream, out, settings.max_log_bytes, shown)
    return from_path(Path(copy), settings, scratch, shown)


def check_text(content: Content) -> None:
    """Refuse what is no text, by its first 64 KiB. Raises InputError saying what it seems to be."""
    refuse_no_text(content.name, content.head())


def file_lines(path: Path, settings: Settings) -> list[str]:
    """The lines of a log file, split at LF, cut where they are longer than any message.

    Raises InputError for what cannot be opened, is damaged or no text, or unpacks to more than the settings allow.
    """
    with tempfile.TemporaryDirectory() as scratch:
        content = from_path(path, settings, Path(scratch))
        check_text(content)
        with content.reading() as stream:
            return texts_of(stream)


def _copy(stream: BinaryIO, out: IO[bytes], limit: int, name: str) -> None:
    size = 0
    while chunk := stream.read(CHUNK):
        size += len(chunk)
        if size > limit:
            raise InputError(f"{name} is larger than {limit:,} bytes.", "Raise BANANA_MAX_LOG_BYTES if that is meant.")
        out.write(chunk)


def joined(name: str, parts: Sequence[Content]) -> Content:
    """The contents one after the other, as one."""
    return Content(name, lambda: cast("BinaryIO", io.BufferedReader(_Chain(parts))))


class _Chain(io.RawIOBase):
    def __init__(self, parts: Sequence[Content]) -> None:
        self.left = list(parts)
        self.stream: BinaryIO | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        while self.stream is not None or self.left:
            if self.stream is None:
                self.stream = self.left.pop(0).open()
            data = self.stream.read(len(view))
            if data:
                view[: len(data)] = data
                return len(data)
            self.stream.close()
            self.stream = None
        return 0
