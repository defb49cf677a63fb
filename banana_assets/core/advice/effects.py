"""What came of a recommendation: its target before and after it was implemented.

A thing is recommended when it stands out, and part of what stands out does so by chance: it would have come back a
little by itself (regression to the mean). So ``better`` says that the level fell, not that the change did it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from banana_assets.core.advice.comparison import FEWEST, FEWEST_READINGS, Comparison, level_change, rate_change, shift
from banana_assets.core.advice.metadata import counts_around
from banana_assets.core.advice.observed import Observed, Target, hourly, named_test
from banana_assets.core.advice.paths import pipeline_runs
from banana_assets.core.advice.queues import first_of_runs
from banana_assets.core.evidence import plural, seconds_text

MOST = 60
"""Observations nearest to the change that are looked at, on each side."""

MOST_TASKS = 24 * MOST
"""Tasks of a queue wait for each other, and one says little."""

Sides = tuple[pl.DataFrame, pl.DataFrame]


@dataclass(frozen=True)
class Span:
    """When the bottleneck began, where that is known, and when its end was tried."""

    begun: datetime | None
    done: datetime

    def sides(self, frame: pl.DataFrame, at: str, most: int = MOST, fewest: int = FEWEST) -> Sides:
        """The rows before and after, those nearest to the change."""
        ordered = frame.sort(at)
        before, after = ordered.filter(pl.col(at) < self.done), ordered.filter(pl.col(at) >= self.done)
        if self.begun is not None:
            meant = before.filter(pl.col(at) >= self.begun)
            before = meant if meant.height >= fewest else before
        return before.tail(most), after.head(most)


def effect(goal: Target, since: datetime, seen: Observed, *, begun: datetime | None = None) -> dict[str, Any]:
    """The EFFECT of what was implemented at ``since`` on its target.

    Durations and waits: the Hodges-Lehmann shift. Rates: Newcombe's difference. Levels of readings, events an hour and
    waits of tasks: a block bootstrap. At most MOST observations on each side, those nearest to the change; before it
    none from before ``begun``, when the bottleneck began, where enough are left.
    """
    measure = goal["measure"]
    if measure == "none":
        return _unmeasurable("what it is about lies in the past and comes no second time")
    compared, unit, of = _MEASURES[measure](goal, Span(begun, since), seen)
    if not compared.n_before:
        return _unmeasurable(f"there is no {of} before {since:%F %H:%M} UTC to compare with")
    return _row(compared, unit, of, since)


def _row(compared: Comparison, unit: str, of: str, since: datetime) -> dict[str, Any]:
    n = compared.n_after
    seen = f"{plural(compared.n_before, of)} before, {n:,} since {since:%F %H:%M} UTC"
    if compared.low is None or compared.high is None or compared.difference is None or n == 0:
        verdict, text = "too_early", f"too early: {seen}; {_needs(compared, of)}"
    else:
        levels = f"from {_amount(compared.before, unit)} to {_amount(compared.after, unit)}"
        interval = f"{_signed(compared.difference, unit)} (95 % interval {_signed(compared.low, unit)} to "
        interval += f"{_signed(compared.high, unit)})"
        if compared.clear:
            verdict = "better" if compared.difference < 0 else "worse"
            text = f"{'fell' if verdict == 'better' else 'rose'} {levels}: {interval}; {seen}"
        elif compared.needed is not None:
            verdict, text = "too_early", f"too early: {levels}, {interval}; {seen}; {_needs(compared, of)}"
        else:
            verdict, text = "no_clear_change", f"no clear change: {levels}, {interval}; {seen}"
    return {
        "verdict": verdict,
        "statement": text,
        "unit": unit,
        "before": compared.before,
        "after": compared.after,
        "difference": compared.difference,
        "low": compared.low,
        "high": compared.high,
        "n_before": compared.n_before,
        "n_after": n,
        "needed": compared.needed,
        "method": compared.method,
    }


def _needs(compared: Comparison, of: str) -> str:
    if compared.needed is None:
        return f"the {plural(compared.n_before, of)} before are too few to tell"
    return f"needs {plural(compared.needed, 'more ' + of)} at least"


def _unmeasurable(why: str) -> dict[str, Any]:
    empty = dict.fromkeys(("before", "after", "difference", "low", "high", "needed"))
    return {
        "verdict": "not_measurable",
        "statement": f"not measurable: {why}",
        "unit": "",
        "n_before": 0,
        "n_after": 0,
        "method": "",
    } | empty


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return "unknown"
    if unit == "s":
        return seconds_text(value)
    return f"{value:.1%}" if unit == "1" else f"{value:.3g} {unit}"


def _signed(value: float, unit: str) -> str:
    return ("-" if value < 0 else "+") + _amount(abs(value), unit)


def _shifted(frame: pl.DataFrame, column: str, at: str, span: Span) -> Comparison:
    before, after = (side[column].to_numpy().astype(np.float64) for side in span.sides(frame, at))
    return shift(before, after)


def _rates(frame: pl.DataFrame, column: str, span: Span) -> Comparison:
    before, after = span.sides(frame, "at")
    return rate_change(int(before[column].sum()), before.height, int(after[column].sum()), after.height)


def _of(frame: pl.DataFrame, goal: Target) -> pl.DataFrame:
    mine = frame.filter(pl.col("pipeline") == goal["pipeline"])
    return mine.filter(pl.col("job") == goal["job"]) if goal["job"] else mine


Measured = tuple[Comparison, str, str]


def _job_duration(goal: Target, span: Span, seen: Observed) -> Measured:
    runs = _of(seen.ended, goal).filter(~pl.col("red") & pl.col("duration_seconds").is_not_null())
    return _shifted(runs, "duration_seconds", "at", span), "s", "build"


def _step_duration(goal: Target, span: Span, seen: Observed) -> Measured:
    green = _of(seen.ended, goal).filter(~pl.col("red")).select("build_id", "at")
    steps = seen.steps.filter(pl.col("step") == goal["item"]).drop_nulls("duration_seconds")
    taken = steps.group_by("build_id").agg(pl.col("duration_seconds").sum()).join(green, on="build_id")
    return _shifted(taken, "duration_seconds", "at", span), "s", "build"


def _tested(goal: Target, seen: Observed) -> pl.DataFrame:
    mine = seen.tests.filter((named_test() == goal["item"]) & (pl.col("status") != "skipped"))
    return mine.join(_of(seen.ended, goal).select("build_id", "at"), on="build_id")


def _test_duration(goal: Target, span: Span, seen: Observed) -> Measured:
    return _shifted(_tested(goal, seen).drop_nulls("duration_seconds"), "duration_seconds", "at", span), "s", "run"


def _flaky_rate(goal: Target, span: Span, seen: Observed) -> Measured:
    """How often it did not pass at the first try: whether by chance is not known of a run that has just ended."""
    hit = pl.col("status").is_in(["flaky", "failed", "error"])
    return _rates(_tested(goal, seen).with_columns(hit=hit), "hit", span), "1", "run"


def _run_duration(goal: Target, span: Span, seen: Observed) -> Measured:
    runs = pipeline_runs(_of(seen.ended, goal))
    rows = [{"at": r.end, "seconds": r.seconds} for r in runs]
    frame = pl.DataFrame(rows, schema={"at": seen.ended.schema["at"], "seconds": pl.Float64})
    return _shifted(frame, "seconds", "at", span), "s", "run"


def _queue_wait(goal: Target, span: Span, seen: Observed) -> Measured:
    return _shifted(first_of_runs(_of(seen.timed, goal).drop_nulls("wait")), "wait", "queued_at", span), "s", "build"


def _task_wait(goal: Target, span: Span, seen: Observed) -> Measured:
    """Means, since an order makes some wait longer; a task counts by its weight. Waits of neighbours are alike."""
    waited = (pl.col("started_at") - pl.col("queued_at")).dt.total_microseconds() / 1e6
    mine = seen.tasks.filter(queue=goal["pipeline"]).with_columns(wait=waited).filter(pl.col("wait") >= 0)
    weighed = mine.filter(pl.col("weight") > 0)
    counted = weighed.with_columns(wait=pl.col("wait") * pl.col("weight") / pl.col("weight").mean())
    before, after = (side["wait"].to_numpy() for side in span.sides(counted, "queued_at", MOST_TASKS, FEWEST_READINGS))
    return level_change(before, after), "s", "task"


def _item_duration(goal: Target, span: Span, seen: Observed) -> Measured:
    mine = seen.tasks.filter(pl.col("queue") == goal["pipeline"], pl.col("kind") == goal["item"], pl.col("items") > 0)
    batches = mine.filter(status="success").with_columns(each=pl.col("duration_seconds") / pl.col("items"))
    return _shifted(batches.drop_nulls("each"), "each", "started_at", span), "s", "batch"


def _failure_rate(goal: Target, span: Span, seen: Observed) -> Measured:
    return _rates(_of(seen.ended, goal), "red", span), "1", "build"


def _fingerprint_rate(goal: Target, span: Span, seen: Observed) -> Measured:
    broken = seen.failures.filter(pl.col("fingerprint") == goal["item"])["build_id"]
    return (
        _rates(_of(seen.ended, goal).with_columns(hit=pl.col("build_id").is_in(broken.implode())), "hit", span),
        "1",
        "build",
    )


def _resource_peak(goal: Target, span: Span, seen: Observed) -> Measured:
    mine = seen.usage.filter(
        (pl.col("source") == goal["pipeline"]) & (pl.col("metric") == goal["item"]) & (pl.col("samples") > 0)
    )
    before, after = (side["peak"].to_numpy() for side in span.sides(mine, "ts", 24 * MOST, FEWEST_READINGS))
    return level_change(before, after, np.median), "%", "reading"


def _counts(hours: pl.DataFrame, events: pl.DataFrame, span: Span) -> Comparison:
    """Events an hour over the hours in which the sources wrote; the hour of the change belongs to neither side."""
    counted = (
        hours.join(events, on="hour", how="left").with_columns(pl.col("n").fill_null(0).cast(pl.Float64)).sort("hour")
    )
    whole = counted.filter(pl.col("hour") != pl.lit(span.done).dt.truncate("1h"))
    before, after = (side["n"].to_numpy() for side in span.sides(whole, "hour", 24 * MOST, FEWEST_READINGS))
    return level_change(before, after)


def _pattern_rate(goal: Target, span: Span, seen: Observed) -> Measured:
    former = pl.col("formerly").list.eval(pl.element().struct.field("pattern_id")).list.contains(goal["item"])
    shapes = seen.patterns.filter((pl.col("pattern_id") == goal["item"]) | former)["shapes"].explode(
        empty_as_null=False
    )
    mine = seen.shapes.drop_nulls("hour").filter(pl.col("shape_id").is_in(shapes.implode()))
    if goal["pipeline"]:
        mine = mine.filter(pl.col("source") == goal["pipeline"])
    wrote = seen.hours.join(mine.select("source").unique(), on="source").select("hour").unique()
    events = mine.group_by("hour").agg(n=pl.col("events").sum())
    return _counts(wrote, events, span), "events/h", "hour"


def _in_hour(hours: pl.DataFrame, goal: Target, span: Span) -> Comparison:
    daily = hours.filter(pl.col("hour").dt.hour() == int(goal["item"]))
    before, after = (side["n"].to_numpy().astype(np.float64) for side in span.sides(daily, "hour"))
    return shift(before, after)


def _errors_in_hour(goal: Target, span: Span, seen: Observed) -> Measured:
    mine = seen.shapes.filter(pl.col("source") == goal["pipeline"])
    return _in_hour(hourly(mine, errors=True), goal, span), "events/h", "day"


def _builds_in_hour(goal: Target, span: Span, seen: Observed) -> Measured:
    timed = seen.ended.filter("timed")
    runs = timed.select(pl.col("at").dt.truncate("1h").alias("hour"), events=pl.lit(1), severity_number=pl.lit(0))
    return _in_hour(hourly(runs, errors=False), goal, span), "builds/h", "day"


def _metadata_faults(goal: Target, span: Span, seen: Observed) -> Measured:
    before, after = counts_around(seen.metadata, goal, span.done)
    return rate_change(*before, *after), "1", "value"


_MEASURES: dict[str, Callable[[Target, Span, Observed], Measured]] = {
    "job_duration": _job_duration,
    "step_duration": _step_duration,
    "test_duration": _test_duration,
    "run_duration": _run_duration,
    "queue_wait": _queue_wait,
    "task_wait": _task_wait,
    "item_duration": _item_duration,
    "failure_rate": _failure_rate,
    "fingerprint_rate": _fingerprint_rate,
    "flaky_rate": _flaky_rate,
    "resource_peak": _resource_peak,
    "errors_in_hour": _errors_in_hour,
    "builds_in_hour": _builds_in_hour,
    "pattern_rate": _pattern_rate,
    "metadata_faults": _metadata_faults,
}
