"""The task graph of a plan: what waits for what, how long it takes at least, what comes after a step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from banana_assets.core.plans.types import Subtask


def cycle(steps: Sequence[Subtask]) -> list[str]:
    """The ids of a circle of steps that wait for each other, in order; empty where there is none."""
    try:
        TopologicalSorter({s.id: s.dependencies for s in steps}).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def critical_path(steps: Sequence[Subtask]) -> float:
    """The minutes from begin to end when everybody works at once; steps stand after the ones they wait for."""
    ends: dict[str, float] = {}
    for step in steps:
        begin = max((ends.get(d, 0.0) for d in step.dependencies), default=0.0)
        ends[step.id] = begin + step.estimated_minutes
    return max(ends.values(), default=0.0)


def work(steps: Iterable[Subtask]) -> float:
    """The minutes of all steps together."""
    return sum(step.estimated_minutes for step in steps)


def after(steps: Sequence[Subtask]) -> dict[str, set[str]]:
    """Step id to the ids of all steps that wait for it, directly or not."""
    found: dict[str, set[str]] = {step.id: set() for step in steps}
    for step in reversed(steps):
        for before in step.dependencies:
            if before in found:
                found[before] |= {step.id, *found[step.id]}
    return found


def without(steps: Sequence[Subtask], gone: str) -> tuple[Subtask, ...]:
    """The steps without one; what waited for it waits for what it waited for."""
    lost = next(step for step in steps if step.id == gone)
    return tuple(_rewired(s, {gone: lost.dependencies}) for s in steps if s.id != gone)


def joined(steps: Sequence[Subtask], first: str, second: str) -> tuple[Subtask, ...]:
    """The steps with two made one: the second, in its place, does both."""
    one, two = (next(s for s in steps if s.id == i) for i in (first, second))
    deciding = max((one, two), key=lambda s: _DECIDES[s.type])
    both = replace(
        two,
        type=deciding.type,
        description=f"{one.description} {two.description}",
        expects=f"{one.expects} {two.expects}",
        estimated_minutes=one.estimated_minutes + two.estimated_minutes,
        dependencies=tuple(dict.fromkeys((*one.dependencies, *(d for d in two.dependencies if d != first)))),
        priority=max(one.priority, two.priority, key=("low", "medium", "high").index),
        resource_requirements=one.resource_requirements or two.resource_requirements,
        citations=tuple(_unique((*one.citations, *two.citations))),
        action=one.action or two.action,
        rests_on=tuple(dict.fromkeys((*one.rests_on, *two.rests_on))),
    )
    rest = (both if s.id == second else _rewired(s, {first: (second,)}) for s in steps if s.id != first)
    return sorted_steps(tuple(rest))


_DECIDES = {"prevent": 0, "measure": 1, "reproduce": 1, "inspect": 1, "verify": 2, "change": 3}


def _rewired(step: Subtask, other: dict[str, tuple[str, ...]]) -> Subtask:
    named = [d for before in step.dependencies for d in other.get(before, (before,))]
    return replace(step, dependencies=tuple(dict.fromkeys(d for d in named if d != step.id)))


def _unique(citations: Iterable[object]) -> list:  # type: ignore[type-arg]
    kept: list[object] = []
    for citation in citations:
        if citation not in kept:
            kept.append(citation)
    return kept


def sorted_steps(steps: tuple[Subtask, ...]) -> tuple[Subtask, ...]:
    """The steps in an order that keeps what they wait for, as near to theirs as that allows. They have no circle."""
    left, done, ordered = list(steps), set[str](), []
    known = {s.id for s in steps}
    while left:
        ready = next(s for s in left if all(d in done or d not in known for d in s.dependencies))
        left.remove(ready)
        done.add(ready.id)
        ordered.append(ready)
    return tuple(ordered)


def renumbered(steps: Sequence[Subtask]) -> tuple[Subtask, ...]:
    """The steps as ``s1``, ``s2``..."""
    names = {step.id: f"s{n}" for n, step in enumerate(steps, 1)}
    return tuple(
        replace(s, id=names[s.id], dependencies=tuple(names[d] for d in s.dependencies if d in names)) for s in steps
    )
