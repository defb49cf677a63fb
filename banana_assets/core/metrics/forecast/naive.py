"""The forecasts that need no model: the last value, and the same hour of yesterday, with intervals from the past."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from banana_assets.core.metrics.forecast.series import Floats

QUANTILES = (0.025, 0.1, 0.5, 0.9, 0.975)
"""The quantiles of every forecast: lo95, lo80, predicted_usage, hi80, hi95."""

_NORMAL = np.array([-1.959964, -1.281552, 0.0, 1.281552, 1.959964])


def seasonal_naive(values: Floats, horizon: int, season: int) -> Floats:
    """Yesterday's value at the same hour, with the empirical quantiles of what a day (or two...) changed before.

    Shape (horizon, 5). Source: Hyndman and Athanasopoulos, Forecasting: Principles and Practice (3rd ed.), 5.2, 5.5.
    """
    steps = np.arange(horizon)
    lags = season * (steps // season + 1)
    middle = values[len(values) - lags + steps]
    out = np.repeat(middle[:, None], len(QUANTILES), axis=1)
    for lag in np.unique(lags):
        usable = lag if len(values) > lag + season else season
        change = values[usable:] - values[:-usable]
        here = lags == lag
        for k, q in enumerate(QUANTILES):
            # Where all changes go one way, the value itself stays the median and the end of its interval.
            if q != 0.5:
                out[here, k] += (min if q < 0.5 else max)(float(np.quantile(change, q)), 0.0)
    return out


def last_value(values: Floats, horizon: int) -> Floats:
    """The last value, with the empirical quantiles of what so many steps changed before. Shape (horizon, 5).

    Steps beyond half of the past grow from the longest measured ones with the square root of time, as a random walk
    does. A few changes cannot show a 2.5 % tail, so an interval is never narrower than the normal one of their spread.
    """
    n = len(values)
    longest = max(1, min(horizon, n // 2))
    shape = np.zeros((horizon, len(QUANTILES)))
    for h in range(1, longest + 1):
        change = values[h:] - values[:-h]
        empirical = np.quantile(change, QUANTILES)
        normal = _NORMAL * float(np.sqrt(np.mean(change**2))) * (1 + 1 / len(change))
        weight = len(change) / (len(change) + 20)
        shape[h - 1] = np.where(_NORMAL < 0, np.minimum(empirical, weight * empirical + (1 - weight) * normal), 0)
        shape[h - 1] += np.where(_NORMAL > 0, np.maximum(empirical, weight * empirical + (1 - weight) * normal), 0)
    beyond = np.arange(longest, horizon)
    shape[beyond] = shape[longest - 1] * np.sqrt((beyond + 1) / longest)[:, None]
    # Uncertainty does not shrink with distance; fewer and fewer long steps can make it look so.
    shape = np.where(_NORMAL < 0, np.minimum.accumulate(shape, axis=0), np.maximum.accumulate(shape, axis=0))
    return np.asarray(values[-1] + np.where(_NORMAL == 0, 0.0, shape))


def growth(values: Floats, horizon: int, season: int) -> Floats:
    """The last value and the mean step of the last seven seasons (of half the past, where there is none) from there on,
    with the quantiles of what such a line missed before. Shape (horizon, 5).

    For what accumulates. Source: FPP3, 5.2, the drift method, on the recent past.
    """
    recent = min(len(values) - 1, 7 * season if season > 1 else max(1, len(values) // 2))
    slope = float(values[-1] - values[-1 - recent]) / recent
    line = slope * np.arange(len(values) + horizon)
    level = last_value(values - line[: len(values)], horizon)
    return np.asarray(level + line[len(values) :, None])


def same_hours(values: Floats, horizon: int, season: int) -> Floats:
    """The median of the last seven values at the same hour, with the quantiles of what such a median missed before.

    Shape (horizon, 5). The past needs two seasons at least; the misses are those of up to four weeks.
    """
    last = values[-7 * season :]
    days = last[len(last) % season :].reshape(-1, season)
    middle = np.tile(np.median(days, axis=0), horizon // season + 1)[:horizon]
    missed = same_phase_residuals(values, season)[season:][-28 * season :]
    return middle[:, None] + np.where(np.array(QUANTILES) == 0.5, 0.0, np.quantile(missed, QUANTILES))[None, :]


def recent_level(values: Floats, horizon: int) -> Floats:
    """The median of the last quarter of the past (at most 60 values), with the quantiles of the distances from it.

    Shape (horizon, 5). For readings that scatter around a level, where the last one is as good as any.
    """
    last = values[-min(60, max(4, len(values) // 4)) :]
    middle = float(np.median(last))
    apart = np.quantile(values[-4 * len(last) :] - middle, QUANTILES)
    shape = np.where(np.array(QUANTILES) < 0.5, np.minimum(apart, 0), np.maximum(apart, 0))
    return np.tile(middle + np.where(np.array(QUANTILES) == 0.5, 0.0, shape), (horizon, 1))


def same_phase_residuals(values: Floats, season: int) -> Floats:
    """Each value less the median of the seven at its phase before it; 0 in the first season."""
    n = len(values)
    index = np.arange(n)[:, None] - season * np.arange(1, 8)[None, :]
    before = np.where(index >= 0, values[np.clip(index, 0, None)], np.nan)
    residual = np.zeros(n)
    residual[season:] = values[season:] - quantiles_of(before[season:], (0.5,))[:, 0]
    return residual


def quantiles_of(rows: Floats, levels: Sequence[float]) -> Floats:
    """The quantiles of each row, NaN left out: shape (rows, levels); NaN for a row without values.

    As ``np.nanquantile`` over axis 1 (linear interpolation), which takes the rows one by one in Python.
    """
    ordered = np.sort(rows, axis=1)
    last = np.count_nonzero(~np.isnan(ordered), axis=1)[:, None] - 1
    place = np.maximum(last, 0) * np.asarray(levels)[None, :]
    low = place.astype(np.int64)
    below = np.take_along_axis(ordered, low, axis=1)
    above = np.take_along_axis(ordered, np.minimum(low + 1, np.maximum(last, 0)), axis=1)
    return np.asarray(below + (above - below) * (place - low))


def bound(quantiles: Floats, floor: float | None, ceiling: float | None) -> Floats:
    """The same, ordered (lo95 <= lo80 <= median <= hi80 <= hi95) and within the bounds."""
    return np.sort(np.clip(quantiles, floor, ceiling), axis=-1) if _bounded(floor, ceiling) else np.sort(quantiles, -1)


def _bounded(floor: float | None, ceiling: float | None) -> bool:
    return floor is not None or ceiling is not None
