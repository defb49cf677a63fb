"""Which files are meant by the paths that people give: files, folders, globs, standard input."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from banana_assets.backends.ingest.naming import COMPRESSED, LOG_ENDINGS
from banana_assets.core.errors import InputError

ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.zst", ".tzst")
_JSON = (".json", ".jsonl", ".ndjson")
_NO_LOGS = {"license", "licence", "readme", "makefile", "dockerfile", "copying", "notice", "authors", "changelog"}


@dataclass(frozen=True)
class Found:
    """A file to take in. ``named``: a person named it, so it is taken whatever its name; ``log``: its name is one that
    logs have."""

    path: Path
    named: bool
    log: bool = True


def expand(paths: Iterable[Path], *, json_logs: bool = True) -> Iterator[Found | InputError]:
    """The files behind paths, in order and each once; InputErrors stand where a path leads to nothing readable."""
    seen: set[Path] = set()
    for path in paths:
        for found in _expand(path, json_logs):
            if isinstance(found, Found):
                key = found.path if str(found.path) == "-" else Path(os.path.abspath(found.path))  # noqa: PTH100
                if key in seen:
                    continue
                seen.add(key)
            yield found


def _expand(path: Path, json_logs: bool) -> Iterator[Found | InputError]:
    if str(path) == "-":
        yield Found(path, named=True)
        return
    try:
        path.stat()
    except PermissionError:
        yield InputError(f"{path} may not be read.", "Give yourself the permission to read it and its folder.")
        return
    except (OSError, ValueError):
        if not glob.has_magic(str(path)):
            yield InputError(f"{path} does not exist.", "Check the path.")
            return
        matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 - the pattern may be absolute
        if not matches:
            yield InputError(f"Nothing matches {path}.", "Check the pattern.")
        for match in matches:
            yield from _expand(Path(match), json_logs)
        return
    if path.is_dir():
        yield from walk(path, json_logs=json_logs)
    else:
        yield Found(path, named=True)


def walk(folder: Path, *, json_logs: bool = True) -> Iterator[Found | InputError]:
    """Every visible file below a folder, in order; hidden ones are passed over, links to folders are not followed."""
    try:
        entries = sorted(os.scandir(folder), key=lambda e: e.name)
    except PermissionError:
        yield InputError(f"The folder {folder} may not be read.", "Give yourself the permission to read it.")
        return
    except OSError as error:
        yield InputError(f"The folder {folder} cannot be read: {error.strerror}.", "Check the disk.")
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from walk(path, json_logs=json_logs)
        elif entry.is_file():
            yield Found(path, named=False, log=is_log_name(entry.name, json_logs=json_logs))


def is_log_name(name: str, *, json_logs: bool = True) -> bool:
    """Whether files of that name usually are logs: log endings, rotated and compressed ones, names without ending."""
    lower = name.lower()
    for ending in COMPRESSED:
        lower = lower.removesuffix(ending)
    stem, dot, ending = lower.rpartition(".")
    if lower.partition(".")[0] in _NO_LOGS:
        return False
    if not dot or ending[:8].isdigit() or ending[:4].isdigit() or ending.isdigit() or ending in ("old", "bak", "prev"):
        return True
    if any(f".{part}" in LOG_ENDINGS for part in stem.split(".")[1:]) and ending not in ("csv", "xml", "json", "html"):
        return True
    return f".{ending}" in LOG_ENDINGS or (json_logs and f".{ending}" in _JSON)


def is_archive_name(name: str) -> bool:
    """Whether the name is that of an archive of logs."""
    return name.lower().endswith(ARCHIVES)
