"""What language models were asked, and what it cost."""

from __future__ import annotations

import polars as pl

from banana_assets.core.models.types import FAILURES
from banana_assets.core.schema import Column, Table
from banana_assets.core.tables.common import UTC

LLM_CALLS = Table(
    "llm_calls",
    "Every call to a language model, each try of its own: what for, tokens, cost, time and how it ended.",
    (
        Column("call_id", pl.Int64, "number of the call", minimum=1),
        Column("started_at", UTC, "when it was asked"),
        Column("ended_at", UTC, "when it ended", nullable=True),
        Column("task", pl.String, "what was asked for"),
        Column("subject", pl.String, "what it was about, secrets masked"),
        Column("category", pl.String, "class of failure, empty where it is about none"),
        Column("run_id", pl.String, "the run that asked: Dagster's, or one process of the command line"),
        Column("provider", pl.String, "who was asked"),
        Column("model", pl.String, "which model"),
        Column("prompt_version", pl.String, "version of the instructions"),
        Column("request_key", pl.String, "hash of evidence, instructions, version, model and schema"),
        Column("outcome", pl.String, "how it ended", allowed=("ok", "reserved", *FAILURES)),
        Column("input_tokens", pl.Int64, "tokens of the question", unit="tokens", minimum=0),
        Column("output_tokens", pl.Int64, "tokens of the answer", unit="tokens", minimum=0),
        Column("tokens_estimated", pl.Boolean, "whether the server gave no count and bytes stand in"),
        Column(
            "cost", pl.Float64, "what it cost; 0 for models on own machines and answers kept", unit="USD", minimum=0
        ),
        Column("reserved_cost", pl.Float64, "the most it could cost", unit="USD", minimum=0),
        Column("reserved_tokens", pl.Int64, "the most tokens it could take", unit="tokens", minimum=0),
        Column("seconds", pl.Float64, "how long it took", unit="s", nullable=True, minimum=0),
        Column("retries", pl.Int64, "which try it was, 0 the first", minimum=0),
        Column("cache_hit", pl.Boolean, "whether the answer was kept from an earlier call"),
        Column("masked", pl.Int64, "secrets masked before it was sent", minimum=0),
        Column("error", pl.String, "why it brought no answer", nullable=True),
    ),
    key=("call_id",),
)
