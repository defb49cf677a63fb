"""What can be said of each constraint by the steps of a plan: that they keep it, or that nobody can tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from banana_assets.core.evidence import plural
from banana_assets.core.plans.constraints import CHANGING, Constraint, breaks, may_break
from banana_assets.core.plans.order import critical_path
from banana_assets.core.plans.types import Issue, Subtask
from banana_assets.core.text import Late

MOST_NAMED = 6
_FILE = Late(r"[\w.-]*/[\w./-]+|(?<![\w.])[\w-]*[a-z_][\w-]*\.[a-z]{1,5}(?:\b|:)")


def judged_by(constraint: Constraint, steps: Sequence[Subtask]) -> Iterator[Issue]:
    """What the steps say of a constraint that none of them plainly breaks: an info that it is kept and by what this was
    judged, a warning where their words do not tell."""
    if constraint.kind == "unread":
        yield Issue("info", f"The constraint “{constraint.text}” was not understood, so nothing checks it.")
        return
    if any(breaks(constraint, step) for step in steps):
        return
    same = constraint.told == constraint.text.strip(" .").lower()
    taken = f"“{constraint.text}”" if same else f"“{constraint.text}” is taken as {constraint.told}"
    if constraint.kind == "steps":
        yield Issue("info", f"{taken}: there {'is' if len(steps) == 1 else 'are'} {len(steps)}.")
    elif constraint.kind == "minutes":
        yield Issue("info", f"{taken}: by the estimates it takes {critical_path(steps):g}.")
    elif constraint.kind == "downtime":
        yield Issue("info", f"{taken}: by their words none of the {plural(len(steps), 'step')} does.")
    elif constraint.kind == "resource":
        yield _of_needs(taken, constraint, steps)
    else:
        yield from _of_changes(taken, constraint, steps)


def _of_needs(taken: str, constraint: Constraint, steps: Sequence[Subtask]) -> Issue:
    kind = constraint.resource.type if constraint.resource else ""
    told = [s for s in steps if any(need.type == kind for need in s.resource_requirements)]
    if told:
        return Issue("info", f"{taken}: {len(told)} of {plural(len(steps), 'step')} has a need of it that is known.")
    return Issue("warning", f"{taken}: nothing measured says what the steps need of it, so nothing checks it.")


def _of_changes(taken: str, constraint: Constraint, steps: Sequence[Subtask]) -> Iterator[Issue]:
    changes = [s for s in steps if s.type in CHANGING]
    near = {s.id: said for s in changes if (said := may_break(constraint, s))}
    yield from (Issue("warning", said, step) for step, said in near.items())
    open_ = [s.id for s in changes if s.id not in near and not _FILE.search(s.description)]
    if not changes:
        yield Issue("info", f"{taken}: no step changes anything.")
    elif open_:
        which = f"{', '.join(open_[:MOST_NAMED])}{' and others' if len(open_) > MOST_NAMED else ''}"
        told = f"no file is named by {len(open_)} of the {len(changes)} that change something ({which})"
        yield Issue("warning", f"{taken}: {told}, so whoever does them has to see to it.")
    elif not near:
        yield Issue("info", f"{taken}: by their words none of the {plural(len(changes), 'change')} does.")
