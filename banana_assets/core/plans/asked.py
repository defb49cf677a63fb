"""What a plan was asked for, beside what it is about."""

from __future__ import annotations

from dataclasses import dataclass

MOST_SUBTASKS = 10


@dataclass(frozen=True)
class Ask:
    """``constraints`` and ``preferred_approach`` in words, as people write them; ``goal`` None where nobody asked."""

    goal: str | None = None
    context: str | None = None
    constraints: tuple[str, ...] = ()
    preferred_approach: str | None = None
    max_subtasks: int = MOST_SUBTASKS
