"""Flaky tests that people took out of judgement for a while."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from banana_assets.backends.records.tables import CleanText, UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table of quarantines."""
    op.create_table(
        "test_quarantines",
        sa.Column("test_id", sa.String(32), nullable=False),
        sa.Column("pipeline", CleanText, nullable=False),
        sa.Column("title", CleanText, nullable=False),
        sa.Column("until", sa.Date, nullable=False),
        sa.Column("reason", CleanText, nullable=False),
        sa.Column("set_at", UtcDateTime, nullable=False),
        sa.Column("set_by", CleanText, nullable=False),
        sa.Column("lifted_at", UtcDateTime),
        sa.Column("lifted_by", CleanText),
        sa.PrimaryKeyConstraint("test_id", name="pk_test_quarantines"),
    )


def downgrade() -> None:
    """Drop it: the quarantines are lost."""
    op.drop_table("test_quarantines")
