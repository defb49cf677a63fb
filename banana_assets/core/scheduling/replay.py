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
from banana_assets.core.scheduling.types import Limits, Run, Task, Waiting, most_together, waiting

FEWEST_SPELLS = 4
"""Busy spells with waiting in them, from which on an interval is given."""

FEWEST_ALIKE = 2.0
"""The same, counted as spells that weigh alike."""

SAVES, LOSES, UNCLEAR, NO_WAITING = "saves", "loses", "no_clear_difference", "no_waiting"


@dataclass(frozen=True)
class Replayed:
    """Two orders on one history. Waits in seconds a task, weighted; ``saved`` is first come less ours.

    ``low`` and ``high`` are the 95 % interval of ``saved`` over busy spells (None where there are too few);
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
    return most_together((p.started, p.finished) for p in history)


def replay(history: Sequence[Past], limits: Limits | None = None) -> Replayed:
    """Run a history again under limits (as many at once as were seen, unless told)."""
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
    low, high = (None if end is None else end * base.weighted for end in _interval(spells))
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
    analysis", 1977), so spells are independent of each other.
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


def _interval(spells: np.ndarray) -> tuple[float, float] | tuple[None, None]:
    """95 % of the share of waiting that is saved: a ratio of sums over spells, its error by the jackknife (J. W. Tukey,
    1958).

    Most waiting comes in few long spells, so the spells count for as many as would weigh the same alike (L. Kish,
    Survey Sampling, 1965); their number gives the degrees of freedom of Student's t. Resampling, which takes spells
    for alike, held in half of the cases only (benchmarks/scheduling.py).
    """
    waited = spells[spells[:, 1] > 0]
    n = len(waited)
    if n < FEWEST_SPELLS:
        return None, None
    saved, total = waited[:, 0].sum(), waited[:, 1].sum()
    alike = total**2 / (waited[:, 1] ** 2).sum()
    if alike < FEWEST_ALIKE:
        return None, None
    left = (saved - waited[:, 0]) / (total - waited[:, 1])
    error = np.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())
    from scipy.stats import t as student

    half = float(student.ppf(0.975, alike - 1) * error)
    share = float(saved / total)
    return max(-1e9, share - half), min(1.0, share + half)
