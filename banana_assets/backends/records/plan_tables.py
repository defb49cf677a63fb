"""Records of planning: plans, where their steps stand, which failures they answer, and templates."""

from __future__ import annotations

import sqlalchemy as sa

from banana_assets.backends.records.tables import SHA256, CleanText, UtcDateTime, metadata

planner_results = sa.Table(
    "planner_results",
    metadata,
    sa.Column("plan_id", sa.String(32), primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False, unique=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("subject", CleanText, nullable=False, index=True),
    sa.Column("goal", CleanText, nullable=False),
    sa.Column("context", CleanText),
    sa.Column("plan_json", CleanText, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("planner", sa.String(32), nullable=False),
    sa.Column("model_used", CleanText, nullable=False),
    sa.Column("subtask_count", sa.Integer, nullable=False),
    sa.Column("estimated_minutes", sa.Double, nullable=False),
    sa.Column("optimization_score", sa.Double),
    sa.Column("resource_efficiency", sa.Double),
    sa.Column("template_id", sa.String(32), index=True),
    sa.Column("supersedes", sa.String(32)),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.Column("changed_by", CleanText, nullable=False),
)
"""Every plan that was made, also those that abstained. ``plan_json`` is the whole plan as it was validated and never
changes; ``status`` follows its steps. ``seq`` grows with every plan."""

plan_steps = sa.Table(
    "plan_steps",
    metadata,
    sa.Column("plan_id", sa.String(32), sa.ForeignKey("planner_results.plan_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("step_id", sa.String(16), primary_key=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("note", CleanText),
    sa.Column("run_id", sa.String(64)),
    sa.Column("approved_at", UtcDateTime),
    sa.Column("approved_by", CleanText),
    sa.Column("started_at", UtcDateTime),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.Column("changed_by", CleanText, nullable=False),
)
"""Where each step of a plan stands, who approved what is launched here, and the Dagster run that does it."""

planned_failures = sa.Table(
    "planned_failures",
    metadata,
    sa.Column("build_id", CleanText, primary_key=True),
    sa.Column("log_sha256", SHA256, nullable=False),
    sa.Column("cluster_id", sa.String(64)),
    sa.Column("plan_id", sa.String(32), sa.ForeignKey("planner_results.plan_id", ondelete="CASCADE"), index=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("claimed_by", sa.String(64)),
    sa.Column("claimed_until", UtcDateTime),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", CleanText),
    sa.Column("changed_at", UtcDateTime, nullable=False),
)
"""Each failed build once, as the failure that the log of ``log_sha256`` shows: ``waiting`` after an attempt that did
not succeed, ``claimed`` while a run works on it (until ``claimed_until``, since a killed run says nothing), ``planned``
with its plan, ``given_up`` with the reason after the last attempt."""

plan_templates = sa.Table(
    "plan_templates",
    metadata,
    sa.Column("template_id", sa.String(32), primary_key=True),
    sa.Column("name", CleanText, nullable=False),
    sa.Column("description", CleanText, nullable=False),
    sa.Column("category", sa.String(32), nullable=False),
    sa.Column("template_json", CleanText, nullable=False),
    sa.Column("origin", sa.String(16), nullable=False),
    sa.Column("imported_successes", sa.Double, nullable=False),
    sa.Column("imported_trials", sa.Double, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("deleted_at", UtcDateTime),
)
"""Reusable shapes of plans. Success is counted from the outcomes of the plans made from them, nowhere else;
``imported_*`` is what another home counted, kept apart and shown so."""
