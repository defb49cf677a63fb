"""What an order would have saved: history run again, first come first served beside weight over expected time.

Each replay takes the arrivals, run times and dependencies as they were and lets the rule decide alone. What a rule
looks at is what was known by then: expected times come from tasks that had ended when a task was asked for. A task that
has waited half as long again as anyone had waited first come first served goes first, so that nobody pays for the
others.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np

from banana_assets.core.scheduling.dispatch import dispatch
from banana_assets.core.scheduling.estimates import Past, expected
from banana_assets.core.scheduling.priority import by_weight_over_time, first_come
from banana_assets.core.scheduling.types import Limits, Run, Task, Waiting, most_together, waiting

FEWEST_SPELLS = 4
"""Busy spells with waiting in them, from which on an interval is given."""

FEWEST_ALIKE = 2.0
"""The same, counted as spells that weigh alike."""

PATIENCE = 1.5
"""Times the longest wait of first come first served so far, after which a task goes first."""

NOTHING = 0.05
"""Share of the waiting below which a saving or a loss is none."""

HARDLY = 0.05
"""Share of the time with so many at once or more, below which even more at once are slips of clocks."""

SAVES, LOSES, UNCLEAR, NO_WAITING = "saves", "loses", "no_clear_difference", "no_waiting"
SAVES_NOTHING = "saves_nothing"


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
    """How many tasks may run at the same time: the most that were seen, 1 at least.

    Where most waiting was done while a smaller number ran, and hardly ever more, that number: times that are rounded,
    or written after the next task has begun, let more seem to run than could.
    """
    most = most_together((p.started, p.finished) for p in history)
    lasted, waited = _at_each_number(history)
    if not any(waited.values()):
        return most
    usual = max(waited, key=lambda n: (waited[n], n))
    beyond = sum(seconds for n, seconds in lasted.items() if n > usual)
    reached = beyond + lasted[usual]
    limit = waited[usual] > sum(waited.values()) / 2 and beyond < HARDLY * reached
    return max(1, usual) if limit else most


def _at_each_number(history: Sequence[Past]) -> tuple[dict[int, float], dict[int, float]]:
    """For each number of tasks that ran at once: how many seconds it did, and how many seconds tasks waited then."""
    ended = {p.task_id: p.finished for p in history}
    edges: list[tuple[float, int, int]] = []
    for past in history:
        ready = max([past.arrived, *(ended[a] for a in past.after if a in ended)])
        if ready < past.started:
            edges += [(ready, 1, 0), (past.started, -1, 0)]
        edges += [(past.started, 0, 1), (past.finished, 0, -1)]
    lasted: defaultdict[int, float] = defaultdict(float)
    waited: defaultdict[int, float] = defaultdict(float)
    waits = running = 0
    before = 0.0
    for moment, waiting_more, running_more in sorted(edges):
        lasted[running] += moment - before if running else 0.0
        waited[running] += waits * (moment - before)
        waits, running, before = waits + waiting_more, running + running_more, moment
    return lasted, waited


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
    patience = _longest_so_far(tasks, plain)
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


def _longest_so_far(tasks: Sequence[Task], plain: Sequence[Run]) -> Callable[[float], float]:
    """How long a task waits at most at each moment: PATIENCE times the longest wait of all that had begun by then."""
    arrived = {task.task_id: task.arrived for task in tasks}
    begun = sorted((run.start, run.start - arrived[run.task_id]) for run in plain)
    moments = [start for start, _ in begun]
    longest = [0.0, *accumulate((PATIENCE * wait for _, wait in begun), max)]
    return lambda now: longest[bisect_right(moments, now)]


def _verdict(base: Waiting, low: float | None, high: float | None) -> str:
    if base.weighted <= 0:
        return NO_WAITING
    if low is None or high is None:
        return UNCLEAR
    if low > 0 or high < 0:
        return SAVES if low > 0 else LOSES
    return SAVES_NOTHING if max(-low, high) <= NOTHING * base.weighted else UNCLEAR


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
    Survey Sampling, 1965), or as the differences that they make would (F. E. Satterthwaite, "An approximate
    distribution of estimates of variance components", Biometrics 2, 1946; two fifths of his number, as few draws of a
    heavy tail show too little of it): that gives the degrees of freedom of Student's t. Where both orders are the same
    the interval is zero. Resampling, which takes spells for alike, held in half of the cases
    (benchmarks/scheduling.py).
    """
    waited = spells[spells[:, 1] > 0]
    n = len(waited)
    if n < FEWEST_SPELLS:
        return None, None
    if not spells[:, 0].any():
        return 0.0, 0.0
    saved, total = waited[:, 0].sum(), waited[:, 1].sum()
    alike = total**2 / (waited[:, 1] ** 2).sum()
    if alike < FEWEST_ALIKE:
        return None, None
    left = (saved - waited[:, 0]) / (total - waited[:, 1])
    squares = (left - left.mean()) ** 2
    error = np.sqrt((n - 1) / n * squares.sum())
    if error > 0:
        alike = min(alike, 1.2 * squares.sum() ** 2 / (squares**2).sum())
    from scipy.stats import t as student

    half = float(student.ppf(0.975, max(1.0, alike - 1)) * error)
    share = float(saved / total)
    return max(-1e9, share - half), min(1.0, share + half)
