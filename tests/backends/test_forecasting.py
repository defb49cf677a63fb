"""Forecasts by a chosen model are made once for the same readings, and anew for others."""

from __future__ import annotations

import numpy as np
import pytest
from polars.testing import assert_frame_equal

from banana_assets.backends import forecasting
from banana_assets.core.metrics.forecast.predict import predict
from banana_assets.core.metrics.usage import resource_usage
from tests.core.metrics.frames import samples


def test_the_same_readings_are_forecast_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[int, str | None]] = []

    def counted(usage: object, hours: int, model: str | None) -> object:
        made.append((hours, model))
        return predict(usage, hours, model)  # type: ignore[arg-type]

    monkeypatch.setattr(forecasting, "predict", counted)
    forecasts, values = forecasting.ModelForecasts(), np.linspace(40, 60, 48)
    usage, other = (resource_usage(samples((values + more).tolist(), 3600)) for more in (0, 1))
    first = forecasts.of(usage, 12, "growth")
    assert_frame_equal(forecasts.of(usage.clone(), 12, "growth").table, first.table)
    assert made == [(12, "growth")]
    assert forecasts.of(other, 12, "growth").table["predicted_usage"][0] > first.table["predicted_usage"][0]
    assert forecasts.of(usage, 6, "growth").table.height < first.table.height
    assert forecasts.of(usage, 12, "last_value").table["model"].unique().to_list() == ["last_value"]
    assert len(made) == 4
