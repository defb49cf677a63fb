"""Blobs, log files, builds, test results and resource series."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from banana_assets.backends.records.tables import CleanText, UtcDateTime

revision = "0001"
down_revision = None

SHA256 = sa.String(64)


def upgrade() -> None:
    """Make the tables of what comes in."""
    op.create_table(
        "blobs",
        sa.Column("sha256", SHA256, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("stored_bytes", sa.BigInteger, nullable=False),
        sa.Column("content", sa.LargeBinary),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_blobs"),
    )
    op.create_table(
        "log_files",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("source", CleanText, nullable=False),
        sa.Column("path", CleanText, nullable=False),
        sa.Column("sha256", SHA256, nullable=False),
        sa.Column("content_sha256", SHA256, nullable=False),
        sa.Column("head_sha256", SHA256),
        sa.Column("continues", sa.Integer),
        sa.Column("start_byte", sa.BigInteger, nullable=False),
        sa.Column("first_line", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("lines", sa.BigInteger, nullable=False),
        sa.Column("invalid_utf8_lines", sa.BigInteger, nullable=False),
        sa.Column("nul_lines", sa.BigInteger, nullable=False),
        sa.Column("long_lines", sa.BigInteger, nullable=False),
        sa.Column("arrived_at", UtcDateTime, nullable=False),
        sa.Column("arrival_day", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_log_files"),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name="fk_log_files_sha256_blobs"),
        sa.ForeignKeyConstraint(["continues"], ["log_files.id"], name="fk_log_files_continues_log_files"),
        sa.UniqueConstraint("source", "content_sha256", name="uq_log_files_source_content_sha256"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_log_files_arrival_day", "log_files", ["arrival_day"])
    op.create_table(
        "builds",
        sa.Column("build_id", CleanText, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("fingerprint", SHA256, nullable=False),
        sa.Column("pipeline", CleanText, nullable=False),
        sa.Column("job", CleanText, nullable=False),
        sa.Column("branch", CleanText),
        sa.Column("commit_sha", CleanText),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("exit_code", sa.Integer),
        sa.Column("command", CleanText),
        sa.Column("url", CleanText),
        sa.Column("queued_at", UtcDateTime),
        sa.Column("started_at", UtcDateTime),
        sa.Column("finished_at", UtcDateTime),
        sa.Column("duration_seconds", sa.Double),
        sa.Column("log_sha256", SHA256),
        sa.Column("log_lines", sa.BigInteger, nullable=False),
        sa.Column("log_bytes", sa.BigInteger, nullable=False),
        sa.Column("invalid_utf8_lines", sa.BigInteger, nullable=False),
        sa.Column("nul_lines", sa.BigInteger, nullable=False),
        sa.Column("long_lines", sa.BigInteger, nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("path", CleanText),
        sa.Column("arrived_at", UtcDateTime, nullable=False),
        sa.Column("arrival_day", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("build_id", name="pk_builds"),
        sa.ForeignKeyConstraint(["log_sha256"], ["blobs.sha256"], name="fk_builds_log_sha256_blobs"),
        sa.UniqueConstraint("seq", name="uq_builds_seq"),
    )
    op.create_index("ix_builds_arrival_day", "builds", ["arrival_day"])
    op.create_table(
        "test_results",
        sa.Column("build_id", CleanText, nullable=False),
        sa.Column("test_key", sa.String(32), nullable=False),
        sa.Column("suite", CleanText, nullable=False),
        sa.Column("classname", CleanText, nullable=False),
        sa.Column("name", CleanText, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("duration_seconds", sa.Double),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("message", CleanText),
        sa.Column("file", CleanText),
        sa.Column("line", sa.BigInteger),
        sa.PrimaryKeyConstraint("build_id", "test_key", name="pk_test_results"),
        sa.ForeignKeyConstraint(
            ["build_id"], ["builds.build_id"], name="fk_test_results_build_id_builds", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "resource_series",
        sa.Column("series_id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("source", CleanText, nullable=False),
        sa.Column("build_id", CleanText),
        sa.Column("sha256", SHA256, nullable=False),
        sa.Column("first_ts", UtcDateTime, nullable=False),
        sa.Column("last_ts", UtcDateTime, nullable=False),
        sa.Column("samples", sa.BigInteger, nullable=False),
        sa.Column("path", CleanText),
        sa.Column("arrived_at", UtcDateTime, nullable=False),
        sa.Column("arrival_day", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("series_id", name="pk_resource_series"),
        sa.ForeignKeyConstraint(
            ["build_id"], ["builds.build_id"], name="fk_resource_series_build_id_builds", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name="fk_resource_series_sha256_blobs"),
        sa.UniqueConstraint("build_id", name="uq_resource_series_build_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_resource_series_arrival_day", "resource_series", ["arrival_day"])
    op.create_index(
        "uq_resource_series_source_sha256",
        "resource_series",
        ["source", "sha256"],
        unique=True,
        sqlite_where=sa.text("build_id IS NULL"),
        postgresql_where=sa.text("build_id IS NULL"),
    )


def downgrade() -> None:
    """Drop them, children first."""
    for table in ("resource_series", "test_results", "builds", "log_files", "blobs"):
        op.drop_table(table)
