"""What to do about it: bottlenecks, forecasts of resources, recommendations."""

from __future__ import annotations

import polars as pl

from banana_assets.core.schema import Column, Table
from banana_assets.core.tables.common import EVIDENCE, UTC
from banana_assets.core.vocabulary import (
    BOTTLENECK_KINDS,
    DIFFICULTIES,
    RECOMMENDATION_STATES,
    RECOMMENDATION_TYPES,
    SEVERITIES,
)

TARGET = pl.Struct({"measure": pl.String, "pipeline": pl.String, "job": pl.String, "item": pl.String})
"""What can be measured again: the measure (``vocabulary.EFFECT_MEASURES``), the pipeline or the source of samples or
logs, the job, and the step, test, fingerprint, metric, hour of the day or pattern; empty where it does not apply."""

PART = pl.Struct({"name": pl.String, "value": pl.Float64, "unit": pl.String})

EFFECT = pl.Struct(
    {
        "verdict": pl.String,
        "statement": pl.String,
        "unit": pl.String,
        "before": pl.Float64,
        "after": pl.Float64,
        "difference": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "n_before": pl.Int64,
        "n_after": pl.Int64,
        "needed": pl.Int64,
        "method": pl.String,
    }
)
"""What came of a recommendation (``vocabulary.EFFECT_VERDICTS``): levels before and after it was implemented, their
difference with its 95 % interval, and how many observations more it takes to tell, where that is known."""

BOTTLENECKS = Table(
    "bottlenecks",
    "What holds things up: slow steps against their own past, queues, critical paths, failure rates and patterns that "
    "rose, hot hours, resources near their limit.",
    (
        Column("bottleneck_id", pl.String, "hash of kind and subject: the same bottleneck keeps its id"),
        Column("kind", pl.String, "what sort", allowed=BOTTLENECK_KINDS),
        Column("subject", pl.String, "which job, queue, resource or pattern"),
        Column("severity", pl.String, "how bad, by the rule stated in `rule`", allowed=SEVERITIES),
        Column("description", pl.String, "one sentence with the figures"),
        Column("value", pl.Float64, "what it is now"),
        Column("baseline", pl.Float64, "what it was, or may be"),
        Column("unit", pl.String, "unit of value and baseline"),
        Column(
            "since", UTC, "since when; the first build or reading seen, where it was never otherwise", nullable=True
        ),
        Column("until", UTC, "the latest build, reading or event that it was judged by", nullable=True),
        Column("rule", pl.String, "the rule that gave the severity"),
        Column("target", TARGET, "what to measure to see whether it is gone"),
        Column("evidence", pl.List(EVIDENCE), "what it rests on; never empty"),
    ),
    key=("bottleneck_id",),
    sources={
        "value": (
            "builds.duration_seconds",
            "build_steps.duration_seconds",
            "test_results.duration_seconds",
            "resource_usage.peak",
            "log_shapes.events",
        ),
        "since": ("builds.finished_at", "resource_usage.ts", "log_shapes.hour"),
        "evidence": ("builds.build_id", "build_steps.first_line", "log_patterns.examples", "resource_usage.peak"),
    },
)

BACKTEST = pl.Struct(
    {
        "model": pl.String,
        "mae": pl.Float64,
        "loss": pl.Float64,
        "accuracy": pl.Float64,
        "folds": pl.Int64,
        "steps": pl.Int64,
    }
)
"""How a model did on the series from earlier origins: mean absolute error, quantile loss, mean accuracy."""

CROSSING = pl.Struct(
    {
        "limit": pl.Float64,
        "threshold": pl.Float64,
        "state": pl.String,
        "at": UTC,
        "earliest": UTC,
        "latest": UTC,
        "statement": pl.String,
    }
)
"""When 90 % of the limit is crossed, and the 80 % range (``state``: reached, expected, possible, not_within,
unknown)."""

ALLOCATION = pl.Struct(
    {
        "action": pl.String,
        "current_allocation": pl.Float64,
        "predicted_need": pl.Float64,
        "recommended_allocation": pl.Float64,
        "reasoning": pl.String,
        "triggers": pl.List(pl.String),
        "actions": pl.List(pl.String),
        "act_by": UTC,
    }
)
"""What the forecast asks for (``action``: grow, shrink, move, keep, watch), in the unit of the metric, and by when."""

RESOURCE_USAGE_PREDICTIONS = Table(
    "resource_usage_predictions",
    "Forecasts of resource use with 80 % and 95 % intervals, by the model that did best from earlier origins; when a "
    "limit is crossed, what to allot; and past forecasts with what was read since.",
    (
        Column("source", pl.String, "host or pipeline"),
        Column("metric", pl.String, "what is forecast"),
        Column("resource_type", pl.String, "which resource", allowed=("cpu", "memory", "disk", "network", "other")),
        Column("made_at", UTC, "the last reading that the forecast knows"),
        Column("current", pl.Boolean, "whether it is the newest forecast of the series"),
        Column("ts", UTC, "the time that is forecast"),
        Column("step", pl.Int32, "steps past the last reading", minimum=1),
        Column("interval_seconds", pl.Int64, "width of a step", "s", minimum=1),
        Column("prediction_window_hours", pl.Float64, "how far ahead the forecast goes", "h", minimum=0),
        Column("predicted_usage", pl.Float64, "median"),
        Column("lo80", pl.Float64, "lower end of the 80 % interval"),
        Column("hi80", pl.Float64, "upper end of the 80 % interval"),
        Column("lo95", pl.Float64, "lower end of the 95 % interval"),
        Column("hi95", pl.Float64, "upper end of the 95 % interval"),
        Column("model", pl.String, "how it was made"),
        Column("why", pl.String, "why by this model"),
        Column("confidence", pl.String, "low where the past is short", allowed=("low", "medium", "high")),
        Column(
            "confidence_score",
            pl.Float64,
            "mean accuracy of the model from earlier origins; empty where the past is too short for that",
            "1",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column("backtest", pl.List(BACKTEST), "how models did from earlier origins, the naive one first"),
        Column("crossing", CROSSING, "when 90 % of the limit is crossed, where a limit is known", nullable=True),
        Column("advice", ALLOCATION, "allocation and scaling that follow"),
        Column("actual_usage", pl.Float64, "what was read since", nullable=True),
        Column(
            "accuracy_score",
            pl.Float64,
            "1 less the error in units of the greater of both",
            "1",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column("inside80", pl.Boolean, "whether the reading was in the 80 % interval", nullable=True),
        Column("inside95", pl.Boolean, "whether the reading was in the 95 % interval", nullable=True),
    ),
    key=("source", "metric", "made_at", "ts"),
    sources=dict.fromkeys(
        ("predicted_usage", "lo80", "hi80", "lo95", "hi95", "crossing", "actual_usage", "accuracy_score"),
        ("resource_usage.mean",),
    )
    | {"advice": ("resource_usage.mean", "resource_usage.peak")},
)

OPTIMIZATION_RECOMMENDATIONS = Table(
    "optimization_recommendations",
    "What is worth doing, with the evidence for it, an estimate of what it brings, what people decided, and what came "
    "of it.",
    (
        Column("recommendation_id", pl.String, "hash of type and subject: the same advice has the same id"),
        Column("recommendation_type", pl.String, "what it improves", allowed=RECOMMENDATION_TYPES),
        Column("subject", pl.String, "what it is about"),
        Column("description", pl.String, "what to do, and why, with the figures"),
        Column("impact_score", pl.Float64, "0 to 10, by impact_method", minimum=0, maximum=10),
        Column("impact_method", pl.String, "the formula of the impact"),
        Column("impact_parts", pl.List(PART), "the figures that went into the formula"),
        Column("implementation_difficulty", pl.String, "how hard: a judgement by kind", allowed=DIFFICULTIES),
        Column("status", pl.String, "what people decided, or closed by itself", allowed=RECOMMENDATION_STATES),
        Column("found", pl.Boolean, "whether the data speak for it now; if not, the row is as it was last found"),
        Column("since", UTC, "since when there is what it is about, where that is known", nullable=True),
        Column("created_at", UTC, "latest time in the data when it was first made"),
        Column("closed_at", UTC, "latest time in the data when it was no longer found", nullable=True),
        Column("closed_reason", pl.String, "why it was closed by itself", nullable=True),
        Column("implemented_at", UTC, "when people did it, by their word", nullable=True),
        Column("decided_at", UTC, "when people decided", nullable=True),
        Column("decided_by", pl.String, "who decided", nullable=True),
        Column("note", pl.String, "what they said", nullable=True),
        Column("bottleneck_id", pl.String, "the bottleneck it answers, where it is one", nullable=True),
        Column("target", TARGET, "what its effect is measured by"),
        Column("effect", EFFECT, "what came of it; null while it is not implemented", nullable=True),
        Column("evidence", pl.List(EVIDENCE), "what it rests on; never empty"),
    ),
    key=("recommendation_id",),
    sources={
        "impact_score": (
            "bottlenecks.value",
            "build_failures.category",
            "log_shapes.events",
            "builds.duration_seconds",
            "queue_schedules.saved_seconds",
            "metadata_quality.affected",
        ),
        "bottleneck_id": ("bottlenecks.bottleneck_id",),
        "effect": (
            "builds.duration_seconds",
            "builds.status",
            "tasks.queued_at",
            "tasks.started_at",
            "tasks.duration_seconds",
            "build_steps.duration_seconds",
            "build_failures.fingerprint",
            "test_results.status",
            "resource_usage.peak",
            "log_shapes.events",
        ),
        "evidence": ("bottlenecks.evidence", "build_failures.cause", "log_patterns.examples", "log_files.sha256"),
    },
)
