"""What language models were asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from banana_assets.backends.records.tables import CleanText, UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the ledger and the cache."""
    op.create_table(
        "llm_calls",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("deadline_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("task", sa.String(32), nullable=False),
        sa.Column("subject", CleanText, nullable=False),
        sa.Column("category", sa.String(32), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("model", CleanText, nullable=False),
        sa.Column("prompt_version", sa.String(32), nullable=False),
        sa.Column("request_key", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("input_tokens", sa.BigInteger, nullable=False),
        sa.Column("output_tokens", sa.BigInteger, nullable=False),
        sa.Column("tokens_estimated", sa.Boolean, nullable=False),
        sa.Column("cost", sa.Double, nullable=False),
        sa.Column("reserved_cost", sa.Double, nullable=False),
        sa.Column("reserved_tokens", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Double),
        sa.Column("retries", sa.Integer, nullable=False),
        sa.Column("cache_hit", sa.Boolean, nullable=False),
        sa.Column("masked", sa.Integer, nullable=False),
        sa.Column("error", CleanText),
        sa.PrimaryKeyConstraint("id", name="pk_llm_calls"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_llm_calls_started_at", "llm_calls", ["started_at"])
    op.create_index("ix_llm_calls_run_id", "llm_calls", ["run_id"])
    op.create_index("ix_llm_calls_provider_model_id", "llm_calls", ["provider", "model", "id"])
    op.create_table(
        "llm_cache",
        sa.Column("request_key", sa.String(64), nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("model", CleanText, nullable=False),
        sa.Column("value", CleanText, nullable=False),
        sa.Column("input_tokens", sa.BigInteger, nullable=False),
        sa.Column("output_tokens", sa.BigInteger, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("used_at", UtcDateTime, nullable=False),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("request_key", name="pk_llm_cache"),
    )
    op.create_index("ix_llm_cache_used_at", "llm_cache", ["used_at"])


def downgrade() -> None:
    """Drop them: what was spent is forgotten."""
    op.drop_table("llm_cache")
    op.drop_table("llm_calls")
