"""What a manifest says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dependency:
    """A package that a manifest asks for: ``wanted`` is the version as written, ``group`` runtime, dev or another."""

    name: str
    wanted: str
    group: str = "runtime"


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """Where a program begins: ``kind`` is command, script, program, service, container or package."""

    kind: str
    name: str
    path: str
    target: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as read: ``problem`` says why it could not be, ``omitted`` counts dependencies left out."""

    path: str
    ecosystem: str
    name: str = ""
    dependencies: tuple[Dependency, ...] = ()
    entry_points: tuple[EntryPoint, ...] = ()
    problem: str = ""
    omitted: int = 0


class ManifestError(Exception):
    """The manifest is not what its name says."""
