"""Who may ask over HTTP, what was done, what was reported."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from banana_assets.backends.records.tables import CleanText, UtcDateTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the tables of keys, audit entries and reports."""
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("name", CleanText, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("scopes", sa.String(64), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("created_by", CleanText, nullable=False),
        sa.Column("expires_at", UtcDateTime),
        sa.Column("revoked_at", UtcDateTime),
        sa.PrimaryKeyConstraint("key_id", name="pk_api_keys"),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("actor", CleanText, nullable=False),
        sa.Column("action", CleanText, nullable=False),
        sa.Column("target", CleanText, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("address", CleanText, nullable=False),
        sa.Column("request_id", CleanText, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_log_at", "audit_log", ["at"])
    op.create_table(
        "reports",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("build_id", CleanText, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("analysis", CleanText, nullable=False),
        sa.Column("recommendations", CleanText, nullable=False),
        sa.Column("confidence", sa.Double, nullable=False),
        sa.Column("findings", CleanText, nullable=False),
        sa.Column("model_version", CleanText),
        sa.Column("cluster_id", sa.String(64)),
        sa.Column("plan_id", sa.String(32)),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("created_by", CleanText, nullable=False),
        sa.Column("idempotency_key", sa.String(255)),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
        sa.ForeignKeyConstraint(
            ["build_id"], ["builds.build_id"], name="fk_reports_build_id_builds", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("build_id", "position", name="uq_reports_build_id_position"),
        sa.UniqueConstraint("created_by", "idempotency_key", name="uq_reports_created_by_idempotency_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_reports_created_at", "reports", ["created_at"])


def downgrade() -> None:
    """Drop them: keys stop working, reports and the audit are lost."""
    op.drop_table("reports")
    op.drop_table("audit_log")
    op.drop_table("api_keys")
