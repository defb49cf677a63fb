"""Where load gathers: resources near their limit, hours that are hotter than the others."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from banana_assets.core.advice.chance import count_tail, dispersion
from banana_assets.core.advice.finding import Finding
from banana_assets.core.advice.observed import Observed, hourly, target
from banana_assets.core.advice.rules import HOT, NEAR_LIMIT
from banana_assets.core.evidence import fact, plural
from banana_assets.core.metrics.forecast.series import is_percentage

FEWEST_READINGS = 12
FEWEST_EVENTS = 10
MOST_CHANCE = 1e-4
"""For the hottest of the hours that are looked at; divided by how many they are (Bonferroni)."""


def resource_limits(seen: Observed) -> list[Finding]:
    """Percentages that were near 100 in the last day of readings; what the forecast says of them is added.

    The processor of a recorded build is left out: a build is meant to use it.
    """
    found = []
    recorded = set(seen.builds["pipeline"].unique())
    for (source, metric), group in _by_series(seen.usage):
        if not is_percentage(metric) or (source in recorded and metric.startswith("cpu")):
            continue
        read = group.filter(pl.col("samples") > 0).sort("ts")
        last = read.filter(pl.col("ts") > read["ts"][-1] - timedelta(days=1)) if read.height else read
        if last.height < FEWEST_READINGS:
            continue
        high = float(np.quantile(last["peak"].to_numpy(), 0.95))
        severity = NEAR_LIMIT.severity(high)
        if severity is None:
            continue
        above = last.filter(pl.col("peak") >= NEAR_LIMIT.limits[0])
        share = above.height / last.height
        text = f"{metric} of {source} reached {high:.3g} % (95th percentile of {plural(last.height, 'interval')})"
        text += f", at or above {NEAR_LIMIT.limits[0]:g} % for {share:.0%} of them"
        ahead = _forecast_peak(seen.predictions, source, metric)
        text += f"; the forecast's upper 80 % bound reaches {ahead:.3g} %." if ahead is not None else "."
        peak = last.sort("peak", "ts").row(-1, named=True)
        evidence = fact(f"peak {peak['peak']:.3g} %", "resource_usage", f"{source} {metric} {peak['ts'].isoformat()}")
        found.append(
            Finding(
                kind="resource_limit",
                subject=f"{source}: {metric}",
                severity=severity,
                description=text,
                value=high,
                baseline=100.0,
                unit="%",
                since=_since(read),
                until=read["ts"][-1],
                rule=NEAR_LIMIT.rule,
                target=target("resource_peak", source, "", metric),
                evidence=(evidence,),
            )
        )
    return found


def _by_series(usage: pl.DataFrame) -> list[tuple[tuple[str, str], pl.DataFrame]]:
    parts = usage.partition_by("source", "metric", as_dict=True)
    return [((str(s), str(m)), group) for (s, m), group in sorted(parts.items(), key=lambda i: tuple(map(str, i[0])))]


def _since(read: pl.DataFrame) -> datetime:
    """The first reading at or above the lowest limit that no day below it followed."""
    high = read.filter(pl.col("peak") >= NEAR_LIMIT.limits[0])["ts"]
    pauses = (high.diff() > timedelta(days=1)).fill_null(False)
    return high[int(pauses.arg_true()[-1]) if pauses.any() else 0]  # type: ignore[no-any-return]


def _forecast_peak(predictions: pl.DataFrame, source: str, metric: str) -> float | None:
    mine = predictions.filter((pl.col("source") == source) & (pl.col("metric") == metric))
    return float(mine["hi80"].to_numpy().max()) if mine.height else None


def hot_hours(seen: Observed) -> list[Finding]:
    """The hour at which errors of a source, or builds of all pipelines, gather.

    Over three days or more the hours of the day (UTC) are compared, over less the single hours (at least six). An hour
    is hot with three times the mean of the others, ten events, and a chance below 1e-4 over the hours seen, where the
    spread of the other hours says how bursty they are. One bad day is no habit: an hour of the day has to be hot on
    three days, and on most of the days seen.
    """
    found = []
    for (source,), group in sorted(
        seen.shapes.partition_by("source", as_dict=True).items(), key=lambda item: str(item[0])
    ):
        found += _hot(f"errors of {source}", "errors", hourly(group, errors=True), str(source))
    runs = seen.ended.select(pl.col("at").dt.truncate("1h").alias("hour"), events=pl.lit(1), severity_number=pl.lit(0))
    found += _hot("builds", "builds", hourly(runs, errors=False), "")
    return found


def _hot(subject: str, what: str, counts: pl.DataFrame, source: str) -> list[Finding]:
    if counts.height < 6 or counts.height > 24 * 3660:
        return []
    counts = counts.with_columns(pl.col("n").cast(pl.Float64), of_day=pl.col("hour").dt.hour())
    daily = counts.height >= 72
    by = "of_day" if daily else "hour"
    rates = counts.group_by(by).agg(rate=pl.col("n").mean(), n=pl.col("n").sum()).sort("rate", by)
    top = rates.row(-1, named=True)
    inside, others = counts.filter(pl.col(by) == top[by]), counts.filter(pl.col(by) != top[by])
    usual = float(others["n"].mean() or 0.0)  # type: ignore[arg-type]
    ratio = top["rate"] / usual if usual > 0 else math.inf
    severity = HOT.severity(min(ratio, 1e6))
    if severity is None or top["n"] < FEWEST_EVENTS:
        return []
    chance = count_tail(top["n"], usual * inside.height, dispersion(others["n"].to_numpy())) * rates.height
    hot_days = inside.filter(pl.col("n") >= HOT.limits[0] * max(usual, 1e-9)).height
    if chance >= MOST_CHANCE or (daily and (hot_days < 3 or 2 * hot_days <= inside.height)):
        return []
    peak = inside.sort("n", "hour").row(-1, named=True)
    hour = peak["hour"].hour
    when = f"{hour:02d}:00-{hour:02d}:59 UTC"
    when += f" on {hot_days} of {inside.height} days" if daily else f" on {peak['hour']:%F}"
    times = "none in the other hours" if usual == 0 else f"{usual:.3g} in the other hours (x{ratio:.1f})"
    text = f"{subject.capitalize()} gather at {when}: {top['rate']:.3g} an hour, {times}."
    measure = "errors_in_hour" if what == "errors" else "builds_in_hour"
    evidence = fact(
        f"{peak['n']:.0f} {what} from {peak['hour']:%F %H:%M} UTC, {top['n']:.0f} in "
        f"{plural(inside.height, 'such hour')}",
        "log_shapes" if what == "errors" else "builds",
        f"{source or 'all'} {peak['hour'].isoformat()}",
    )
    return [
        Finding(
            kind="hot_hour",
            subject=f"{subject} at {hour:02d}:00" if daily else f"{subject} on {peak['hour']:%F} at {hour:02d}:00",
            severity=severity,
            description=text,
            value=top["rate"],
            baseline=usual,
            unit=f"{what}/h",
            since=inside["hour"].min() if daily else peak["hour"],  # type: ignore[arg-type]
            until=counts["hour"].max(),  # type: ignore[arg-type]
            rule=HOT.rule,
            target=target(measure, source, "", f"{hour}") if daily else target("none"),
            evidence=(evidence,),
        )
    ]
