"""Plans and where they stand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from banana_assets.backends.records.tables import CleanText, UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the tables of plans, their steps and the failures that they answer."""
    op.create_table(
        "planner_results",
        sa.Column("plan_id", sa.String(32), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", CleanText, nullable=False),
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
        sa.Column("template_id", sa.String(32)),
        sa.Column("supersedes", sa.String(32)),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.Column("changed_by", CleanText, nullable=False),
        sa.PrimaryKeyConstraint("plan_id", name="pk_planner_results"),
        sa.UniqueConstraint("seq", name="uq_planner_results_seq"),
    )
    op.create_index("ix_planner_results_subject", "planner_results", ["subject"])
    op.create_index("ix_planner_results_template_id", "planner_results", ["template_id"])
    op.create_table(
        "plan_steps",
        sa.Column("plan_id", sa.String(32), nullable=False),
        sa.Column("step_id", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("note", CleanText),
        sa.Column("run_id", sa.String(64)),
        sa.Column("approved_at", UtcDateTime),
        sa.Column("approved_by", CleanText),
        sa.Column("started_at", UtcDateTime),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.Column("changed_by", CleanText, nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "step_id", name="pk_plan_steps"),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["planner_results.plan_id"], name="fk_plan_steps_plan_id_planner_results", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "planned_failures",
        sa.Column("build_id", CleanText, nullable=False),
        sa.Column("log_sha256", sa.String(64), nullable=False),
        sa.Column("cluster_id", sa.String(64)),
        sa.Column("plan_id", sa.String(32)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("claimed_by", sa.String(64)),
        sa.Column("claimed_until", UtcDateTime),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", CleanText),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("build_id", name="pk_planned_failures"),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["planner_results.plan_id"],
            name="fk_planned_failures_plan_id_planner_results",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_planned_failures_plan_id", "planned_failures", ["plan_id"])


def downgrade() -> None:
    """Drop them: plans are made anew, what people said of their steps is forgotten."""
    op.drop_table("planned_failures")
    op.drop_table("plan_steps")
    op.drop_table("planner_results")
