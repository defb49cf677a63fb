"""What to do, in order: plans with their subtasks, evidence, scores and prediction."""

from __future__ import annotations

import polars as pl

from banana_assets.core.schema import Column, Table
from banana_assets.core.tables.common import CITATION, UTC
from banana_assets.core.vocabulary import PLAN_KINDS, PLAN_STATUSES

RESOURCE_REQUIREMENT = pl.Struct({"type": pl.String, "amount": pl.Float64, "unit": pl.String})

ACTION = pl.Struct({"kind": pl.String, "arguments": pl.List(pl.String)})
"""What Banana can do itself, after approval: one of ``vocabulary.PLAN_ACTIONS``, and what it acts on."""

ROW = pl.Struct({"table": pl.String, "key": pl.String})

SUBTASK = pl.Struct(
    {
        "id": pl.String,
        "type": pl.String,
        "description": pl.String,
        "expects": pl.String,
        "estimated_minutes": pl.Float64,
        "dependencies": pl.List(pl.String),
        "priority": pl.String,
        "resource_requirements": pl.List(RESOURCE_REQUIREMENT),
        "citations": pl.List(CITATION),
        "action": ACTION,
        "rests_on": pl.List(ROW),
    }
)

RISK = pl.Struct({"description": pl.String, "mitigation": pl.String})

PREDICTION = pl.Struct({"fingerprint": pl.String, "statement": pl.String, "decide_by": UTC})
"""Which failure should stop, and by when later builds decide it."""

SCORE_PART = pl.Struct({"name": pl.String, "value": pl.Float64, "weight": pl.Float64, "why": pl.String})

ISSUE = pl.Struct({"level": pl.String, "message": pl.String, "step": pl.String})
"""What validation found; ``level`` is one of ``vocabulary.ISSUE_LEVELS``, ``step`` the step that it is about."""

PLANS = Table(
    "plans",
    "Ordered subtasks for each distinct failure, pressing recommendation and asked goal, with what they rest on, how "
    "they score and what they predict.",
    (
        Column("plan_id", pl.String, "hash of the subject, of what was asked and of the evidence"),
        Column("kind", pl.String, "what it answers", allowed=PLAN_KINDS),
        Column("goal", pl.String, "what it should reach"),
        Column("subject", pl.String, "the failure's cluster_id, the recommendation_id, or the goal that was asked for"),
        Column("approach", pl.String, "the idea in a sentence"),
        Column("subtasks", pl.List(SUBTASK), "steps in an order that keeps the dependencies"),
        Column("risks", pl.List(RISK), "what could go wrong, and what is done about it"),
        Column("fallback_plan", pl.String, "what to do when it does not work"),
        Column("prediction", PREDICTION, "what should be seen if it works"),
        Column("planner", pl.String, "what made it"),
        Column("created_at", UTC, "when it was made"),
        Column("model_used", pl.String, "the language model that proposed it; none without one"),
        Column("status", pl.String, "where it stands", allowed=PLAN_STATUSES),
        Column("reason", pl.String, "why it abstained, where it did", nullable=True),
        Column("context", pl.String, "what was said beside the goal", nullable=True),
        Column("constraints", pl.List(pl.String), "what it had to keep, as asked"),
        Column("preferred_approach", pl.String, "the approach that was asked for", nullable=True),
        Column(
            "optimization_score",
            pl.Float64,
            "how well it covers what it is about; by its parts",
            "1",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column("optimization_parts", pl.List(SCORE_PART), "what that score was counted from"),
        Column(
            "resource_efficiency",
            pl.Float64,
            "how sparing it is with time and resources; by its parts",
            "1",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column("efficiency_parts", pl.List(SCORE_PART), "what that score was counted from"),
        Column("issues", pl.List(ISSUE), "what validation found"),
        Column("template_id", pl.String, "the template that it was made from", nullable=True),
        Column("supersedes", pl.String, "the plan before it, which did not hold", nullable=True),
    ),
    key=("plan_id",),
    sources={
        "subject": ("failure_clusters.cluster_id", "optimization_recommendations.recommendation_id"),
        "goal": ("build_failures.category", "optimization_recommendations.description"),
        "subtasks": ("build_failures.cause", "optimization_recommendations.evidence"),
        "prediction": ("failure_clusters.fingerprints",),
        "optimization_parts": ("bottlenecks.severity", "failure_clusters.failures"),
        "efficiency_parts": ("resource_usage_predictions.hi80",),
    },
)
