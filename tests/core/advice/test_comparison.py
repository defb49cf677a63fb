from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.advice.comparison import level_change, rate_change, shift
from banana_assets.core.metrics.rates import newcombe


def test_newcombe_gives_the_interval_of_his_paper() -> None:
    # R. G. Newcombe (1998), table II, contrast (a), method 10: 56/70 - 48/80 = 0.20, 0.0524 to 0.3339.
    low, high = newcombe(48, 80, 56, 70)
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)
    # Contrast (c), method 10: 6/7 - 2/7 = 0.5714, 0.0582 to 0.8062.
    low, high = newcombe(2, 7, 6, 7)
    assert (round(low, 4), round(high, 4)) == (0.0582, 0.8062)


def test_the_shift_is_the_median_of_all_differences() -> None:
    before, after = np.array([10.0, 11, 12, 13, 14]), np.array([7.0, 8, 9, 10, 11])
    told = shift(before, after)
    # The 25 differences are 1 -7, 2 -6, ..., 5 -3, ..., 1 +1: their median is -3.
    assert told.difference == -3
    # Rank floor(12.5 + 0.5 - 1.96 x sqrt(25 x 11 / 12)) = 3: the third smallest is -6, the third largest 0.
    assert (told.low, told.high) == (-6, 0)
    assert not told.clear


def test_one_outlier_moves_neither_end() -> None:
    before = np.linspace(10, 12, 20)
    after = np.linspace(7, 9, 20)
    odd = after.copy()
    odd[0] = 1000
    one, other = shift(before, after), shift(before, odd)
    assert one.difference == pytest.approx(-3, abs=0.1)
    assert other.difference == pytest.approx(-3, abs=0.2)
    assert other.high is not None
    assert other.high < -2


@pytest.mark.parametrize(("n", "m", "needed"), [(20, 0, 5), (20, 2, 3), (20, 4, 1), (4, 9, None)])
def test_too_few_builds_say_how_many_more_it_takes(n: int, m: int, needed: int | None) -> None:
    told = shift(np.arange(n, dtype=float), np.arange(m, dtype=float))
    assert (told.low, told.needed) == (None, needed)


def test_a_rate_that_no_zero_could_be_told_from_is_too_early() -> None:
    told = rate_change(10, 50, 0, 3)
    assert not told.clear
    assert told.needed is not None
    assert newcombe(10, 50, 0, 3 + told.needed)[1] < 0
    assert newcombe(10, 50, 0, 3 + told.needed - 1)[1] >= 0
    assert rate_change(10, 50, 0, 60).clear
    assert rate_change(0, 50, 0, 3).needed is None


def test_readings_beside_each_other_count_for_less() -> None:
    random = np.random.default_rng(3)
    steps = np.repeat(random.normal(0, 1, 40), 10)
    alone = random.permutation(steps)
    wide, narrow = level_change(steps[:200], steps[200:]), level_change(alone[:200], alone[200:])
    assert wide.low is not None
    assert wide.high is not None
    assert narrow.low is not None
    assert narrow.high is not None
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.1, 1e4), min_size=5, max_size=25), st.lists(st.floats(0.1, 1e4), min_size=5, max_size=25))
def test_the_interval_holds_the_shift_and_turns_with_the_sides(before: list[float], after: list[float]) -> None:
    there, back = shift(np.array(before), np.array(after)), shift(np.array(after), np.array(before))
    assert there.low is not None
    assert there.high is not None
    assert there.difference is not None
    assert there.low <= there.difference <= there.high
    assert back.difference == pytest.approx(-there.difference)
    assert back.low == pytest.approx(-there.high)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_an_interval_of_rates_holds_the_difference(n: int, m: int, data: st.DataObject) -> None:
    hits, later = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    low, high = newcombe(hits, n, later, m)
    assert -1 <= low <= later / m - hits / n <= high <= 1
    if hits / n == later / m:
        assert not rate_change(hits, n, later, m).clear


def test_intervals_cover_what_they_say() -> None:
    random = np.random.default_rng(8)
    held = {"shift": 0, "rate": 0, "level": 0}
    trials = 120
    for _ in range(trials):
        s = shift(random.lognormal(3, 0.3, 20), random.lognormal(3, 0.3, 12) - 4)
        held["shift"] += s.low is not None and s.high is not None and s.low <= -4 <= s.high
        low, high = newcombe(int(random.binomial(40, 0.25)), 40, int(random.binomial(25, 0.1)), 25)
        held["rate"] += low <= -0.15 <= high
        level = level_change(random.normal(5, 1, 60), random.normal(4, 1, 60))
        held["level"] += level.low is not None and level.high is not None and level.low <= -1 <= level.high
    assert all(0.88 <= n / trials <= 1 for n in held.values()), held
