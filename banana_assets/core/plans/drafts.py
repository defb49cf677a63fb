"""Steps before they have ids: what the recipes of the failure classes return."""

from __future__ import annotations

from dataclasses import dataclass

from banana_assets.core.evidence import Citation
from banana_assets.core.plans.types import Requirement, Subtask


@dataclass(frozen=True)
class Draft:
    """A step; ``after`` are positions (from 0) of steps before it, ``cites`` positions of the case's citations."""

    type: str
    description: str
    expects: str
    minutes: float
    after: tuple[int, ...] = ()
    priority: str = "medium"
    cites: tuple[int, ...] = ()
    needs: tuple[Requirement, ...] = ()


@dataclass(frozen=True)
class Recipe:
    """The steps of a class of failure, the idea behind them and what could go wrong."""

    approach: str
    steps: tuple[Draft, ...]
    risk: str


def numbered(drafts: tuple[Draft, ...], citations: tuple[Citation, ...]) -> tuple[Subtask, ...]:
    """The drafts as subtasks ``s1``, ``s2``... A draft refers only to ones before it, so that no circle can arise."""
    steps = []
    for place, draft in enumerate(drafts):
        steps.append(
            Subtask(
                id=f"s{place + 1}",
                type=draft.type,
                description=draft.description,
                expects=draft.expects,
                estimated_minutes=draft.minutes,
                dependencies=tuple(f"s{a + 1}" for a in draft.after if a < place),
                priority=draft.priority,
                resource_requirements=draft.needs,
                citations=tuple(citations[c] for c in draft.cites if c < len(citations)),
            )
        )
    return tuple(steps)
