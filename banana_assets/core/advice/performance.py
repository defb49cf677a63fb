"""The report of ``banana analyze-system-performance``: how things went in a span of time, and what stood in the way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from banana_assets.core.advice.observed import ERROR, WARN, Observed
from banana_assets.core.metrics.rates import wilson
from banana_assets.core.units import is_percentage
from banana_assets.core.vocabulary import SEVERITY_RANK

MOST_PATTERNS = 20
MOST_PIPELINES = 20
"""Rows of a list at most; ``totals`` has how many there are."""
DIGITS = 6
"""Places after the point of what is computed here; more are noise of its arithmetic."""


Frames = Mapping[str, pl.DataFrame]


def performance_report(
    seen: Observed,
    frames: Frames,
    *,
    hours: float,
    min_severity: str,
    with_recommendations: bool,
    bottlenecks_only: bool,
) -> dict[str, Any]:
    """What is told of the last ``hours`` before the latest time in the data.

    ``frames`` has ``bottlenecks``, ``optimization_recommendations``, ``build_health`` and ``plans``. A bottleneck
    counts that was still judged by something in the span, a pattern that was seen in it. The span's end is the latest
    time in the data and not now, so that old recordings have a report too; ``span`` says which it is. ``builds``,
    ``resources`` and ``patterns`` have their first twenty rows, ``totals`` says how many there are.
    """
    end = seen.now
    begin = _before(end, hours)
    report: dict[str, Any] = {
        "time_range_hours": hours,
        "span": {"from": begin, "to": end},
        "min_severity": min_severity,
        "bottlenecks": _bottlenecks(frames["bottlenecks"], begin, min_severity),
    }
    if not bottlenecks_only:
        builds, resources = _builds(seen, begin), _resources(seen, begin)
        patterns = _patterns(seen.patterns, begin, min_severity)
        report |= {
            "system_health": _health(frames["build_health"]),
            "builds": builds[:MOST_PIPELINES],
            "logs": _logs(seen, begin),
            "resources": resources[:MOST_PIPELINES],
            "patterns": [_pattern(row) for row in patterns.head(MOST_PATTERNS).iter_rows(named=True)],
            "totals": {"builds": len(builds), "resources": len(resources), "patterns": patterns.height},
            "metrics": _metrics(frames),
        }
    # Null is not asked for; an empty list, that there is none.
    advice = frames["optimization_recommendations"]
    report["recommendations"] = _recommendations(advice) if with_recommendations else None
    report["missing"] = missing(seen)
    return report


def missing(seen: Observed) -> list[dict[str, str]]:
    """What the data do not hold, and what to run for it."""
    rules = (
        (seen.builds, "builds", "banana ingest builds PATH, or banana record -- COMMAND"),
        (seen.tests, "test results", "banana ingest builds PATH with JUnit reports beside the logs"),
        (seen.patterns, "application logs", "banana ingest logs PATH"),
        (seen.usage, "resource readings", "banana watch, or banana ingest resources PATH"),
        (seen.timed.drop_nulls("wait"), "queue waits", "builds with queued_at and started_at in their manifest"),
        (seen.steps.drop_nulls("duration_seconds"), "step times", "build logs with timestamps"),
    )
    return [{"what": what, "run": run} for frame, what, run in rules if frame.is_empty()]


def _before(end: datetime | None, hours: float) -> datetime | None:
    try:
        return None if end is None else end - timedelta(hours=hours)
    except OverflowError:
        return None


def _within(frame: pl.DataFrame, column: str, begin: datetime | None) -> pl.DataFrame:
    return frame if begin is None else frame.filter(pl.col(column) >= begin)


def _severe(frame: pl.DataFrame, least: str) -> pl.DataFrame:
    rank = pl.col("severity").replace_strict(SEVERITY_RANK, return_dtype=pl.Int8)
    return frame.with_columns(rank=rank).filter(pl.col("rank") >= SEVERITY_RANK[least])


def _bottlenecks(frame: pl.DataFrame, begin: datetime | None, least: str) -> list[dict[str, Any]]:
    current = frame if begin is None else frame.filter(pl.col("until").is_null() | (pl.col("until") >= begin))
    shown = _severe(current, least).sort(["rank", "kind", "subject"], descending=[True, False, False])
    return shown.drop("rank", "target").to_dicts()


def _health(frame: pl.DataFrame) -> dict[str, Any]:
    whole = frame.filter(pl.col("pipeline") == "")
    row = whole.row(0, named=True) if whole.height else frame.row(0, named=True) if frame.height else None
    if row is None:
        return {"score": None, "interval": None, "issues": [], "trends": []}
    issues = [
        {
            "category": "builds",
            "severity": "high" if d["points"] >= 10 else "medium" if d["points"] >= 3 else "low",
            "points": round(d["points"], 1),
            "description": d["reason"],
        }
        for d in row["deductions"]
    ]
    trends = []
    if row.get("direction"):
        trends.append(
            {
                "metric": "build_health",
                "direction": row["direction"],
                "change": row["change"],
                "low": row["change_low"],
                "high": row["change_high"],
            }
        )
    return {
        "score": round(row["score"], 1),
        "interval": [round(row["score_low"], 1), round(row["score_high"], 1)],
        "builds": row["builds"],
        "issues": issues,
        "trends": trends,
    }


def _builds(seen: Observed, begin: datetime | None) -> list[dict[str, Any]]:
    """By pipeline, the busiest first."""
    recent = _within(seen.timed, "at", begin)
    rows = []
    for (pipeline,), group in recent.partition_by("pipeline", as_dict=True).items():
        failed = int(group["red"].sum())
        low, high = wilson(failed, group.height)
        green = group.filter(~pl.col("red"))
        rows.append(
            {
                "pipeline": pipeline,
                "builds": group.height,
                "failed": failed,
                "failure_ratio": round(failed / group.height, DIGITS),
                "failure_ratio_low": round(low, DIGITS),
                "failure_ratio_high": round(high, DIGITS),
                "duration_median_seconds": _quantile(green["duration_seconds"], 0.5),
                "duration_p95_seconds": _quantile(green["duration_seconds"], 0.95),
                "wait_median_seconds": _quantile(group["wait"], 0.5),
            }
        )
    return sorted(rows, key=lambda r: (-int(str(r["builds"])), str(r["pipeline"])))


def _quantile(values: pl.Series, share: float) -> float | None:
    found = values.quantile(share, "linear")
    return None if found is None else round(found, DIGITS)


def _logs(seen: Observed, begin: datetime | None) -> dict[str, Any]:
    start = None if begin is None else begin.replace(minute=0, second=0, microsecond=0)
    timed = seen.shapes.drop_nulls("hour")
    recent = _within(timed, "hour", start)
    events = int(recent["events"].sum())
    errors = int(recent.filter(pl.col("severity_number") >= ERROR)["events"].sum())
    warnings = int(recent.filter(pl.col("severity_number").is_between(WARN, ERROR - 1))["events"].sum())
    return {
        "events": events,
        "errors": errors,
        "warnings": warnings,
        "error_ratio": round(errors / events, DIGITS) if events else None,
        "sources": recent["source"].n_unique(),
        "events_before_span": int(timed["events"].sum()) - events,
        "events_without_time": int(seen.shapes.filter(pl.col("hour").is_null())["events"].sum()),
    }


def _resources(seen: Observed, begin: datetime | None) -> list[dict[str, Any]]:
    """Percentages by source and metric: their mean and the level that the busiest twentieth reached."""
    read = _within(seen.usage.filter(pl.col("samples") > 0), "ts", begin)
    names = [m for m in read["metric"].unique().to_list() if is_percentage(m)]
    rows = (
        read.filter(pl.col("metric").is_in(names))
        .group_by("source", "metric")
        .agg(mean=pl.col("mean").mean(), p95_peak=pl.col("peak").quantile(0.95, "linear"), intervals=pl.len())
        .with_columns(pl.col("mean", "p95_peak").round(DIGITS))
        .sort(["p95_peak", "source", "metric"], descending=[True, False, False])
    )
    return rows.to_dicts()


def _patterns(frame: pl.DataFrame, begin: datetime | None, least: str) -> pl.DataFrame:
    """The open ones that were seen in the span, the worst first."""
    seen = frame.filter(pl.col("state") == "open")
    seen = _within(
        seen.with_columns(seen=pl.coalesce(pl.min_horizontal("last_seen", "last_arrived"), "last_arrived")),
        "seen",
        begin,
    )
    return _severe(seen, least).sort(["rank", "frequency", "pattern_id"], descending=[True, True, False])


def _pattern(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["pattern_id"],
        "pattern_type": "log_template",
        "pattern_description": row["named_template"],
        "frequency": row["frequency"],
        "severity": row["severity"],
        "first_detected": row["first_seen"],
        "last_detected": row["last_seen"],
        "resolved": row["state"] == "resolved",
        "sources": row["sources"],
        "example": _place(row["examples"]),
    }


def _place(examples: list[dict[str, Any]]) -> str | None:
    return f"{examples[0]['path']}:{examples[0]['line']}" if examples else None


def _recommendations(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """The open ones, the weightiest first, then those with an effect."""
    shown = frame.filter(pl.col("status").is_in(["open", "implemented"]))
    shown = shown.sort(
        [pl.col("status") == "implemented", "impact_score", "recommendation_id"], descending=[False, True, False]
    )
    return [
        {
            "id": row["recommendation_id"],
            "recommendation_type": row["recommendation_type"],
            "description": row["description"],
            "impact_score": row["impact_score"],
            "impact_method": row["impact_method"],
            "impact_parts": row["impact_parts"],
            "implementation_difficulty": row["implementation_difficulty"],
            "created_at": row["created_at"],
            "implemented": row["status"] == "implemented",
            "implemented_at": row["implemented_at"],
            "effect": row["effect"],
            "evidence": row["evidence"],
        }
        for row in shown.iter_rows(named=True)
    ]


def _metrics(frames: Frames) -> dict[str, Any]:
    plans, advice = frames["plans"], frames["optimization_recommendations"]
    scores = plans["optimization_score"].drop_nulls()
    score = round(float(scores.sum()) / len(scores), DIGITS) if len(scores) else None
    effects = advice.drop_nulls("effect")["effect"].struct.field("verdict") if advice.height else pl.Series([])
    return {
        "total_plans": plans.filter(pl.col("status") != "abstained").height,
        "average_optimization_score": score,
        "average_optimization_score_missing": "no plan was made" if score is None else None,
        "open_recommendations": advice.filter(pl.col("status") == "open").height,
        "implemented_recommendations": advice.filter(pl.col("status") == "implemented").height,
        "effects": {word: int((effects == word).sum()) for word in sorted(set(effects.to_list()))},
    }
