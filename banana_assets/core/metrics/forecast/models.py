"""Which model forecasts which series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from banana_assets.core.metrics.forecast.naive import QUANTILES, bound, last_value, seasonal_naive
from banana_assets.core.metrics.forecast.quantile import quantile_forecasts, usable
from banana_assets.core.metrics.forecast.series import Floats, Series


@dataclass(frozen=True)
class Forecast:
    """``quantiles`` (horizon, 5) in the order of QUANTILES, how they were made, and how far to trust them."""

    series: Series
    quantiles: Floats
    model: str
    confidence: str


def forecast(series: Sequence[Series], horizon: int) -> list[Forecast]:
    """One forecast a series, ``horizon`` steps past its end.

    Series with a season and five of them (hourly: five days) share one quantile model, fitted here and now, if
    together they give it enough windows; others get the seasonal naive forecast, ones under two seasons the last value,
    constant ones themselves.
    """
    by_season: dict[int, list[int]] = {}
    for place, one in enumerate(series):
        if usable(one) and np.ptp(one.values) > 0:
            by_season.setdefault(one.season, []).append(place)
    learned: dict[int, Forecast] = {}
    for places in by_season.values():
        some = [series[p] for p in places]
        made = quantile_forecasts(some, horizon)
        for place, one, raw in zip(places, some, made or [], strict=bool(made)):
            confidence = "low" if len(one.values) < 10 * one.season else "high"
            learned[place] = Forecast(one, bound(raw, one.floor, one.ceiling), "quantile_trees", confidence)
    return [learned.get(place) or _simple(one, horizon) for place, one in enumerate(series)]


def _simple(series: Series, horizon: int) -> Forecast:
    values, season = series.values, series.season
    if np.ptp(values) == 0:
        flat = np.full((horizon, len(QUANTILES)), values[-1])
        return Forecast(series, flat, "constant", "medium" if len(values) >= 2 * season > 0 else "low")
    # A horizon of k days needs the changes over k days to have been seen.
    if season > 1 and len(values) >= 2 * season:
        raw = seasonal_naive(values, horizon, season)
        name, confidence = "seasonal_naive", "low" if len(values) < 10 * season else "medium"
    else:
        raw, name, confidence = last_value(values, horizon), "last_value", "low"
    return Forecast(series, bound(raw, series.floor, series.ceiling), name, confidence)
