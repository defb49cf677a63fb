"""Where a plan stands, told from where its steps do."""

from __future__ import annotations

from collections.abc import Sequence


def plan_status(steps: Sequence[str]) -> str:
    """The status of a plan whose steps have these (STEP_STATUSES).

    Pending before any step began; failed once a step failed and none goes on; completed when no step is left and one
    was done; cancelled when all were; running otherwise.
    """
    said = set(steps)
    if said <= {"pending"}:
        return "pending"
    if "running" in said:
        return "running"
    if "failed" in said:
        return "failed"
    if said == {"cancelled"}:
        return "cancelled"
    if said <= {"completed", "cancelled"}:
        return "completed"
    return "pending" if said == {"pending", "cancelled"} else "running"
