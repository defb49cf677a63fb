"""Orders are advised where they save for sure, and not where they do not."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from banana_assets.core.advice.impact import BuildTime
from banana_assets.core.advice.observed import Observed
from banana_assets.core.advice.scheduling import advised
from banana_assets.core.tables import QUEUE_SCHEDULES

QUEUE: dict[str, Any] = {
    "queue_id": "q",
    "origin": "tasks",
    "queue": "encoder",
    "tasks": 100,
    "untimed": 0,
    "at_once": 1,
    "seen_wait": 20.0,
    "first_come_wait": 20.0,
    "ordered_wait": 15.0,
    "perfect_wait": 12.0,
    "longest_first_come": 90.0,
    "longest_ordered": 90.0,
    "saved_seconds": 5.0,
    "saved_low": 3.0,
    "saved_high": 7.0,
    "saved_share": 0.25,
    "spells": 30,
    "verdict": "saves",
    "statement": "It saves.",
    "parallel_statement": "Nothing is known.",
    "levels": [],
    "kinds": [{"kind": "x", "runs": 100, "expected_seconds": 20.0, "p95_seconds": 30.0}],
    "batches": [],
    "waiting": [],
}


@pytest.mark.parametrize(
    ("verdict", "low", "expected"),
    [
        ("saves", 3.0, True),  # 7.5 % of the forty seconds that a task waits and runs
        ("saves", 1.9, False),  # less than a twentieth
        ("no_clear_difference", -1.0, False),
        ("saves_nothing", -0.1, False),
        ("loses", -4.0, False),
    ],
)
def test_an_order_is_advised_where_it_saves_for_sure(verdict: str, low: float, expected: bool) -> None:
    row = QUEUE | {"verdict": verdict, "saved_low": low}
    schedules = QUEUE_SCHEDULES.conform(pl.DataFrame([row], schema=QUEUE_SCHEDULES.dtypes, orient="row"))
    told = list(advised(Observed(schedules=schedules), BuildTime({})))
    assert [subject for subject, *_ in told] == (["order of tasks encoder"] if expected else [])


def test_half_a_minute_a_task_is_worth_a_word_in_long_work_too() -> None:
    long = QUEUE | {"saved_low": 31.0, "first_come_wait": 2_000.0}
    schedules = QUEUE_SCHEDULES.conform(pl.DataFrame([long], schema=QUEUE_SCHEDULES.dtypes, orient="row"))
    assert len(list(advised(Observed(schedules=schedules), BuildTime({})))) == 1
