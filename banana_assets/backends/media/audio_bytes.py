"""Which bytes of a file are sound: what writing tags must leave as it is.

ID3v2 (https://id3.org/id3v2.4.0-structure), FLAC (RFC 9639), Ogg (RFC 3533), RIFF and IFF chunks, ISO base media.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 20


def digest(path: Path) -> str:
    """The hash of the sound in a file, whatever its tags say; of the whole file where its form is not known."""
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        spans = _spans(stream, size)
        found = hashlib.sha256()
        for start, end in spans:
            stream.seek(start)
            left = end - start
            while left > 0 and (chunk := stream.read(min(CHUNK, left))):
                found.update(chunk)
                left -= len(chunk)
        return found.hexdigest()


def after_id3(path: Path) -> int:
    """Where a file goes on behind its ID3v2 tag; 0 where it has none."""
    with path.open("rb") as stream:
        return _after_id3(stream)


def _spans(stream: BinaryIO, size: int) -> list[tuple[int, int]]:
    start = _after_id3(stream)
    stream.seek(start)
    head = stream.read(12)
    if head[:4] == b"fLaC":
        return [(_after_blocks(stream, start + 4), size)]
    if head[:4] == b"OggS":
        return list(_pages(stream, start, size))
    if head[:4] in (b"RIFF", b"FORM") and head[8:12] in (b"WAVE", b"AIFF", b"AIFC"):
        wanted = b"data" if head[8:12] == b"WAVE" else b"SSND"
        return list(_chunks(stream, start + 12, size, wanted, "little" if wanted == b"data" else "big"))
    if head[4:8] == b"ftyp":
        return list(_boxes(stream, start, size))
    stream.seek(max(start, size - 128))
    tail = 128 if size - start >= 128 and stream.read(3) == b"TAG" else 0
    return [(start, size - tail)]


def _after_id3(stream: BinaryIO) -> int:
    stream.seek(0)
    head = stream.read(10)
    if len(head) < 10 or head[:3] != b"ID3":
        return 0
    length = sum((byte & 0x7F) << (7 * place) for place, byte in zip((3, 2, 1, 0), head[6:10], strict=True))
    return 10 + length + (10 if head[5] & 0x10 else 0)


def _after_blocks(stream: BinaryIO, at: int) -> int:
    last = False
    while not last:
        stream.seek(at)
        head = stream.read(4)
        if len(head) < 4:
            break
        last = bool(head[0] & 0x80)
        at += 4 + int.from_bytes(head[1:], "big")
    return at


def _pages(stream: BinaryIO, at: int, size: int) -> Iterator[tuple[int, int]]:
    """What the pages carry, from the first one that ends a sample."""
    began = False
    while at + 27 <= size:
        stream.seek(at)
        head = stream.read(27)
        if head[:4] != b"OggS":
            return
        lengths = stream.read(head[26])
        body = at + 27 + len(lengths)
        granule = int.from_bytes(head[6:14], "little", signed=True)
        began = began or granule > 0
        if began:
            yield body, body + sum(lengths)
        at = body + sum(lengths)


def _chunks(stream: BinaryIO, at: int, size: int, wanted: bytes, order: str) -> Iterator[tuple[int, int]]:
    while at + 8 <= size:
        stream.seek(at)
        head = stream.read(8)
        length = int.from_bytes(head[4:], "little" if order == "little" else "big")
        if head[:4] == wanted:
            yield at + 8, min(at + 8 + length, size)
        at += 8 + length + (length & 1)


def _boxes(stream: BinaryIO, at: int, size: int) -> Iterator[tuple[int, int]]:
    while at + 8 <= size:
        stream.seek(at)
        head = stream.read(16)
        length = int.from_bytes(head[:4], "big")
        body = at + 8
        if length == 1:
            length, body = int.from_bytes(head[8:16], "big"), at + 16
        end = size if length == 0 else at + length
        if head[4:8] == b"mdat":
            yield body, min(end, size)
        if end <= at:
            return
        at = end
