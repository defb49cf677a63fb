"""Runs a list of tasks under limits, as a queue with a rule would: whatever is ready and fits begins at once."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence

from banana_assets.core.errors import InputError
from banana_assets.core.scheduling.priority import topological
from banana_assets.core.scheduling.types import Limits, Run, Task

_SLACK = 1e-9


def dispatch(
    tasks: Sequence[Task],
    limits: Limits,
    keys: Mapping[str, float],
    *,
    patience: Callable[[float], float] | None = None,
    since: float = 0.0,
) -> list[Run]:
    """When each task runs if, whenever there is room, the ready task with the lowest key that fits begins.

    As many seconds of waiting as ``patience`` says at a moment put a task before all that came later, whatever their
    keys, and nothing begins past it while it does not fit: so nobody starves. Nothing begins before ``since``. Raises
    InputError for a task that fits under no circumstances, or no parallel task at all, and ContradictionError for a
    ring of dependencies. Simulates O(n log n) events where all fit.
    """
    _possible(tasks, limits)
    topological(tasks)
    known = {task.task_id: task for task in tasks}
    missing = {t.task_id: sum(1 for a in set(t.after) if a in known) for t in tasks}
    followers: dict[str, list[str]] = {}
    for task in tasks:
        for before in set(task.after):
            if before in known:
                followers.setdefault(before, []).append(task.task_id)
    arrivals = sorted((t.arrived, i, t.task_id) for i, t in enumerate(tasks) if missing[t.task_id] == 0)
    later: list[tuple[float, int, str]] = []
    place = {task.task_id: i for i, task in enumerate(tasks)}
    ready: list[tuple[float, float, int, str]] = []
    oldest: list[tuple[float, int, str]] = []
    begun: set[str] = set()
    running: list[tuple[float, int, str]] = []
    memory, cpu, free = limits.memory, limits.cpu, limits.parallel
    # Where less is left than any task needs, there is nothing to look for.
    least_memory = min((t.memory for t in tasks), default=0.0)
    least_cpu = min((t.cpu for t in tasks), default=0.0)
    runs: list[Run] = []
    heapq.heapify(arrivals)
    now = since

    def admit(task_id: str) -> None:
        task = known[task_id]
        heapq.heappush(ready, (keys[task_id], task.arrived, place[task_id], task_id))
        if patience is not None:
            heapq.heappush(oldest, (task.arrived, place[task_id], task_id))

    def fits(task: Task) -> bool:
        return task.memory <= memory + _SLACK and task.cpu <= cpu + _SLACK

    def begin(task: Task) -> None:
        nonlocal memory, cpu, free
        begun.add(task.task_id)
        memory, cpu, free = memory - task.memory, cpu - task.cpu, free - 1
        runs.append(Run(task.task_id, now, now + task.runtime))
        heapq.heappush(running, (now + task.runtime, place[task.task_id], task.task_id))

    while arrivals or running or later:
        moments = [queue[0][0] for queue in (arrivals, running, later) if queue]
        now = max(now, min(moments))
        while running and running[0][0] <= now:
            _, _, ended = heapq.heappop(running)
            task = known[ended]
            memory, cpu, free = memory + task.memory, cpu + task.cpu, free + 1
            for follower in followers.get(ended, ()):
                missing[follower] -= 1
                if missing[follower] == 0:
                    heapq.heappush(later, (max(now, known[follower].arrived), place[follower], follower))
        for queue in (arrivals, later):
            while queue and queue[0][0] <= now:
                admit(heapq.heappop(queue)[2])
        passed: list[tuple[float, float, int, str]] = []
        while free > 0 and ready and memory >= least_memory - _SLACK and cpu >= least_cpu - _SLACK:
            if patience is not None:
                while oldest and oldest[0][2] in begun:
                    heapq.heappop(oldest)
                if oldest and now - oldest[0][0] >= patience(now):
                    first = known[oldest[0][2]]
                    if not fits(first):
                        break
                    begin(first)
                    continue
            entry = heapq.heappop(ready)
            if entry[3] in begun:
                continue
            if fits(known[entry[3]]):
                begin(known[entry[3]])
            else:
                passed.append(entry)
        for entry in passed:
            heapq.heappush(ready, entry)
        while ready and ready[0][3] in begun:
            heapq.heappop(ready)
    return runs


def _possible(tasks: Sequence[Task], limits: Limits) -> None:
    if limits.parallel < 1:
        raise InputError("Nothing may run at once, so nothing ever runs.", "Allow one task at least.")
    for task in tasks:
        if task.memory > limits.memory or task.cpu > limits.cpu:
            raise InputError(
                f"Task {task.task_id} needs more than there is ({task.memory:.3g} bytes, {task.cpu:.3g} cores).",
                "Raise the limits, or take the task out.",
            )
