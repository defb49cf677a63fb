"""What can be searched: one document a pattern, failure, resource series, plan and template."""

from __future__ import annotations

import polars as pl

from banana_assets.core.schema import Column, Table
from banana_assets.core.tables.common import UTC
from banana_assets.core.vocabulary import SEARCH_KINDS, SEVERITIES

PLANNING_INDEX = Table(
    "planning_index",
    "What `banana search` finds, secrets masked: log patterns, failures with what helped, resource use, plans, "
    "templates; indexed by words and by meaning.",
    (
        Column("document_id", pl.String, "kind and key, of letters, digits, - and _"),
        Column("kind", pl.String, "what it is", allowed=SEARCH_KINDS),
        Column("key", pl.String, "key of its row in the table that it comes from"),
        Column("title", pl.String, "what it is, in one line"),
        Column("text", pl.String, "what is searched by its words, beside the title"),
        Column("essence", pl.String, "what is embedded: without what differs from run to run"),
        Column("helped", pl.String, "what made it go away, or what is proposed", nullable=True),
        Column("severity", pl.String, "how much it asks for attention", nullable=True, allowed=SEVERITIES),
        Column("sources", pl.List(pl.String), "what writes it, where it fails, what was measured"),
        Column("first_seen", UTC, "when it was first seen", nullable=True),
        Column("last_seen", UTC, "when it was last seen", nullable=True),
        Column("build_id", pl.String, "the latest build with it (builds.build_id)", nullable=True),
        Column("place", pl.String, "file and line of an example", nullable=True),
        Column("content_hash", pl.String, "the same as long as nothing of it changes"),
    ),
    key=("document_id",),
    sources={
        "key": (
            "log_patterns.pattern_id",
            "failure_clusters.cluster_id",
            "resource_usage.source",
            "plans.plan_id",
            "plan_templates.template_id",
        ),
        "text": (
            "log_patterns.examples",
            "failure_clusters.cause",
            "resource_usage.mean",
            "resource_usage_predictions.predicted_usage",
            "plans.subtasks",
        ),
        "helped": (
            "failure_clusters.resolved_by",
            "plans.approach",
            "plan_outcomes.outcome",
            "plan_templates.successes",
        ),
        "severity": ("log_patterns.severity", "failure_clusters.state", "resource_usage_predictions.crossing"),
    },
)
