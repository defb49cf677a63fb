"""Tasks, the limits under which they run, and where a rule puts them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work. Times in seconds on one clock.

    ``arrived`` is when it was asked for, ``runtime`` how long it runs, ``expected`` how long it was thought to run
    before it ran (what a rule may look at). ``weight`` says how much a second of its waiting costs; ``memory`` in bytes
    and ``cpu`` in cores are held while it runs; ``after`` names tasks that have to end before it may begin.
    """

    task_id: str
    arrived: float
    runtime: float
    expected: float
    weight: float = 1.0
    memory: float = 0.0
    cpu: float = 0.0
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limits:
    """What may run at once: so many tasks, so much memory (bytes), so many cores."""

    parallel: int
    memory: float = math.inf
    cpu: float = math.inf


@dataclass(frozen=True, slots=True)
class Run:
    """When a task runs, in seconds on the clock of the tasks."""

    task_id: str
    start: float
    end: float


@dataclass(frozen=True)
class Waiting:
    """How long the tasks of a schedule wait from their arrival to their begin, in seconds, weighted by their weight."""

    tasks: int
    mean: float
    weighted: float
    longest: float


def most_together(spans: Iterable[tuple[float, float]]) -> int:
    """The most of these spans (begin and end, in seconds) that lie over one moment; 1 at least.

    An end counts before a begin at the same moment: what they take is handed on.
    """
    edges = [edge for begin, end in spans for edge in ((begin, 1), (max(end, begin + 1e-6), -1))]
    running = most = 0
    for _, change in sorted(edges):
        running += change
        most = max(most, running)
    return max(1, most)


def waiting(tasks: Sequence[Task], runs: Sequence[Run]) -> Waiting:
    """The waits of these tasks in these runs; all zero for no task."""
    began = {run.task_id: run.start for run in runs}
    waits = [(began[task.task_id] - task.arrived, task.weight) for task in tasks]
    if not waits:
        return Waiting(0, 0.0, 0.0, 0.0)
    weight = sum(w for _, w in waits)
    return Waiting(
        tasks=len(waits),
        mean=sum(wait for wait, _ in waits) / len(waits),
        weighted=sum(wait * w for wait, w in waits) / weight if weight > 0 else 0.0,
        longest=max(wait for wait, _ in waits),
    )
