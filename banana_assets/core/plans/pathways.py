"""The way of a plan through its steps: which may begin, what each word does to a step, and what forbids it.

A step may begin once every step that it waits for is completed, or was called off by somebody who did not need it. A
failed one holds up what waits for it, until it is taken up again or called off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from banana_assets.core.errors import InputError
from banana_assets.core.plans.types import Plan, Subtask

MOVES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "start": (("pending", "failed"), "running"),
    "done": (("pending", "running"), "completed"),
    "fail": (("pending", "running"), "failed"),
    "cancel": (("pending", "running", "failed"), "cancelled"),
    "undo": (("running", "completed", "failed", "cancelled"), "pending"),
}
"""What is done to a step or a whole plan: from which statuses, and to which."""

SETTLED = ("completed", "cancelled")
BEGUN = ("running", "completed", "failed")


@dataclass(frozen=True)
class Standing:
    """A step, where it stands, and the steps that it still waits for."""

    step: Subtask
    status: str
    waits_for: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Whether it may begin now."""
        return self.status == "pending" and not self.waits_for


def standing(plan: Plan, statuses: Mapping[str, str]) -> tuple[Standing, ...]:
    """Where each step of the plan stands, in the plan's order; a step without a status is pending."""
    return tuple(
        Standing(
            step,
            statuses.get(step.id, "pending"),
            tuple(d for d in step.dependencies if statuses.get(d, "pending") not in SETTLED),
        )
        for step in plan.subtasks
    )


def next_step(plan: Plan, statuses: Mapping[str, str]) -> str:
    """The first step that may begin. Raises InputError when there is none."""
    for found in standing(plan, statuses):
        if found.ready:
            return found.step.id
    raise InputError(f"No step of {plan.plan_id} may begin now.", f"`banana plan show {plan.plan_id}` says why.")


def moved(plan: Plan, statuses: Mapping[str, str], step_id: str, move: str) -> str:
    """The status that the step gets by this move (MOVES).

    Raises InputError for an unknown step, a move that its status does not allow, and one that its dependencies forbid.
    """
    found = next((s for s in standing(plan, statuses) if s.step.id == step_id), None)
    if found is None:
        ids = ", ".join(step.id for step in plan.subtasks) or "none"
        raise InputError(f"The plan {plan.plan_id} has no step {step_id}.", f"Its steps are: {ids}.")
    allowed, becomes = MOVES[move]
    if found.status not in allowed:
        told = f"Step {step_id} is {found.status}."
        if found.status == becomes:
            raise InputError(told, "Nothing is left to do about it.")
        raise InputError(told, f"`banana plan undo {plan.plan_id} {step_id}` makes it pending again.")
    if move in ("start", "done") and found.waits_for:
        waits = ", ".join(f"{d} ({statuses.get(d, 'pending')})" for d in found.waits_for)
        raise InputError(f"Step {step_id} waits for {waits}.", "Do these first, or cancel what is not needed.")
    if move == "undo":
        after = [s for s in standing(plan, statuses) if step_id in s.step.dependencies and s.status in BEGUN]
        if after and found.status in SETTLED:
            names = ", ".join(f"{s.step.id} ({s.status})" for s in after)
            raise InputError(f"After step {step_id} others went on: {names}.", "Undo these first.")
    return becomes


def plan_moved(plan_id: str, status: str, move: str) -> str:
    """The status that a whole plan gets by this move (MOVES). Raises InputError where its status does not allow it."""
    allowed, becomes = MOVES[move]
    if status == becomes:
        raise InputError(f"The plan {plan_id} is {status}.", "Nothing is left to do about it.")
    if status not in allowed:
        raise InputError(f"The plan {plan_id} is {status}.", f"`banana plan undo {plan_id}` makes it pending again.")
    return becomes


def check(plan: Plan, step_id: str, move: str) -> Callable[[Mapping[str, str]], None]:
    """The same as a test of the statuses as they are when the change is written."""

    def allowed(statuses: Mapping[str, str]) -> None:
        moved(plan, statuses, step_id, move)

    return allowed


def progress(plan: Plan, statuses: Mapping[str, str]) -> str:
    """``2 of 5``: steps done of those that nobody called off."""
    known = [s.status for s in standing(plan, statuses)]
    return f"{known.count('completed')} of {len(known) - known.count('cancelled')}"
