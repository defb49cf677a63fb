"""Tasks of queues."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from banana_assets.backends.records.tables import CleanText, UtcDateTime

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the table of tasks."""
    op.create_table(
        "tasks",
        sa.Column("queue", sa.String(200), nullable=False),
        sa.Column("task_id", sa.String(200), nullable=False),
        sa.Column("kind", CleanText, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("queued_at", UtcDateTime),
        sa.Column("started_at", UtcDateTime),
        sa.Column("finished_at", UtcDateTime),
        sa.Column("duration_seconds", sa.Double),
        sa.Column("weight", sa.Double, nullable=False),
        sa.Column("items", sa.BigInteger),
        sa.Column("memory_bytes", sa.Double),
        sa.Column("cpu_cores", sa.Double),
        sa.Column("after", CleanText, nullable=False),
        sa.Column("retries", sa.BigInteger, nullable=False),
        sa.Column("error", CleanText),
        sa.Column("path", CleanText, nullable=False),
        sa.Column("arrived_at", UtcDateTime, nullable=False),
        sa.Column("arrival_day", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("queue", "task_id", name="pk_tasks"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("tasks")
