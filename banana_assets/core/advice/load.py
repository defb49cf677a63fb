"""Where load gathers: resources near their limit, hours that are hotter than the others."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from banana_assets.core.advice.chance import count_tail, dispersion
from banana_assets.core.advice.finding import Finding
from banana_assets.core.advice.observed import Observed, hourly, target
from banana_assets.core.advice.rules import CROSSING, HOT, NEAR_LIMIT, worse
from banana_assets.core.evidence import fact, plural, seconds_text
from banana_assets.core.metrics.limits import EXPECTED, TREND_BLOCKS, rises, time_to_limit
from banana_assets.core.units import is_percentage

FEWEST_READINGS = 12
FEWEST_EVENTS = 10
FEWEST_OTHERS = 12
"""Other hours in which anything was recorded: over fewer nobody knows what is usual."""
LONGEST_DAYS = 8
MOST_CHANCE = 1e-4
"""For the hottest of the hours that are looked at; divided by how many they are (Bonferroni)."""


def resource_limits(seen: Observed) -> list[Finding]:
    """Percentages that were near 100 in the last day of readings, or that rise steadily and will get there.

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
        finding = _limit(source, metric, read, last, _crossing(group.sort("ts")), seen.predictions)
        if finding is not None:
            found.append(finding)
    return found


def _limit(
    source: str, metric: str, read: pl.DataFrame, last: pl.DataFrame, crossing: Crossed | None, ahead: pl.DataFrame
) -> Finding | None:
    high = float(np.quantile(last["peak"].to_numpy(), 0.95))
    near = NEAR_LIMIT.severity(high)
    soon = CROSSING.severity(crossing.days) if crossing else None
    severity = worse(near, soon)
    if severity is None:
        return None
    peak = last.sort("peak", "ts").row(-1, named=True)
    key = f"{source} {metric} {peak['ts'].isoformat()}"
    evidence = [fact(f"peak {peak['peak']:.3g} %", "resource_usage", key)]
    text = f"{metric} of {source} "
    if near is not None:
        share = last.filter(pl.col("peak") >= NEAR_LIMIT.limits[0]).height / last.height
        text += f"reached {high:.3g} % (95th percentile of {plural(last.height, 'interval')}), at or above "
        text += f"{NEAR_LIMIT.limits[0]:g} % for {share:.0%} of them"
    if soon is not None and crossing is not None:
        level = float(read["mean"][-1])
        text += (
            f"{' and ' if near else ''}rises steadily from {crossing.first:.3g} % to {level:.3g} % and reaches 100 % "
        )
        text += f"in {seconds_text(86400 * crossing.days)} at its present pace{crossing.range}"
        where = f"{source} {metric} {crossing.since.isoformat()}"
        evidence.append(fact(f"{crossing.first:.3g} % where the rise begins", "resource_usage", where))
    bound = _forecast_peak(ahead, source, metric)
    text += f"; the forecast's upper 80 % bound reaches {bound:.3g} %." if bound is not None else "."
    return Finding(
        kind="resource_limit",
        subject=f"{source}: {metric}",
        severity=severity,
        description=text,
        value=high,
        baseline=100.0,
        unit="%",
        since=_since(read) if near is not None or crossing is None else crossing.since,
        until=read["ts"][-1],
        rule=NEAR_LIMIT.rule if severity == near else CROSSING.rule,
        target=target("resource_peak", source, "", metric),
        evidence=tuple(evidence),
    )


@dataclass(frozen=True)
class Crossed:
    """When a rising percentage gets to 100: in so many days, with its range in words; since when and where it rises."""

    days: float
    range: str
    since: datetime
    first: float


def _crossing(series: pl.DataFrame) -> Crossed | None:
    """The crossing of a series on its grid, filled gaps included; only what came after its last hole counts."""
    seconds = int(series["interval_seconds"][0])
    # A grid of seconds says no more of a week than one of quarters of an hour.
    width = max(seconds, 900)
    coarse = (
        series.group_by(pl.col("ts").dt.truncate(f"{width}s")).agg(pl.col("mean").mean()).sort("ts")
        if width > seconds
        else series.select("ts", "mean")
    )
    holes = (coarse["ts"].diff() > timedelta(seconds=width)).fill_null(False).arg_true()
    whole = coarse[int(holes[-1]) :] if len(holes) else coarse
    values, season = whole["mean"].to_numpy().astype(np.float64), 86400 // width
    if len(values) < FEWEST_READINGS or values[-1] >= 100 or not rises(values, season):
        return None
    crossing = time_to_limit(values, season, 100.0, LONGEST_DAYS * 86400 // width)
    if crossing.state != EXPECTED or crossing.steps is None:
        return None
    step = width / 86400
    low, high = crossing.low, crossing.high
    end = f"{seconds_text(high * width)}" if high is not None else "later"
    range_ = f" (80 % range {seconds_text(low * width)} to {end})" if low is not None else ""
    recent = max(0, len(values) - TREND_BLOCKS * max(1, min(season, len(values) // 8)))
    lowest = recent + int(np.argmin(values[recent:]))
    return Crossed(crossing.steps * step, range_, whole["ts"][lowest], float(values[lowest]))


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

    Over three days or more the hours of the day (UTC) are compared, over less the single hours. An hour is hot with
    three times the mean of the others, ten events, and a chance below 1e-4 over the hours seen, where the spread of the
    other hours says how bursty they are. In twelve of the others anything has to be recorded: silence between bursts
    is no usual rate. One bad day is no habit: an hour of the day has to be hot on three days, and on most of the days
    seen. Builds without a time of their own are left out: when they arrived is when they were taken in.
    """
    found = []
    for (source,), group in sorted(
        seen.shapes.partition_by("source", as_dict=True).items(), key=lambda item: str(item[0])
    ):
        written = seen.hours.filter(pl.col("source") == source)["hour"]
        found += _hot(f"errors of {source}", "errors", hourly(group, errors=True), written, seen, str(source))
    runs = _by_hour_of_end(seen)
    counts = hourly(runs.with_columns(events=pl.lit(1), severity_number=pl.lit(0)), errors=False)
    found += _hot("builds", "builds", counts, runs["hour"].unique(), seen, "")
    return found


def _by_hour_of_end(seen: Observed) -> pl.DataFrame:
    """The builds that carry a time of their own: hour, build_id."""
    return seen.ended.filter("timed").select(pl.col("at").dt.truncate("1h").alias("hour"), "build_id")


def _hot(
    subject: str, what: str, counts: pl.DataFrame, recorded: pl.Series, seen: Observed, source: str
) -> list[Finding]:
    if counts.height > 24 * 3660:
        return []
    counts = counts.with_columns(pl.col("n").cast(pl.Float64), of_day=pl.col("hour").dt.hour())
    daily = counts.height >= 72
    by = "of_day" if daily else "hour"
    rates = counts.group_by(by).agg(rate=pl.col("n").mean(), n=pl.col("n").sum()).sort("rate", by)
    if not rates.height:
        return []
    top = rates.row(-1, named=True)
    inside, others = counts.filter(pl.col(by) == top[by]), counts.filter(pl.col(by) != top[by])
    if others["hour"].is_in(recorded.implode()).sum() < FEWEST_OTHERS:
        return []
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
    counted = f"{peak['n']:.0f} {what} from {peak['hour']:%F %H:%M} UTC, {top['n']:.0f} in "
    counted += plural(inside.height, "such hour")
    if what == "errors":
        evidence = fact(counted, "log_shapes", f"{source} {peak['hour'].isoformat()}")
    else:
        first = _by_hour_of_end(seen).filter(pl.col("hour") == peak["hour"]).row(0, named=True)
        evidence = fact(f"{counted}; the first ended then", "builds", first["build_id"])
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
