"""One quantile model over all series: gradient-boosted trees, widened by what rolling origins showed to be missing.

Sources: Ke et al., "LightGBM" (2017); Koenker and Bassett, "Regression quantiles" (1978); on global models
Montero-Manso and Hyndman, "Principles and algorithms for forecasting groups of time series" (2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from banana_assets.core.metrics.forecast.naive import QUANTILES, same_phase_residuals
from banana_assets.core.metrics.forecast.series import DAY, Floats, Series
from banana_assets.core.metrics.forecast.windows import Ints, Windows, windows

MOST_ROWS = 90_000
MANY_SERIES, ROWS_OF_MANY = 400, 64_000
"""Above so many series fewer windows do: the fit has to stay within seconds."""

STEPS_A_WINDOW = 8
DRAWS = 8
"""Into at most so many parts the windows of a series fall, each with other steps ahead, drawn with a fixed seed."""
LEAST_ROWS = 2_000
FIRST_ORIGIN_SEASONS = 3
CONTEXT_SEASONS = 60
ROUNDS = 150
RECENT_SEASONS = 14.0
OWN_SPREAD = 0.15
CLIP = 10.0
WIDTHS = (1.2, 1.0, 1.0, 1.0, 1.2)
"""By how much each quantile's distance from the median grows: trees fitted to their own past are too sure."""

_PARAMETERS = {
    "objective": "quantile",
    "learning_rate": 0.06,
    "num_leaves": 31,
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


def quantile_forecasts(
    series: Sequence[Series], horizon: int, asked: Sequence[Series] | None = None
) -> list[Floats] | None:
    """Quantiles (horizon, 5) for each series, all of one season; None when their past gives too few windows.

    The forecasts are of ``asked`` where it is given (the same series with more of their past, to compare models), else
    of the series that the model is trained on.

    Trained on windows from the whole past of all series, the recent ones weighing more (a 14th season back weighs
    1/e). Holding the last days out to calibrate on them cost more accuracy than it brought (docs/numbers.md), so the
    distances from the median grow by the fixed factors WIDTHS instead. The trees of each quantile are fitted in a
    thread of their own: the result does not depend on how many run at once.
    """
    cut = [_recent(s) for s in series]
    generator = np.random.default_rng(7)
    rows = MOST_ROWS if len(series) <= MANY_SERIES else ROWS_OF_MANY
    origins_each = max(2, rows // STEPS_A_WINDOW // len(series))
    train = [_sample(s, v, horizon, origins_each, generator) for s, v in zip(series, cut, strict=True)]
    rows = sum(len(y) for _, y, _ in train)
    if rows < LEAST_ROWS:
        return None
    x = np.concatenate([w.features for w, _, _ in train])
    y = np.clip(np.concatenate([y for _, y, _ in train]), -CLIP, CLIP)
    age = np.concatenate([a for _, _, a in train])
    steps = np.arange(1, horizon + 1)
    wanted = series if asked is None else asked
    known = [_recent(s) for s in wanted]
    windows_ahead = [_rows(s, v, np.array([len(v) - 1]), steps) for s, v in zip(wanted, known, strict=True)]
    ahead = np.concatenate([w.features for w in windows_ahead])
    predicted = _fit(x, y, np.exp(-age / RECENT_SEASONS), ahead)
    out = []
    for k, (s, v, w) in enumerate(zip(wanted, known, windows_ahead, strict=True)):
        part = predicted[k * horizon : (k + 1) * horizon]
        out.append(w.base[:, None] + w.scale[:, None] * _blend(part, w, v, s.season))
    return out


def _recent(series: Series) -> Floats:
    return series.values[-CONTEXT_SEASONS * series.season :]


def _rows(series: Series, values: Floats, origins: Ints, steps: Ints) -> Windows:
    moment = series.end
    phase = (moment.hour * 3600 + moment.minute * 60 + moment.second) // series.step
    return windows(values, series.season, origins, steps, phase, moment.weekday())


def _sample(
    series: Series, values: Floats, horizon: int, count: int, generator: np.random.Generator
) -> tuple[Windows, Floats, Floats]:
    """Windows of a series: their rows, targets, and age in seasons."""
    n, first = len(values), FIRST_ORIGIN_SEASONS * series.season - 1
    possible = np.arange(n - 2, first - 1, -1)
    stride = max(1, len(possible) // count)
    origins = possible[::stride][:count] if len(possible) else np.array([n - 2])
    parts = max(1, min(DRAWS, len(origins) // 4))
    made = []
    for some in (origins[k::DRAWS] for k in range(parts)):
        steps = np.sort(generator.choice(np.arange(1, horizon + 1), size=min(STEPS_A_WINDOW, horizon), replace=False))
        made.append(_rows(series, values, some, steps))
    kept = _join(made, n)
    target = (values[kept.target] - kept.base) / kept.scale
    age = (n - 1 - kept.target) / series.season
    return kept, target, age


def _join(parts: list[Windows], n: int) -> Windows:
    """The rows of all parts whose target is in the past."""
    target = np.concatenate([w.target for w in parts])
    inside = target < n
    features = np.concatenate([w.features for w in parts])[inside]
    base, scale = np.concatenate([w.base for w in parts]), np.concatenate([w.scale for w in parts])
    return Windows(features, base[inside], scale[inside], target[inside])


def _fit(x: NDArray[np.float32], y: Floats, weight: Floats, ahead: NDArray[np.float32]) -> Floats:
    """Predicted quantiles of the rows asked for, in order. Shape (rows, 5)."""
    import lightgbm

    def one(level: float) -> Floats:
        data = lightgbm.Dataset(x, y, weight=weight)
        return np.asarray(lightgbm.train({**_PARAMETERS, "alpha": level}, data, ROUNDS).predict(ahead, num_threads=1))

    with ThreadPoolExecutor(2) as pool:
        return np.sort(np.stack(list(pool.map(one, QUANTILES)), axis=1), axis=1)


def _blend(quantiles: Floats, made: Windows, values: Floats, season: int) -> Floats:
    """The widened quantiles, a small part of whose spread is the series' own past residuals."""
    middle = quantiles[:, 2:3]
    own = np.quantile(same_phase_residuals(values, season)[season:][-28 * season :], QUANTILES)
    own = (own - own[2])[None, :] / made.scale[:, None]
    spread = np.array(WIDTHS)[None, :] * (quantiles - middle)
    return np.asarray(middle + (1 - OWN_SPREAD) * spread + OWN_SPREAD * own)


def usable(series: Series) -> bool:
    """Whether a series is long enough, and its season short enough, for the model."""
    return 4 <= series.season <= 96 and series.step < DAY and len(series.values) >= 5 * series.season
