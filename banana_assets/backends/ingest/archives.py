"""Archives of logs, unpacked with suspicion: names that lead outside, links, encrypted entries, decompression bombs and
endless lists of entries are refused before anything of the archive is used.

The dangers are those of Python's own list (https://docs.python.org/3/library/zipfile.html#decompression-pitfalls,
https://docs.python.org/3/library/tarfile.html#tarfile-extraction-filter).
"""

from __future__ import annotations

import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from banana_assets.backends.ingest.content import CHUNK, Content
from banana_assets.backends.ingest.paths import is_archive_name, is_log_name
from banana_assets.backends.lines import open_log
from banana_assets.backends.settings import Settings
from banana_assets.core.errors import InputError, StoreError

MAX_ENTRIES = 20_000
RATIO_FLOOR = 16 << 20
"""Unpacked bytes below which no ratio is suspicious."""


@dataclass(frozen=True)
class Member:
    """A file of an archive. ``log``: its name is one that logs have."""

    path: PurePosixPath
    content: Content
    log: bool


def members(path: Path, settings: Settings, scratch: Path) -> list[Member]:
    """Unpack an archive into the empty folder ``scratch``; its files in the archive's order.

    Raises InputError for an archive that is damaged or unsafe, StoreError when there is no room to unpack it.
    """
    unpacked = _zip(path, settings) if path.name.lower().endswith(".zip") else _tar(path, settings)
    found: dict[PurePosixPath, Member] = {}
    total = 0
    for number, (name, stream, packed) in enumerate(unpacked):
        if number >= MAX_ENTRIES:
            raise InputError(f"{path} has more than {MAX_ENTRIES:,} entries.", "Unpack it and name the folder.")
        inside = _safe(path, name)
        if inside in found:
            raise InputError(f"{path} holds {inside} twice.", "Unpack it yourself and name the folder.")
        target = scratch / f"{number}"
        try:
            with target.open("wb") as out:
                while chunk := stream.read(CHUNK):
                    total += len(chunk)
                    if total > settings.max_log_bytes:
                        raise InputError(
                            f"{path} unpacks to more than {settings.max_log_bytes:,} bytes.",
                            "Raise BANANA_MAX_LOG_BYTES if that is meant.",
                        )
                    if total > RATIO_FLOOR and total > packed * settings.max_archive_ratio:
                        raise InputError(
                            f"{path} unpacks to more than {settings.max_archive_ratio:,} times its size, as a "
                            "decompression bomb does.",
                            "Raise BANANA_MAX_ARCHIVE_RATIO if that is meant.",
                        )
                    out.write(chunk)
        except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError) as error:
            raise _damaged(path, error) from error
        except OSError as error:
            raise StoreError(
                f"{path} cannot be unpacked in {scratch}: {error.strerror or error}.", "Free some room there."
            ) from error
        found[inside] = Member(
            inside,
            _file(target, f"{path}!{inside}", settings),
            is_log_name(inside.name, json_logs=False) and not is_archive_name(inside.name),
        )
    if not found:
        raise InputError(f"{path} is an archive without files.", "Name an archive of logs.")
    return list(found.values())


def _file(path: Path, name: str, settings: Settings) -> Content:
    return Content(name, lambda: open_log(path, settings.unpack_limits, name))


def _safe(archive: Path, name: str) -> PurePosixPath:
    inside = PurePosixPath(name.replace("\\", "/"))
    if inside.is_absolute() or ".." in inside.parts or ":" in inside.parts[0] or not inside.name:
        raise InputError(
            f"{archive} holds {name!r}, a name that leads outside of it.",
            "Do not trust it; make it anew from its files.",
        )
    return inside


def _zip(path: Path, settings: Settings) -> Iterator[tuple[str, IO[bytes], int]]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise _damaged(path, error) from error
    size = path.stat().st_size
    with archive:
        for info in archive.infolist():
            if info.is_dir():
                _safe(path, info.filename)
                continue
            if stat.S_ISLNK(info.external_attr >> 16):
                raise _link(path, info.filename)
            if info.flag_bits & 0x1:
                raise InputError(f"{path} is encrypted.", "Unpack it and name the folder.")
            try:
                stream = archive.open(info)
            except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
                raise _damaged(path, error) from error
            with stream:
                yield info.filename, stream, size


def _tar(path: Path, settings: Settings) -> Iterator[tuple[str, IO[bytes], int]]:
    with open_log(path, settings.unpack_limits) as plain:
        size = path.stat().st_size
        try:
            with tarfile.open(fileobj=plain, mode="r|") as archive:
                for info in archive:
                    if info.isdir():
                        continue
                    if info.islnk() or info.issym():
                        raise _link(path, info.name)
                    if not info.isfile():
                        raise InputError(
                            f"{path} holds {info.name!r}, which is no file.", "Make an archive of the logs alone."
                        )
                    stream = archive.extractfile(info)
                    if stream is not None:
                        yield info.name.removeprefix("./"), stream, size
        except tarfile.TarError as error:
            raise _damaged(path, error) from error


def _link(path: Path, name: str) -> InputError:
    return InputError(f"{path} holds the link {name!r}.", "Make an archive of the files themselves.")


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(f"{path} is no readable archive: {error or 'it is cut short'}.", "Copy or download it again.")
