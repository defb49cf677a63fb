"""History run again: causal estimates, honest verdicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.scheduling.estimates import FEWEST, Past, expected
from banana_assets.core.scheduling.replay import (
    LOSES,
    NO_WAITING,
    SAVES,
    SAVES_NOTHING,
    UNCLEAR,
    _interval,
    most_at_once,
    replay,
)
from banana_assets.core.scheduling.types import Limits, most_together


def history(seed: int, tasks: int, *, load: float, kinds: dict[str, float]) -> list[Past]:
    """Arrivals without memory on one server, first come first served, each kind with its own mean run time."""
    draw = np.random.default_rng(seed)
    names = list(kinds)
    mean = float(np.mean(list(kinds.values())))
    clock = free = 0.0
    made = []
    for i in range(tasks):
        clock += float(draw.exponential(mean / load))
        kind = names[int(draw.integers(len(names)))]
        runtime = kinds[kind] * float(draw.lognormal(0, 0.2))
        start = max(clock, free)
        free = start + runtime
        made.append(Past(f"t{i}", kind, "all", clock, start, free))
    return made


def test_short_and_long_work_in_one_queue_saves_waiting() -> None:
    found = replay(history(1, 600, load=0.85, kinds={"lint": 20.0, "build": 600.0}))
    assert found.verdict == SAVES
    assert found.low is not None
    assert found.low > 0
    assert found.share > 0.3
    assert found.perfect.weighted <= found.ours.weighted * 1.1
    # The replay of first come first served is the queue as it was.
    assert found.first_come.weighted == pytest.approx(found.seen.weighted, rel=1e-6)


def test_work_of_one_length_saves_nothing_and_says_so() -> None:
    same = [replace(p, finished=p.started + 60.0) for p in history(2, 300, load=0.8, kinds={"build": 60.0})]
    found = replay(same, Limits(1))
    assert found.verdict == SAVES_NOTHING
    assert (found.low, found.high) == (0.0, 0.0)
    assert found.saved == pytest.approx(0.0, abs=1e-6)


def test_estimates_that_mislead_can_lose_and_it_is_said() -> None:
    # What was short becomes long each time: the past always points the wrong way.
    made, clock = [], 0.0
    for spell in range(40):
        clock += 100_000
        first, second = ("a", "b") if spell % 2 else ("b", "a")
        lengths = {first: 1_000.0, second: 10.0}
        start = clock
        made.append(Past(f"hold{spell}", "hold", "hold", clock, start, start + 50))
        start += 50
        for n in range(12):
            kind = second if n % 2 == 0 else first
            made.append(Past(f"{kind}{spell}-{n}", kind, kind, clock + 1 + n / 100, start, start + lengths[kind]))
            start += lengths[kind]
    found = replay(made, Limits(1))
    assert found.verdict == LOSES
    assert found.saved < 0
    assert found.perfect.weighted < found.first_come.weighted


def test_nothing_waits_where_there_is_room() -> None:
    quiet = [Past(f"t{i}", "k", "g", i * 100.0, i * 100.0, i * 100.0 + 10) for i in range(50)]
    found = replay(quiet)
    assert found.verdict == NO_WAITING
    assert found.share == 0.0


def test_without_history_there_is_nothing_to_save() -> None:
    assert replay([]).verdict == NO_WAITING


def test_few_spells_give_no_interval() -> None:
    crowd = [Past(f"t{i}", "k", "g", 0.0, i * 10.0, i * 10.0 + 10 + i) for i in range(20)]
    found = replay(crowd, Limits(1))
    assert found.spells == 1
    assert (found.low, found.high, found.verdict) == (None, None, UNCLEAR)


@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(1, 100)), min_size=1, max_size=40))
def test_an_estimate_never_knows_what_had_not_ended(told: list[tuple[float, float]]) -> None:
    past = [Past(f"t{i}", "k", "g", arrived, arrived, arrived + runs) for i, (arrived, runs) in enumerate(told)]
    found = expected(past)
    for one in past:
        ended = [p.runtime for p in past if p.finished <= one.arrived and p is not one]
        if not ended:
            assert found[one.task_id] == 1.0
        elif len(ended) >= FEWEST:
            assert min(ended) <= found[one.task_id] <= max(ended)


def test_most_at_once_hands_on_at_the_same_moment() -> None:
    assert most_at_once([Past("a", "k", "g", 0, 0, 10), Past("b", "k", "g", 0, 10, 20)]) == 1
    assert most_at_once([Past("a", "k", "g", 0, 0, 10), Past("b", "k", "g", 0, 9, 20)]) == 2
    assert most_at_once([]) == 1


def test_what_comes_later_changes_nothing_before() -> None:
    """Neither estimates nor the wait after which a task goes first know the future."""
    first = history(5, 120, load=0.9, kinds={"lint": 20.0, "build": 600.0})
    begin = first[-1].finished * 3
    # A crowd of one kind that waits longer than anyone before, in the order of arrival whatever the rule.
    crowd = [
        Past(f"c{i}", "lint", "all", begin + i, begin + i * 1e5, begin + (i + 1) * 1e5) for i in range(20)
    ]  # fmt: skip
    alone, followed = (replay(past, Limits(1)) for past in (first, [*first, *crowd]))
    assert alone.saved > 0
    assert followed.saved * followed.first_come.tasks == pytest.approx(alone.saved * alone.first_come.tasks)


@pytest.mark.parametrize("servers", [1, 3])
def test_times_that_overlap_by_a_slip_are_no_further_servers(servers: int) -> None:
    free = [0.0] * servers
    clean = []
    draw = np.random.default_rng(servers)
    for i, arrived in enumerate(np.cumsum(draw.exponential(60.0 / servers, 400))):
        first = int(np.argmin(free))
        start = max(float(arrived), free[first])
        free[first] = start + float(draw.exponential(50.0))
        clean.append(Past(f"t{i}", "k", "g", float(arrived), start, free[first]))
    slipped = [replace(p, finished=p.finished + 1.0) for p in clean]
    assert most_together((p.started, p.finished) for p in slipped) > servers
    assert most_at_once(slipped) == most_at_once(clean) == servers


def test_a_pause_before_each_task_is_no_limit() -> None:
    """Each waits for its own begin while others run: all that were seen together count."""
    slow = [Past(f"t{i}", "k", "g", i * 10.0, i * 10.0 + 30.0, i * 10.0 + 60.0) for i in range(100)]
    assert most_at_once(slow) == 3


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 60), st.floats(0, 60)), min_size=1, max_size=25))
def test_never_more_at_once_than_were_seen(told: list[tuple[float, float, float]]) -> None:
    past = [
        Past(f"t{i}", "k", "g", arrived, arrived + waited, arrived + waited + ran)
        for i, (arrived, waited, ran) in enumerate(told)
    ]
    assert 1 <= most_at_once(past) <= most_together((p.started, p.finished) for p in past)


def test_intervals_are_as_wide_as_the_spells_differ() -> None:
    """One spell that decides alone, among many that say the same, leaves the verdict open."""
    even = np.array([[50.0, 100.0, 1.0]] * 30)
    odd = np.vstack([even, [[-2_000.0, 1_500.0, 1.0]]])
    assert _interval(even) == pytest.approx((0.5, 0.5))
    low, high = _interval(odd)
    assert low is not None
    assert high is not None
    assert low < -0.5 < 0.5 < high
