"""What a plan's step may make Banana do: arguments are looked up in what is known already, never taken as they come.

A plan may be the work of a language model that read a log that somebody wrote. An argument that is not in a closed set
(days on which something arrived, files and folders that were taken in before, the watched folder) is refused.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePath

from banana_assets.core.errors import InputError
from banana_assets.core.plans.types import Action
from banana_assets.core.text import cut
from banana_assets.core.vocabulary import PLAN_ACTIONS

MOST_ARGUMENTS = 100
PARTS = {"logs": "log_files", "builds": "builds"}
"""Parts of the watched folder, and the asset that takes them in."""


@dataclass(frozen=True)
class Known:
    """The closed sets: days of arrival; paths of log files and builds that were taken in, and the folders that builds
    came from; the watched folder, where there is one."""

    days: Set[date] = frozenset()
    log_paths: Set[str] = frozenset()
    build_paths: Set[str] = frozenset()
    watched: PurePath | None = None


@dataclass(frozen=True)
class Admitted:
    """What is to be run: the job, for which arrival days (empty: those that have something new), and which paths are
    taken in before, by the asset that takes them. ``by_policy``: whether a rule may stand for a person's approval."""

    job: str
    days: tuple[date, ...] = ()
    paths: dict[str, tuple[str, ...]] = field(default_factory=dict)
    by_policy: bool = True

    @property
    def said(self) -> str:
        """What it does, for whoever approves it."""
        named = [f"{path} ({asset})" for asset, paths in self.paths.items() for path in paths]
        days = ", ".join(str(day) for day in self.days)
        first = f"take in {', '.join(named)}, then run" if named else "run"
        return f"{first} the job {self.job}" + (f" for {days}" if days else "")


def admitted(action: Action, known: Known) -> Admitted:
    """What the action may run. Raises InputError for an unknown kind and for an argument outside the closed sets."""
    if action.kind not in PLAN_ACTIONS:
        raise InputError(f"There is no action {action.kind!r}.", f"There are {', '.join(PLAN_ACTIONS)}.")
    if len(action.arguments) > MOST_ARGUMENTS:
        raise InputError(f"The action names {len(action.arguments)} things.", f"At most {MOST_ARGUMENTS} are run.")
    if action.kind == "compact":
        if action.arguments:
            raise InputError("Compacting takes no argument.", "It joins small files of every table.")
        return Admitted("maintenance")
    if action.kind == "ingest":
        return _ingest(action.arguments, known)
    days = tuple(sorted({_day(told, known) for told in action.arguments}))
    if action.kind == "backfill" and not days:
        raise InputError("A backfill names the days that it computes.", "Its action has none.")
    return Admitted("everything", days)


def _day(told: str, known: Known) -> date:
    try:
        day = date.fromisoformat(told)
    except ValueError:
        day = None
    if day is None or day.isoformat() != told or day not in known.days:
        raise InputError(f"{_shown(told)} is no day on which something arrived.", "Nothing is run.")
    return day


def _ingest(paths: tuple[str, ...], known: Known) -> Admitted:
    if not paths:
        raise InputError("The step names nothing to take in.", "Nothing is run.")
    taken: dict[str, list[str]] = {}
    trusted = True
    for path in dict.fromkeys(paths):
        part = _part(path, known.watched)
        if part is not None:
            asset = PARTS[part]
        elif path in known.log_paths:
            asset, trusted = "log_files", False
        elif path in known.build_paths:
            asset, trusted = "builds", False
        else:
            raise InputError(
                f"{_shown(path)} is neither in the watched folder nor was it taken in before.", "Nothing is run."
            )
        taken.setdefault(asset, []).append(path)
    return Admitted("everything", (), {asset: tuple(found) for asset, found in taken.items()}, by_policy=trusted)


def _part(path: str, watched: PurePath | None) -> str | None:
    """The part of the watched folder that a path is in; by its words alone, so that links are to be looked at too."""
    if watched is None or "\0" in path:
        return None
    pure = PurePath(path)
    if not pure.is_absolute() or ".." in pure.parts or not pure.is_relative_to(watched):
        return None
    below = pure.relative_to(watched).parts
    return below[0] if below and below[0] in PARTS else None


def _shown(told: str) -> str:
    return repr(cut(told, 80))
