"""What an order would have saved: history run again, first come first served beside weight over expected time.

Each replay takes the arrivals, run times and dependencies as they were and lets the rule decide alone. What a rule
looks at is what was known when a task was asked for: expected times come from tasks that had ended by then. A task
that has waited as long as the longest wait of first come first served goes first, so that nobody pays for the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from banana_assets.core.scheduling.dispatch import dispatch
from banana_assets.core.scheduling.estimates import Past, expected
from banana_assets.core.scheduling.priority import by_weight_over_time, first_come
from banana_assets.core.scheduling.types import Limits, Run, Task, Waiting, waiting

RESAMPLES = 2_000
FEWEST_SPELLS = 8
"""Busy spells with waiting in them, from which on an interval is given."""

SAVES, LOSES, UNCLEAR, NO_WAITING = "saves", "loses", "no_clear_difference", "no_waiting"


@dataclass(frozen=True)
class Replayed:
    """Two orders on one history. Waits in seconds a task, weighted; ``saved`` is first come less ours.

    ``low`` and ``high`` are the 95 % interval of ``saved`` over resampled busy spells (None with fewer than eight);
    ``seen`` is how long the tasks really waited, which says whether the limits are those of the real queue.
    ``perfect`` is our order with run times known beforehand: how much better estimates could bring.
    """

    limits: Limits
    first_come: Waiting
    ours: Waiting
    perfect: Waiting
    seen: Waiting
    saved: float
    low: float | None
    high: float | None
    spells: int
    verdict: str

    @property
    def share(self) -> float:
        """What is saved of the waiting of first come first served; 0 where nothing waited."""
        return self.saved / self.first_come.weighted if self.first_come.weighted > 0 else 0.0


def most_at_once(history: Sequence[Past]) -> int:
    """The most tasks that were seen running at the same time; 1 at least."""
    edges = sorted([(p.started, 1) for p in history] + [(max(p.finished, p.started + 1e-6), -1) for p in history])
    running = most = 0
    for _, change in edges:
        running += change
        most = max(most, running)
    return max(1, most)


def replay(history: Sequence[Past], limits: Limits | None = None, *, seed: int = 1) -> Replayed:
    """Run a history again under limits (as many at once as were seen, unless told). Deterministic for a seed."""
    limits = limits or Limits(most_at_once(history))
    thought = expected(history)
    known = {past.task_id for past in history}
    tasks = [
        Task(
            p.task_id,
            p.arrived,
            p.runtime,
            thought[p.task_id],
            p.weight,
            min(p.memory, limits.memory),
            min(p.cpu, limits.cpu),
            tuple(a for a in p.after if a in known),
        )
        for p in history
    ]
    plain = dispatch(tasks, limits, first_come(tasks))
    base = waiting(tasks, plain)
    patience = base.longest
    ours = dispatch(tasks, limits, by_weight_over_time(tasks), patience=patience)
    told = [replace(t, expected=t.runtime) for t in tasks]
    perfect = dispatch(told, limits, by_weight_over_time(told), patience=patience)
    spells = _spells(tasks, plain, ours)
    saved = base.weighted - waiting(tasks, ours).weighted
    low, high = _interval(spells, seed)
    return Replayed(
        limits=limits,
        first_come=base,
        ours=waiting(tasks, ours),
        perfect=waiting(tasks, perfect),
        seen=waiting(tasks, [Run(p.task_id, max(p.started, p.arrived), p.finished) for p in history]),
        saved=saved,
        low=low,
        high=high,
        spells=int((spells[:, 1] > 0).sum()),
        verdict=_verdict(base, low, high),
    )


def _verdict(base: Waiting, low: float | None, high: float | None) -> str:
    if base.weighted <= 0:
        return NO_WAITING
    if low is None or high is None:
        return UNCLEAR
    return SAVES if low > 0 else LOSES if high < 0 else UNCLEAR


def _spells(tasks: Sequence[Task], *orders: Sequence[Run]) -> np.ndarray:
    """A row a busy spell: weighted seconds saved, weighted seconds waited under the first order, weight.

    A spell ends when nothing runs or waits under either order: what happens after it does not depend on what was before
    it (regenerative cycles: M. A. Crane and A. J. Lemoine, "An introduction to the regenerative method for simulation
    analysis", 1977), so spells can be resampled as wholes.
    """
    if not tasks:
        return np.zeros((0, 3))
    begins = [{run.task_id: run.start for run in order} for order in orders]
    until = {task.task_id: 0.0 for task in tasks}
    for order in orders:
        for run in order:
            until[run.task_id] = max(until[run.task_id], run.end)
    rows: list[list[float]] = []
    end = -np.inf
    for task in sorted(tasks, key=lambda t: t.arrived):
        if task.arrived >= end:
            rows.append([0.0, 0.0, 0.0])
        plain, ours = (b[task.task_id] - task.arrived for b in begins)
        rows[-1][0] += task.weight * (plain - ours)
        rows[-1][1] += task.weight * plain
        rows[-1][2] += task.weight
        end = max(end, until[task.task_id])
    return np.array(rows)


def _interval(spells: np.ndarray, seed: int) -> tuple[float | None, float | None]:
    """95 % of the saved seconds a task, over spells drawn again with replacement (a ratio of sums)."""
    if int((spells[:, 1] > 0).sum()) < FEWEST_SPELLS:
        return None, None
    n = len(spells)
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    drawn = (counts @ spells[:, 0]) / np.maximum(counts @ spells[:, 2], 1e-12)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)
