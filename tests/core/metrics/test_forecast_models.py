from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.metrics.forecast.models import forecast
from banana_assets.core.metrics.forecast.naive import last_value, quantiles_of, seasonal_naive
from banana_assets.core.metrics.forecast.predict import predict
from banana_assets.core.metrics.forecast.series import Series, fill, is_percentage, regular
from banana_assets.core.metrics.usage import resource_usage
from banana_assets.core.tables import RESOURCE_USAGE, RESOURCE_USAGE_PREDICTIONS
from tests.core.metrics.frames import samples


def hourly(values: np.ndarray, name: str = "load") -> Series:
    times = np.arange(len(values)) * 3600
    return regular(name, times, np.asarray(values, float), 3600, datetime(2026, 3, 1, 12))


def daily_wave(days: int, seed: int = 0, noise: float = 2.0) -> np.ndarray:
    hours = np.arange(days * 24)
    return 50 + 20 * np.sin(hours / 24 * 2 * np.pi) + np.random.default_rng(seed).normal(0, noise, len(hours))


def test_a_season_is_repeated() -> None:
    values = np.tile(np.arange(24.0), 5)
    out = seasonal_naive(values, 48, 24)
    assert out[:, 2] == pytest.approx(np.tile(np.arange(24.0), 2))
    assert np.ptp(out, axis=1).max() == 0


def test_last_value_widens_with_distance() -> None:
    walk = np.cumsum(np.random.default_rng(3).normal(0, 1, 60))
    width = np.diff(last_value(walk, 40)[:, [0, 4]], axis=1)[:, 0]
    assert (np.diff(width) >= -1e-9).all()
    assert width[-1] > 2 * width[0]


def test_constant_is_itself() -> None:
    made = forecast([hourly(np.full(200, 7.0))], 48)[0]
    assert made.model == "constant"
    assert (made.quantiles == 7).all()


def test_short_series_say_that_they_are() -> None:
    made = forecast([hourly(np.arange(30.0)), hourly(daily_wave(3))], 12)
    assert [(m.model, m.confidence) for m in made] == [("last_value", "low"), ("seasonal_naive", "low")]


def test_the_model_beats_seasonal_naive_and_is_deterministic() -> None:
    truth = [daily_wave(24, seed) for seed in range(4)]
    series = [hourly(t[:-48]) for t in truth]
    made = forecast(series, 48)
    once, again = (forecast(series[:1], 24)[0] for _ in range(2))
    assert once.model == "quantile_trees"
    assert (once.quantiles == again.quantiles).all()
    ours = naive = inside = 0.0
    for t, m in zip(truth, made, strict=True):
        assert m.model == "quantile_trees"
        ours += float(np.abs(t[-48:] - m.quantiles[:, 2]).mean())
        naive += float(np.abs(t[-48:] - seasonal_naive(t[:-48], 48, 24)[:, 2]).mean())
        inside += float(((t[-48:] >= m.quantiles[:, 1]) & (t[-48:] <= m.quantiles[:, 3])).mean()) / len(truth)
    assert ours < 0.85 * naive
    assert 0.65 < inside < 0.95


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 100), min_size=2, max_size=130), st.integers(1, 60))
def test_bounds_and_order_always_hold(values: list[float], horizon: int) -> None:
    quantiles = forecast([hourly(np.array(values), "cpu_percent")], horizon)[0].quantiles
    assert quantiles.shape == (horizon, 5)
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert quantiles.min() >= 0
    assert quantiles.max() <= 100


def test_gaps_up_to_six_hours_are_straight_and_longer_ones_level() -> None:
    grid = np.array([0.0, np.nan, np.nan, 3.0] + [np.nan] * 9 + [9.0])
    assert fill(grid, 6).tolist() == pytest.approx([0, 1, 2, 3] + [3] * 9 + [9])


def test_percentages_are_known_by_name() -> None:
    assert is_percentage("cpu_percent")
    assert is_percentage("disk util")
    assert not is_percentage("memory_used_bytes")


def test_predict_forecasts_hosts_and_says_why_scattered_recordings_have_none() -> None:
    host = samples(daily_wave(8).tolist(), 3600)
    made = predict(resource_usage(host), 48)
    out = made.table
    assert RESOURCE_USAGE_PREDICTIONS.violations(out) == {}
    assert out.height == 48
    assert made.without.height == 0
    assert (out["ts"] > out["made_at"]).all()
    builds = resource_usage(samples([5.0] * 40, 9 * 3600, source="ci", build_id="b"))
    none = predict(builds.with_columns(interval_seconds=3600))
    assert none.table.height == 0
    assert "half are needed" in none.without["reason"][0]
    assert predict(RESOURCE_USAGE.empty()).table.schema == RESOURCE_USAGE_PREDICTIONS.dtypes


@given(
    st.lists(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=7, max_size=7), min_size=1, max_size=5),
    st.sampled_from([(0.5,), (0.1, 0.9), (0.0, 0.25, 1.0)]),
)
@pytest.mark.filterwarnings("ignore:All-NaN slice")
def test_quantiles_of_rows_are_those_of_numpy(rows, levels):
    wanted = np.nanquantile(np.array(rows), levels, axis=1).T
    np.testing.assert_allclose(quantiles_of(np.array(rows), levels), wanted, rtol=1e-9, atol=1e-9)
