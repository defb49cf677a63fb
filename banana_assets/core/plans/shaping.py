"""Making known steps keep what was asked: constraints, the most steps, the preferred approach. Nothing goes unsaid."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from banana_assets.core.evidence import plural
from banana_assets.core.plans.asked import Ask
from banana_assets.core.plans.constraints import Constraint, breaks, may_break, read
from banana_assets.core.plans.order import after, critical_path, joined, renumbered, without
from banana_assets.core.plans.types import Issue, Subtask
from banana_assets.core.text import cut

_RANK = {"low": 0, "medium": 1, "high": 2}
_WORD = re.compile(r"[a-z]{3,}")
_STOP = frozenset(
    """
    the and for with from that this then than into out use using used try first instead rather prefer
    please make made only not all any its their them when where what which before after again more most
    less least approach way step steps plan fix
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Shaped:
    """The steps that are left, what was done to them, and the reason why none can be left, where that is so."""

    steps: tuple[Subtask, ...]
    issues: tuple[Issue, ...]
    reason: str | None = None


def shaped(steps: tuple[Subtask, ...], ask: Ask) -> Shaped:
    """The steps so that they keep the ask, numbered anew.

    Steps that break a constraint go first, then those that may break it, as far as another change is left. Too many
    steps: those of low, then of medium priority go, then neighbours are joined. Too long: those of low and medium
    priority on the longest path go. When all changes are gone, or it still is too long or needs too much, there is a
    reason and no plan.
    """
    asked = [read(text) for text in ask.constraints]
    said = [Issue("info", f"The constraint “{c.text}” was not understood, so nothing checks it.") for c in asked
            if c.kind == "unread"]  # fmt: skip
    steps, preferred = _preferring(steps, ask.preferred_approach)
    said += preferred
    mends = any(s.type == "change" for s in steps)
    for constraint in asked:
        steps, dropped, reason = _keeping(steps, constraint)
        said += dropped
        if reason:
            return Shaped((), tuple(said), reason)
    if mends and not any(s.type == "change" for s in steps):
        against = " and ".join(f"“{c.text}”" for c in asked if c.kind in ("untouched", "only", "downtime", "resource"))
        return Shaped((), tuple(said), f"No plan: every step that would mend it is against {against}.")
    most = min([ask.max_subtasks, *(int(c.amount) for c in asked if c.kind == "steps")])
    steps, fewer = _fewer(steps, most)
    said += fewer
    for constraint in (c for c in asked if c.kind == "minutes"):
        steps, shorter = _shorter(steps, constraint)
        said += shorter
        if (takes := critical_path(steps)) > constraint.amount:
            reason = f"No plan: what has to be done takes {takes:g} minutes, and “{constraint.text}” allows fewer."
            return Shaped((), tuple(said), reason)
    return Shaped(renumbered(steps), tuple(said))


def _keeping(steps: tuple[Subtask, ...], constraint: Constraint) -> tuple[tuple[Subtask, ...], list[Issue], str | None]:
    said: list[Issue] = []
    for step in steps:
        why = breaks(constraint, step)
        if not why:
            continue
        if constraint.kind == "resource":
            # What the job itself was measured to need cannot be left out of running it.
            return steps, said, f"No plan: the job was measured, and {why[0].lower()}{why[1:]}"
        steps = without(steps, step.id)
        said.append(Issue("info", f"A step was left out: {why} It was: {_short(step)}"))
    near = {s.id: why for s in steps if (why := may_break(constraint, s))}
    if any(s.type == "change" and s.id not in near for s in steps):
        for step in [s for s in steps if s.id in near]:
            steps = without(steps, step.id)
            said.append(Issue("info", f"A step was left out: {near[step.id]} It was: {_short(step)}"))
    return steps, said, None


def _fewer(steps: tuple[Subtask, ...], most: int) -> tuple[tuple[Subtask, ...], list[Issue]]:
    said: list[Issue] = []
    while len(steps) > most:
        spare = _spare(steps)
        if spare is not None:
            steps = without(steps, spare.id)
            said.append(Issue("info", f"A step was left out to keep to {plural(most, 'step')}: {_short(spare)}"))
            continue
        pair = _neighbours(steps)
        if pair is None:
            break
        steps = joined(steps, *pair)
        said.append(Issue("info", f"Two steps were made one to keep to {plural(most, 'step')}."))
    return steps, said


def _shorter(steps: tuple[Subtask, ...], constraint: Constraint) -> tuple[tuple[Subtask, ...], list[Issue]]:
    said: list[Issue] = []
    while critical_path(steps) > constraint.amount:
        now = critical_path(steps)
        useful = [s for s in _spares(steps) if critical_path(without(steps, s.id)) < now]
        if not useful:
            break
        steps = without(steps, useful[0].id)
        said.append(Issue("info", f"A step was left out to keep “{constraint.text}”: {_short(useful[0])}"))
    return steps, said


def _spares(steps: Sequence[Subtask]) -> list[Subtask]:
    """Steps that can be left out, the least missed first: none of high priority, none that alone checks a change, and
    not the last change."""
    behind = after(steps)
    checks = {s.id for s in steps if s.type == "verify"}
    changes = [s for s in steps if s.type == "change"]
    alone = {next(iter(own)) for c in changes if len(own := behind[c.id] & checks) == 1}
    alone |= {changes[0].id} if len(changes) == 1 else set()
    free = [(n, s) for n, s in enumerate(steps) if s.priority != "high" and (s.id not in alone or s.priority == "low")]
    return [s for n, s in sorted(free, key=lambda p: (_RANK[p[1].priority], len(behind[p[1].id]), -p[0]))]


def _spare(steps: Sequence[Subtask]) -> Subtask | None:
    return next(iter(_spares(steps)), None)


def _neighbours(steps: Sequence[Subtask]) -> tuple[str, str] | None:
    """Two steps that can be made one without a circle, those that look before those that change or
    verify, of these those that then take least from begin to end."""
    behind, takes = after(steps), critical_path(steps)
    pairs = []
    for b, two in enumerate(steps):
        for a, one in enumerate(steps[:b]):
            between = {s.id for s in steps if s.id in behind[one.id] and two.id in behind[s.id]}
            if not between:
                looks = (one.type in ("change", "verify")) + (two.type in ("change", "verify"))
                longer = critical_path(joined(steps, one.id, two.id)) - takes
                pairs.append((looks, round(longer, 6), one.id not in two.dependencies, b - a, b, (one.id, two.id)))
    return min(pairs)[-1] if pairs else None


def _preferring(steps: tuple[Subtask, ...], preferred: str | None) -> tuple[tuple[Subtask, ...], list[Issue]]:
    """The changes that are most like the preferred approach come with high priority, their alternatives with low."""
    if not preferred:
        return steps, []
    wanted = _stems(preferred)
    changes = [s for s in steps if s.type in ("change", "prevent")]
    like = {s.id: len(wanted & _stems(f"{s.description} {s.expects}")) for s in changes}
    best = max(like.values(), default=0)
    if best == 0:
        return steps, [Issue("info", f"No known step is like “{preferred}”; the plan keeps its own approach.")]
    chosen = {i for i, n in like.items() if n == best}
    others = [s for s in changes if s.id not in chosen]
    alternatives = {
        s.id for s in others if any(set(s.dependencies) == set(c.dependencies) for c in changes if c.id in chosen)
    }
    ranked = tuple(
        replace(s, priority="high") if s.id in chosen else replace(s, priority="low") if s.id in alternatives else s
        for s in steps
    )
    first = next(s for s in ranked if s.id in chosen)
    return ranked, [Issue("info", f"As “{preferred}” is preferred, this has precedence: {_short(first)}")]


def _stems(text: str) -> set[str]:
    return {word[:5] for word in _WORD.findall(text.lower()) if word not in _STOP}


def _short(step: Subtask) -> str:
    text = step.description
    return cut(text, 90)
