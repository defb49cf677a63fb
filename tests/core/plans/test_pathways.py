"""Steps are taken in the order of what they wait for, and every move is allowed or says why not."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.errors import InputError
from banana_assets.core.plans.pathways import BEGUN, MOVES, SETTLED, moved, next_step, progress, standing
from banana_assets.core.plans.types import Plan, Prediction, Subtask
from banana_assets.core.vocabulary import STEP_STATUSES


def plan(**waits: tuple[str, ...]) -> Plan:
    steps = tuple(Subtask(name, "change", "Do it.", "", 5, after) for name, after in waits.items())
    now = datetime(2026, 3, 1, tzinfo=UTC)
    return Plan("p1", "goal", "g", "g", "a", steps, (), "", Prediction(None, "", None), "deterministic", now)


CHAIN = plan(s1=(), s2=("s1",), s3=("s1", "s2"), s4=())


def test_a_step_begins_when_nothing_is_left_that_it_waits_for() -> None:
    assert next_step(CHAIN, {}) == "s1"
    with pytest.raises(InputError, match=r"waits for s1 \(running\)"):
        moved(CHAIN, {"s1": "running"}, "s2", "start")
    assert moved(CHAIN, {"s1": "completed"}, "s2", "start") == "running"
    # Called off: somebody did not need it.
    assert moved(CHAIN, {"s1": "cancelled"}, "s2", "done") == "completed"
    with pytest.raises(InputError, match=r"s3 waits for s1 \(failed\), s2 \(pending\)"):
        moved(CHAIN, {"s1": "failed"}, "s3", "done")
    assert [s.ready for s in standing(CHAIN, {"s1": "completed"})] == [False, True, False, True]
    with pytest.raises(InputError, match="No step of p1 may begin"):
        next_step(CHAIN, {"s1": "failed", "s4": "running"})


def test_what_others_went_on_from_is_not_undone() -> None:
    with pytest.raises(InputError, match=r"others went on: s2 \(completed\)"):
        moved(CHAIN, {"s1": "completed", "s2": "completed"}, "s1", "undo")
    assert moved(CHAIN, {"s1": "completed"}, "s1", "undo") == "pending"
    assert moved(CHAIN, {"s1": "failed"}, "s1", "start") == "running"


def test_a_move_that_makes_no_sense_says_so() -> None:
    with pytest.raises(InputError, match="Step s1 is completed") as told:
        moved(CHAIN, {"s1": "completed"}, "s1", "cancel")
    assert "banana plan undo p1 s1" in told.value.remedy
    with pytest.raises(InputError, match="Nothing is left to do"):
        moved(CHAIN, {"s1": "completed"}, "s1", "done")
    with pytest.raises(InputError, match="no step s9"):
        moved(CHAIN, {}, "s9", "start")


def test_progress_leaves_out_what_was_called_off() -> None:
    assert progress(CHAIN, {"s1": "completed", "s4": "cancelled"}) == "1 of 3"


@given(st.lists(st.tuples(st.sampled_from(["s1", "s2", "s3", "s4"]), st.sampled_from(sorted(MOVES))), max_size=30))
def test_no_way_through_a_plan_begins_a_step_before_its_time(moves: list[tuple[str, str]]) -> None:
    statuses: dict[str, str] = {}
    for step, move in moves:
        with suppress(InputError):
            statuses[step] = moved(CHAIN, statuses, step, move)
        for found in standing(CHAIN, statuses):
            assert found.status in STEP_STATUSES
            if found.status in ("running", "completed"):
                assert all(statuses[d] in (*SETTLED, *BEGUN) for d in found.step.dependencies)
