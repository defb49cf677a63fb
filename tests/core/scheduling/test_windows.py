"""Room for work: risks that follow the forecast, windows that keep to the risk."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from banana_assets.core.scheduling.windows import LEVELS, Demand, excess, risks, same_hours, windows


def normal(means: list[float], spread: float) -> np.ndarray:
    return np.array([[m + spread * norm.ppf(level) for level in LEVELS] for m in means])


def test_the_chance_of_excess_is_that_of_the_quantiles() -> None:
    quantiles = normal([50.0], 10.0)
    for level, value in zip(LEVELS, quantiles[0], strict=True):
        assert excess(quantiles, value)[0] == pytest.approx(1 - level, abs=1e-9)
    assert excess(quantiles, 85.0)[0] == pytest.approx(1 - norm.cdf(3.5), abs=5e-3)
    assert excess(quantiles, 20.0)[0] == pytest.approx(norm.cdf(3.0), abs=1e-2)


@given(
    st.lists(st.floats(0, 100), min_size=5, max_size=5),
    st.lists(st.floats(-50, 200), min_size=2, max_size=20),
)
def test_more_room_is_never_more_risk(row: list[float], values: list[float]) -> None:
    chances = [float(excess(np.array([sorted(row)]), v)[0]) for v in sorted(values)]
    assert all(0 <= c <= 1 for c in chances)
    assert all(b <= a + 1e-12 for a, b in pairwise(chances))


def test_work_goes_where_the_night_is_quiet() -> None:
    day = normal([80.0] * 8 + [20.0] * 6 + [80.0] * 10, 5.0)
    found = windows([Demand("cpu", day, limit=100.0, need=30.0)], steps=3)
    assert [(w.first, w.last) for w in found] == [(8, 11)]
    assert found[0].risk < 0.01
    assert found[0].tightest == "cpu"
    assert found[0].room == pytest.approx(100 - 30 - (20 + 5 * norm.ppf(0.9)), abs=1e-6)


def test_every_resource_has_to_have_room() -> None:
    calm, busy = normal([10.0] * 6, 1.0), normal([10.0] * 3 + [95.0] * 3, 1.0)
    demands = [Demand("cpu", calm, 100.0, 20.0), Demand("memory", busy, 100.0, 20.0)]
    assert [(w.first, w.last) for w in windows(demands, 1)] == [(0, 2)]
    chance, tightest = risks(demands, 1)
    assert chance[4] == pytest.approx(1.0)
    assert tightest[4] == "memory"


def test_no_room_gives_no_window_and_too_long_work_is_refused() -> None:
    full = normal([99.0] * 4, 1.0)
    assert windows([Demand("cpu", full, 100.0, 50.0)], 2) == []
    with pytest.raises(ValueError, match="does not fit"):
        windows([Demand("cpu", full, 100.0, 50.0)], 5)


def test_the_same_hour_of_the_week_speaks_for_itself() -> None:
    hours = np.arange(168 * 3) % 168
    counts = np.where(hours < 24, 9.0, 1.0)
    found = same_hours(counts, hours, np.array([5, 100]))
    assert found[0].tolist() == [9.0] * 5
    assert found[1].tolist() == [1.0] * 5
