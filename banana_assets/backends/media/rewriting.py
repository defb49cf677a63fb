"""Writing into a file of somebody's: on a copy, checked, in place of it in one step, and back again byte by byte."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from banana_assets.backends.media import tags
from banana_assets.backends.media.audio_bytes import digest
from banana_assets.backends.media.files import opened, sha256_of
from banana_assets.core.errors import InputError

CHUNK = 1 << 20
LEFT_SECONDS = 600.0
"""A copy of that age is nobody's any more: it is there while one file is written."""


@dataclass(frozen=True)
class Difference:
    """How two files differ: the first so many bytes and the last so many are the same; ``replaced`` are the bytes of
    the former between them."""

    same_head: int
    same_tail: int
    replaced: bytes


def difference(before: Path, after: Path) -> Difference:
    """What to keep of ``before`` so that it can be made again from ``after``."""
    size, other = before.stat().st_size, after.stat().st_size
    most = min(size, other)
    with before.open("rb") as a, after.open("rb") as b:
        head = _same(a, b, most)
        tail = _same_back(a, b, size, other, most - head)
        a.seek(head)
        return Difference(head, tail, a.read(size - head - tail))


def _same(a: Any, b: Any, most: int) -> int:
    at = 0
    while at < most:
        n = min(CHUNK, most - at)
        a.seek(at)
        b.seek(at)
        x, y = a.read(n), b.read(n)
        if x != y:
            return at + next(k for k, (p, q) in enumerate(zip(x, y, strict=True)) if p != q)
        at += n
    return at


def _same_back(a: Any, b: Any, size: int, other: int, most: int) -> int:
    at = 0
    while at < most:
        n = min(CHUNK, most - at)
        a.seek(size - at - n)
        b.seek(other - at - n)
        x, y = a.read(n), b.read(n)
        if x != y:
            reverse = zip(reversed(x), reversed(y), strict=True)
            return at + next(k for k, (p, q) in enumerate(reverse) if p != q)
        at += n
    return at


@contextmanager
def copied(path: Path) -> Iterator[Path]:
    """A copy beside the file, with its permissions, owner and times; it is gone at the end of the block."""
    _sweep(path)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=_prefix(path), suffix=path.suffix)
    except OSError as error:
        raise InputError(
            f"The folder {path.parent} cannot be written: {error.strerror}.", "Mend its permissions."
        ) from error
    copy = Path(name)
    os.close(handle)
    try:
        shutil.copyfile(path, copy)
        shutil.copystat(path, copy)
        with contextlib.suppress(PermissionError):
            stat = path.stat()
            os.chown(copy, stat.st_uid, stat.st_gid)
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def _prefix(path: Path) -> str:
    return f".{path.stem[:40]}.banana-"


def _sweep(path: Path) -> None:
    """Take copies of the file away that a killed run left beside it."""
    long_ago = time.time() - LEFT_SECONDS
    for left in path.parent.glob(f"{glob.escape(_prefix(path))}????????{glob.escape(path.suffix)}"):
        with contextlib.suppress(OSError):
            if left.lstat().st_ctime < long_ago:
                left.unlink()


def put_in_place(copy: Path, path: Path) -> None:
    """Make the copy the file, in one step that is whole after a loss of power too."""
    with copy.open("rb+") as stream:
        os.fsync(stream.fileno())
    copy.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def retag(copy: Path, values: Mapping[str, list[str] | None], *, back: bool = False) -> None:
    """Set these fields in the tags of the copy, which keeps its times; None takes a tag away. ``back`` puts former
    values back, placeholders too.

    Raises InputError where the sound, or what another tag says, would not be as it was.
    """
    stat = copy.stat()
    sound = digest(copy)
    audio = opened(copy)
    if audio is None:
        raise InputError(f"{copy.name} has no tags that are known.", "Export the values instead.")
    others = _others(audio, values)
    for field, value in values.items():
        if value is None:
            tags.drop(audio, field)
        else:
            (tags.put_back if back else tags.put)(audio, field, value)
    _save(audio)
    again = opened(copy)
    if digest(copy) != sound:
        raise InputError(f"Writing tags would change the sound of {copy.name}.", "Export the values instead.")
    if _others(again, values) != others:
        raise InputError(f"Writing these tags would change others of {copy.name}.", "Export the values instead.")
    for field, value in values.items():
        if value is not None and not tags.raw(again, field):
            raise InputError(f"{field} cannot be written into {copy.name}.", "Export the values instead.")
    os.utime(copy, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def _save(audio: Any) -> None:
    version = getattr(audio.tags, "version", None)
    if version is not None and version[:2] == (2, 3) and hasattr(audio.tags, "update_to_v23"):
        # Other programs may know this version alone: it stays what it was.
        audio.tags.update_to_v23()
        audio.save(v2_version=3)
    else:
        audio.save()


def _others(audio: Any, values: Mapping[str, Any]) -> dict[str, str]:
    """What every other tag says."""
    kind = tags.family(audio)
    if kind is None or audio.tags is None:
        return {}
    own = {kind.fields[field][0].lower() for field in values if field in kind.fields}
    return {str(key): str(audio.tags[key]) for key in audio.tags.keys() if str(key).lower() not in own}  # noqa: SIM118


def restore(path: Path, kept: Difference, sha256: str) -> None:
    """Give the file back as it was. Raises InputError where what comes out is not what was."""
    size = path.stat().st_size
    with copied(path) as copy:
        with path.open("rb") as now, copy.open("wb") as out:
            _pour(now, out, 0, kept.same_head)
            out.write(kept.replaced)
            _pour(now, out, size - kept.same_tail, kept.same_tail)
        if sha256_of(copy) != sha256:
            raise InputError(f"{path} cannot be given back as it was.", "Take it from a backup.")
        shutil.copystat(path, copy)
        put_in_place(copy, path)


def _pour(stream: Any, out: Any, at: int, length: int) -> None:
    stream.seek(at)
    while length > 0 and (chunk := stream.read(min(CHUNK, length))):
        out.write(chunk)
        length -= len(chunk)
