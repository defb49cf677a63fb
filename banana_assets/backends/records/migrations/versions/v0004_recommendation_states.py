"""What people decided about recommendations, and the baselines that they set for metrics."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from banana_assets.backends.records.tables import CleanText, UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables of decisions and baselines."""
    op.create_table(
        "recommendation_states",
        sa.Column("recommendation_id", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("note", CleanText),
        sa.Column("implemented_at", UtcDateTime),
        sa.Column("set_at", UtcDateTime, nullable=False),
        sa.Column("set_by", CleanText, nullable=False),
        sa.PrimaryKeyConstraint("recommendation_id", name="pk_recommendation_states"),
    )
    op.create_table(
        "baselines",
        sa.Column("metric", sa.String(128), nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("set_at", UtcDateTime, nullable=False),
        sa.Column("set_by", CleanText, nullable=False),
        sa.PrimaryKeyConstraint("metric", name="pk_baselines"),
    )


def downgrade() -> None:
    """Drop them: decisions and baselines are lost."""
    op.drop_table("baselines")
    op.drop_table("recommendation_states")
