"""Models compared on what each series did: forecasts from earlier origins against what followed.

Source: Hyndman and Athanasopoulos, Forecasting: Principles and Practice (3rd ed.), 5.10, on rolling origins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from banana_assets.core.metrics.forecast.naive import (
    QUANTILES,
    bound,
    growth,
    last_value,
    recent_level,
    same_hours,
    seasonal_naive,
)
from banana_assets.core.metrics.forecast.quantile import quantile_forecasts, usable
from banana_assets.core.metrics.forecast.series import Floats, Series
from banana_assets.core.metrics.limits import rises

TREES, SAME_HOURS, NAIVE = "quantile_trees", "same_hours", "seasonal_naive"
LAST, LEVEL, GROWTH, CONSTANT = "last_value", "recent_level", "growth", "constant"

MODELS = (TREES, SAME_HOURS, NAIVE, LAST, LEVEL, GROWTH)
"""What somebody may ask for by name; ``constant`` is for what never changed."""

FOLDS = 4
LEAST_PAST = 12
"""Values that have to lie before an origin."""


@dataclass(frozen=True)
class Trial:
    """How a model did on a series: mean absolute error, mean quantile loss, accuracy (``accuracy``), over ``folds``
    origins of ``steps`` steps each."""

    model: str
    mae: float
    loss: float
    accuracy: float
    folds: int
    steps: int


@dataclass(frozen=True)
class Choice:
    """The model for a series and why; ``trials`` has the reference first and is empty where the past is too short."""

    model: str
    reason: str
    trials: tuple[Trial, ...]

    def trial(self, model: str) -> Trial | None:
        """How that model did."""
        return next((t for t in self.trials if t.model == model), None)


def accuracy(actual: Floats, predicted: Floats) -> Floats:
    """1 less the error in units of the greater of both, 0..1: 1 where both are equal, 0 where one is nothing."""
    greater = np.maximum(np.abs(actual), np.abs(predicted))
    off = np.abs(actual - predicted) / np.where(greater > 0, greater, 1.0)
    return np.clip(1 - off, 0.0, 1.0)


def simple(model: str, values: Floats, horizon: int, season: int) -> Floats:
    """The quantiles (horizon, 5) of a model that needs no fit."""
    by_season: dict[str, Callable[[Floats, int, int], Floats]] = {
        NAIVE: seasonal_naive,
        SAME_HOURS: same_hours,
        GROWTH: growth,
    }
    if model in by_season:
        return by_season[model](values, horizon, season)
    return last_value(values, horizon) if model == LAST else recent_level(values, horizon)


def compare(series: Sequence[Series], horizon: int) -> list[Choice]:
    """The model of each series, chosen by rolling origin.

    Up to four origins, each followed by ``horizon`` steps, at most two seasons of them and a sixth of the past. The
    reference is the seasonal naive forecast, the last value where there are no two seasons. Another model is taken
    only if its mean absolute error over all origins is below the reference's, and of such the one with the least
    quantile loss. The trees are fitted once, to what lies before the first origin.
    """
    trees = _trees(series, horizon)
    return [_choose(one, horizon, trees.get(place)) for place, one in enumerate(series)]


def lacks(series: Series, model: str) -> str:
    """Why a series cannot be forecast by that model; empty where it can."""
    days = {NAIVE: 2, SAME_HOURS: 3}.get(model, 0)
    if days and (series.season < 2 or len(series.values) < days * series.season):
        return f"{model} needs {days} days of readings"
    if model == TREES and not (usable(series) and np.ptp(series.values) > 0):
        return f"{model} needs five days of readings that change, a quarter of an hour apart or more"
    return ""


def _plan(series: Series, horizon: int) -> tuple[int, list[int]]:
    """Steps of a fold, and how many values are held back at each origin, the most first."""
    n, season = len(series.values), series.season
    steps = max(1, min(horizon, 2 * season if season > 1 and n >= 4 * season else n // 6, n // 6))
    held = [steps * k for k in range(FOLDS, 0, -1) if n - steps * k >= max(LEAST_PAST, n // 4)]
    return steps, held


def _shorter(series: Series, held: int) -> Series:
    end = series.end - timedelta(seconds=series.step * held)
    return replace(series, values=series.values[:-held], observed=series.observed[:-held], end=end)


def _trees(series: Sequence[Series], horizon: int) -> dict[int, list[Floats]]:
    """The trees' quantiles at each origin of each series that is long enough before the first one."""
    groups: dict[tuple[int, int], list[int]] = {}
    for place, one in enumerate(series):
        steps, held = _plan(one, horizon)
        if held and usable(one) and np.ptp(one.values) > 0 and usable(_shorter(one, held[0])):
            groups.setdefault((one.season, steps), []).append(place)
    found: dict[int, list[Floats]] = {}
    for (_, steps), places in groups.items():
        helds = [_plan(series[p], horizon)[1] for p in places]
        before = [_shorter(series[p], held[0]) for p, held in zip(places, helds, strict=True)]
        asked = [_shorter(series[p], h) for p, held in zip(places, helds, strict=True) for h in held]
        made = quantile_forecasts(before, steps, asked)
        if made is None:
            continue
        rest = iter(zip(asked, made, strict=True))
        for place, held in zip(places, helds, strict=True):
            found[place] = [bound(raw, one.floor, one.ceiling) for _ in held for one, raw in [next(rest)]]
    return found


def _choose(series: Series, horizon: int, trees: list[Floats] | None) -> Choice:
    values, season = series.values, series.season
    if np.ptp(values) == 0:
        return Choice(CONSTANT, "it never changed", ())
    steps, held = _plan(series, horizon)
    seasonal = season > 1 and len(values) >= 2 * season
    reference = NAIVE if seasonal else LAST
    if not held:
        return Choice(reference, f"{len(values)} readings are too few to compare models", ())
    least = len(values) - held[0]
    if seasonal and least < 2 * season:
        # No origin has two seasons before it, so nothing seasonal can be tried.
        return Choice(reference, "under three days are too few to compare models", ())
    models = [reference]
    if seasonal:
        models += [LAST, *([SAME_HOURS] if least >= 3 * season else [])]
    else:
        models += [LEVEL]
    if rises(values[:least], season):
        models += [GROWTH]
    trials = [_trial(series, m, steps, held, None) for m in models]
    if trees is not None:
        trials.append(_trial(series, TREES, steps, held, trees))
    anchor = trials[0]
    better = [t for t in trials[1:] if t.mae < anchor.mae]
    tried = f"{anchor.folds} {'origin' if anchor.folds == 1 else 'origins'} of {steps} steps"
    if not better:
        others = " and ".join(t.model for t in trials[1:])
        reason = f"no better model: {others} lost to it over {tried}" if others else f"the only one to try over {tried}"
        return Choice(reference, reason, tuple(trials))
    best = min(better, key=lambda t: t.loss)
    return Choice(best.model, f"{best.mae / anchor.mae:.2f} of {reference}'s error over {tried}", tuple(trials))


def _trial(series: Series, model: str, steps: int, held: list[int], made: list[Floats] | None) -> Trial:
    errors, losses, right = [], [], []
    n = len(series.values)
    for k, h in enumerate(held):
        past, end = series.values[: n - h], n - h + steps
        raw = simple(model, past, steps, series.season) if made is None else made[k]
        quantiles = bound(raw, series.floor, series.ceiling)
        read = series.observed[n - h : end]
        actual = series.values[n - h : end][read]
        if not len(actual):
            continue
        off = actual[:, None] - quantiles[read]
        level = np.array(QUANTILES)[None, :]
        errors.append(np.abs(off[:, 2]))
        losses.append(2 * np.maximum(level * off, (level - 1) * off).mean(axis=1))
        right.append(accuracy(actual, quantiles[read][:, 2]))
    if not errors:
        return Trial(model, 0.0, 0.0, 0.0, 0, steps)
    mae, loss, hit = (float(np.concatenate(x).mean()) for x in (errors, losses, right))
    return Trial(model, mae, loss, hit, len(errors), steps)
