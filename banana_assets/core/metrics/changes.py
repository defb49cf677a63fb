"""Change points: since when builds take longer or shorter, or fail more or less often.

Each build is judged when it arrives, from it and the ones before, so that what is told of a past build is what would
have been told on that day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from banana_assets.core.metrics.runs import ended
from banana_assets.core.tables.common import UTC

Floats = NDArray[np.float64]

WINDOW = 60
"""Builds that are looked back on."""

LEAST_BEFORE, LEAST_AFTER = 8, 2
PENALTY = 3.0

BUILD_CHANGES = pl.Schema(
    {
        "pipeline": pl.String,
        "job": pl.String,
        "metric": pl.String,
        "since": UTC,
        "found_at": UTC,
        "first_build_id": pl.String,
        "found_build_id": pl.String,
        "before": pl.Float64,
        "after": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "builds_since": pl.Int64,
        "latest": pl.Boolean,
    }
)


@dataclass(frozen=True)
class Change:
    """A level that changed.

    ``start`` is the index of the first value at the new level, ``found`` that of the value with which it was told.
    ``before`` and ``after`` are the levels (medians of durations, shares of failures); ``low`` and ``high`` bound
    after / before for durations and after - before for failures, at 95 %.
    """

    start: int
    found: int
    before: float
    after: float
    low: float
    high: float


def duration_changes(seconds: Floats) -> list[Change]:
    """Shifts of a job's successful builds' durations (s, in order of time), the earliest first."""
    logs = np.log(np.maximum(np.asarray(seconds, dtype=np.float64), 1e-3))
    found: list[Change] = []
    begin = 0
    for now in range(LEAST_BEFORE + LEAST_AFTER - 1, len(logs)):
        if now - begin + 1 < LEAST_BEFORE + LEAST_AFTER:
            continue
        first = max(begin, now + 1 - WINDOW)
        at = _shift(logs[first : now + 1])
        if at is None:
            continue
        start = first + at
        found.append(_change(logs, begin, start, now))
        begin = start
    return found


def rate_changes(failed: NDArray[np.bool_]) -> list[Change]:
    """Shifts of the failure rate of builds (in order of time), the earliest first."""
    return []


def build_changes(builds: pl.DataFrame) -> pl.DataFrame:
    """Changes of every job (BUILDS): columns BUILD_CHANGES, in order of ``found_at``.

    ``metric`` is ``duration_seconds`` (successful builds alone) or ``failure_ratio`` (all that ended). ``since`` is the
    time of the first build at the new level, ``latest`` whether no later change of that job and metric is known, so
    that ``after`` is the level now. ``low`` and ``high`` as in ``Change``.
    """
    runs = ended(builds)
    rows: list[tuple[object, ...]] = []
    for (pipeline, job), group in sorted(
        runs.partition_by("pipeline", "job", as_dict=True).items(), key=lambda item: str(item[0])
    ):
        timed = group.filter(~pl.col("red") & (pl.col("duration_seconds") > 0))
        durations = duration_changes(timed["duration_seconds"].to_numpy())
        rates = rate_changes(group["red"].to_numpy())
        for metric, mine, changes in (("duration_seconds", timed, durations), ("failure_ratio", group, rates)):
            rows += [_row(str(pipeline), str(job), metric, mine, c, c is changes[-1]) for c in changes]
    return pl.DataFrame(rows, schema=BUILD_CHANGES, orient="row").sort("found_at", "pipeline", "job", "metric")


def _row(pipeline: str, job: str, metric: str, runs: pl.DataFrame, c: Change, latest: bool) -> tuple[object, ...]:
    at, ids = runs["at"], runs["build_id"]
    told = (at[c.start], at[c.found], ids[c.start], ids[c.found], c.before, c.after, c.low, c.high)
    return (pipeline, job, metric, *told, runs.height - c.start, latest)


def _shift(values: Floats) -> int | None:
    """Where the last level of these values begins, or None when there is one level."""
    import ruptures

    spread = 1.48 * float(np.median(np.abs(np.diff(values)))) / np.sqrt(2)
    scaled = values / max(spread, 1e-3)
    ends = ruptures.KernelCPD(kernel="rbf", min_size=LEAST_AFTER, params={"gamma": 0.1}).fit_predict(
        scaled[:, None], pen=PENALTY
    )
    if len(ends) < 2 or ends[-2] < LEAST_BEFORE:
        return None
    return int(ends[-2])


def _change(logs: Floats, begin: int, start: int, now: int) -> Change:
    old, new = logs[max(begin, start - WINDOW) : start], logs[start : now + 1]
    before, after = float(np.median(old)), float(np.median(new))
    spread = max(1.48 * float(np.median(np.abs(old - before))), 1e-3)
    half = 1.96 * 1.25 * spread * float(np.sqrt(1 / len(old) + 1 / len(new)))
    ratio = after - before
    return Change(start, now, *map(float, np.exp([before, after, ratio - half, ratio + half])))
