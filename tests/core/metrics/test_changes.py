from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.metrics.changes import build_changes, duration_changes, rate_changes
from banana_assets.core.tables import BUILD_CHANGES, BUILDS


def durations(*levels: tuple[float, int], noise: float = 0.04, seed: int = 1) -> np.ndarray:
    level = np.concatenate([np.full(n, size) for size, n in levels])
    return level * np.exp(np.random.default_rng(seed).normal(0, noise, len(level)))


def test_a_shift_is_found_within_three_builds_and_placed() -> None:
    (found,) = duration_changes(durations((60, 50), (75, 20)))
    assert abs(found.start - 50) <= 1
    assert found.found <= 52
    assert found.low < 1.25 < found.high
    assert found.low > 1
    assert (found.before, found.after) == (pytest.approx(60, rel=0.03), pytest.approx(75, rel=0.03))


def test_shifts_follow_each_other_and_go_both_ways() -> None:
    found = duration_changes(durations((60, 40), (90, 40), (45, 40)))
    assert [round(c.after / c.before, 1) for c in found] == [1.5, 0.5]


def test_durations_that_never_vary_may_still_shift() -> None:
    (found,) = duration_changes(np.repeat([5.0, 6.0], 30))
    assert (found.start, found.before, found.after) == (30, pytest.approx(5), pytest.approx(6))


@pytest.mark.parametrize(
    "values",
    [
        durations((60, 120), seed=3),
        np.full(60, 5.0),
        durations((60, 1)),
        np.array([]),
        np.where(np.arange(100) % 17 == 9, 600.0, durations((60, 100))),
        durations((60, 40), (62, 40), noise=0.001),
    ],
    ids=["noise", "constant", "one", "none", "outliers", "a shift of 3 %"],
)
def test_no_change_is_none(values: np.ndarray) -> None:
    assert duration_changes(values, told=True) == []


def test_what_is_told_of_a_prefix_stays_told() -> None:
    values = durations((60, 40), (80, 30), (60, 30), noise=0.08, seed=5)
    whole = [(c.start, c.found) for c in duration_changes(values, told=True)]
    for n in (45, 70, 85):
        part = [(c.start, c.found) for c in duration_changes(values[:n], told=True)]
        assert part == [c for c in whole if c[1] < n]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(1e-3, 1e6), max_size=80), st.lists(st.booleans(), max_size=80))
def test_any_history_gives_changes_in_order(seconds: list[float], failed: list[bool]) -> None:
    for changes, n in (
        (duration_changes(np.array(seconds)), len(seconds)),
        (rate_changes(np.array(failed)), len(failed)),
    ):
        assert all(0 < c.start <= c.found < n for c in changes)
        assert [c.start for c in changes] == sorted({c.start for c in changes})
        assert all(c.low <= c.high for c in changes)


def test_a_failure_rate_that_rose_is_found() -> None:
    red = np.random.default_rng(2).random(120) < np.where(np.arange(120) < 70, 0.05, 0.6)
    (found,) = rate_changes(red)
    assert 65 <= found.start <= 75
    assert found.found < 85
    assert found.before < 0.15 < 0.4 < found.after
    assert found.low > 0


def test_a_rate_that_stays_and_one_red_spell_are_no_change() -> None:
    assert rate_changes(np.random.default_rng(4).random(120) < 0.2, told=True) == []
    spells = np.zeros(120, dtype=bool)
    for at in (20, 45, 70, 95):
        spells[at : at + 3] = True
    assert rate_changes(spells, told=True) == []


def test_changes_of_builds_name_their_builds() -> None:
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    seconds = durations((60, 40), (90, 20))
    rows = [
        {"build_id": f"b{k}", "pipeline": "shop", "job": "test", "status": "success", "duration_seconds": s}
        | {"started_at": begin + timedelta(hours=k), "finished_at": begin + timedelta(hours=k, seconds=s)}
        for k, s in enumerate(seconds)
    ]
    rows.insert(10, rows[9] | {"build_id": "cut", "status": "cancelled", "duration_seconds": 900.0})
    builds = pl.DataFrame(rows, schema_overrides={k: v for k, v in BUILDS.dtypes.items() if k in rows[0]})
    whole = builds.with_columns(pl.lit(None, dtype=t).alias(c) for c, t in BUILDS.dtypes.items() if c not in rows[0])
    found = build_changes(whole)
    assert BUILD_CHANGES.violations(found) == {}
    row = found.row(0, named=True)
    assert (found.height, row["metric"], row["latest"]) == (1, "duration_seconds", True)
    assert row["first_build_id"] in {"b39", "b40", "b41"}
    assert row["since"] < row["found_at"]
    assert row["builds_before"] + row["builds_since"] == 60
    assert build_changes(BUILDS.empty()).schema == BUILD_CHANGES.dtypes
