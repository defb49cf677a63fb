"""A circuit breaker that is read from the last calls: a model that failed again and again is left alone for a while.

Nothing but the ledger is kept, so every process sees the same state (M. Nygard, Release It!, 2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

FAILURES_TO_OPEN = 3
"""Calls in a row that failed."""

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)
LOOKED_AT = 12
"""Last calls that say all there is to know: by then the pause has reached its longest."""


@dataclass(frozen=True)
class Past:
    """One call that was made: ``ended_at`` is None while it runs, ``ok`` whether it brought an answer."""

    started_at: datetime
    ended_at: datetime | None
    ok: bool


@dataclass(frozen=True)
class Breaker:
    """``closed``: asked freely; ``open``: not before ``until``; ``half_open``: one call may try whether it is back."""

    state: str
    failures: int
    until: datetime | None = None


def breaker(calls: Sequence[Past], now: datetime) -> Breaker:
    """The state from the last calls of one model, newest first; calls that never were made are left out.

    The pause doubles with each further failure. While one call tries whether the model is back, others wait.
    """
    trying = [c for c in calls if c.ended_at is None]
    failures, last = 0, None
    for call in calls:
        if call.ended_at is None:
            continue
        if call.ok:
            break
        failures += 1
        last = last or call.ended_at
    if failures < FAILURES_TO_OPEN or last is None:
        return Breaker("closed", failures)
    until = last + min(FIRST_PAUSE * 2 ** (failures - FAILURES_TO_OPEN), LONGEST_PAUSE)
    if now < until or any(c.started_at >= last for c in trying):
        return Breaker("open", failures, max(until, now))
    return Breaker("half_open", failures, until)
