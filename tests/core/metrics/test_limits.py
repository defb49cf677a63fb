from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.metrics.limits import STATES, forecast_crossing, rises, time_to_limit


def filling(days: int, a_day: float = 24.0, seed: int = 0) -> np.ndarray:
    hours = np.arange(days * 24)
    rate = np.maximum(0, 1 + np.sin(hours / 24 * 2 * np.pi) + np.random.default_rng(seed).normal(0, 0.2, len(hours)))
    return np.cumsum(rate) * a_day / 24


def test_a_disk_that_fills_is_dated_with_a_range() -> None:
    level = filling(20)
    found = time_to_limit(level[: 14 * 24], 24, float(level[17 * 24]), 168)
    assert found.state == "expected"
    assert found.steps == pytest.approx(3 * 24, rel=0.1)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.steps <= found.high


@pytest.mark.parametrize(
    ("values", "limit", "state"),
    [
        (filling(14), 0.0, "reached"),
        (filling(14), 1e6, "not_within"),
        (np.full(200, 5.0), 10.0, "not_within"),
        (filling(14)[::-1], 1e4, "not_within"),
        (np.array([1.0, 2.0]), 10.0, "unknown"),
        (np.array([1.0]), 10.0, "unknown"),
    ],
    ids=["above", "far", "constant", "falls", "two points", "one point"],
)
def test_where_no_date_can_be_given_it_says_so(values: np.ndarray, limit: float, state: str) -> None:
    found = time_to_limit(values, 24, limit, 168)
    assert found.state == state
    assert found.state == "reached" or found.steps is None or found.steps > 168


def test_what_accumulates_rises_and_a_daily_wave_does_not() -> None:
    wave = 50 + 20 * np.sin(np.arange(24 * 14) / 24 * 2 * np.pi)
    assert rises(filling(14), 24)
    assert not rises(wave + np.random.default_rng(1).normal(0, 2, len(wave)), 24)
    assert not rises(np.full(300, 3.0), 24)


def test_a_forecast_crosses_by_its_bounds() -> None:
    low, middle, high = np.array([1.0, 2, 9]), np.array([2.0, 9, 9]), np.array([9.0, 9, 9])
    found = forecast_crossing(low, middle, high, 8.0, 1.0)
    assert (found.state, found.low, found.steps, found.high) == ("expected", 1, 2, 3)
    assert forecast_crossing(low, low, high, 9.5, 1.0).state == "not_within"
    assert forecast_crossing(low, low * 0, high, 8.0, 1.0).state == "possible"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), max_size=120), st.floats(-1e6, 1e6), st.sampled_from([0, 12, 24]))
def test_any_series_gets_an_answer_in_order(values: list[float], limit: float, season: int) -> None:
    found = time_to_limit(np.array(values), season, limit, 48)
    assert found.state in STATES
    known = [x for x in (found.low, found.steps, found.high) if x is not None]
    assert known == sorted(known)
    assert all(np.isfinite(x) and x >= 0 for x in known)
