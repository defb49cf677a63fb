"""When there is room for each kind of work: forecasts of hosts and the usual load of the queue against its needs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from banana_assets.core.evidence import plural
from banana_assets.core.scheduling.asked import ACCEPTED_RISK, HOURS_AHEAD
from banana_assets.core.scheduling.estimates import Past
from banana_assets.core.scheduling.history import Queue
from banana_assets.core.scheduling.judging import kinds, parallelism_seen
from banana_assets.core.scheduling.windows import (
    Demand,
    Floats,
    at_once,
    at_peaks,
    risks,
    same_hours,
    windows,
)
from banana_assets.core.tables.scheduling import EXECUTION_WINDOWS
from banana_assets.core.units import quantity, unit_of

QUANTILES = ("lo95", "lo80", "predicted_usage", "hi80", "hi95")
METRICS = ("cpu_percent", "memory_used_bytes", "memory_percent")
"""What work can run out of on a host, where its limit is known; the share of memory stands in for its bytes."""

LEAST_HISTORY = timedelta(days=7)
"""Before a week was seen, the hours of a week say nothing."""

FEWEST_RUNS = 3


@dataclass(frozen=True)
class Use:
    """What a host is expected to use of one resource: quantiles (steps x 5) of the mean and of the highest reading of
    each step, and the limit."""

    means: Floats
    peaks: Floats
    limit: float

    def short(self, metric: str) -> Floats:
        """Where too much of it hurts: memory at its highest reading, CPU, which is only waited for, at the mean."""
        return self.peaks if metric.startswith("memory") else self.means


@dataclass(frozen=True)
class Ahead:
    """The time ahead of one host, or of none (``host`` empty), in steps of so many seconds."""

    host: str
    begin: datetime
    step: int
    steps: int
    series: dict[str, Use]

    def since(self, now: datetime | None) -> Ahead:
        """What of it is still ahead at that time; all of it where nothing is (``overtaken`` tells it)."""
        over = 0 if now is None else math.ceil((now - self.begin).total_seconds() / self.step)
        if not 0 < over < self.steps:
            return self
        left = {name: replace(use, means=use.means[over:], peaks=use.peaks[over:]) for name, use in self.series.items()}
        return Ahead(self.host, self.begin + timedelta(seconds=over * self.step), self.step, self.steps - over, left)


def execution_windows(
    found: Sequence[Queue],
    predictions: pl.DataFrame,
    rollups: pl.DataFrame,
    usage: pl.DataFrame,
    now: datetime | None,
    *,
    accepted: float = ACCEPTED_RISK,
    hours: int = HOURS_AHEAD,
) -> pl.DataFrame:
    """EXECUTION_WINDOWS for each kind of work of these queues.

    ``predictions`` is RESOURCE_USAGE_PREDICTIONS, ``rollups`` RESOURCE_ROLLUPS (for what builds held), ``usage``
    RESOURCE_USAGE (for how far peaks stand above means), ``now`` the latest time in the data: no window begins before
    it, but on hosts whose forecasts end before it. ``accepted`` is the risk up to which a time counts as a window.
    """
    rows: list[dict[str, Any]] = []
    # Recordings of builds are readings of processes that come and go, and no place to run anything.
    hosts = predictions.join(rollups.filter("of_build"), on="source", how="anti")
    spans = [span.since(now) for span in ahead(hosts, usage, hours)]
    needs = _needs(rollups)
    for queue in found:
        load = _load(queue.past)
        for told in kinds(queue.past):
            if told["runs"] < FEWEST_RUNS:
                continue
            some = spans or ([_plain(now, hours)] if now is not None and load is not None else [])
            for span in some:
                rows += _windows(queue, told, span, needs.get(queue.name, {}), load, accepted)
    made = pl.DataFrame(rows, schema=EXECUTION_WINDOWS.dtypes, orient="row")
    return EXECUTION_WINDOWS.conform(made.sort(*EXECUTION_WINDOWS.key))


def ahead(predictions: pl.DataFrame, usage: pl.DataFrame, hours: int) -> Iterator[Ahead]:
    """The forecasts of each host that has a metric with a limit, joined to steps of a minute, five or an hour."""
    limited = predictions.filter(pl.col("current"), pl.col("metric").is_in(METRICS)).with_columns(
        limit=pl.when(pl.col("metric").str.ends_with("_percent"))
        .then(100.0)
        .otherwise(pl.col("crossing").struct.field("limit"))
    )
    for (host,), group in limited.drop_nulls("limit").sort("ts").group_by("source", maintain_order=True):
        begin: datetime = group["made_at"].max()  # type: ignore[assignment]
        end: datetime = group.group_by("metric").agg(pl.col("ts").max())["ts"].min()  # type: ignore[assignment]
        span = min((end - begin).total_seconds(), hours * 3600)
        step = 3600 if span >= 12 * 3600 else 300 if span >= 3600 else 60
        steps = int(span // step)
        if steps < 1:
            continue
        series = {}
        for (metric,), one in group.group_by("metric", maintain_order=True):
            place = (pl.col("ts") - begin).dt.total_seconds().sub(1).floordiv(step)
            high = one.with_columns(place=place).group_by("place").agg(pl.col(*QUANTILES).max()).sort("place")
            every = pl.DataFrame({"place": range(steps)}, schema={"place": pl.Int64})
            joined = every.join(high, on="place", how="left").fill_null(strategy="forward")
            if not joined.fill_null(strategy="backward").null_count().sum_horizontal()[0]:
                values = joined.fill_null(strategy="backward").select(QUANTILES).to_numpy()
                limit = float(one["limit"][0])
                means, peaks = _seen(usage.filter(source=host, metric=metric), step)
                series[str(metric)] = Use(values, at_peaks(values, means, peaks, limit), limit)
        if "memory_used_bytes" in series:
            series.pop("memory_percent", None)
        if series:
            yield Ahead(str(host), begin, step, steps, series)


def _seen(usage: pl.DataFrame, step: int) -> tuple[Floats, Floats]:
    """Means and highest readings of the steps of the past that were read."""
    read = usage.filter(pl.col("samples") > 0).sort("ts")
    steps = read.group_by_dynamic("ts", every=f"{step}s").agg(pl.col("mean").mean(), pl.col("peak").max())
    return steps["mean"].to_numpy(), steps["peak"].to_numpy()


def _plain(now: datetime, hours: int) -> Ahead:
    begin = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return Ahead("", begin, 3600, hours, {})


def _needs(rollups: pl.DataFrame) -> dict[str, dict[str, tuple[float, int]]]:
    """What builds of each pipeline held at most: the 95 % quantile of their peaks and how many hours were measured."""
    measured = rollups.filter(pl.col("of_build"), pl.col("metric").is_in(METRICS)).drop_nulls("peak")
    summed = measured.group_by("source", "metric").agg(pl.col("peak").quantile(0.95), n=pl.len()).sort("source")
    found: dict[str, dict[str, tuple[float, int]]] = {}
    for source, metric, peak, n in summed.iter_rows():
        found.setdefault(source, {})[metric] = float(peak), int(n)
    return found


def _load(past: Sequence[Past]) -> tuple[Floats, NDArray[np.int64]] | None:
    """How many tasks ran in each hour that was seen (the mean), and the hour of the week (UTC); None before a week."""
    if not past:
        return None
    first = math.floor(min(p.started for p in past) / 3600)
    last = math.ceil(max(p.finished for p in past) / 3600)
    if (last - first) * 3600 < LEAST_HISTORY.total_seconds():
        return None
    busy = np.zeros(last - first)
    for p in past:
        for hour in range(math.floor(p.started / 3600), math.ceil(p.finished / 3600)):
            busy[hour - first] += (min(p.finished, 3600 * (hour + 1)) - max(p.started, 3600 * hour)) / 3600
    # The first hour of 1970 was a Thursday's.
    return busy, (np.arange(first, last) + 72) % 168


def _windows(
    queue: Queue,
    told: dict[str, Any],
    span: Ahead,
    needs: dict[str, tuple[float, int]],
    load: tuple[Floats, NDArray[np.int64]] | None,
    accepted: float,
) -> Iterator[dict[str, Any]]:
    demands, highest, rests_on, units = [], [], [], {}
    for metric, use in span.series.items():
        need, why = _need(metric, told, needs)
        demands.append(Demand(metric, use.short(metric), use.limit, need))
        highest.append(Demand(metric, use.peaks, use.limit, need))
        rests_on.append(f"forecast of {metric} of {span.host}, limit {quantity(use.limit, metric)}; {why}")
        units[metric] = unit_of(metric)
    if load is not None:
        slots = parallelism_seen(queue)
        first = math.floor(span.begin.timestamp() / 3600)
        hours = np.array([(first + (i * span.step) // 3600 + 72) % 168 for i in range(span.steps)])
        places = Demand("places of the queue", same_hours(*load, hours), float(slots), 1.0)
        demands.append(places)
        highest.append(places)
        rests_on.append(
            f"tasks of {queue.name} that ran in the same hours of the week, of {plural(slots, 'place')};"
            f" {plural(len(queue.past), 'task')} seen"
        )
        units["places of the queue"] = "tasks"
    steps = max(1, math.ceil(told["p95_seconds"] / span.step))
    if not demands or steps > span.steps:
        return
    at_peaks_too, _ = risks(highest, steps)
    for window in windows(demands, steps, accepted=accepted):
        yield {
            "queue_id": queue.queue_id,
            "origin": queue.origin,
            "queue": queue.name,
            "kind": told["kind"],
            "host": span.host,
            "begins_at": span.begin + timedelta(seconds=window.first * span.step),
            "ends_at": span.begin + timedelta(seconds=(window.last + 1) * span.step),
            "best_at": span.begin + timedelta(seconds=window.best * span.step),
            "risk": window.risk,
            "peak_risk": float(at_peaks_too[window.best]),
            "fits": at_once(demands, window.best, steps, accepted=accepted),
            "runs_seconds": told["p95_seconds"],
            "tightest": window.tightest,
            "room": window.room,
            "unit": units[window.tightest],
            "rests_on": rests_on,
        }


def _need(metric: str, told: dict[str, Any], needs: dict[str, tuple[float, int]]) -> tuple[float, str]:
    if metric == "memory_used_bytes" and told["memory_bytes"] is not None:
        return told["memory_bytes"], f"needs {quantity(told['memory_bytes'], metric)} (95 % quantile of its tasks)"
    if metric in needs:
        need, n = needs[metric]
        return need, f"needs {quantity(need, metric)} (95 % quantile of the peaks in {plural(n, 'measured hour')})"
    return 0.0, "what it needs was never measured and counts as nothing"
