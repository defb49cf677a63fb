"""History run again: causal estimates, honest verdicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.scheduling.estimates import FEWEST, Past, expected
from banana_assets.core.scheduling.replay import LOSES, NO_WAITING, SAVES, UNCLEAR, most_at_once, replay
from banana_assets.core.scheduling.types import Limits


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
    assert found.verdict == UNCLEAR
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
