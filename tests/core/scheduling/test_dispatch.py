"""Queues under limits and rules: what must hold for every list of tasks, and what is best on one machine."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.errors import ContradictionError, InputError
from banana_assets.core.scheduling.dispatch import dispatch
from banana_assets.core.scheduling.priority import by_weight_over_time, first_come, ratios
from banana_assets.core.scheduling.types import Limits, Run, Task, waiting


def task(n: int, **more: object) -> Task:
    fields: dict[str, object] = {"arrived": 0.0, "runtime": 1.0, "expected": 1.0} | more
    return Task(f"t{n}", **fields)  # type: ignore[arg-type]


times = st.integers(min_value=1, max_value=50).map(float)


@st.composite
def task_lists(draw: st.DrawFn) -> list[Task]:
    tasks = []
    for i in range(draw(st.integers(min_value=0, max_value=25))):
        runtime = draw(times)
        before = draw(st.lists(st.integers(min_value=0, max_value=i - 1), max_size=2)) if i else []
        tasks.append(
            Task(
                f"t{i}",
                arrived=float(draw(st.integers(min_value=0, max_value=60))),
                runtime=runtime,
                expected=draw(times),
                weight=float(draw(st.integers(min_value=1, max_value=9))),
                memory=float(draw(st.integers(min_value=0, max_value=4))),
                cpu=float(draw(st.integers(min_value=0, max_value=2))),
                after=tuple(f"t{b}" for b in before),
            )
        )
    return tasks


def used(tasks: list[Task], runs: list[Run], moment: float) -> tuple[int, float, float]:
    by_id = {t.task_id: t for t in tasks}
    now = [by_id[r.task_id] for r in runs if r.start <= moment < r.end]
    return len(now), sum(t.memory for t in now), sum(t.cpu for t in now)


@given(task_lists(), st.integers(min_value=1, max_value=4), st.sampled_from([None, 0.0, 20.0]))
def test_every_task_runs_once_within_the_limits_and_after_what_it_waits_for(
    tasks: list[Task], parallel: int, patience: float | None
) -> None:
    limits = Limits(parallel, memory=6, cpu=3)
    for keys in (first_come(tasks), by_weight_over_time(tasks)):
        runs = dispatch(tasks, limits, keys, patience=None if patience is None else lambda _: patience)
        assert sorted(r.task_id for r in runs) == sorted(t.task_id for t in tasks)
        at = {r.task_id: r for r in runs}
        for one in tasks:
            run = at[one.task_id]
            assert run.start >= one.arrived
            assert run.end == pytest.approx(run.start + one.runtime)
            assert all(at[before].end <= run.start for before in one.after)
        for run in runs:
            many, memory, cpu = used(tasks, runs, run.start)
            assert many <= parallel
            assert memory <= 6
            assert cpu <= 3


@given(task_lists())
def test_without_limits_on_memory_no_slot_is_idle_while_a_task_is_ready(tasks: list[Task]) -> None:
    runs = dispatch(tasks, Limits(2), by_weight_over_time(tasks))
    at = {r.task_id: r for r in runs}
    for one in tasks:
        ready = max([one.arrived, *(at[b].end for b in one.after)])
        for moment in {r.start for r in runs} | {r.end for r in runs}:
            if ready <= moment < at[one.task_id].start:
                assert used(tasks, runs, moment)[0] == 2


@given(st.lists(st.tuples(times, st.integers(min_value=1, max_value=9).map(float)), min_size=1, max_size=6))
def test_on_one_machine_weight_over_time_waits_least(told: list[tuple[float, float]]) -> None:
    tasks = [Task(f"t{i}", 0.0, p, p, w) for i, (p, w) in enumerate(told)]
    ours = waiting(tasks, dispatch(tasks, Limits(1), by_weight_over_time(tasks))).weighted
    best = min(_weighted(order) for order in permutations(tasks))
    assert ours == pytest.approx(best)


@given(
    st.lists(st.tuples(times, st.integers(min_value=1, max_value=9).map(float)), min_size=1, max_size=6),
    st.lists(st.integers(min_value=-1, max_value=5), min_size=6, max_size=6),
)
def test_on_one_machine_trees_of_tasks_wait_least(told: list[tuple[float, float]], parents: list[int]) -> None:
    tasks = [
        Task(f"t{i}", 0.0, p, p, w, after=(f"t{parents[i]}",) if 0 <= parents[i] < i else ())
        for i, (p, w) in enumerate(told)
    ]
    ours = waiting(tasks, dispatch(tasks, Limits(1), by_weight_over_time(tasks))).weighted
    best = min(_weighted(order) for order in permutations(tasks) if _allowed(order))
    assert ours == pytest.approx(best)


def _weighted(order: tuple[Task, ...]) -> float:
    clock = cost = 0.0
    for one in order:
        cost += one.weight * clock
        clock += one.runtime
    return cost / sum(t.weight for t in order)


def _allowed(order: tuple[Task, ...]) -> bool:
    done: set[str] = set()
    for one in order:
        if any(before not in done for before in one.after):
            return False
        done.add(one.task_id)
    return True


def test_patience_keeps_a_long_task_from_waiting_for_ever() -> None:
    tasks = [task(0, runtime=100.0, expected=100.0), *(task(i, arrived=float(i - 1)) for i in range(1, 400))]
    impatient = dispatch(tasks, Limits(1), by_weight_over_time(tasks))
    patient = dispatch(tasks, Limits(1), by_weight_over_time(tasks), patience=lambda _: 30.0)
    assert waiting(tasks, impatient).longest > 300
    assert next(r for r in patient if r.task_id == "t0").start <= 31


def test_a_task_waited_for_by_a_heavy_one_comes_early() -> None:
    tasks = [task(0, expected=10.0, weight=1.0), task(1, expected=1.0, weight=50.0, after=("t0",)), task(2, weight=2.0)]
    found = ratios(tasks)
    assert found["t0"] == pytest.approx(51 / 11)
    assert found["t0"] > found["t2"]


def test_what_cannot_run_is_said() -> None:
    with pytest.raises(InputError, match="t0 needs more"):
        dispatch([task(0, memory=8.0)], Limits(1, memory=4.0), {"t0": 0.0})
    with pytest.raises(InputError, match="at once"):
        dispatch([task(0)], Limits(0), {"t0": 0.0})
    with pytest.raises(ContradictionError, match="wait for each other"):
        dispatch([task(0, after=("t1",)), task(1, after=("t0",))], Limits(1), {"t0": 0.0, "t1": 0.0})


def test_a_backlog_under_a_limit_of_memory_is_looked_at_in_time() -> None:
    tasks = [task(i, runtime=1.0 + i % 7, memory=1.0) for i in range(3_000)]
    runs = dispatch(tasks, Limits(50, memory=4.0), first_come(tasks))
    assert len(runs) == 3_000
    assert max(used(tasks, runs, run.start)[0] for run in runs[::97]) <= 4
