"""Batch sizes from batches that ran, and numbers at once from runs beside each other."""

from __future__ import annotations

import numpy as np
import pytest

from banana_assets.core.scheduling.batches import BatchAdvice, advise
from banana_assets.core.scheduling.estimates import Past
from banana_assets.core.scheduling.parallelism import Parallelism, others
from banana_assets.core.scheduling.parallelism import advise as advise_parallel

DRAW = np.random.default_rng(5)


def batches(n: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    sizes = DRAW.integers(1, 50, size=n).astype(float)
    noise = DRAW.lognormal(0, 0.05, size=n)
    return sizes, (20 + 0.5 * sizes) * noise, (100e6 + 5e6 * sizes) * noise


def test_the_return_of_larger_batches_ends() -> None:
    sizes, seconds, memory = batches()
    found = advise(sizes, seconds, memory)
    assert isinstance(found, BatchAdvice)
    assert found.time.base == pytest.approx(20, rel=0.25)
    assert found.time.per_item == pytest.approx(0.5, rel=0.15)
    assert found.bounded_by == "evidence"
    assert found.size == 2 * int(sizes.max())
    assert found.rate > found.rate_now


def test_memory_and_time_bound_the_size() -> None:
    sizes, seconds, memory = batches()
    held = advise(sizes, seconds, memory, memory_limit=250e6)
    assert isinstance(held, BatchAdvice)
    assert held.bounded_by == "memory"
    assert held.memory is not None
    assert held.memory.worst(held.size) <= 250e6
    timed = advise(sizes, seconds, memory, time_limit=35.0)
    assert isinstance(timed, BatchAdvice)
    assert timed.bounded_by == "time"
    assert timed.time.worst(timed.size) <= 35.0


def test_a_third_of_odd_batches_moves_little() -> None:
    sizes, seconds, _ = batches(90)
    odd = seconds.copy()
    odd[::4] *= 5
    found = advise(sizes, odd)
    assert isinstance(found, BatchAdvice)
    assert found.time.per_item == pytest.approx(0.5, rel=0.6)


def test_too_little_is_said_to_be_too_little() -> None:
    assert "too few" in str(advise(np.ones(3), np.ones(3)))
    assert "same 1 sizes" in str(advise(np.full(20, 7.0), np.ones(20)))


def crowd(at_once: int, n: int, runtime: float, begin: float) -> list[Past]:
    return [
        Past(f"{at_once}-{i}", "k", "g", s, s, s + runtime)
        for i in range(n)
        for s in [begin + (i // at_once) * runtime * 1.5]
    ]


def test_one_more_at_once_has_to_pay() -> None:
    # Two at once cost nothing, four take twice as long: four do no more than two.
    history = crowd(1, 40, 10, 0) + crowd(2, 40, 10, 10_000) + crowd(4, 40, 20, 20_000)
    assert others(history)[:40].tolist() == [1] * 40
    assert others(history)[-4:].tolist() == [4] * 4
    found = advise_parallel(history)
    assert isinstance(found, Parallelism)
    assert (found.at_once, found.bounded_by) == (2, "throughput")


def test_memory_bounds_the_number_at_once() -> None:
    history = [
        Past(p.task_id, p.kind, p.group, p.arrived, p.started, p.finished, memory=3e9)
        for p in crowd(1, 40, 10, 0) + crowd(2, 40, 10, 10_000)
    ]
    found = advise_parallel(history, memory_limit=4e9)
    assert isinstance(found, Parallelism)
    assert (found.at_once, found.bounded_by) == (1, "memory")


def test_without_two_numbers_nothing_is_compared() -> None:
    assert "two numbers are needed" in str(advise_parallel(crowd(1, 30, 10, 0)))


def test_batches_whose_size_does_not_matter_stay_as_they_are() -> None:
    sizes = np.tile([2.0, 4.0, 8.0], 20)
    found = advise(sizes, sizes * 0.5)
    assert isinstance(found, BatchAdvice)
    assert (found.size, found.size_now, found.bounded_by) == (4, 4, "return")


def test_limits_of_a_person_hold_where_size_brings_nothing() -> None:
    sizes = np.tile([40.0, 45.0, 50.0, 55.0, 60.0], 8)
    timed = advise(sizes, 0.5 + sizes, time_limit=20.0)
    assert isinstance(timed, BatchAdvice)
    assert (timed.size, timed.bounded_by) == (19, "time")
    held = advise(sizes, 0.5 + sizes, 1e9 + 1e8 * sizes, memory_limit=1.5e9)
    assert isinstance(held, BatchAdvice)
    assert (held.size, held.bounded_by) == (5, "memory")
    assert "not even a batch of one" in str(advise(sizes, 0.5 + sizes, 1e9 + 1e8 * sizes, memory_limit=5e8))


def test_work_that_nothing_slows_is_not_said_to_be_slowed() -> None:
    """Four servers, exponential run times that depend on nothing: any slowdown that is told is chance or a mistake."""
    told = []
    for seed in range(8):
        draw = np.random.default_rng(seed)
        free, clock, history = [0.0] * 4, 0.0, []
        for i in range(600):
            clock += float(draw.exponential(100 / (4 * 0.75)))
            first = int(np.argmin(free))
            start = max(clock, free[first])
            free[first] = start + float(draw.exponential(100))
            history.append(Past(f"t{i}", "k", "g", clock, start, free[first]))
        found = advise_parallel(history)
        assert isinstance(found, Parallelism)
        told.append(found.bounded_by == "throughput" and found.at_once < 4)
    assert sum(told) <= 1
