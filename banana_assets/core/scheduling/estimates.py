"""How long a task is expected to run, from the tasks that ended before it was asked for."""

from __future__ import annotations

import heapq
from bisect import insort
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass

RECENT = 20
"""Latest runs of a kind that speak for the next one."""

FEWEST = 3
"""Runs of its own kind from which on a task is judged by them alone."""


@dataclass(frozen=True, slots=True)
class Past:
    """A task that ran: times in seconds on one clock; ``kind`` names the tasks like it, ``group`` the wider circle."""

    task_id: str
    kind: str
    group: str
    arrived: float
    started: float
    finished: float
    weight: float = 1.0
    memory: float = 0.0
    cpu: float = 0.0
    after: tuple[str, ...] = ()

    @property
    def runtime(self) -> float:
        """Seconds it ran."""
        return self.finished - self.started


class _Recent:
    """The latest run times of one kind, and their median."""

    def __init__(self) -> None:
        self._order: deque[float] = deque()
        self._sorted: list[float] = []

    def add(self, runtime: float) -> None:
        self._order.append(runtime)
        insort(self._sorted, runtime)
        if len(self._order) > RECENT:
            self._sorted.remove(self._order.popleft())

    def __len__(self) -> int:
        return len(self._sorted)

    @property
    def median(self) -> float:
        middle = len(self._sorted) // 2
        if len(self._sorted) % 2:
            return self._sorted[middle]
        return (self._sorted[middle - 1] + self._sorted[middle]) / 2


class Estimates:
    """Expected run times. ``learn`` from what ended; ``expect`` what comes: the median of the latest twenty of its
    kind, of its group where there are fewer than three, else of all; one second where nothing ever ended.
    """

    def __init__(self) -> None:
        self._kinds: defaultdict[str, _Recent] = defaultdict(_Recent)
        self._groups: defaultdict[str, _Recent] = defaultdict(_Recent)
        self._all = _Recent()

    def learn(self, kind: str, group: str, runtime: float) -> None:
        """Take in a run that ended."""
        for recent in (self._kinds[kind], self._groups[group], self._all):
            recent.add(runtime)

    def expect(self, kind: str, group: str) -> float:
        """Seconds that such a task is expected to run."""
        for recent in (self._kinds.get(kind), self._groups.get(group)):
            if recent is not None and len(recent) >= FEWEST:
                return recent.median
        return self._all.median if len(self._all) else 1.0


def learned(history: Sequence[Past]) -> Estimates:
    """What the whole of a history teaches, the run that ended last being the latest."""
    estimates = Estimates()
    for past in sorted(history, key=lambda p: p.finished):
        estimates.learn(past.kind, past.group, past.runtime)
    return estimates


def expected(history: Sequence[Past]) -> dict[str, float]:
    """The expected run time of each task of a history, from those alone that had ended when it was asked for."""
    found: dict[str, float] = {}
    estimates = Estimates()
    ended: list[tuple[float, int]] = []
    for i, past in sorted(enumerate(history), key=lambda item: (item[1].arrived, item[0])):
        while ended and ended[0][0] <= past.arrived:
            before = history[heapq.heappop(ended)[1]]
            estimates.learn(before.kind, before.group, before.runtime)
        found[past.task_id] = estimates.expect(past.kind, past.group)
        heapq.heappush(ended, (past.finished, i))
    return found
