"""Forecasts of stored resources: the model that is shown, limits and what follows, past forecasts scored."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from banana_assets.core.consistency import missed_intervals
from banana_assets.core.metrics.forecast.backtest import accuracy, compare
from banana_assets.core.metrics.forecast.history import coverage, current, kept, outlook
from banana_assets.core.metrics.forecast.predict import predict
from banana_assets.core.metrics.usage import resource_usage
from banana_assets.core.tables import RESOURCE_USAGE_PREDICTIONS
from tests.core.metrics.frames import samples
from tests.core.metrics.test_forecast_models import daily_wave, hourly


def usage_of(values: np.ndarray, metric: str = "cpu_percent") -> pl.DataFrame:
    return resource_usage(samples(values.tolist(), 3600)).with_columns(metric=pl.lit(metric))


def first(table: pl.DataFrame) -> dict[str, object]:
    return table.sort("step").row(0, named=True)


def test_a_model_is_shown_only_where_it_beats_the_naive_forecast() -> None:
    noisy = hourly(daily_wave(12, noise=8))
    walk = hourly(100 + np.cumsum(np.random.default_rng(1).normal(0, 1, 240)))
    for choice in compare([noisy, walk, hourly(daily_wave(3)), hourly(np.full(80, 4.0))], 48):
        reference = choice.trials[0] if choice.trials else None
        shown = choice.trial(choice.model)
        if reference is not None and shown is not None and shown is not reference:
            assert shown.mae < reference.mae
        assert choice.reason
    chosen = compare([noisy, walk], 24)
    assert chosen[0].model == "same_hours"
    assert chosen[0].trials[0].model == "seasonal_naive"
    assert "of seasonal_naive's error over 4 origins" in chosen[0].reason
    assert chosen[1].model == "last_value"
    assert {t.model for t in chosen[1].trials} >= {"seasonal_naive", "last_value"}


def test_a_model_that_loses_is_not_shown() -> None:
    sawtooth = hourly(np.tile(np.arange(24.0), 10) + np.repeat(np.arange(10.0) ** 2, 24) % 7)
    choice = compare([sawtooth], 24)[0]
    lost = {t.model for t in choice.trials[1:] if t.mae >= choice.trials[0].mae}
    assert lost
    assert choice.model not in lost


def test_what_accumulates_is_forecast_by_its_growth() -> None:
    grown = np.cumsum(np.random.default_rng(2).gamma(2, 0.1, 24 * 12))
    choice = compare([hourly(grown)], 48)[0]
    assert choice.model == "growth"
    made = predict(usage_of(grown, "disk_used_bytes"), 48).table.sort("step")
    assert made["predicted_usage"].is_sorted()
    assert made["predicted_usage"][-1] == pytest.approx(grown[-1] + 48 * 0.2, rel=0.1)


def test_accuracy_is_one_for_equal_and_none_for_nothing() -> None:
    found = accuracy(np.array([0.0, 10, 10, 0, -5]), np.array([0.0, 10, 5, 3, 5]))
    assert found.tolist() == [1, 1, 0.5, 0, 0]


def test_a_disk_that_fills_is_to_be_grown_before_the_range_begins() -> None:
    growth = 20 + np.cumsum(np.random.default_rng(2).gamma(2, 0.1, 24 * 14))
    made = predict(usage_of(np.minimum(growth, 100), "disk_percent"))
    row = first(made.table)
    crossing, advice = row["crossing"], row["advice"]
    assert isinstance(crossing, dict)
    assert isinstance(advice, dict)
    if growth[-1] < 90:
        assert crossing["state"] == "expected"
        assert crossing["earliest"] <= crossing["at"] <= crossing["latest"]
        assert advice["act_by"] == crossing["earliest"]
    assert advice["action"] == "grow"
    assert advice["recommended_allocation"] > 100
    assert advice["triggers"]
    assert advice["actions"]


def test_little_use_is_to_be_shrunk_and_a_short_past_advises_nothing() -> None:
    idle = predict(usage_of(10 + 0.05 * daily_wave(12)))
    advice = first(idle.table)["advice"]
    assert isinstance(advice, dict)
    assert advice["action"] == "shrink"
    assert advice["predicted_need"] < advice["recommended_allocation"] < 100
    short = first(predict(usage_of(90 + np.random.default_rng(0).normal(0, 2, 40).clip(-5, 5))).table)["advice"]
    assert isinstance(short, dict)
    assert short["action"] == "watch"
    assert "too short" in short["reasoning"]
    assert short["reasoning"].count("%") == 3, "the need, the bound and the limit, not the share again"


def test_a_busy_hour_is_to_be_moved() -> None:
    busy = np.where(np.arange(24 * 12) % 24 == 9, 95.0, 20.0) + np.random.default_rng(3).normal(0, 1, 24 * 12)
    advice = first(predict(usage_of(busy)).table)["advice"]
    assert isinstance(advice, dict)
    assert advice["action"] == "move"
    assert "09:00-09:59" in advice["actions"][0]


def test_past_forecasts_are_scored_once_and_kept() -> None:
    whole = usage_of(daily_wave(12))
    before = whole.filter(pl.col("ts") <= whole["ts"].max() - timedelta(hours=24))  # type: ignore[operator]
    old = kept(predict(before, 48).table, RESOURCE_USAGE_PREDICTIONS.empty(), before)
    assert old["actual_usage"].null_count() == old.height
    new = kept(predict(whole, 48).table, old, whole)
    assert RESOURCE_USAGE_PREDICTIONS.violations(new) == {}
    past = new.filter(~pl.col("current"))
    assert past.height == old.height
    assert past["actual_usage"].is_not_null().sum() == 24
    scored = past.drop_nulls("actual_usage")
    assert scored["accuracy_score"].min() > 0.5  # type: ignore[operator]
    assert coverage(new)["readings"].to_list() == [24]
    assert kept(predict(whole, 48).table, new, whole).equals(new)
    gone = kept(predict(whole, 48).table, new, whole.head(0))
    assert gone["actual_usage"].is_not_null().sum() == 24
    assert current(new)["made_at"].n_unique() == 1
    assert outlook(new).height == 1


def test_intervals_that_held_too_rarely_are_told() -> None:
    whole = usage_of(daily_wave(12))
    table = predict(whole, 48).table.with_columns(inside80=pl.lit(value=False), inside95=pl.lit(value=False))
    assert missed_intervals(table, readings=20).height == 1
    assert missed_intervals(table, readings=2000).height == 0


@pytest.mark.parametrize("gap", [3, 30], ids=["three hours", "thirty hours"])
def test_a_gap_is_bridged_and_scored_on_what_was_read(gap: int) -> None:
    values = daily_wave(12).tolist()
    frame = samples(values, 3600).with_row_index().filter(~pl.col("index").is_between(100, 99 + gap)).drop("index")
    made = predict(resource_usage(frame), 48)
    assert made.table.height == 48
    assert made.table["predicted_usage"].is_finite().all()


def test_too_few_readings_are_told() -> None:
    made = predict(usage_of(np.arange(5.0)))
    assert made.table.height == 0
    assert made.without["reason"][0].startswith("5 intervals with readings")
