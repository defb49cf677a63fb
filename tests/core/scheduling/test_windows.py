"""Room for work: risks that follow the forecast, windows that keep to the risk."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from banana_assets.core.scheduling.windows import LEVELS, Demand, at_once, at_peaks, excess, risks, same_hours, windows


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


def test_peaks_are_told_from_steps_alike() -> None:
    """A step whose past peaks stood thirty above their means is expected to peak there."""
    means = np.concatenate([np.full(60, 10.0), np.full(60, 50.0)])
    peaks = np.concatenate([np.full(60, 12.0), np.full(60, 80.0)])
    told = at_peaks(np.array([[9.0, 9.5, 10.0, 10.5, 11.0], [49.0, 49.5, 50.0, 50.5, 51.0]]), means, peaks, 100.0)
    assert told[0] == pytest.approx([11.0, 11.5, 12.0, 12.5, 13.0], abs=0.2)
    assert told[1] == pytest.approx([79.0, 79.5, 80.0, 80.5, 81.0], abs=0.2)


def test_a_spike_of_minutes_is_not_hidden_by_the_mean_of_its_hour() -> None:
    """One hour of twenty has a spike to the limit: the mean has room, the highest readings do not then."""
    means = np.full(200, 20.0)
    peaks = np.where(np.arange(200) % 20 == 0, 100.0, 22.0)
    flat = np.tile([19.0, 19.5, 20.0, 20.5, 21.0], (5, 1))
    mean = Demand("cpu_percent", flat, 100.0, 50.0)
    peak = Demand("cpu_percent", at_peaks(flat, means, peaks, 100.0), 100.0, 50.0)
    assert risks([mean], 1)[0].max() < 0.01
    assert risks([peak], 1)[0].min() == pytest.approx(0.05, abs=0.03)


@given(
    st.lists(st.floats(0, 100), min_size=5, max_size=5).map(sorted),
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 50)), max_size=70),
)
def test_peaks_never_lie_below_means_nor_beyond_what_there_is(
    row: list[float], seen: list[tuple[float, float]]
) -> None:
    means = np.array([m for m, _ in seen])
    told = at_peaks(np.array([row]), means, means + [above for _, above in seen], 100.0)
    assert (told >= np.array(row) - 1e-6).all()
    assert (told <= 100.0 + 1e-6).all()
    assert (np.diff(told[0]) >= -1e-9).all()


def test_as_many_fit_as_keep_to_the_risk() -> None:
    flat = np.tile([18.0, 19.0, 20.0, 21.0, 22.0], (6, 1))
    assert at_once([Demand("cpu_percent", flat, 100.0, 10.0)], 0, 2) == 7
    assert at_once([Demand("cpu_percent", flat, 100.0, 90.0)], 0, 2) == 0
    assert at_once([Demand("cpu_percent", flat, 100.0, 0.0)], 0, 2) is None
