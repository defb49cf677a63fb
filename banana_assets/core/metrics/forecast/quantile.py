"""One quantile model over all series: gradient-boosted trees, calibrated on the last days that it was not shown.

Sources: Ke et al., "LightGBM" (2017); Romano, Patterson and Candès, "Conformalized quantile regression" (2019);
global models over many series: Montero-Manso and Hyndman, "Principles and algorithms for forecasting groups of time
series" (2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from banana_assets.core.metrics.forecast.naive import QUANTILES
from banana_assets.core.metrics.forecast.series import DAY, Floats, Series
from banana_assets.core.metrics.forecast.windows import Ints, Windows, same_phase_residuals, windows

MOST_ROWS = 60_000
STEPS_A_WINDOW = 8
LEAST_ROWS = 2_000
FIRST_ORIGIN_SEASONS = 3
CONTEXT_SEASONS = 60
ROUNDS = 150
RECENT_SEASONS = 14.0
OWN_SPREAD = 0.15
CLIP = 10.0
WIDTHS = (1.2, 1.05, 1.0, 1.05, 1.2)

_PARAMETERS = {
    "objective": "quantile",
    "learning_rate": 0.06,
    "num_leaves": 15,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "max_bin": 63,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 1,
    "verbose": -1,
}


def quantile_forecasts(series: Sequence[Series], horizon: int) -> list[Floats] | None:
    """Quantiles (horizon, 5) for each series, all of one season; None when their past gives too few windows.

    Trained on windows whose target lies before the last ``horizon`` steps of each series, calibrated on those, then
    applied to the whole past. The trees of each quantile are fitted in a thread of their own: the result does not
    depend on how many run at once.
    """
    cut = [_recent(s) for s in series]
    generator = np.random.default_rng(7)
    origins_each = max(2, MOST_ROWS // STEPS_A_WINDOW // len(series))
    train = [_sample(s, v, horizon, origins_each, generator) for s, v in zip(series, cut, strict=True)]
    rows = sum(len(y) for _, y, _, _ in train)
    if rows < LEAST_ROWS:
        return None
    x = np.concatenate([w.features for w, _, _, _ in train])
    y = np.clip(np.concatenate([y for _, y, _, _ in train]), -CLIP, CLIP)
    age = np.concatenate([a for _, _, a, _ in train])
    held = np.concatenate([h for _, _, _, h in train])
    steps = np.arange(1, horizon + 1)
    asked = [_rows(s, v, np.array([len(v) - 1]), steps) for s, v in zip(series, cut, strict=True)]
    ahead = np.concatenate([w.features for w in asked])
    weight = np.exp(-age / RECENT_SEASONS)
    calibrate, predict = _fit(x, y, weight, held, ahead)
    factor = np.array(WIDTHS)
    out = []
    for k, (s, v, w) in enumerate(zip(series, cut, asked, strict=True)):
        part = predict[k * horizon : (k + 1) * horizon]
        out.append(w.base[:, None] + w.scale[:, None] * _blend(part * 1.0, factor, w, v, s.season))
    return out


def _recent(series: Series) -> Floats:
    return series.values[-CONTEXT_SEASONS * series.season :]


def _rows(series: Series, values: Floats, origins: Ints, steps: Ints) -> Windows:
    moment = series.end
    phase = (moment.hour * 3600 + moment.minute * 60 + moment.second) // series.step
    return windows(values, series.season, origins, steps, phase, moment.weekday())


def _sample(
    series: Series, values: Floats, horizon: int, count: int, generator: np.random.Generator
) -> tuple[Windows, Floats, Floats, NDArray[np.bool_]]:
    """Windows of a series: their rows, targets, age in seasons, and which are held out for calibration."""
    n, first = len(values), FIRST_ORIGIN_SEASONS * series.season - 1
    possible = np.arange(n - 2, first - 1, -1)
    stride = max(1, len(possible) // count)
    origins = possible[::stride][:count] if len(possible) else np.array([n - 2])
    steps = np.sort(generator.choice(np.arange(1, horizon + 1), size=min(STEPS_A_WINDOW, horizon), replace=False))
    made = _rows(series, values, origins, steps)
    inside = made.target < n
    kept = Windows(made.features[inside], made.base[inside], made.scale[inside], made.target[inside])
    target = (values[kept.target] - kept.base) / kept.scale
    age = (n - 1 - kept.target) / series.season
    return kept, target, age, kept.target >= n - horizon


def _fit(
    x: NDArray[np.float32], y: Floats, weight: Floats, held: NDArray[np.bool_], ahead: NDArray[np.float32]
) -> tuple[Floats, Floats]:
    """Predicted quantiles of the held-out rows and of the rows asked for."""
    import lightgbm

    shown = np.ones(len(x), bool)

    def one(level: float) -> tuple[Floats, Floats]:
        data = lightgbm.Dataset(x[shown], y[shown], weight=weight[shown])
        model = lightgbm.train({**_PARAMETERS, "alpha": level}, data, ROUNDS)
        return np.asarray(model.predict(x[held])), np.asarray(model.predict(ahead))

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(one, QUANTILES))
    return np.sort(np.stack([m[0] for m in made], 1), 1), np.sort(np.stack([m[1] for m in made], 1), 1)


def _widths(predicted: Floats, actual: Floats, step: NDArray[np.float32]) -> Floats:
    """By how much each distance from the median must grow or shrink for its quantile to be met on the held-out rows."""
    factor = np.ones(len(QUANTILES))
    for k, level in enumerate(QUANTILES):
        if level == 0.5 or not len(actual):
            continue
        distance = predicted[:, k] - predicted[:, 2]
        usable = np.abs(distance) > 1e-9
        ratio = (actual - predicted[:, 2])[usable] / distance[usable]
        outside = 1 - level if level > 0.5 else level
        factor[k] = np.clip(np.quantile(ratio, 1 - outside), 0.6, 2.0) if len(ratio) else 1.0
    return factor


def _blend(quantiles: Floats, factor: Floats, made: Windows, values: Floats, season: int) -> Floats:
    """The calibrated quantiles, a small part of whose spread is the series' own past residuals."""
    middle = quantiles[:, 2:3]
    own = np.quantile(same_phase_residuals(values, season)[season:][-28 * season :], QUANTILES)
    own = (own - own[2])[None, :] / made.scale[:, None]
    spread = factor[None, :] * (quantiles - middle)
    return np.asarray(middle + (1 - OWN_SPREAD) * spread + OWN_SPREAD * own)


def usable(series: Series) -> bool:
    """Whether a series is long enough, and its season short enough, for the model."""
    return 4 <= series.season <= 96 and series.step < DAY and len(series.values) >= 5 * series.season
