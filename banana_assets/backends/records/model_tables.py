"""Records of what language models were asked: the ledger and the cache."""

from __future__ import annotations

import sqlalchemy as sa

from banana_assets.backends.records.tables import CleanText, UtcDateTime, metadata

llm_calls = sa.Table(
    "llm_calls",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("started_at", UtcDateTime, nullable=False, index=True),
    sa.Column("deadline_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("task", sa.String(32), nullable=False),
    sa.Column("subject", CleanText, nullable=False),
    sa.Column("category", sa.String(32), nullable=False),
    sa.Column("run_id", sa.String(64), nullable=False, index=True),
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
    sa.Index("ix_llm_calls_provider_model_id", "provider", "model", "id"),
    sqlite_autoincrement=True,
)
"""The ledger: every call, each try of its own, written before it is made. ``outcome`` is ``reserved`` until it ended,
then ``ok`` or one of ``models.types.FAILURES``; one that is still reserved past ``deadline_at`` was lost. ``retries``
tells which try it was, ``masked`` counts the secrets that were masked on the way out. Costs are US dollars."""

llm_cache = sa.Table(
    "llm_cache",
    metadata,
    sa.Column("request_key", sa.String(64), primary_key=True),
    sa.Column("provider", sa.String(32), nullable=False),
    sa.Column("model", CleanText, nullable=False),
    sa.Column("value", CleanText, nullable=False),
    sa.Column("input_tokens", sa.BigInteger, nullable=False),
    sa.Column("output_tokens", sa.BigInteger, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("used_at", UtcDateTime, nullable=False, index=True),
    sa.Column("uses", sa.Integer, nullable=False),
)
"""Answers by the hash of masked evidence, instructions, prompt version, model and schema."""
