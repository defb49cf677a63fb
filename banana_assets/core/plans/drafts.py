"""Steps before they have ids: what the recipes of the failure classes return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from banana_assets.core.evidence import Citation
from banana_assets.core.plans.types import Action, Requirement, Risk, Subtask, TableRow


@dataclass(frozen=True)
class Draft:
    """A step; ``after`` are positions (from 0) of steps before it, ``cites`` positions of the case's citations.

    ``runs`` is how often it runs the job: its time and needs are then those that were measured, where any were.
    """

    type: str
    description: str
    expects: str
    minutes: float
    after: tuple[int, ...] = ()
    priority: str = "medium"
    cites: tuple[int, ...] = ()
    runs: int = 0
    action: Action | None = None


@dataclass(frozen=True)
class Recipe:
    """The steps of a class of failure, the idea behind them, what could go wrong and what to do then."""

    approach: str
    steps: tuple[Draft, ...]
    risk: str
    mitigation: str
    fallback: str

    @property
    def risks(self) -> tuple[Risk, ...]:
        """What could go wrong."""
        return (Risk(self.risk, self.mitigation),)


MOST_CITED = 6
"""So many places of a log are cited by one plan at most."""

PERSON_MINUTES = 5.0
"""What a person needs around a step that only runs something."""


def numbered(
    drafts: Sequence[Draft],
    citations: Sequence[Citation],
    *,
    needs: tuple[Requirement, ...] = (),
    run_minutes: float | None = None,
    begin: int = 0,
    rests_on: tuple[TableRow, ...] = (),
) -> tuple[Subtask, ...]:
    """The drafts as subtasks ``s1``, ``s2``... A draft refers only to ones before it, so that no circle can arise.

    ``needs`` and ``run_minutes`` are what was measured of the job; ``begin`` is how many steps stand before these;
    ``rests_on`` the rows that those steps rest on which look or cite. The first step reads what no other cites.
    """
    steps = []
    cited = {c for draft in drafts for c in draft.cites}
    left = [c for c in range(min(len(citations), MOST_CITED)) if c not in cited]
    for place, draft in enumerate(drafts):
        minutes = draft.minutes
        if draft.runs and run_minutes is not None:
            minutes = round(PERSON_MINUTES + draft.runs * run_minutes, 1)
        chosen = (*draft.cites, *left) if place == 0 else draft.cites
        steps.append(
            Subtask(
                id=f"s{begin + place + 1}",
                type=draft.type,
                description=draft.description,
                expects=draft.expects,
                estimated_minutes=float(minutes),
                dependencies=tuple(f"s{begin + a + 1}" for a in draft.after if a < place),
                priority=draft.priority,
                resource_requirements=needs if draft.runs else (),
                citations=tuple(citations[c] for c in chosen if c < len(citations)),
                action=draft.action,
                rests_on=rests_on if place == 0 or draft.cites else (),
            )
        )
    return tuple(steps)
