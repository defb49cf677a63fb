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

BOTTLENECKS = Table(
    "bottlenecks",
    "What holds things up: slow jobs against their own past, queues, resources near their limit, rising patterns.",
    (
        Column("bottleneck_id", pl.String, "hash of kind and subject"),
        Column("kind", pl.String, "what sort", allowed=BOTTLENECK_KINDS),
        Column("subject", pl.String, "which job, queue, resource or pattern"),
        Column("severity", pl.String, "how bad, by the rule stated in `rule`", allowed=SEVERITIES),
        Column("description", pl.String, "one sentence with the figures"),
        Column("value", pl.Float64, "what it is now"),
        Column("baseline", pl.Float64, "what it was, or may be"),
        Column("unit", pl.String, "unit of value and baseline"),
        Column("since", UTC, "since when", nullable=True),
        Column("rule", pl.String, "the rule that gave the severity"),
        Column("evidence", pl.List(EVIDENCE), "what it rests on"),
    ),
    key=("bottleneck_id",),
    sources={"value": ("system_metrics.value", "resource_usage.mean", "builds.duration_seconds", "log_shapes.events")},
)

RESOURCE_USAGE_PREDICTIONS = Table(
    "resource_usage_predictions",
    "Forecasts of resource use with 80 % and 95 % intervals.",
    (
        Column("source", pl.String, "host or pipeline"),
        Column("metric", pl.String, "what is forecast"),
        Column("made_at", UTC, "the last reading that the forecast knows"),
        Column("ts", UTC, "the time that is forecast"),
        Column("step", pl.Int32, "steps past the last reading", minimum=1),
        Column("predicted_usage", pl.Float64, "median"),
        Column("lo80", pl.Float64, "lower end of the 80 % interval"),
        Column("hi80", pl.Float64, "upper end of the 80 % interval"),
        Column("lo95", pl.Float64, "lower end of the 95 % interval"),
        Column("hi95", pl.Float64, "upper end of the 95 % interval"),
        Column("model", pl.String, "how it was made"),
        Column("confidence", pl.String, "low where the past is short", allowed=("low", "medium", "high")),
    ),
    key=("source", "metric", "ts"),
    sources={
        "predicted_usage": ("resource_usage.mean",),
        "lo80": ("resource_usage.mean",),
        "hi80": ("resource_usage.mean",),
        "lo95": ("resource_usage.mean",),
        "hi95": ("resource_usage.mean",),
    },
)

OPTIMIZATION_RECOMMENDATIONS = Table(
    "optimization_recommendations",
    "What is worth doing, with the evidence for it and an estimate of what it brings.",
    (
        Column("recommendation_id", pl.String, "hash of type and subject: the same advice has the same id"),
        Column("recommendation_type", pl.String, "what it improves", allowed=RECOMMENDATION_TYPES),
        Column("subject", pl.String, "what it is about"),
        Column("description", pl.String, "what to do, and why, with the figures"),
        Column("impact_score", pl.Float64, "0 to 10", minimum=0, maximum=10),
        Column("impact_method", pl.String, "how the impact was estimated"),
        Column("implementation_difficulty", pl.String, "how hard", allowed=DIFFICULTIES),
        Column("status", pl.String, "what people decided", allowed=RECOMMENDATION_STATES),
        Column("evidence", pl.List(EVIDENCE), "what it rests on; never empty"),
    ),
    key=("recommendation_id",),
    sources={
        "impact_score": ("bottlenecks.value", "build_failures.category", "log_patterns.frequency"),
        "evidence": ("bottlenecks.evidence", "build_failures.cause", "log_patterns.examples"),
    },
)
