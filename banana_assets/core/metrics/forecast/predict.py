"""Forecasts of the resource usage table."""

from __future__ import annotations

import numpy as np
import polars as pl

from banana_assets.core.metrics.forecast.models import Forecast, forecast
from banana_assets.core.metrics.forecast.series import DAY, Series, regular
from banana_assets.core.tables.advice import RESOURCE_USAGE_PREDICTIONS

FEWEST_POINTS = 12
HOURS_AHEAD = 48
BOUNDS = ("lo95", "lo80", "predicted_usage", "hi80", "hi95")


def horizon_steps(points: int, step: int, hours: int = HOURS_AHEAD) -> int:
    """How far ahead: ``hours`` (a week for daily grids), at most a third of the past, at least one step."""
    ahead = hours * 3600 // step if step < DAY else 7
    return max(1, min(ahead, points // 3))


def predict(usage: pl.DataFrame, hours: int = HOURS_AHEAD) -> pl.DataFrame:
    """RESOURCE_USAGE_PREDICTIONS out of RESOURCE_USAGE: each series' mean, with 80 % and 95 % intervals.

    Ahead by ``horizon_steps``. A series is forecast when it has at least twelve intervals with readings and they are
    at least half of its span; the scattered recordings of builds are none. The model is named in ``model``.
    """
    groups: dict[int, list[Series]] = {}
    for (source, metric), group in sorted(
        usage.partition_by("source", "metric", as_dict=True).items(), key=lambda item: str(item[0])
    ):
        series = _series(str(source), str(metric), group.sort("ts"))
        if series is not None:
            steps = horizon_steps(len(series.values), series.step, hours)
            groups.setdefault(steps, []).append(series)
    parts = [_rows(f) for steps, some in sorted(groups.items()) for f in forecast(some, steps)]
    if not parts:
        return RESOURCE_USAGE_PREDICTIONS.empty()
    return RESOURCE_USAGE_PREDICTIONS.conform(pl.concat(parts).sort(*RESOURCE_USAGE_PREDICTIONS.key))


def _series(source: str, metric: str, group: pl.DataFrame) -> Series | None:
    step = int(group["interval_seconds"][0])
    seconds = group["ts"].dt.epoch("s").to_numpy()
    span = (seconds[-1] - seconds[0]) // step + 1
    if int((group["samples"] > 0).sum()) < FEWEST_POINTS or group.height < span / 2:
        return None
    name = f"{source}\x1f{metric}"
    return regular(name, seconds, group["mean"].to_numpy().astype(np.float64), step, group["ts"][-1])


def _rows(made: Forecast) -> pl.DataFrame:
    series = made.series
    source, metric = series.name.split("\x1f")
    steps = range(1, len(made.quantiles) + 1)
    return pl.DataFrame(
        {
            "source": source,
            "metric": metric,
            "made_at": series.end,
            "ts": [series.time(k) for k in steps],
            "step": steps,
            **{name: made.quantiles[:, k] for k, name in enumerate(BOUNDS)},
            "model": made.model,
            "confidence": made.confidence,
        }
    ).with_columns(pl.col("step").cast(pl.Int32))
