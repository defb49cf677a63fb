"""What a plan was asked for, beside what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from banana_assets.core.safety.secrets import mask

MOST_SUBTASKS = 10


@dataclass(frozen=True)
class Ask:
    """``constraints`` and ``preferred_approach`` in words, as people write them; ``goal`` None where nobody asked."""

    goal: str | None = None
    context: str | None = None
    constraints: tuple[str, ...] = ()
    preferred_approach: str | None = None
    max_subtasks: int = MOST_SUBTASKS


def asked(
    goal: str,
    context: str | None = None,
    constraints: Sequence[str] = (),
    preferred_approach: str | None = None,
    max_subtasks: int = MOST_SUBTASKS,
) -> Ask:
    """What somebody asks for in words, without the secrets in it: it is kept, shown, and may be sent to a model."""

    def clean(text: str | None) -> str | None:
        return None if text is None else mask(text).text

    return Ask(
        mask(goal).text,
        clean(context),
        tuple(mask(c).text for c in constraints),
        clean(preferred_approach),
        max_subtasks,
    )
