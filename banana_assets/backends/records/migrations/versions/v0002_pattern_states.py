"""What people decided about log patterns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from banana_assets.backends.records.tables import CleanText, UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of resolved and muted patterns."""
    op.create_table(
        "pattern_states",
        sa.Column("pattern_id", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("note", CleanText),
        sa.Column("until", sa.Date),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.Column("changed_by", CleanText, nullable=False),
        sa.PrimaryKeyConstraint("pattern_id", name="pk_pattern_states"),
    )


def downgrade() -> None:
    """Drop it: the decisions are lost."""
    op.drop_table("pattern_states")
