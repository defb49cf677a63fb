"""Steps that are ours: computing the tables again where they are behind, joining their small files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from banana_assets.core.evidence import plural
from banana_assets.core.plans.drafts import Draft, Recipe
from banana_assets.core.plans.order import renumbered
from banana_assets.core.plans.subjects import Subject
from banana_assets.core.plans.types import Action, Subtask, TableRow

MANY_FILES = 16
"""A table of so many files is read noticeably slower than one of a few."""

_TABLES = re.compile(
    r"\b(?:tables?|delta|parquet|compact\w*|vacuum\w*|small files|banana|up to date|backfill\w*)\b", re.I
)


@dataclass(frozen=True)
class Behind:
    """What came in that the tables do not hold yet: how much of what, and the days of arrival to compute."""

    what: str = ""
    days: tuple[date, ...] = ()


def about_tables(goal: str) -> bool:
    """Whether a goal speaks of the tables themselves."""
    return _TABLES.search(goal) is not None


def first_compute(steps: Sequence[Subtask], behind: Behind) -> tuple[Subtask, ...]:
    """The steps after one that computes the tables again; the same ones where nothing is behind."""
    if not behind.what:
        return tuple(steps)
    compute = Subtask(
        id="s0",
        type="measure",
        description=f"Compute the tables again: {behind.what} came in since.",
        expects="The tables hold everything that came in, and the steps below still fit what they say.",
        estimated_minutes=5.0,
        priority="medium",
        action=Action("materialize", tuple(day.isoformat() for day in behind.days)),
    )
    heads = (replace(s, dependencies=("s0",)) if not s.dependencies else s for s in steps)
    return renumbered((compute, *heads))


def table_subjects(files: Mapping[str, int], behind: Behind) -> list[Subject]:
    """What can be done about the tables: ``files`` is how many files each has."""
    found = []
    many = {name: n for name, n in files.items() if n >= MANY_FILES}
    if many:
        told = ", ".join(f"{name} of {plural(n, 'file')}" for name, n in sorted(many.items()))
        found.append(
            _subject(
                "compact",
                f"{plural(len(many), 'table')} of many small files",
                f"Tables of many small files: {told}",
                tuple(TableRow(name, "files") for name in sorted(many)),
                Recipe(
                    "Join the small files of the tables",
                    (
                        Draft(
                            "change",
                            f"Join the small files of {told}.",
                            "Each table is of a few files.",
                            5,
                            (),
                            "high",
                            action=Action("compact"),
                        ),
                        Draft("verify", "Count the files of each table again.", "There are fewer.", 2, (0,), "medium"),
                    ),
                    "Readers of a version that is a week old lose its files.",
                    "Only files that no version of the last week needs are deleted.",
                    "Leave the files as they are; reading them is slower and nothing is lost.",
                ),
            )
        )
    if behind.what:
        found.append(
            _subject(
                "behind",
                f"{behind.what} that the tables do not hold",
                f"{behind.what} came in since the tables were computed",
                (TableRow("builds", "behind"),),
                Recipe(
                    "Compute what came in",
                    (
                        Draft(
                            "change",
                            f"Compute the tables again: {behind.what} came in since.",
                            "The tables hold everything that came in.",
                            5,
                            (),
                            "high",
                            action=Action("materialize", tuple(day.isoformat() for day in behind.days)),
                        ),
                        Draft("verify", "Look at the checks of the run.", "All of them pass.", 2, (0,), "medium"),
                    ),
                    "A run holds the tables that it writes until it ends.",
                    "Readers see the state before, whole, until then.",
                    "Compute one day after the other with `banana materialize`.",
                ),
            )
        )
    return found


def _subject(key: str, name: str, told: str, rows: tuple[TableRow, ...], recipe: Recipe) -> Subject:
    return Subject(
        kind="tables",
        key=key,
        name=name,
        says=told,
        concepts=frozenset(),
        weight=2.0,
        fact=told,
        citations=(),
        rows=rows,
        recipe=lambda: recipe,
    )
