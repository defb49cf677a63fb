"""Forecasts of the resource usage table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from banana_assets.core.metrics.forecast.allocation import Advice, Crossed, Limit, advise, crossing, resource_type
from banana_assets.core.metrics.forecast.backtest import CONSTANT, TREES, Choice, compare, lacks, simple
from banana_assets.core.metrics.forecast.naive import QUANTILES, bound
from banana_assets.core.metrics.forecast.quantile import quantile_forecasts, usable
from banana_assets.core.metrics.forecast.series import DAY, Floats, Series, regular
from banana_assets.core.tables.advice import RESOURCE_USAGE_PREDICTIONS
from banana_assets.core.units import is_percentage

FEWEST_POINTS = 12
HOURS_AHEAD = 168
BOUNDS = ("lo95", "lo80", "predicted_usage", "hi80", "hi95")


@dataclass(frozen=True)
class Predictions:
    """``table`` (RESOURCE_USAGE_PREDICTIONS) and, for each series without a forecast, why (source, metric, reason)."""

    table: pl.DataFrame
    without: pl.DataFrame


@dataclass(frozen=True)
class _Subject:
    source: str
    metric: str
    series: Series
    steps: int
    peaks: float
    limit: Limit | None


def horizon_steps(points: int, step: int, hours: int = HOURS_AHEAD) -> int:
    """How far ahead: ``hours`` (for daily grids their days, at least a week), at most a third of the past."""
    ahead = hours * 3600 // step if step < DAY else max(7, hours * 3600 // step)
    return max(1, min(ahead, points // 3))


def predict(usage: pl.DataFrame, hours: int = HOURS_AHEAD, model: str | None = None) -> Predictions:
    """Forecasts of each series' mean out of RESOURCE_USAGE, with 80 % and 95 % intervals.

    Ahead by ``horizon_steps``. A series is forecast when it has at least twelve intervals with readings and they are
    at least half of its span; the scattered recordings of builds are none. The model is the one that did best from
    earlier origins, the naive one unless another did better (``compare``), or ``model`` (one of ``backtest.MODELS``)
    where the past of the series is long enough for it. Limits are known for percentages (100), and
    for ``X_used_bytes`` beside ``X_percent``.
    """
    subjects, without = _subjects(usage, hours)
    parts = []
    for steps in sorted({s.steps for s in subjects}):
        some = [s for s in subjects if s.steps == steps]
        choices = compare([s.series for s in some], steps)
        if model is not None:
            some, choices = _asked_for(model, some, choices, without)
        made = _forecast([s.series for s in some], choices, steps)
        parts += [_rows(s, c, q) for s, c, q in zip(some, choices, made, strict=True)]
    reasons = pl.DataFrame(without, schema=["source", "metric", "reason"], orient="row").cast(pl.String)
    if not parts:
        return Predictions(RESOURCE_USAGE_PREDICTIONS.empty(), reasons)
    whole = RESOURCE_USAGE_PREDICTIONS.conform(pl.concat(parts).sort(*RESOURCE_USAGE_PREDICTIONS.key))
    return Predictions(whole, reasons)


def unfit(usage: pl.DataFrame) -> list[tuple[str, str, str]]:
    """The series of RESOURCE_USAGE that get no forecast: source, metric, and why."""
    groups = usage.partition_by("source", "metric", as_dict=True)
    reasons = ((str(source), str(metric), _unfit(group.sort("ts"))) for (source, metric), group in groups.items())
    return sorted(one for one in reasons if one[2])


def _asked_for(
    model: str, subjects: list[_Subject], choices: list[Choice], without: list[tuple[str, str, str]]
) -> tuple[list[_Subject], list[Choice]]:
    """Those that the model can forecast, with it as their choice; why it cannot is added to ``without``."""
    kept = []
    for subject, choice in zip(subjects, choices, strict=True):
        reason = lacks(subject.series, model)
        if not reason and model == TREES and choice.trial(TREES) is None:
            reason = f"too little was read to fit {TREES} and to compare it"
        if reason:
            without.append((subject.source, subject.metric, reason))
        else:
            why = f"asked for; {choice.model} did best: {choice.reason}" if choice.model != model else choice.reason
            kept.append((subject, replace(choice, model=model, reason=why)))
    return [s for s, _ in kept], [c for _, c in kept]


def _subjects(usage: pl.DataFrame, hours: int) -> tuple[list[_Subject], list[tuple[str, str, str]]]:
    found, without = [], []
    groups = usage.partition_by("source", "metric", as_dict=True)
    sizes = {(str(s), str(m)): g for (s, m), g in groups.items()}
    for (source, metric), group in sorted(sizes.items()):
        ordered = group.sort("ts")
        reason = _unfit(ordered)
        if reason:
            without.append((source, metric, reason))
            continue
        series = _series(metric, ordered)
        steps = horizon_steps(len(series.values), series.step, hours)
        limit = _limit(metric, ordered, sizes.get((source, metric.replace("_used_bytes", "_percent"))))
        found.append(_Subject(source, metric, series, steps, _peaks(ordered), limit))
    return found, without


def _unfit(group: pl.DataFrame) -> str:
    read = int((group["samples"] > 0).sum())
    if read < FEWEST_POINTS:
        return f"{read} intervals with readings; {FEWEST_POINTS} are needed"
    seconds, step = group["ts"].dt.epoch("s"), int(group["interval_seconds"][0])
    span = int(seconds[-1] - seconds[0]) // step + 1
    if group.height < span / 2:
        return f"readings in {group.height:,} of {span:,} intervals; half are needed"
    return ""


def _series(metric: str, group: pl.DataFrame) -> Series:
    seconds = group["ts"].dt.epoch("s").to_numpy()
    values = group["mean"].to_numpy().astype(np.float64)
    return regular(metric, seconds, values, int(group["interval_seconds"][0]), group["ts"][-1])


def _peaks(group: pl.DataFrame) -> float:
    """By how much the peak of an interval stands above its mean: the 90th percentile of their ratio, 1 to 3."""
    ratio = group.filter((pl.col("samples") > 1) & (pl.col("mean") > 0)).select(pl.col("peak") / pl.col("mean"))
    if not ratio.height:
        return 1.0
    return float(np.clip(np.quantile(ratio.to_series().to_numpy(), 0.9), 1.0, 3.0))


def _limit(metric: str, group: pl.DataFrame, share: pl.DataFrame | None) -> Limit | None:
    """100 for percentages that keep it; what is used divided by its share where both are read."""
    if is_percentage(metric):
        return Limit(100.0, "a percentage") if group["peak"].to_numpy().max() <= 100 else None
    if share is None or not metric.endswith("_used_bytes"):
        return None
    both = group.join(share.select("ts", share="mean"), on="ts").filter(pl.col("share") > 0.5)
    if not both.height:
        return None
    sizes = (both["mean"] / both["share"] * 100).tail(100).to_numpy()
    # The filesystem keeps blocks back, so that both readings disagree a little; a changing size is none.
    return Limit(float(np.median(sizes)), "used over percent") if np.ptp(sizes) < 0.2 * np.median(sizes) else None


def _forecast(series: list[Series], choices: list[Choice], steps: int) -> list[Floats]:
    made: dict[int, Floats] = {}
    for season in sorted({s.season for s in series}):
        places = [k for k, s in enumerate(series) if s.season == season and usable(s) and np.ptp(s.values) > 0]
        wanted = [k for k in places if choices[k].model == TREES]
        if wanted:
            raw = quantile_forecasts([series[k] for k in places], steps, [series[k] for k in wanted])
            made |= dict(zip(wanted, raw or [], strict=True))
    return [
        bound(made[k] if k in made else _plain(s, c, steps), s.floor, s.ceiling)
        for k, (s, c) in enumerate(zip(series, choices, strict=True))
    ]


def _plain(series: Series, choice: Choice, steps: int) -> Floats:
    if choice.model == CONSTANT:
        return np.full((steps, len(QUANTILES)), series.values[-1])
    return simple(choice.model, series.values, steps, series.season)


def _confidence(series: Series, choice: Choice) -> str:
    """Low where the past is short, high where models could be compared on ten seasons or more."""
    season = series.season if series.season > 1 else 0
    n = len(series.values)
    if not choice.trials:
        return "medium" if choice.model == CONSTANT and n >= 2 * max(season, 30) else "low"
    if season == 0:
        return "low" if n < 60 else "medium"
    return "low" if n < 10 * season else "high" if choice.model == TREES else "medium"


def _rows(subject: _Subject, choice: Choice, quantiles: Floats) -> pl.DataFrame:
    series, steps = subject.series, range(1, len(quantiles) + 1)
    crossed = crossing(series, subject.metric, quantiles, subject.limit) if subject.limit else None
    confidence = _confidence(series, choice)
    advice = advise(series, subject.metric, quantiles, subject.peaks, subject.limit, crossed, confidence)
    trial = choice.trial(choice.model)
    same: dict[str, Any] = {
        "source": subject.source,
        "metric": subject.metric,
        "resource_type": resource_type(subject.metric),
        "made_at": series.end,
        "current": True,
        "interval_seconds": series.step,
        "prediction_window_hours": len(quantiles) * series.step / 3600,
        "model": choice.model,
        "why": choice.reason,
        "confidence": confidence,
        "confidence_score": trial.accuracy if trial else None,
        "backtest": [vars(t) for t in choice.trials],
        "crossing": _crossing_row(crossed),
        "advice": _advice_row(advice),
    }
    columns = {name: [value] * len(quantiles) for name, value in same.items()}
    columns |= {"ts": [series.time(k) for k in steps], "step": list(steps)}
    columns |= {name: quantiles[:, k].tolist() for k, name in enumerate(BOUNDS)}
    return RESOURCE_USAGE_PREDICTIONS.conform(
        pl.DataFrame(columns, schema={n: RESOURCE_USAGE_PREDICTIONS.dtypes[n] for n in columns})
    )


def _crossing_row(crossed: Crossed | None) -> dict[str, Any] | None:
    return None if crossed is None else vars(crossed)


def _advice_row(advice: Advice) -> dict[str, Any]:
    return {
        "action": advice.action,
        "current_allocation": advice.current,
        "predicted_need": advice.need,
        "recommended_allocation": advice.recommended,
        "reasoning": advice.reasoning,
        "triggers": list(advice.triggers),
        "actions": list(advice.actions),
        "act_by": advice.act_by,
    }
