"""Log files as lines: opening plain, gzip and zstd files safely, and reading them as frames in bounded memory."""

from __future__ import annotations

import io
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

import polars as pl

from banana_assets.core.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_TEXT = 64 << 10
"""Bytes of a line that the text column keeps."""

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_RATIO_FLOOR = 16 << 20
"""Uncompressed bytes below which no ratio is suspicious: one line repeated compresses a thousandfold."""


@dataclass
class Oddities:
    """What reading met: counts of lines, bytes (uncompressed) and of lines that no tidy text file has."""

    lines: int = 0
    bytes: int = 0
    invalid_utf8_lines: int = 0
    nul_lines: int = 0
    long_lines: int = 0

    def __iadd__(self, other: Oddities) -> Oddities:
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))
        return self


class _Decoder(Protocol):
    """What zlib and zstandard decompression objects have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class _Decompressed(io.RawIOBase):
    """The plain bytes of a compressed stream, refusing damage and bombs with an InputError.

    Input is fed in pieces so small that one piece cannot expand beyond memory (a zstd block of 4 bytes can stand
    for 128 KiB).
    """

    _PIECE = 4096

    def __init__(
        self, raw: BinaryIO, start: Callable[[], _Decoder], broken: type[Exception], name: str, limits: tuple[int, int]
    ) -> None:
        super().__init__()
        self._raw, self._start, self._broken, self._name = raw, start, broken, name
        self._max_bytes, self._max_ratio = limits
        self._decoder: _Decoder | None = None
        self._ready = memoryview(b"")
        self._taken = self._given = 0

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._raw.close()
        super().close()

    def readinto(self, buffer: Any, /) -> int:
        target = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(target):
            if not self._ready:
                block = self._next()
                if block is None:
                    break
                self._ready = memoryview(block)
                continue
            n = min(len(target) - filled, len(self._ready))
            target[filled : filled + n] = self._ready[:n]
            self._ready = self._ready[n:]
            filled += n
        return filled

    def _next(self) -> bytes | None:
        """The next plain bytes (may be empty), or None at the end of the stream."""
        data = b""
        if self._decoder is not None and self._decoder.eof:
            # A further member may follow, or the zero bytes that tape tools pad with.
            data = self._decoder.unused_data.lstrip(b"\0")
            self._decoder = None
        if not data:
            try:
                data = self._raw.read(self._PIECE)
            except OSError as error:
                raise InputError(f"{self._name} cannot be read: {error.strerror}.", "Check the disk.") from error
            self._taken += len(data)
            if self._decoder is None:
                data = data.lstrip(b"\0") if self._given else data
        if not data:
            if self._decoder is not None:
                raise InputError(
                    f"{self._name} is cut short: its compressed data ends in the middle.", "Copy or download it again."
                )
            return None
        if self._decoder is None:
            self._decoder = self._start()
        try:
            plain = self._decoder.decompress(data)
        except self._broken as error:
            raise InputError(
                f"{self._name} has damaged compressed data ({error}).", "Copy or download it again."
            ) from error
        self._given += len(plain)
        if self._given > self._max_bytes:
            raise InputError(
                f"{self._name} unpacks to more than {self._max_bytes:,} bytes.",
                "Set BANANA_MAX_LOG_BYTES higher if that is meant, or take in the part that matters.",
            )
        if self._given > _RATIO_FLOOR and self._given > self._taken * self._max_ratio:
            raise InputError(
                f"{self._name} unpacks to more than {self._max_ratio:,} times its size, as a decompression bomb does.",
                "Set BANANA_MAX_ARCHIVE_RATIO higher if that is meant, or unpack it yourself.",
            )
        return plain


def open_log(path: Path | str, limits: Callable[[], tuple[int, int]], name: str | None = None) -> BinaryIO:
    """The plain bytes of a log: plain, gzip or zstd told by its first bytes; ``-`` is standard input.

    ``limits`` says (for compressed files alone) how many bytes one may unpack to, and how many times its size; errors
    call it ``name``, its path unless told. Raises InputError for a path that is missing, a folder or not permitted; the
    stream raises it while reading when compressed data is cut, damaged or beyond the bounds. An empty file is a log
    without lines.
    """
    name = name or ("Standard input" if str(path) == "-" else str(path))
    try:
        raw = cast("BinaryIO", sys.stdin.buffer) if str(path) == "-" else Path(path).open("rb")  # noqa: SIM115 - the caller closes it
    except FileNotFoundError as error:
        raise InputError(f"{name} does not exist.", "Check the path.") from error
    except IsADirectoryError as error:
        raise InputError(f"{name} is a folder.", "Name a file in it.") from error
    except PermissionError as error:
        raise InputError(f"{name} may not be read.", "Give yourself the permission to read it.") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{name} cannot be opened: {error}.", "Check the path.") from error
    buffered = cast("io.BufferedReader", raw)
    magic = buffered.peek(4)[:4]
    start: Callable[[], _Decoder]
    broken: type[Exception]
    if magic.startswith(_GZIP):
        start, broken = _gzip_decoder, zlib.error
    elif magic.startswith(_ZSTD):
        import zstandard

        start, broken = _zstd_decoder, zstandard.ZstdError
    else:
        return raw
    plain = _Decompressed(raw, start, broken, name, limits())
    return cast("BinaryIO", io.BufferedReader(plain, 1 << 20))


def _gzip_decoder() -> _Decoder:
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)


def _zstd_decoder() -> _Decoder:
    import zstandard

    return cast("_Decoder", zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj())


def read_lines(
    stream: BinaryIO, chunk_bytes: int = 16 << 20, *, oddities: Oddities | None = None
) -> Iterator[pl.DataFrame]:
    """Frames of the lines in a stream: ``line`` (Int64, 1-based) and ``text`` (String).

    Lines end at LF; one CR before it is dropped; a lone CR ends nothing. Bytes that are no UTF-8 become U+FFFD, NUL
    bytes stay, text is cut at 64 KiB (at a character). Memory is bounded by a few times ``chunk_bytes`` however long
    a line is. ``oddities`` is counted up while reading.
    """
    seen = Oddities() if oddities is None else oddities
    for block in read_blocks(stream, chunk_bytes, oddities=seen):
        text = _texts(block)
        first = seen.lines - len(text) + 1
        yield pl.DataFrame({"line": pl.int_range(first, first + len(text), dtype=pl.Int64, eager=True), "text": text})


def texts_of(stream: BinaryIO, most: int | None = None) -> list[str]:
    """The lines of a log as texts; of a long one at least the first ``most``, and little more."""
    found: list[str] = []
    for block in read_blocks(stream):
        found += block.decode().replace("\r\n", "\n").split("\n")[:-1]
        if most is not None and len(found) >= most:
            break
    return found


def read_blocks(stream: BinaryIO, chunk_bytes: int = 16 << 20, *, oddities: Oddities | None = None) -> Iterator[bytes]:
    """The same lines as blocks of UTF-8, each line ended by LF (a CR before it still there)."""
    seen = Oddities() if oddities is None else oddities
    for raw in whole_lines(stream, chunk_bytes, seen):
        block, found = tidied(raw)
        seen += found
        yield block


def tidied(raw: bytes) -> tuple[bytes, Oddities]:
    """A block of ``whole_lines`` as UTF-8 whose lines are cut at 64 KiB, and what was odd about it."""
    seen = Oddities()
    invalid = _count(raw, seen)
    if seen.long_lines:
        return b"\n".join(_cut(line) for line in raw.split(b"\n")), seen
    if invalid:
        # Replacing never swallows or makes a line feed, so that the lines stay the same lines.
        return raw.decode("utf-8", "replace").encode(), seen
    return raw, seen


def _cut(line: bytes) -> bytes:
    """The line as UTF-8 of at most ``MAX_TEXT`` bytes."""
    if len(line) > MAX_TEXT:
        line = line[:MAX_TEXT].decode("utf-8", "ignore").encode()
    return line.decode("utf-8", "replace").encode()


def scan_oddities(stream: BinaryIO, chunk_bytes: int = 16 << 20) -> Oddities:
    """Count the lines, bytes and odd lines of a stream without making frames of them."""
    seen = Oddities()
    for raw in whole_lines(stream, chunk_bytes, seen):
        _count(raw, seen)
    return seen


def whole_lines(stream: BinaryIO, chunk_bytes: int, seen: Oddities) -> Iterator[bytes]:
    """Blocks of whole lines as they are, each ended by LF (added to a last line without one); the inside of a line
    that is too long is left out. ``seen`` has its bytes counted alone."""
    rest = b""
    skipping = False
    while chunk := stream.read(chunk_bytes):
        seen.bytes += len(chunk)
        if skipping:
            end = chunk.find(b"\n")
            if end < 0:
                continue
            # One byte over the limit stays, so that the line is still counted as long further on.
            chunk, skipping = chunk[end:], False
        cut = chunk.rfind(b"\n") + 1
        if cut:
            yield b"".join((rest, memoryview(chunk)[:cut]))
            rest = chunk[cut:]
        else:
            rest += chunk
        if len(rest) > MAX_TEXT + 1:
            rest, skipping = rest[: MAX_TEXT + 2], True
    if rest:
        yield rest + b"\n"


def _count(block: bytes, seen: Oddities) -> int:
    """Count the oddities of a block; the number of its lines with bytes that are no UTF-8."""
    seen.lines += block.count(b"\n")
    seen.long_lines += _long_lines(block)
    if b"\0" in block:
        seen.nul_lines += sum(b"\0" in line for line in block.split(b"\n"))
    if block.isascii():
        return 0
    try:
        block.decode()
    except UnicodeDecodeError:
        bad = sum(not _is_utf8(line) for line in block.split(b"\n"))
        seen.invalid_utf8_lines += bad
        return bad
    return 0


def _long_lines(block: bytes) -> int:
    """Lines of more than ``MAX_TEXT`` bytes, found in strides of that length: a stride with a line feed holds none."""
    at = found = 0
    while at < len(block):
        end = block.rfind(b"\n", at, at + MAX_TEXT + 1)
        if end < 0:
            found += 1
            end = block.index(b"\n", at)
        at = end + 1
    return found


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError as error:
        # What was cut at the limit may end inside a character, which is no fault of the line.
        return len(line) > MAX_TEXT and error.start >= MAX_TEXT - 3
    return True


def _texts(block: bytes) -> pl.Series:
    """The lines of a block as a String series, without copying their text (Arrow string views over the block)."""
    import numpy as np

    data = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(data == 10)
    starts = np.empty_like(ends)
    starts[0] = 0
    starts[1:] = ends[:-1] + 1
    lengths = ends - starts
    if b"\r\n" in block:
        lengths -= (data[np.maximum(ends - 1, 0)] == 13) & (lengths > 0)
    return _view(block, data, starts, lengths)


def _view(block: bytes, data: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> pl.Series:
    """String views (Arrow columnar format, variable-size binary view layout) into the block."""
    import numpy as np
    import pyarrow as pa

    views = np.zeros((len(starts), 4), np.uint32)
    views[:, 0] = lengths
    views[:, 3] = starts
    padded = np.zeros(len(data) + 12, np.uint8)
    padded[: len(data)] = data
    views[:, 1] = padded[starts[:, None] + np.arange(4)].view(np.uint32)[:, 0]
    short = np.flatnonzero(lengths <= 12)
    if len(short):
        # Up to 12 bytes live in the view itself, padded with zeros.
        inline = padded[starts[short, None] + np.arange(12)]
        inline[np.arange(12)[None, :] >= lengths[short, None]] = 0
        views[short, 1:] = inline.view(np.uint32)
    array = pa.Array.from_buffers(pa.string_view(), len(starts), [None, pa.py_buffer(views), pa.py_buffer(block)])
    return pl.Series("text", array, dtype=pl.String)
