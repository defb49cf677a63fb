"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from banana_assets.backends.checkup.loading import Loading
from banana_assets.backends.settings import Settings

STATUSES = ("ok", "warning", "failed", "skipped")
"""``warning`` does not keep Banana from working; ``skipped`` says in ``said`` why nothing was looked at."""


@dataclass(frozen=True)
class Found:
    """What one check found: ``said`` in words, ``remedy`` with what mends it, ``details`` a line each."""

    status: str
    said: str
    remedy: str = ""
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """A check that was made, and the seconds that it took."""

    name: str
    status: str
    said: str
    remedy: str
    seconds: float
    details: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """What is looked at: the settings, and an empty folder inside the home that is removed at the end.

    ``scratch`` is None where no folder could be made. ``loading`` is the process that loads Dagster meanwhile.
    ``whole`` asks for the slow form of checks that have one.
    """

    settings: Settings
    scratch: Path | None
    loading: Loading
    whole: bool = False


@dataclass(frozen=True)
class Step:
    """A check by its name: the function of Place that makes it (``module:name`` of this package), and the names of the
    checks that have to go well before."""

    name: str
    look: str
    needs: tuple[str, ...] = ()


def ok(said: str, *details: str) -> Found:
    """It works."""
    return Found("ok", said, details=details)


def warning(said: str, remedy: str, *details: str) -> Found:
    """It works, and somebody should look."""
    return Found("warning", said, remedy, details)


def failed(said: str, remedy: str, *details: str) -> Found:
    """It does not work."""
    return Found("failed", said, remedy, details)


def skipped(said: str, remedy: str = "") -> Found:
    """It was not looked at, for that reason."""
    return Found("skipped", said, remedy)
