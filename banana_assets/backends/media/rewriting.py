"""Writing into a file of somebody's: on a copy, checked, in place of it in one step, and back again byte by byte."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from banana_assets.backends.media import tags
from banana_assets.backends.media.audio_bytes import after_id3, digest
from banana_assets.backends.media.files import opened, sha256_of
from banana_assets.core.errors import InputError

CHUNK = 1 << 20
END = 4096
"""Bytes at the end of a file among which an ID3v1 tag is."""

LEFT_SECONDS = 600.0
"""A copy of that age is nobody's any more: it is there while one file is written."""

LATER_SECONDS = 2
"""So much later is the time of a written file: players and backups that look at times alone see that it changed, and
where people sort by time it stays where it was. The coarsest clock of a file system (FAT) has steps of that size."""

_LEFT = re.compile(r"\.(?P<stem>.{1,40})\.banana-[a-z0-9_]{8}(?P<ending>\.[A-Za-z0-9]+)", re.DOTALL)


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
        _own(copy, path.stat())
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def _own(copy: Path, stat: os.stat_result) -> None:
    """Give the copy the owner of the file. Raises InputError where that may not be."""
    now = copy.stat()
    if (now.st_uid, now.st_gid) == (stat.st_uid, stat.st_gid):
        return
    try:
        os.chown(copy, stat.st_uid, stat.st_gid)
        copy.chmod(stat.st_mode & 0o7777)
    except PermissionError as error:
        raise InputError("It belongs to another account, which would lose it.", "Run this as its owner.") from error


def _prefix(path: Path) -> str:
    return f".{path.stem[:40]}.banana-"


def _sweep(path: Path) -> None:
    """Take copies away that killed runs left in the folder of the file: of this file, and of others that are there."""
    long_ago = time.time() - LEFT_SECONDS
    for left in path.parent.glob(".*.banana-????????*"):
        named = _LEFT.fullmatch(left.name)
        whole = named and any(path.parent.glob(f"{glob.escape(named['stem'])}*{glob.escape(named['ending'])}"))
        with contextlib.suppress(OSError):
            if whole and left.lstat().st_ctime < long_ago:
                left.unlink()


def seen(path: Path) -> tuple[int, ...]:
    """What differs once somebody wrote the file or put another in its place, whatever time that one was given."""
    stat = path.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


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
    """Set these fields in the tags of the copy, which is LATER_SECONDS younger then; None takes a tag away. ``back``
    puts former values back, placeholders too.

    Raises InputError where the sound, or what another tag says, would not be as it was.
    """
    stat = copy.stat()
    sound = digest(copy)
    audio = _as_stored(copy)
    others = _others(audio, values)
    for field, value in values.items():
        if value is None:
            tags.drop(audio, field)
        else:
            (tags.put_back if back else tags.put)(audio, field, value)
    _save(audio, copy)
    again = _as_stored(copy)
    if digest(copy) != sound:
        raise InputError(f"Writing tags would change the sound of {copy.name}.", "Export the values instead.")
    if _others(again, values) != others:
        raise InputError(f"Writing these tags would change others of {copy.name}.", "Export the values instead.")
    for field, value in values.items():
        if value is not None and not tags.raw(again, field):
            raise InputError(f"{field} cannot be written into {copy.name}.", "Export the values instead.")
    os.utime(copy, ns=(stat.st_atime_ns, stat.st_mtime_ns + LATER_SECONDS * 10**9))


def _as_stored(path: Path) -> Any:
    """The file with its ID3 frames as they are in it, not brought into those of another version."""
    from mutagen.id3 import ID3

    audio = opened(path)
    if audio is None:
        raise InputError(f"{path.name} has no tags that are known.", "Export the values instead.")
    if isinstance(audio.tags, ID3) and audio.tags.version >= (2, 2):
        audio.tags = type(audio.tags)(str(path), translate=False, load_v1=False)
    return audio


def _save(audio: Any, path: Path) -> None:
    from mutagen.id3 import ID3, ID3FileType

    version = getattr(audio.tags, "version", None) if isinstance(audio.tags, ID3) else None
    if version is None or version < (2, 2):
        # Without a header that has to stay, or with the older ID3v1 alone, which goes on to say what it said.
        _keeping_end(audio, path, {}) if isinstance(audio, ID3FileType) else audio.save()
        return
    # Other programs may know this version alone: it stays what it was.
    how = {"v2_version": 4 if version >= (2, 4) else 3, "v23_sep": None}
    _keeping_end(audio, path, how) if isinstance(audio, ID3FileType) else audio.save(**how)


def _keeping_end(audio: Any, path: Path, how: Mapping[str, Any]) -> None:
    """Save the ID3v2 tag at the begin of a file, and leave what follows it (ID3v1 too) as it was."""
    before = after_id3(path)
    size = path.stat().st_size
    at = max(before, size - END)
    with path.open("rb") as stream:
        stream.seek(at)
        end = stream.read()
    audio.save(**how)
    moved = after_id3(path) - before
    with path.open("r+b") as stream:
        stream.truncate(size + moved)
        stream.seek(at + moved)
        stream.write(end)


def _others(audio: Any, values: Mapping[str, Any]) -> dict[str, str]:
    """What every other tag says."""
    kind = tags.family(audio)
    if kind is None or audio.tags is None:
        return {}
    own = {kind.fields[field][0].lower() for field in values if field in kind.fields}
    own |= {name.lower() for name in tags.V23_DATES} if "date" in values and kind.name == "id3" else set()
    # What a tag of several frames is called has more to it: which language, which sort of picture.
    told = {str(key): repr(audio.tags[key]) for key in audio.tags.keys() if str(key).lower() not in own}  # noqa: SIM118
    pictures = getattr(audio, "pictures", [])
    return told | {f"picture {n}": hashlib.sha256(p.write()).hexdigest() for n, p in enumerate(pictures)}


def restore(path: Path, kept: Difference, sha256: str) -> None:
    """Give the file back as it was, with the time it had. Raises InputError where what comes out is not what was."""
    stat = path.stat()
    size, before = stat.st_size, seen(path)
    with copied(path) as copy:
        with path.open("rb") as now, copy.open("wb") as out:
            _pour(now, out, 0, kept.same_head)
            out.write(kept.replaced)
            _pour(now, out, size - kept.same_tail, kept.same_tail)
        if sha256_of(copy) != sha256:
            raise InputError(f"{path} cannot be given back as it was.", "Take it from a backup.")
        shutil.copystat(path, copy)
        os.utime(copy, ns=(stat.st_atime_ns, stat.st_mtime_ns - LATER_SECONDS * 10**9))
        if seen(path) != before:
            raise InputError(f"{path} was changed meanwhile.", "Run the same command again.")
        put_in_place(copy, path)


def _pour(stream: Any, out: Any, at: int, length: int) -> None:
    stream.seek(at)
    while length > 0 and (chunk := stream.read(min(CHUNK, length))):
        out.write(chunk)
        length -= len(chunk)
