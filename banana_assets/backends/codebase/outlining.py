"""Outlines of files on disk: one that is asked for, or those of a whole folder within bounds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from banana_assets.backends.codebase.folder import Folder, GoneError, relative
from banana_assets.backends.codebase.listing import is_listed, listing
from banana_assets.core.codebase.languages import language_of, language_of_script
from banana_assets.core.codebase.names import holds_secrets, is_generated, is_test, shown
from banana_assets.core.codebase.outline import MOST_BYTES, MOST_SYMBOLS, FileOutline, outline_of
from banana_assets.core.codebase.outline.grammars import GRAMMARS
from banana_assets.core.errors import InputError, MissingError

SECONDS = 2.0
"""So long one file is parsed. A large one takes a tenth of it."""
SECONDS_FOR_ALL = 30.0


@dataclass(frozen=True, slots=True)
class Outlines:
    """The outlines of several files, sorted by path; ``skipped`` counts the files without one, by the reason."""

    files: tuple[FileOutline, ...]
    skipped: Mapping[str, int]


def outline(root: Path | str, path: str, *, most: int = MOST_SYMBOLS) -> FileOutline:
    """The outline of one file, by its path relative to the root.

    Raises InputError for a path that leaves the root, that is ignored or not there, or that is named like a secret.
    """
    inside = relative(path)
    if holds_secrets(inside):
        raise InputError(f"{shown(inside)} is named like a file that holds secrets.", "It is not opened.")
    with Folder(root) as folder:
        if not is_listed(folder, inside):
            raise MissingError(f"The code base has no file {shown(inside)}.", "The tree shows those that it has.")
        try:
            content, _ = folder.read(inside, MOST_BYTES + 1)
        except GoneError as gone:
            raise MissingError(f"{shown(inside)} cannot be read: {gone.reason}.", "Give a regular file.") from gone
    return outline_of(shown(inside), content, _language(inside, content), most=most, stop=_after(SECONDS))


def outlines(
    root: Path | str, below: str = "", *, most_files: int = 500, most_symbols: int = 5_000, tests: bool = False
) -> Outlines:
    """The outlines of all source files below a folder ("" the root), within bounds; of tests too where asked.

    Files near the root come first when there are more than ``most_files``; their symbols end at ``most_symbols``
    together. Raises InputError for a folder outside the root or without files.
    """
    start = f"{relative(below)}/" if below.strip("./") else ""
    skipped: Counter[str] = Counter()
    found: list[FileOutline] = []
    left, until = most_symbols, time.monotonic() + SECONDS_FOR_ALL
    with Folder(root) as folder:
        listed = [f.path for f in listing(folder).files if f.regular and f.path.startswith(start)]
        if start and not listed:
            raise InputError(f"The code base has no folder {shown(start)}.", "The tree shows those that it has.")
        known = [path for path in listed if language_of(path) in GRAMMARS and not holds_secrets(path)]
        wanted = [path for path in known if not is_generated(path) and (tests or not is_test(path))]
        wanted.sort(key=lambda path: (path.count("/"), path))
        skipped["more files"] += max(0, len(wanted) - most_files)
        for path in sorted(wanted[:most_files]):
            if time.monotonic() > until:
                skipped["not reached in time"] += 1
                continue
            try:
                content, _ = folder.read(path, MOST_BYTES + 1)
            except GoneError as gone:
                skipped[gone.reason] += 1
                continue
            late = _after(min(SECONDS, max(0.0, until - time.monotonic())))
            one = outline_of(shown(path), content, language_of(path), most=min(left, MOST_SYMBOLS), stop=late)
            if one.refused:
                skipped[one.refused] += 1
                continue
            left -= len(one.symbols)
            skipped["files that do not parse whole"] += one.first_error is not None
            skipped["symbols beyond the bound"] += one.omitted
            found.append(one)
    return Outlines(tuple(found), dict(+skipped))


def _after(seconds: float) -> Callable[[], bool]:
    """Whether so many seconds have passed."""
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


def _language(path: str, content: bytes) -> str | None:
    return language_of(path) or language_of_script(content[:200].split(b"\n")[0])
