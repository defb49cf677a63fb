from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.metrics.anomalies.detect import anomaly_scores, readings_a_day
from banana_assets.core.metrics.anomalies.scores import pattern_distance


def wave(n: int = 2000, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1, n)
    return 50 + 10 * np.sin(np.arange(n) / 288 * 2 * np.pi) + noise


def test_a_jump_stands_out() -> None:
    values = wave()
    values[1500:1520] += 40
    scores = anomaly_scores(values, 288)
    assert 1500 <= int(np.argmax(scores)) < 1520
    assert scores.max() > 0.6


def test_it_is_told_once() -> None:
    values = wave()
    values[1500:] += 40
    told = np.flatnonzero(anomaly_scores(values, 288)[1500:1600] > 0.5)
    assert 1 <= len(told) <= 15


def test_a_flat_series_is_silent() -> None:
    assert anomaly_scores(np.full(500, 3.0), 288).max() < 0.5


@settings(max_examples=12, deadline=None)
@given(st.integers(120, 900), st.integers(0, 5), st.sampled_from([7, 24, 288]))
def test_the_past_alone_decides(cut: int, seed: int, period: int) -> None:
    values = wave(1000, seed)
    values[600:610] -= 30
    whole, start = anomaly_scores(values, period), anomaly_scores(values[:cut], period)
    assert start == pytest.approx(whole[:cut], abs=1e-7)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1e12, 1e12), max_size=200))
def test_scores_stay_in_0_to_1(values: list[float]) -> None:
    scores = anomaly_scores(np.array(values, float), 24)
    assert len(scores) == len(values)
    assert np.isfinite(scores).all()
    assert ((scores >= 0) & (scores <= 1)).all()


def test_scale_and_shift_do_not_matter() -> None:
    values = wave()
    assert anomaly_scores(values * 1000 - 7e4, 288) == pytest.approx(anomaly_scores(values, 288), abs=1e-4)


def test_a_known_pattern_is_near() -> None:
    distance = pattern_distance(np.tile(np.sin(np.arange(50.0)), 10))
    assert distance[300:].max() < 1e-3


def test_readings_a_day() -> None:
    assert readings_a_day(np.arange(200) * 300) == 288
    assert readings_a_day(np.arange(200) * 3600) == 24
    assert readings_a_day(np.arange(200)) == 288
    assert readings_a_day(np.array([5])) == 288
