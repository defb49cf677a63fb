"""Reusable shapes of plans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from banana_assets.backends.records.tables import CleanText, UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the table of templates."""
    op.create_table(
        "plan_templates",
        sa.Column("template_id", sa.String(32), nullable=False),
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
        sa.PrimaryKeyConstraint("template_id", name="pk_plan_templates"),
    )


def downgrade() -> None:
    """Drop it: templates come back from plans, imported ones do not."""
    op.drop_table("plan_templates")
