"""Five measures of how unusual a reading is, each from the readings before it and itself, never from later ones."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HISTORY = 20_000
"""Readings that a running quantile looks back on."""

PATTERN = 16
"""Readings in a pattern that is looked up in the past."""

NEAR, FAR = 3000, 500
"""Patterns of the past that a pattern is compared with, in the first 50,000 readings and after."""

LONG_SERIES = 50_000
NEIGHBOURS = 5


def raw_scores(values: Floats, period: int) -> Floats:
    """Shape (5, n): how many times its usual size each kind of deviation is. ``period``: readings in a day.

    1. from the median of the last five periods, over the median deviation (MAD);
    2. the mean over a 24th of a period of the difference from the median of the last seven values at the same phase,
       over its usual size in the last three periods;
    3. the mean step of that time against the last five periods' (mean and standard deviation);
    4. the mean over a twelfth of a period against the median of the last five, over its MAD;
    5. the distance of the last 16 readings to the nearest patterns of the past, over the spread of the series (context
       matching: Burnaev and Ishimtsev, "Conformalized density- and distance-based anomaly detection", 2016).

    Each divisor has a floor of a few per cent of the past's range, so that a still series does not cry at a tremor.
    """
    spread = running_spread(values)
    short, middle, long = max(3, period // 24), max(3, period // 12), 5 * period
    deviation = np.abs(values - _median(values, long))
    far = deviation / (1.48 * _median(deviation, long) + 0.02 * spread)
    residual = values - _same_phase(values, period)
    drift = np.abs(_mean_with(residual, short))
    phase = drift / (1.2 * _mean(drift, 3 * period) + 0.01 * spread)
    step = _mean_with(np.abs(np.diff(values, prepend=values[:1])), short)
    rough = np.abs(step - _mean(step, long)) / (_deviation(step, long) + 0.005 * spread)
    level = _mean_with(values, middle)
    away = np.abs(level - _median(level, long))
    shift = away / (1.48 * _median(away, long) + 0.03 * spread)
    novel = pattern_distance(values) / (np.sqrt(PATTERN) * 0.01 * spread)
    return np.stack([far, phase, rough, shift, novel])


def running_quantile(values: Floats, level: float, start: int = 30) -> Floats:
    """The quantile of the last 20,000 values before each one, brought up to date every ten values, later more rarely
    (every 200th of the length so far); NaN for the first ``start``."""
    n = len(values)
    out = np.full(n, np.nan)
    at = start
    while at < n:
        until = at + max(10, at // 200)
        out[at:until] = np.quantile(values[max(0, at - HISTORY) : at], level)
        at = until
    return out


def running_spread(values: Floats) -> Floats:
    """The range between the 1st and 99th percentile of the values before; at the beginning, of all so far. Positive."""
    wide = running_quantile(values, 0.99) - running_quantile(values, 0.01)
    so_far = np.maximum.accumulate(values) - np.minimum.accumulate(values)
    spread = np.where(np.isnan(wide), so_far, wide)
    return np.asarray(spread + 1e-9 * np.maximum.accumulate(np.abs(values)) + 1e-12)


def pattern_distance(values: Floats) -> Floats:
    """Distance of the last 16 readings to the mean of their five nearest patterns that ended before these began."""
    n = len(values)
    out = np.zeros(n)
    if n < 3 * PATTERN:
        return out
    # Distances by squares and products lose digits on values far from zero; the first reading takes most of it away.
    patterns = np.lib.stride_tricks.sliding_window_view(values - values[0], PATTERN)
    squares = np.einsum("ij,ij->i", patterns, patterns)
    for i in range(PATTERN, len(patterns)):
        end = i - PATTERN + 1
        begin = max(0, end - (NEAR if i < LONG_SERIES else FAR))
        apart = squares[begin:end] - 2 * (patterns[begin:end] @ patterns[i]) + squares[i]
        k = min(NEIGHBOURS, len(apart))
        out[i + PATTERN - 1] = np.sqrt(max(0.0, float(np.partition(apart, k - 1)[:k].mean())))
    return out


def _same_phase(values: Floats, period: int) -> Floats:
    """The median of the last seven values at the same phase; before there is one, of the last period."""
    index = np.arange(len(values))[:, None] - period * np.arange(1, 8)[None, :]
    past = np.where(index >= 0, values[np.clip(index, 0, None)], np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        usual = np.nanmedian(past, axis=1)
    return np.where(np.isnan(usual), _median(values, period), usual)


def _before(values: Floats) -> pl.Series:
    return pl.Series(values).shift(1)


def _known(rolled: pl.Series, values: Floats) -> Floats:
    """The rolled values; where too few came before, the value itself."""
    found = rolled.to_numpy()
    return np.where(np.isnan(found), values, found)


def _median(values: Floats, window: int) -> Floats:
    return _known(_before(values).rolling_median(window, min_samples=5), values)


def _mean(values: Floats, window: int) -> Floats:
    return _known(_before(values).rolling_mean(window, min_samples=5), values)


def _deviation(values: Floats, window: int) -> Floats:
    return np.asarray(np.nan_to_num(_before(values).rolling_std(window, min_samples=5).to_numpy()))


def _mean_with(values: Floats, window: int) -> Floats:
    return np.asarray(pl.Series(values).rolling_mean(window, min_samples=1).to_numpy())
