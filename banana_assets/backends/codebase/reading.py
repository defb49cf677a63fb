"""Reading a code base: its files, and of their content what says what kind of project it is."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from banana_assets.backends.codebase import git
from banana_assets.backends.codebase.folder import Folder, GoneError
from banana_assets.backends.codebase.listing import MISSING, MOST_FILES, SECONDS, Listed, Listing, listing
from banana_assets.core.codebase.configuration import key_configuration
from banana_assets.core.codebase.entries import begins_here, entry_points
from banana_assets.core.codebase.frameworks import frameworks
from banana_assets.core.codebase.languages import (
    KINDS,
    PROGRAMMING,
    is_binary_name,
    language_of,
    language_of_script,
    totals,
)
from banana_assets.core.codebase.manifests import Manifest, is_manifest, read_manifest
from banana_assets.core.codebase.names import holds_secrets, is_generated, is_test, is_test_case, shown
from banana_assets.core.codebase.sources import key_sources
from banana_assets.core.codebase.testing import written_tests
from banana_assets.core.codebase.types import FILE, LINK, SUBMODULE, CodeBase, CodeFile, Preview, TestsFound
from banana_assets.core.errors import InputError
from banana_assets.core.safety.secrets import mask

SECRET, BINARY, LARGE, UNREAD = "named like secrets, not opened", "binary", "too large to read", "beyond what is read"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of a code base is looked at: files listed, files and bytes read, seconds spent, characters kept.

    ``file_bytes`` is the largest file that is read. ``configuration`` and ``sources`` are the most files of which the
    first ``configuration_characters`` or ``preview_characters`` are kept.
    """

    files: int = MOST_FILES
    read_files: int = 20_000
    read_bytes: int = 128 << 20
    file_bytes: int = 2 << 20
    seconds: float = SECONDS
    configuration: int = 60
    configuration_characters: int = 2_000
    sources: int = 100
    preview_characters: int = 500
    manifests: int = 200
    listed_tests: int = 500


DEPTH, DEEPEST = 3, 32


def read(
    root: Path | str,
    *,
    depth: int = DEPTH,
    show_root: bool = False,
    submodules: bool = False,
    bounds: Bounds | None = None,
) -> CodeBase:
    """The code base in a folder. ``depth`` levels of its tree are shown when it is written.

    ``show_root`` gives its absolute path instead of the folder's name alone; ``submodules`` enters repositories in it.
    Raises InputError for a folder that cannot be opened, or a depth that makes no sense.
    """
    if not 1 <= depth <= DEEPEST:
        raise InputError(f"A tree of {depth} levels cannot be shown.", f"Ask for 1 to {DEEPEST}.")
    with Folder(root) as folder:
        found = listing(folder, most=(bounds or Bounds()).files, submodules=submodules)
        return of_listing(folder, found, depth=depth, show_root=show_root, bounds=bounds)


def of_listing(
    folder: Folder, found: Listing, *, depth: int = DEPTH, show_root: bool = False, bounds: Bounds | None = None
) -> CodeBase:
    """The code base of files that are listed already (see ``read``)."""
    bounds = bounds or Bounds()
    skipped = Counter(found.skipped)
    regular = {file.path: file for file in found.files if file.regular}
    configured = key_configuration(regular, bounds.configuration)
    previewed = key_sources((path for path in regular if not holds_secrets(path)), bounds.sources)
    manifests = [path for path in configured if is_manifest(path)]
    manifests += [p for p in regular if is_manifest(p) and p not in set(manifests) and not holds_secrets(p)]
    kept = _Kept(bounds, frozenset(configured), frozenset(previewed), frozenset(manifests[: bounds.manifests]))
    chosen, languages = _chosen(found.files, [*configured, *manifests[: bounds.manifests], *previewed], bounds, skipped)
    _read_all(folder, chosen, languages, kept, skipped)
    files = tuple(_told(file, languages.get(file.path), kept) for file in found.files)
    read_manifests = tuple(kept.manifests[path] for path in sorted(kept.manifests, key=_near_first))
    points, more = entry_points(read_manifests, (f.path for f in files if f.kind == FILE), kept.begin)
    if more:
        skipped["more entry points"] += more
    commit, branch = git.head(folder.path) if found.by == "git" else (None, None)
    return CodeBase(
        root=str(folder.path) if show_root else folder.path.name or "/",
        listed_by=found.by,
        files=files,
        depth=depth,
        commit=commit,
        branch=branch,
        languages=totals((f.language, f.size, f.lines) for f in files if f.kind == FILE),
        configuration={shown(path): kept.texts[path] for path in configured if path in kept.texts},
        sources=tuple(kept.previews[path] for path in previewed if path in kept.previews),
        tests=_tests(files, kept, bounds),
        frameworks=frameworks(read_manifests, (f.path for f in files if f.kind == FILE)),
        entry_points=points,
        manifests=read_manifests,
        skipped=dict(sorted((+skipped).items())),
        notes=_notes(found, skipped),
    )


def _near_first(path: str) -> tuple[int, str]:
    return path.count("/"), path


@dataclass(slots=True)
class _Kept:
    """What is kept of the contents, by path."""

    bounds: Bounds
    configured: frozenset[str]
    previewed: frozenset[str]
    wanted: frozenset[str]
    lines: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    previews: dict[str, Preview] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)
    begin: list[str] = field(default_factory=list)

    def take(self, path: str, language: str | None, content: bytes) -> None:
        """Keep what is wanted of a file's text."""
        self.lines[path] = content.count(b"\n") + (not content.endswith(b"\n") and bool(content))
        if path in self.configured:
            self.texts[path] = _beginning(content, self.bounds.configuration_characters)
        if path in self.previewed:
            text = _beginning(content, self.bounds.preview_characters)
            self.previews[path] = Preview(shown(path), self.lines[path], text)
        if path in self.wanted:
            self.manifests[path] = read_manifest(shown(path), content.decode("utf-8-sig", "replace"))
        if language and KINDS[language] == PROGRAMMING:
            if is_test(path) or (language == "Rust" and b"#[cfg(test)]" in content):
                self.written[path] = written_tests(language, content)
            elif begins_here(content):
                self.begin.append(shown(path))


def _beginning(content: bytes, most: int) -> str:
    """The first characters, secrets masked: looked for beyond the cut, so that none is cut in two and missed."""
    text = content[: 4 * (most + 4_000)].decode("utf-8-sig", "replace")[: most + 4_000]
    return mask(text).text[:most]


def _chosen(
    files: Sequence[Listed], first: Iterable[str], bounds: Bounds, skipped: Counter[str]
) -> tuple[list[str], dict[str, str | None]]:
    """The files to read, in order of paths, and the language of each listed one: the telling ones before data."""
    languages: dict[str, str | None] = {}
    sizes: dict[str, int] = {}
    ranks: dict[str, int] = {}
    urgent = set(first)
    for file in files:
        if not file.regular:
            continue
        if holds_secrets(file.path):
            skipped[SECRET] += 1
            continue
        languages[file.path] = language = language_of(file.path)
        if language is None and is_binary_name(file.path):
            skipped[BINARY] += 1
        elif file.found.st_size > bounds.file_bytes:
            skipped[LARGE] += 1
        elif language is not None or file.path in urgent or file.found.st_mode & 0o111 or "." not in file.path[-8:]:
            sizes[file.path] = file.found.st_size
            kind = KINDS.get(language or "", "")
            ranks[file.path] = 0 if file.path in urgent else 1 + (kind != PROGRAMMING) + is_generated(file.path)
    chosen: list[str] = []
    left = bounds.read_bytes
    for path in sorted(sizes, key=lambda p: (ranks[p], p)):
        if len(chosen) >= bounds.read_files or sizes[path] > left:
            skipped[UNREAD] += 1
            continue
        left -= sizes[path]
        chosen.append(path)
    return sorted(chosen), languages


def _read_all(
    folder: Folder, chosen: Sequence[str], languages: dict[str, str | None], kept: _Kept, skipped: Counter[str]
) -> None:
    until = time.monotonic() + kept.bounds.seconds
    for at, path in enumerate(chosen):
        if at % 64 == 0 and time.monotonic() > until:
            skipped[UNREAD] += len(chosen) - at
            return
        try:
            content, _ = folder.read(path, kept.bounds.file_bytes)
        except GoneError as gone:
            skipped[gone.reason] += 1
            continue
        if b"\0" in content[:8192]:
            skipped[BINARY] += 1
            continue
        if languages[path] is None:
            languages[path] = language_of_script(content[:200].split(b"\n")[0])
        kept.take(path, languages[path], content)


def _told(file: Listed, language: str | None, kept: _Kept) -> CodeFile:
    if file.submodule:
        return CodeFile(shown(file.path), 0, SUBMODULE)
    if not file.regular:
        return CodeFile(shown(file.path), file.found.st_size, LINK)
    return CodeFile(shown(file.path), file.found.st_size, FILE, language, kept.lines.get(file.path))


def _tests(files: Sequence[CodeFile], kept: _Kept, bounds: Bounds) -> TestsFound:
    written = {shown(path): count for path, count in kept.written.items()}
    held = [f.path for f in files if f.kind == FILE and (is_test_case(f.path) or written.get(f.path))]
    cases = set(held)
    helpers = sum(1 for f in files if f.kind == FILE and f.path not in cases and is_test(f.path))
    folders = Counter(path.rpartition("/")[0] or "." for path in held)
    return TestsFound(
        files=len(held),
        helpers=helpers,
        written=sum(written.values()),
        folders=tuple(sorted(folders.items(), key=lambda row: (-row[1], row[0]))[:50]),
        paths=tuple(held[: bounds.listed_tests]),
    )


def _notes(found: Listing, skipped: Counter[str]) -> tuple[str, ...]:
    notes = []
    if found.by == "walk":
        notes.append(f"The files were found by walking, with what .gitignore files say: {found.why}.")
    if skipped[MISSING]:
        notes.append("Files that git knows and that are not there are left out.")
    if skipped[UNREAD]:
        notes.append("Not every file was read: lines and tests are counted of those that were.")
    return tuple(notes)


def state_of(found: Listing) -> Iterable[bytes]:
    """What a listing is known by again: the paths, sizes and times of its files."""
    for file in found.files:
        s = file.found
        yield os.fsencode(file.path)
        yield b"\0%d %d %d %d\n" % (s.st_size, s.st_mtime_ns, s.st_ino, s.st_mode)
