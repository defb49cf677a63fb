"""In which order waiting tasks should begin: weight over time, chains and trees of tasks taken together.

On one machine, tasks that are all there and depend on nothing wait least, weighted, in falling order of weight over
runtime (W. E. Smith, "Various optimizers for single-stage production", Naval Research Logistics Quarterly 3, 1956).
Where tasks wait for others in an out-forest, the best order takes the part of a tree with the greatest weight over time
first (W. A. Horn, "Single-machine job sequencing with treelike precedence ordering and linear delay penalties", SIAM J.
Applied Mathematics 23, 1972). On several machines the same list is at most 1.21 times the best weighted completion time
(T. Kawaguchi and S. Kyan, "Worst case bound of an LRF schedule", SIAM J. Computing 15, 1986).
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from banana_assets.core.errors import ContradictionError
from banana_assets.core.scheduling.types import Task

SHORTEST = 1e-3
"""Seconds that a task takes at least, so that weight over time is finite."""


@dataclass(frozen=True)
class _Part:
    """The beginning of a tree that is done as one, and the parts that follow it."""

    weight: float
    time: float
    following: list[_Part]
    place: int

    @property
    def ratio(self) -> float:
        return self.weight / self.time

    def __lt__(self, other: _Part) -> bool:
        return (-self.ratio, self.place) < (-other.ratio, other.place)


def topological(tasks: Sequence[Task]) -> list[str]:
    """The ids so that none comes before one it waits for. Raises ContradictionError where tasks wait for each other."""
    known = {task.task_id for task in tasks}
    sorter = TopologicalSorter({t.task_id: [a for a in t.after if a in known] for t in tasks})
    try:
        return list(sorter.static_order())
    except CycleError as error:
        ring = " -> ".join(map(str, error.args[1]))
        raise ContradictionError(
            f"Tasks wait for each other: {ring}.", "Take one of these dependencies out of the list of tasks."
        ) from error


def ratios(tasks: Sequence[Task]) -> dict[str, float]:
    """Weight over expected time of each task, or of the best beginning of the tree of tasks that wait for it.

    A task that waits for several is counted with the last of them in topological order, so that the parts stay trees;
    one that was asked for after the task it waits for is not counted with it, since nobody knew of it then.
    """
    by_id = {task.task_id: task for task in tasks}
    order = topological(tasks)
    place = {task_id: i for i, task_id in enumerate(order)}
    children: dict[str, list[str]] = {}
    for task in tasks:
        parents = [a for a in task.after if a in by_id and task.arrived <= by_id[a].arrived]
        if parents:
            children.setdefault(max(parents, key=place.__getitem__), []).append(task.task_id)
    found: dict[str, float] = {}
    # Of each part: its weight, its time and the parts that follow it, greatest ratio first.
    parts: dict[str, tuple[float, float, list[_Part]]] = {}
    for task_id in reversed(order):
        task = by_id[task_id]
        weight, time = task.weight, max(task.expected, SHORTEST)
        following: list[_Part] = []
        for child in children.get(task_id, ()):
            heapq.heappush(following, _Part(*parts.pop(child), place[child]))
        while following and following[0].ratio > weight / time:
            joined = heapq.heappop(following)
            weight, time = weight + joined.weight, time + joined.time
            for part in joined.following:
                heapq.heappush(following, part)
        found[task_id] = weight / time
        parts[task_id] = (weight, time, following)
    return found


def by_weight_over_time(tasks: Sequence[Task]) -> Mapping[str, float]:
    """Sort keys for a list: the greater the ratio, the earlier."""
    return {task_id: -ratio for task_id, ratio in ratios(tasks).items()}


def first_come(tasks: Sequence[Task]) -> Mapping[str, float]:
    """Sort keys for a list: by arrival."""
    return {task.task_id: task.arrived for task in tasks}
