"""How it goes: rates, durations and health over time."""

from __future__ import annotations

import polars as pl

from banana_assets.core.schema import Column, Table
from banana_assets.core.tables.common import ARRIVAL_DAY, EVIDENCE, UTC

DIRECTIONS = ("improving", "stable", "degrading")
"""Where a score goes, in the words of the original program's health answer."""

RESOURCE_ROLLUPS = Table(
    "resource_rollups",
    "Resource readings summed up by series and hour, so that no reading is read twice for metrics and forecasts.",
    (
        ARRIVAL_DAY,
        Column("series_id", pl.Int64, "which ingested series (resource_samples.series_id)", minimum=1),
        Column("source", pl.String, "host or pipeline"),
        Column("metric", pl.String, "what was read"),
        Column("of_build", pl.Boolean, "whether a build was measured, between whose runs nothing is"),
        Column("hour", UTC, "start of the hour"),
        Column("samples", pl.Int64, "readings that are finite numbers", minimum=0),
        Column("mean", pl.Float64, "their mean", nullable=True),
        Column("least", pl.Float64, "the lowest of them", nullable=True),
        Column("peak", pl.Float64, "the highest of them", nullable=True),
        Column("moments", pl.Int64, "different times among them", minimum=0),
        Column("first_ts", UTC, "time of the first of them", nullable=True),
        Column("last_ts", UTC, "time of the last of them", nullable=True),
    ),
    key=("series_id", "metric", "hour"),
    partition_by=("arrival_day",),
    sources=dict.fromkeys(("samples", "mean", "least", "peak"), ("resource_samples.value",)),
)

SYSTEM_METRICS = Table(
    "system_metrics",
    "Metrics by hour and day: log and error rates, build counts, failure rates and durations, resource use.",
    (
        Column("granularity", pl.String, "width of the bucket", allowed=("hour", "day")),
        Column("ts", UTC, "start of the bucket"),
        Column("metric", pl.String, "what is measured, with its unit in the name"),
        Column(
            "dimension",
            pl.String,
            "what it is measured for",
            allowed=("source", "pipeline", "job", "step", "branch", "all"),
        ),
        Column(
            "subject",
            pl.String,
            "which source, pipeline, job (pipeline/job), step (pipeline/job/step) or branch; empty for all",
        ),
        Column("unit", pl.String, "unit of the value: events, builds, s, bytes, percent, 1 for a share..."),
        Column("value", pl.Float64, "the measure"),
        Column("low", pl.Float64, "lower end of its 95 % interval, where it has one", nullable=True),
        Column("high", pl.Float64, "upper end of its 95 % interval, where it has one", nullable=True),
        Column("observations", pl.Int64, "events, builds or samples it rests on", minimum=0),
    ),
    key=("granularity", "ts", "metric", "dimension", "subject"),
    sources={"value": ("log_shapes.events", "builds.duration_seconds", "builds.status", "resource_rollups.mean")},
)

RESOURCE_USAGE = Table(
    "resource_usage",
    "Resource readings on a regular grid, ready to forecast: the mean and the peak of each interval.",
    (
        Column("source", pl.String, "host or pipeline"),
        Column("metric", pl.String, "what was read"),
        Column("interval_seconds", pl.Int64, "width of the grid", "s", minimum=1),
        Column("ts", UTC, "start of the interval"),
        Column("mean", pl.Float64, "mean of the readings"),
        Column("peak", pl.Float64, "highest reading"),
        Column("samples", pl.Int64, "readings; 0 where the gap was filled", minimum=0),
    ),
    key=("source", "metric", "ts"),
    sources={
        "mean": ("resource_rollups.mean", "resource_samples.value"),
        "peak": ("resource_rollups.peak", "resource_samples.value"),
    },
)

BUILD_HEALTH = Table(
    "build_health",
    "Health of each pipeline and of all together, 0 to 100, with what cost each point.",
    (
        Column("pipeline", pl.String, "pipeline, empty for all together"),
        Column("as_of", UTC, "the latest build it rests on"),
        Column("score", pl.Float64, "0 (nothing works) to 100", minimum=0, maximum=100),
        Column("score_low", pl.Float64, "lower end of the 95 % interval", minimum=0, maximum=100),
        Column("score_high", pl.Float64, "upper end of the 95 % interval", minimum=0, maximum=100),
        Column("builds", pl.Int64, "finished builds it rests on", minimum=1),
        Column("change", pl.Float64, "score less that of the builds before", nullable=True),
        Column("change_low", pl.Float64, "lower end of its 95 % interval", nullable=True),
        Column("change_high", pl.Float64, "upper end of its 95 % interval", nullable=True),
        Column(
            "direction",
            pl.String,
            "where it goes: a change counts when its interval leaves 0 out; null with too few builds before",
            nullable=True,
            allowed=DIRECTIONS,
        ),
        Column(
            "history",
            pl.List(pl.Struct({"as_of": UTC, "score": pl.Float64, "low": pl.Float64, "high": pl.Float64})),
            "the score at earlier moments and now, each by the builds up to then",
        ),
        Column(
            "deductions",
            pl.List(pl.Struct({"points": pl.Float64, "reason": pl.String, "evidence": EVIDENCE})),
            "what cost points, worst first",
        ),
    ),
    key=("pipeline",),
    sources={"score": ("builds.status", "builds.duration_seconds", "build_failures.category")},
)

METRIC_ANOMALIES = Table(
    "metric_anomalies",
    "Readings of resources and system metrics that stand out against their own past, each told once, at its beginning.",
    (
        Column("origin", pl.String, "the table of the reading", allowed=("resource_usage", "system_metrics")),
        Column("dimension", pl.String, "what it was measured for"),
        Column("subject", pl.String, "which source, pipeline or branch; empty for all"),
        Column("metric", pl.String, "what was measured"),
        Column("ts", UTC, "when"),
        Column("value", pl.Float64, "the reading"),
        Column("usual", pl.Float64, "the median of the five days before"),
        Column(
            "score",
            pl.Float64,
            "how unusual, from the readings before alone; 0.5 and more is told",
            "1",
            minimum=0,
            maximum=1,
        ),
    ),
    key=("origin", "dimension", "subject", "metric", "ts"),
    sources={
        "value": ("resource_usage.mean", "system_metrics.value"),
        "score": ("resource_usage.mean", "system_metrics.value"),
    },
)

BUILD_CHANGES = Table(
    "build_changes",
    "When builds of a job began to take longer or shorter, or to fail more or less often.",
    (
        Column("pipeline", pl.String, "pipeline"),
        Column("job", pl.String, "job"),
        Column("metric", pl.String, "what changed", allowed=("duration_seconds", "failure_ratio")),
        Column("since", UTC, "the first build at the new level"),
        Column("found_at", UTC, "the build with which the change could be told"),
        Column("first_build_id", pl.String, "the first build at the new level"),
        Column("found_build_id", pl.String, "the build with which the change could be told"),
        Column("before", pl.Float64, "the level before: median duration of successful builds, share of failures"),
        Column("after", pl.Float64, "the level since, up to the next change"),
        Column(
            "low", pl.Float64, "lower end of the 95 % interval of after / before (durations), after - before (failures)"
        ),
        Column("high", pl.Float64, "upper end of it"),
        Column("builds_before", pl.Int64, "builds at the level before", minimum=1),
        Column("builds_since", pl.Int64, "builds at the level since", minimum=1),
        Column("latest", pl.Boolean, "whether it is the last change of the job and metric"),
    ),
    key=("pipeline", "job", "metric", "first_build_id"),
    sources={
        "before": ("builds.duration_seconds", "builds.status"),
        "after": ("builds.duration_seconds", "builds.status"),
    },
)
