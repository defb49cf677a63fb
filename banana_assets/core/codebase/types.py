"""A code base as read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from banana_assets.core.codebase.frameworks import Framework
from banana_assets.core.codebase.languages import LanguageTotal
from banana_assets.core.codebase.manifests import EntryPoint, Manifest

FILE, LINK, SUBMODULE = "file", "symlink", "submodule"


@dataclass(frozen=True, slots=True)
class CodeFile:
    """A file of the code base. ``kind`` is file, symlink or submodule, ``size`` its bytes (of a link: its own).

    ``lines`` is None where it was not read: too large, binary, secret by its name, or beyond the bound.
    """

    path: str
    size: int
    kind: str = FILE
    language: str | None = None
    lines: int | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """The beginning of a source file, secrets masked."""

    path: str
    lines: int
    text: str


@dataclass(frozen=True, slots=True)
class TestsFound:
    """The tests that there are: files that hold some, how many tests are written in them, and in which folders."""

    __test__ = False

    files: int = 0
    helpers: int = 0
    written: int = 0
    folders: tuple[tuple[str, int], ...] = ()
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeBase:
    """A folder of source, as read at one moment.

    ``root`` is the folder's name, or its absolute path where that was asked for. ``listed_by`` is git or walk.
    ``files`` are all that are not ignored, sorted by path; ``configuration`` holds the first characters of key files
    by path. ``skipped`` counts what was left out or not read, by the reason. ``notes`` say what a reader should know.
    """

    root: str
    listed_by: str
    files: tuple[CodeFile, ...]
    depth: int = 3
    commit: str | None = None
    branch: str | None = None
    languages: tuple[LanguageTotal, ...] = ()
    configuration: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[Preview, ...] = ()
    tests: TestsFound = TestsFound()
    frameworks: tuple[Framework, ...] = ()
    entry_points: tuple[EntryPoint, ...] = ()
    manifests: tuple[Manifest, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(file.size for file in self.files)

    @property
    def lines(self) -> int:
        """The lines of all files that were read."""
        return sum(file.lines or 0 for file in self.files)
