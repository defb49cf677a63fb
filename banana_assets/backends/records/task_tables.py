"""Records of tasks: the work of queues beside the builds."""

from __future__ import annotations

import sqlalchemy as sa

from banana_assets.backends.records.tables import CleanText, UtcDateTime, metadata

tasks = sa.Table(
    "tasks",
    metadata,
    sa.Column("queue", sa.String(200), primary_key=True),
    sa.Column("task_id", sa.String(200), primary_key=True),
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
)
"""Tasks as they were told last. ``after`` is a JSON list of ids."""
