"""What a model sees of a series at an origin, for each step ahead: levels, same-phase values, residuals and spread.

Everything is relative to the median of the last seven values at the same phase of the season (the same hour of the day)
and in units of the mean seasonal change, so that one model serves series of every size.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from banana_assets.core.metrics.forecast.naive import quantiles_of, same_phase_residuals
from banana_assets.core.metrics.forecast.series import Floats

Ints = NDArray[np.int64]
CONTEXT_SEASONS = 28
_LEVELS = (1, 3, 6, 12, 24, 72, 168, 672)
_SPREAD = (0.025, 0.1, 0.25, 0.75, 0.9, 0.975)


@dataclass(frozen=True)
class Windows:
    """Rows are origins x steps: ``features`` (rows, columns), ``base`` and ``scale`` of the target (value - base) /
    scale, and ``target``, the index of the value that is forecast."""

    features: NDArray[np.float32]
    base: Floats
    scale: Floats
    target: Ints


def windows(values: Floats, season: int, origins: Ints, steps: Ints, phase: int, weekday: int) -> Windows:
    """The rows of a series. ``origins`` are indices of the last known value, at least one season in.

    ``phase`` and ``weekday`` are those of the last value of the series, in steps past midnight and days.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # Medians of slices that a short past leaves empty are NaN.
        return _windows(values, season, origins, steps, phase, weekday)


def _windows(values: Floats, season: int, origins: Ints, steps: Ints, phase: int, weekday: int) -> Windows:
    n = len(values)
    origin, step = np.repeat(origins, len(steps)), np.tile(steps, len(origins))
    target = origin + step
    ahead = -(-step // season)

    def at(index: Ints) -> Floats:
        return np.where(index >= 0, values[np.clip(index, 0, n - 1)], np.nan)

    def each(per_origin: Floats) -> Floats:
        return np.repeat(per_origin, len(steps))

    same = np.stack([at(target - season * (ahead + d)) for d in range(14)], axis=1)
    base = quantiles_of(same[:, :7], (0.5,))[:, 0]
    residual = same_phase_residuals(values, season)
    context = _trailing(values, origins, season * 7)
    scale_one, change = _scale(values, origins, season)
    scale = each(scale_one)

    def relative(x: Floats) -> Floats:
        return (x - base) / scale

    week = 7 * season
    last_week = target - week * -(-step // week)
    clock = phase - (n - 1 - origin) + step
    columns: list[NDArray[np.floating]] = [
        step / season * 24,
        ahead.astype(np.float64),
        ((step - 1) % season) / season * 24,
    ]
    columns += [relative(same[:, k]) for k in range(7)]
    columns += [relative(quantiles_of(same, (0.5,))[:, 0]), relative(np.nanmean(same[:, :3], axis=1))]
    columns += [relative(at(last_week)), relative(at(last_week - week))]
    columns += [np.asarray(np.nanstd(same[:, :7], axis=1) / scale, dtype=np.float64)]
    columns += [relative(np.nanmax(same[:, :7], axis=1)), relative(np.nanmin(same[:, :7], axis=1))]
    hours = [max(1, round(h * season / 24)) for h in _LEVELS]
    columns += [relative(each(_means(values, origins, h))) for h in hours]
    day = context[:, -season:]
    for part in (day, context):
        columns += [relative(each(quantiles_of(part, (0.5,))[:, 0]))]
        columns += [relative(each(np.nanmin(part, axis=1))), relative(each(np.nanmax(part, axis=1)))]
    columns += [relative(each(q)) for q in quantiles_of(context, (0.1, 0.9)).T]
    columns += [each(_means(residual, origins, h) / scale_one) for h in hours[:5]]
    deviation = np.nanstd(context, axis=1)
    columns += [each(deviation / scale_one)]
    columns += [each(np.nanmean(np.abs(np.diff(context, axis=1)), axis=1) / scale_one)]
    columns += [each(1 - change / (deviation + 1e-12))]
    columns += [each(_correlation(context, 1)), each(_correlation(context, season))]
    daily = [_means(values, np.maximum(origins - season * k, 0), season) for k in range(3)]
    columns += [each((daily[0] - daily[1]) / scale_one), each((daily[1] - daily[2]) / scale_one)]
    columns += [relative(np.zeros_like(base)), (clock % season) / season * 24, (weekday + clock // season) % 7.0]
    columns += [np.minimum((origin + 1) / season, CONTEXT_SEASONS)]
    for seasons in (CONTEXT_SEASONS, 7):
        spread = _trailing(residual, origins, season * seasons, first=season)
        columns += [each(q / scale_one) for q in quantiles_of(spread, _SPREAD).T]
    around = [at(np.minimum(target - season * (ahead + d) + u, origin)) for d in range(7) for u in (-1, 1)]
    near = np.concatenate([np.stack(around, axis=1), same[:, :7]], axis=1)
    columns += [
        relative(np.nanmax(near, axis=1)),
        relative(np.nanmin(near, axis=1)),
        relative(np.nanmean(near, axis=1)),
    ]
    index = target[:, None] - season * (ahead[:, None] + np.arange(14)[None, :])
    past = np.where(index >= season, residual[np.clip(index, 0, n - 1)], np.nan)
    columns += [
        np.nanmean(np.abs(past), axis=1) / scale,
        np.nanmax(past, axis=1) / scale,
        np.nanmin(past, axis=1) / scale,
    ]
    columns += [relative(around[0]), relative(around[1])]
    return Windows(np.stack(columns, axis=1).astype(np.float32), base, scale, target)


def _trailing(values: Floats, origins: Ints, length: int, first: int = 0) -> Floats:
    """The last ``length`` values up to each origin, NaN before index ``first``. Shape (origins, length)."""
    index = origins[:, None] + np.arange(1 - length, 1)[None, :]
    kept = np.where(index >= first, values[np.clip(index, 0, None)], np.nan)
    kept[:, -1] = values[origins]
    return kept


def _means(values: Floats, origins: Ints, length: int) -> Floats:
    total = np.concatenate([[0.0], np.cumsum(values)])
    low = np.maximum(origins + 1 - length, 0)
    return np.asarray((total[origins + 1] - total[low]) / (origins + 1 - low))


def _scale(values: Floats, origins: Ints, season: int) -> tuple[Floats, Floats]:
    """The mean change over a season up to each origin, over 28 seasons (the unit of targets) and over six."""
    change = np.zeros(len(values))
    change[season:] = np.abs(values[season:] - values[:-season])
    length = np.minimum(origins + 1 - season, season * (CONTEXT_SEASONS - 1))
    long = _sums(change, origins, length) / np.maximum(length, 1)
    short_length = np.minimum(length, season * 6)
    short = _sums(change, origins, short_length) / np.maximum(short_length, 1)
    size = np.abs(_means(values, origins, season * 7))
    return np.maximum(long, size * 1e-4 + 1e-9), short


def _sums(values: Floats, origins: Ints, length: Ints) -> Floats:
    total = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(total[origins + 1] - total[np.maximum(origins + 1 - length, 0)])


def _correlation(context: Floats, lag: int) -> Floats:
    if context.shape[1] <= lag:
        return np.zeros(len(context))
    a, b = context[:, lag:], context[:, :-lag]
    both = np.isfinite(a) & np.isfinite(b)
    a, b = np.where(both, a, np.nan), np.where(both, b, np.nan)
    a, b = a - np.nanmean(a, axis=1, keepdims=True), b - np.nanmean(b, axis=1, keepdims=True)
    power = np.sqrt(np.nansum(a * a, axis=1) * np.nansum(b * b, axis=1))
    return np.asarray(np.nansum(a * b, axis=1) / np.where(power > 1e-12, power, np.inf))
