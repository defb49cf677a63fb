"""What advice is made from: the tables together, and the observations that a target means."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TypedDict

import polars as pl

from banana_assets.core.metrics.runs import ended
from banana_assets.core.tables import (
    BUILD_FAILURES,
    BUILD_STEPS,
    BUILDS,
    FAILURE_CLUSTERS,
    FLAKY_TESTS,
    LOG_FILES,
    LOG_PATTERNS,
    LOG_SHAPES,
    METADATA_QUALITY,
    QUEUE_SCHEDULES,
    RESOURCE_USAGE,
    RESOURCE_USAGE_PREDICTIONS,
    TASKS,
    TEST_RESULTS,
)

OBSERVED = {
    "builds": BUILDS,
    "steps": BUILD_STEPS,
    "tests": TEST_RESULTS,
    "flaky": FLAKY_TESTS,
    "failures": BUILD_FAILURES,
    "clusters": FAILURE_CLUSTERS,
    "usage": RESOURCE_USAGE,
    "predictions": RESOURCE_USAGE_PREDICTIONS,
    "shapes": LOG_SHAPES,
    "patterns": LOG_PATTERNS,
    "files": LOG_FILES,
    "schedules": QUEUE_SCHEDULES,
    "tasks": TASKS,
    "metadata": METADATA_QUALITY,
}
"""The tables that advice is computed from, by their names in ``Observed``."""

WARN, ERROR = 13, 17
"""First OpenTelemetry severity number of the level."""


class Target(TypedDict):
    """What can be measured again (``core.tables.advice.TARGET``)."""

    measure: str
    pipeline: str
    job: str
    item: str


def target(measure: str, pipeline: str = "", job: str = "", item: str = "") -> Target:
    """A target; ``pipeline`` is the source where samples or logs are measured."""
    return {"measure": measure, "pipeline": pipeline, "job": job, "item": item}


def named_test() -> pl.Expr:
    """What a test is called: its class or else its suite, and its name."""
    where = pl.when(pl.col("classname") != "").then(pl.col("classname")).otherwise(pl.col("suite"))
    return pl.when(where != "").then(where + "::" + pl.col("name")).otherwise(pl.col("name"))


def job_name(pipeline: str, job: str) -> str:
    """The job with its pipeline, for people."""
    return f"{pipeline} / {job}" if job and job != pipeline else pipeline


def by_hour(shapes: pl.LazyFrame) -> pl.DataFrame:
    """LOG_SHAPES by source, hour and shape over all files: ``severity_number, events, last_ts``."""
    return (
        shapes.group_by("source", "hour", "shape_id")
        .agg(pl.col("severity_number").max(), pl.col("events").sum(), pl.col("last_ts").max())
        .sort("source", "hour", "shape_id")
        .collect(engine="streaming")
    )


@dataclass(frozen=True)
class Observed:
    """The tables (as in core/tables) that bottlenecks, recommendations and effects are computed from; ``shapes`` are
    LOG_SHAPES ``by_hour``."""

    builds: pl.DataFrame = field(default_factory=OBSERVED["builds"].empty)
    steps: pl.DataFrame = field(default_factory=OBSERVED["steps"].empty)
    tests: pl.DataFrame = field(default_factory=OBSERVED["tests"].empty)
    flaky: pl.DataFrame = field(default_factory=OBSERVED["flaky"].empty)
    failures: pl.DataFrame = field(default_factory=OBSERVED["failures"].empty)
    clusters: pl.DataFrame = field(default_factory=OBSERVED["clusters"].empty)
    usage: pl.DataFrame = field(default_factory=OBSERVED["usage"].empty)
    predictions: pl.DataFrame = field(default_factory=OBSERVED["predictions"].empty)
    shapes: pl.DataFrame = field(default_factory=lambda: by_hour(LOG_SHAPES.empty().lazy()))
    patterns: pl.DataFrame = field(default_factory=OBSERVED["patterns"].empty)
    files: pl.DataFrame = field(default_factory=OBSERVED["files"].empty)
    schedules: pl.DataFrame = field(default_factory=OBSERVED["schedules"].empty)
    tasks: pl.DataFrame = field(default_factory=OBSERVED["tasks"].empty)
    metadata: pl.DataFrame = field(default_factory=OBSERVED["metadata"].empty)

    @cached_property
    def ended(self) -> pl.DataFrame:
        """The ended builds as ``metrics.runs.ended`` gives them."""
        return ended(self.builds)

    @cached_property
    def timed(self) -> pl.DataFrame:
        """Those with ``wait`` (s, null where unknown or negative), the time between being asked for and beginning."""
        wait = (pl.col("started_at") - pl.col("queued_at")).dt.total_microseconds() / 1e6
        return self.ended.with_columns(wait=pl.when(wait >= 0).then(wait))

    @cached_property
    def hours(self) -> pl.DataFrame:
        """The hours in which each source wrote anything: source, hour, events, and ``calm``, those below a warning."""
        calm = pl.col("events").filter(pl.col("severity_number") < WARN).sum()
        by = self.shapes.drop_nulls("hour").group_by("source", "hour")
        return by.agg(pl.col("events").sum(), calm=calm).sort("source", "hour")

    @cached_property
    def now(self) -> datetime | None:
        """The latest time in the data: the end of a build, a reading, an event; where there is none, an arrival."""
        latest = [
            self.ended["at"].max(),
            self.usage.filter(pl.col("samples") > 0)["ts"].max(),
            self.shapes["last_ts"].max(),
        ]
        counted = self.metadata["history"].list.last().struct.field("at").max()
        arrived = [self.builds["arrived_at"].max(), self.patterns["last_arrived"].max(), counted]
        told = [t for t in latest if isinstance(t, datetime)] or [t for t in arrived if isinstance(t, datetime)]
        return max(told, default=None)


def hourly(events: pl.DataFrame, *, errors: bool) -> pl.DataFrame:
    """``hour, n``: events (those of severity 17 and up, where ``errors``) of every hour from the first to the last."""
    timed = events.drop_nulls("hour")
    if not timed.height:
        return pl.DataFrame(schema={"hour": pl.Datetime("us", "UTC"), "n": pl.Int64})
    counted = timed.filter(pl.col("severity_number") >= ERROR) if errors else timed
    whole = pl.DataFrame(
        {"hour": pl.datetime_range(timed["hour"].min(), timed["hour"].max(), "1h", time_zone="UTC", eager=True)}  # type: ignore[arg-type]
    )
    by = counted.group_by("hour").agg(n=pl.col("events").sum().cast(pl.Int64))
    return whole.join(by, on="hour", how="left").with_columns(pl.col("n").fill_null(0)).sort("hour")
