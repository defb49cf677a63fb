"""What became of plans, and the templates that are made of those that worked."""

from __future__ import annotations

import polars as pl

from banana_assets.core.schema import Column, Table
from banana_assets.core.tables.common import UTC
from banana_assets.core.tables.plans import RISK
from banana_assets.core.vocabulary import OUTCOMES, PLAN_KINDS

PLAN_OUTCOMES = Table(
    "plan_outcomes",
    "What later builds say of each plan: fixed, recurred, not tried or unknowable, beside the share of such failures "
    "that goes away with no plan.",
    (
        Column("plan_id", pl.String, "the plan (plans.plan_id)"),
        Column("kind", pl.String, "what it answers", allowed=PLAN_KINDS),
        Column("subject", pl.String, "the failure, recommendation or goal that it answers"),
        Column("cluster_id", pl.String, "the failure as it is known now (failure_clusters.cluster_id)", nullable=True),
        Column("category", pl.String, "class of the failure, or type of the recommendation", nullable=True),
        Column("outcome", pl.String, "what became of it", allowed=OUTCOMES),
        Column("why", pl.String, "why, in words"),
        Column("counts", pl.Boolean, "whether so many builds ran that either could be told: then it stands in rates"),
        Column("final", pl.Boolean, "whether its horizon has ended"),
        Column("state", pl.String, "how far people followed it"),
        Column("begun_at", UTC, "the first sign that somebody began with it", nullable=True),
        Column("in_place_at", UTC, "when its last change was in place: builds after it decide", nullable=True),
        Column("done_at", UTC, "when its last step was done", nullable=True),
        Column("horizon_days", pl.Float64, "how long builds are waited for", "d", minimum=0),
        Column("decide_by", UTC, "when that ends", nullable=True),
        Column("decided_at", UTC, "when the build ended that decided it", nullable=True),
        Column("decided_by", pl.List(pl.String), "the builds that decided it, the oldest first (builds.build_id)"),
        Column("clean_builds", pl.Int64, "builds without it since", minimum=0),
        Column("needed_builds", pl.Int64, "how many it takes to say that it is gone", nullable=True, minimum=1),
        Column("chance", pl.Float64, "how likely these were, had nothing changed", "1", True, (), 0, 1),
        Column("past_failures", pl.Int64, "builds that failed so before", minimum=0),
        Column("past_builds", pl.Int64, "builds that could have, since the first", minimum=0),
        Column("failed_otherwise", pl.Int64, "builds since that failed for another reason and say nothing", minimum=0),
        Column("came_back_at", UTC, "when it failed again after its horizon", nullable=True),
        Column("planner", pl.String, "what made the plan"),
        Column("model_used", pl.String, "the model, or none"),
        Column("template_id", pl.String, "the template that it was made from", nullable=True),
        Column("base_n", pl.Int64, "failures of the class on which no plan was acted", minimum=0),
        Column("base_gone", pl.Int64, "of these, certainly gone within the same time, for good", minimum=0),
        Column("base_rate", pl.Float64, "the share that was, by likelihood over all of them", "1", True, (), 0, 1),
        Column("base_weight", pl.Float64, "how many failures that are known for certain that rests on", minimum=0),
        Column("base_low", pl.Float64, "lower end of its 95 % Wilson interval", "1", minimum=0, maximum=1),
        Column("base_high", pl.Float64, "upper end", "1", minimum=0, maximum=1),
    ),
    key=("plan_id",),
    sources={
        "plan_id": ("plans.plan_id",),
        "cluster_id": ("failure_clusters.cluster_id",),
        "category": ("failure_clusters.category",),
        "outcome": ("builds.status", "failure_clusters.builds", "optimization_recommendations.found"),
        "decided_by": ("builds.build_id",),
        "chance": ("failure_clusters.builds",),
        "base_rate": ("failure_clusters.builds",),
    },
)

TEMPLATE_STEP = pl.Struct(
    {
        "type": pl.String,
        "description": pl.String,
        "expects": pl.String,
        "minutes": pl.Float64,
        "after": pl.List(pl.Int64),
        "priority": pl.String,
        "cites": pl.List(pl.Int64),
        "runs": pl.Int64,
    }
)
"""A step with placeholders; ``after`` and ``cites`` are positions from 0."""

PLAN_TEMPLATES = Table(
    "plan_templates",
    "Reusable shapes of plans that worked, with how often later plans of the same shape did.",
    (
        Column("template_id", pl.String, "hash of class, tool and steps, without what they name"),
        Column("name", pl.String, "what it is called"),
        Column("description", pl.String, "what it reaches"),
        Column("category", pl.String, "class of the failures that it is for; any where it says none"),
        Column("tool", pl.String, "tool that reports them; null for any", nullable=True),
        Column("origin", pl.String, "made from plans of this store, or imported", allowed=("plans", "import")),
        Column("approach", pl.String, "the idea in a sentence"),
        Column("steps", pl.List(TEMPLATE_STEP), "its steps, in an order that keeps what waits for what"),
        Column("risks", pl.List(RISK), "what could go wrong, and what is done about it"),
        Column("fallback_plan", pl.String, "what to do when it does not work"),
        Column(
            "plans", pl.List(pl.String), "decided plans of its shape, the first that was fixed first (plans.plan_id)"
        ),
        Column("successes", pl.Int64, "plans of its shape that were fixed, without the first", minimum=0),
        Column("trials", pl.Int64, "plans of its shape that were decided, without that one", minimum=0),
        Column("success_rate", pl.Float64, "successes of trials; null without a trial", "1", True, (), 0, 1),
        Column("success_low", pl.Float64, "lower end of its 95 % Wilson interval", "1", minimum=0, maximum=1),
        Column("success_high", pl.Float64, "upper end", "1", minimum=0, maximum=1),
        Column(
            "expected", pl.Float64, "the rate shrunk to that of all templates: the order", "1", minimum=0, maximum=1
        ),
        Column("base_rate", pl.Float64, "share of its class that goes away with no plan", "1", True, (), 0, 1),
        Column("usage_count", pl.Int64, "plans that were made from it", minimum=0),
        Column("last_used_at", UTC, "when the latest of them was made", nullable=True),
        Column("imported_successes", pl.Float64, "what other stores counted, in no figure of this one", minimum=0),
        Column("imported_trials", pl.Float64, "of so many", minimum=0),
        Column("note", pl.String, "what is to be known of an imported one", nullable=True),
        Column("issues", pl.List(pl.String), "why it may not be used for a plan; mostly none"),
        Column("created_at", UTC, "when it was made"),
        Column("updated_at", UTC, "when it changed"),
    ),
    key=("template_id",),
    sources={
        "steps": ("plans.subtasks",),
        "risks": ("plans.risks",),
        "plans": ("plans.plan_id",),
        "successes": ("plan_outcomes.outcome",),
        "trials": ("plan_outcomes.outcome",),
        "success_rate": ("plan_outcomes.outcome",),
        "base_rate": ("plan_outcomes.base_rate",),
        "expected": ("plan_outcomes.outcome",),
        "usage_count": ("plans.template_id",),
    },
)
