"""Who looks at the dashboard."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from banana_assets.backends.records.tables import CleanText, UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the table of sessions."""
    op.create_table(
        "dashboard_sessions",
        sa.Column("session_id", sa.String(16), nullable=False),
        sa.Column("name", CleanText, nullable=False),
        sa.Column("scopes", sa.String(64), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("created_by", CleanText, nullable=False),
        sa.Column("opened_at", UtcDateTime),
        sa.Column("ends_at", UtcDateTime, nullable=False),
        sa.Column("revoked_at", UtcDateTime),
        sa.PrimaryKeyConstraint("session_id", name="pk_dashboard_sessions"),
    )


def downgrade() -> None:
    """Drop it: everybody signs in anew."""
    op.drop_table("dashboard_sessions")
