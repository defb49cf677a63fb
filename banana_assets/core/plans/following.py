"""How far people followed a plan: when they began, when it was done, from when on builds can tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

AROUND = frozenset({"reproduce", "inspect", "measure", "verify", "prevent"})
"""Types of steps that mend nothing: they look, or keep it from coming again."""

UNTOUCHED, UNDER_WAY, DONE, FAILED, CALLED_OFF = "untouched", "under way", "done", "failed", "called off"

_BEGUN = ("running", "completed", "failed")


@dataclass(frozen=True)
class Following:
    """Where a plan stands. ``begun_at``: the first sign that somebody began; ``done_at``: when the last step was done;
    ``in_place_at``: when the last of its changes was, from where builds show what it was worth; ``last_at``: the last
    sign of anybody. ``done`` steps of ``steps``."""

    state: str
    begun_at: datetime | None = None
    in_place_at: datetime | None = None
    done_at: datetime | None = None
    last_at: datetime | None = None
    done: int = 0
    steps: int = 0


def following(status: str, subtasks: Sequence[Mapping[str, Any]], steps: Sequence[Mapping[str, Any]]) -> Following:
    """How far a plan was followed, by its status, its ``subtasks`` (PLANS) and the records of its steps.

    ``steps`` have ``step_id, status, started_at, ended_at, changed_at``. A step is begun once it ran, was done or
    failed. A plan is done when each of its changes is, whether or not people tell of the steps around them (of a plan
    without changes, when no step is open); steps that people left out do not count. A plan that was said to have failed
    was tried, also where no step was told of.
    """
    begun = [s for s in steps if s["status"] in _BEGUN or s["started_at"] is not None]
    done = [s for s in steps if s["status"] == "completed"]
    times = [s["changed_at"] for s in begun]
    if not begun:
        if status == "failed":
            at = max((s["changed_at"] for s in steps), default=None)
            return Following(FAILED, at, at, None, at, 0, len(steps))
        return Following(CALLED_OFF if status == "cancelled" else UNTOUCHED, steps=len(steps))
    first = min(s["started_at"] or s["ended_at"] or s["changed_at"] for s in begun)
    counts = (max(times), len(done), len(steps))
    if status == "failed" or any(s["status"] == "failed" for s in steps):
        return Following(FAILED, first, max(times), None, *counts)
    if status == "cancelled" or (not done and all(s["status"] == "cancelled" for s in steps)):
        return Following(CALLED_OFF, first, None, None, *counts)
    around = {s["id"] for s in subtasks if s["type"] in AROUND}
    changes = [s for s in done if s["step_id"] not in around]
    left = {s["step_id"] for s in steps if s["status"] in ("pending", "running")}
    if left - around or (left and not changes):
        return Following(UNDER_WAY, first, None, None, *counts)
    return Following(DONE, first, _last(changes or done), _last(done), *counts)


def _last(steps: Sequence[Mapping[str, Any]]) -> datetime:
    last: datetime = max(s["ended_at"] or s["changed_at"] for s in steps)
    return last
