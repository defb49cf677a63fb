"""What to do, in order: plans with their subtasks, evidence and prediction."""

from __future__ import annotations

import polars as pl

from banana_assets.core.schema import Column, Table
from banana_assets.core.tables.common import CITATION, UTC
from banana_assets.core.vocabulary import PLAN_STATUSES

RESOURCE_REQUIREMENT = pl.Struct({"type": pl.String, "amount": pl.Float64, "unit": pl.String})

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
    }
)

PREDICTION = pl.Struct({"fingerprint": pl.String, "statement": pl.String, "decide_by": UTC})
"""Which failure should stop, and by when later builds decide it."""

PLANS = Table(
    "plans",
    "Ordered subtasks for each distinct failure and pressing recommendation, with what they rest on and predict.",
    (
        Column("plan_id", pl.String, "hash of the goal's subject and evidence"),
        Column("goal", pl.String, "what it should reach"),
        Column("subject", pl.String, "the fingerprint or recommendation that it answers"),
        Column("approach", pl.String, "the idea in a sentence"),
        Column("status", pl.String, "where it stands", allowed=PLAN_STATUSES),
        Column("subtasks", pl.List(SUBTASK), "steps in an order that keeps the dependencies"),
        Column("risk_assessment", pl.String, "what could go wrong"),
        Column("prediction", PREDICTION, "what should be seen if it works"),
        Column("planner", pl.String, "what made it"),
        Column("reason", pl.String, "why it abstained, where it did", nullable=True),
    ),
    key=("plan_id",),
    sources={
        "goal": ("build_failures.category", "optimization_recommendations.description"),
        "subtasks": ("build_failures.cause", "optimization_recommendations.evidence"),
        "prediction": ("build_failures.fingerprint",),
    },
)
