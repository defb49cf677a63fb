"""Where load gathers: resources near their limit, hot hours, patterns whose rate rose."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import polars as pl

from banana_assets.core.advice.finding import Finding, Scale
from banana_assets.core.evidence import fact, plural
from banana_assets.core.metrics.forecast.series import is_percentage
from banana_assets.core.metrics.runs import ended
from banana_assets.core.metrics.system import ERROR

NEAR_LIMIT = Scale("95th percentile of the last day, in percent of the limit", (70, 85, 92, 97))
HOT = Scale("rate of the hour over the mean of the other hours", (3, 5, 10, 20))
RISEN = Scale("rate of the last eighth of the time over the rate before", (2, 4, 8, 16))

FEWEST_EVENTS = 10
MOST_CHANCE = 1e-4
"""For the hottest hour and for each pattern; divided by how many are looked at (Bonferroni)."""


def resource_limits(usage: pl.DataFrame, predictions: pl.DataFrame | None = None) -> list[Finding]:
    """Percentages that were near 100 in the last day of readings, or whose forecast's upper 80 % bound gets there."""
    found = []
    for (source, metric), group in sorted(
        usage.partition_by("source", "metric", as_dict=True).items(), key=lambda item: tuple(map(str, item[0]))
    ):
        if not is_percentage(str(metric)):
            continue
        read = group.filter(pl.col("samples") > 0).sort("ts")
        last = read.filter(pl.col("ts") > read["ts"][-1] - timedelta(days=1)) if read.height else read
        if not last.height:
            continue
        high = float(np.quantile(last["peak"].to_numpy(), 0.95))
        severity = NEAR_LIMIT.severity(high)
        if severity is None:
            continue
        above = last.filter(pl.col("peak") >= NEAR_LIMIT.limits[0])
        share = above.height / last.height
        text = f"{metric} of {source} reached {high:.3g} % (95th percentile of {plural(last.height, 'interval')})"
        text += f", at or above {NEAR_LIMIT.limits[0]:g} % for {share:.0%} of them"
        ahead = _forecast_peak(predictions, source, metric)
        text += f"; the forecast's upper 80 % bound reaches {ahead:.3g} %." if ahead is not None else "."
        peak = last.sort("peak", "ts").row(-1, named=True)
        evidence = fact(f"peak {peak['peak']:.3g} %", "resource_usage", f"{source} {metric} {peak['ts'].isoformat()}")
        found.append(
            Finding(
                "resource_limit",
                f"{source}: {metric}",
                severity,
                text,
                high,
                100.0,
                "%",
                above["ts"][0],
                NEAR_LIMIT.rule,
                (evidence,),
            )
        )
    return found


def _forecast_peak(predictions: pl.DataFrame | None, source: object, metric: object) -> float | None:
    if predictions is None:
        return None
    mine = predictions.filter((pl.col("source") == source) & (pl.col("metric") == metric))
    return float(mine["hi80"].to_numpy().max()) if mine.height else None


def poisson_tail(count: float, expected: float) -> float:
    """P(X >= count) for a Poisson X: the regularised lower incomplete gamma function."""
    from scipy.special import gammainc

    return 1.0 if count <= 0 else float(gammainc(count, max(expected, 1e-12)))


def hot_hours(builds: pl.DataFrame, shapes: pl.DataFrame) -> list[Finding]:
    """The hour at which errors of a source, or builds of all pipelines, gather.

    Over three days or more the hours of the day (UTC) are compared, over less the single hours (at least six). An hour
    is hot with three times the mean of the others, ten events, and a Poisson chance below 1e-4 over the hours seen.
    """
    errors = shapes.filter((pl.col("severity_number") >= ERROR) & pl.col("hour").is_not_null())
    found = []
    for (source,), group in sorted(errors.partition_by("source", as_dict=True).items(), key=lambda item: str(item[0])):
        hours = shapes.filter((pl.col("source") == source) & pl.col("hour").is_not_null())["hour"]
        by = group.group_by("hour").agg(n=pl.col("events").sum()).sort("hour")
        found += _hot(f"errors of {source}", "errors", by, hours, "log_shapes", str(source))
    runs = ended(builds).select(pl.col("at").dt.truncate("1h").alias("hour"))
    found += _hot("builds", "builds", runs.group_by("hour").agg(n=pl.len()).sort("hour"), runs["hour"], "builds", "all")
    return found


def _hot(subject: str, what: str, by: pl.DataFrame, seen: pl.Series, table: str, key: str) -> list[Finding]:
    if not by.height:
        return []
    begin, end = seen.min(), seen.max()
    whole = pl.DataFrame({"hour": pl.datetime_range(begin, end, "1h", time_zone="UTC", eager=True)})  # type: ignore[arg-type]
    days = whole.height / 24
    if whole.height < 6 or whole.height > 24 * 3660:
        return []
    counts = whole.join(by, on="hour", how="left").with_columns(pl.col("n").fill_null(0).cast(pl.Float64))
    daily = days >= 3
    if daily:
        counts = counts.group_by(pl.col("hour").dt.hour().alias("of_day")).agg(
            n=pl.col("n").sum(), hours=pl.len(), days=(pl.col("n") > 0).sum(), hour=pl.col("hour").max()
        )
    else:
        counts = counts.with_columns(hours=pl.lit(1), days=pl.lit(1), of_day=pl.col("hour").dt.hour())
    top = counts.with_columns(rate=pl.col("n") / pl.col("hours")).sort(["rate", "hour"]).row(-1, named=True)
    rest = float(counts["n"].sum()) - top["n"]
    usual = rest / max(1, int(counts["hours"].sum()) - top["hours"])
    ratio = top["rate"] / usual if usual > 0 else math.inf
    severity = HOT.severity(min(ratio, 1e6))
    chance = poisson_tail(top["n"], usual * top["hours"]) * counts.height
    # One bad day is no habit: an hour of the day counts when it is hot on three days or more.
    if severity is None or top["n"] < FEWEST_EVENTS or chance >= MOST_CHANCE or (daily and top["days"] < 3):
        return []
    when = f"{top['of_day']:02d}:00-{top['of_day']:02d}:59 UTC" + (" every day" if daily else f" on {top['hour']:%F}")
    times = "none in the other hours" if usual == 0 else f"{usual:.3g} in the other hours (x{ratio:.1f})"
    text = f"{what.capitalize()} gather at {when}: {top['rate']:.3g} an hour" + (
        f" of {key}" if table == "log_shapes" else ""
    )
    evidence = fact(
        f"{top['n']:.0f} {what} in {plural(top['hours'], 'such hour')}", table, f"{key} {top['hour'].isoformat()}"
    )
    return [
        Finding(
            "hot_hour",
            subject,
            severity,
            f"{text}, {times}.",
            top["rate"],
            usual,
            f"{what}/h",
            None if daily else top["hour"],
            HOT.rule,
            (evidence,),
        )
    ]


def pattern_rates(shapes: pl.DataFrame, patterns: pl.DataFrame) -> list[Finding]:
    """Patterns whose rate rose in the last eighth (at least an hour) of the time their source is seen.

    Only open patterns of severity medium or more. Told with ten recent events, twice the rate before
    and a chance below 1e-4 over the patterns seen (Poisson with the rate before, raised by its own uncertainty).
    """
    worth = patterns.filter(pl.col("severity").is_in(["medium", "high", "critical"]), pl.col("state") == "open")
    timed = shapes.drop_nulls("hour")
    if not worth.height or not timed.height:
        return []
    of_shape = worth.select("pattern_id", "named_template", "severity", shape_id=pl.col("shapes")).explode("shape_id")
    hourly = (
        timed.join(of_shape, on="shape_id", how="inner")
        .group_by("pattern_id", "named_template", "severity", "source", "hour")
        .agg(n=pl.col("events").sum())
        .sort("pattern_id", "source", "hour")
    )
    spans = {
        row[0]: row[1:]
        for row in timed.group_by("source")
        .agg(pl.col("hour").min().alias("begin"), pl.col("hour").max().alias("end"))
        .iter_rows()
    }
    groups = hourly.partition_by("pattern_id", "source", as_dict=True)
    found = []
    for (pattern, source), group in sorted(groups.items(), key=lambda item: tuple(map(str, item[0]))):
        begin, end = spans[source]
        hours = round((end - begin).total_seconds() / 3600) + 1
        recent_hours = max(1, hours // 8)
        if hours < 6:
            continue
        cut = end - timedelta(hours=recent_hours - 1)
        now = float(group.filter(pl.col("hour") >= cut)["n"].sum())
        before = float(group["n"].sum()) - now
        usual = (before + math.sqrt(before) + 1) / (hours - recent_hours)
        rate, base = now / recent_hours, before / (hours - recent_hours)
        severity = RISEN.severity(rate / usual)
        if severity is None or now < FEWEST_EVENTS:
            continue
        if poisson_tail(now, usual * recent_hours) * len(groups) >= MOST_CHANCE:
            continue
        template = group["named_template"][0]
        short = template if len(template) <= 120 else template[:117] + "..."
        times = "never before" if base == 0 else f"{base:.3g} an hour before"
        text = f"`{short}` came {rate:.3g} times an hour since {cut:%F %H:%M} UTC, {times} ({source})."
        evidence = fact(
            f"{now:.0f} events in {plural(recent_hours, 'hour')}, {before:.0f} in the "
            f"{plural(hours - recent_hours, 'hour')} before",
            "log_patterns",
            str(pattern),
        )
        found.append(
            Finding(
                "pattern_rate",
                f"{source}: {pattern}",
                severity,
                text,
                rate,
                base,
                "events/h",
                cut,
                RISEN.rule,
                (evidence,),
            )
        )
    return found
