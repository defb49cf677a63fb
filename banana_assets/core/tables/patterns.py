"""What repeats and what failed: shapes and patterns of log events, diagnoses of failed builds."""

from __future__ import annotations

import polars as pl

from banana_assets.core.schema import Column, Table
from banana_assets.core.tables.common import ARRIVAL_DAY, BUILD_ID, FILE_ID, UTC
from banana_assets.core.vocabulary import FAILURE_CATEGORIES, PATTERN_STATES, SEVERITIES

LOG_SHAPES = Table(
    "log_shapes",
    "Distinct masked messages by file and hour with their counts: what patterns and rates are computed from, so that "
    "events are read once.",
    (
        ARRIVAL_DAY,
        FILE_ID,
        Column("source", pl.String, "what writes this log"),
        Column("hour", UTC, "UTC hour of the events; null where lines carry no time", nullable=True),
        Column(
            "shape_id",
            pl.Int64,
            "hash of the shape; that of log_events, but for files where hardly two messages are alike",
        ),
        Column(
            "shape",
            pl.String,
            "the message with its variables masked by name, and <*> for rare words of a file with over 50,000 shapes",
        ),
        Column("severity_number", pl.Int16, "highest severity among the events", minimum=0, maximum=24),
        Column("events", pl.Int64, "events of this shape", minimum=1),
        Column("first_ts", UTC, "earliest event", nullable=True),
        Column("last_ts", UTC, "latest event", nullable=True),
        Column("first_line", pl.Int64, "line of the first event in the file", minimum=1),
        Column("example", pl.String, "message of that first event, at most 2,000 characters"),
    ),
    key=("file_id", "hour", "shape_id"),
    partition_by=("arrival_day",),
    sources={
        "arrival_day": ("log_events.arrival_day",),
        "file_id": ("log_events.file_id",),
        "source": ("log_files.source",),
        "hour": ("log_events.ts",),
        "shape_id": ("log_events.shape_id",),
        "shape": ("log_events.message",),
        "severity_number": ("log_events.severity_number",),
        "events": ("log_events.first_line",),
        "first_ts": ("log_events.ts",),
        "last_ts": ("log_events.ts",),
        "first_line": ("log_events.first_line",),
        "example": ("log_events.message",),
    },
)

EXAMPLE = pl.Struct({"file_id": pl.Int64, "path": pl.String, "line": pl.Int64, "text": pl.String})

FORMER = pl.Struct({"pattern_id": pl.String, "template": pl.String, "kind": pl.String, "changed_on": pl.Date})

GROUP = pl.Struct({"structure": pl.String, "columns": pl.List(pl.List(pl.String)), "shapes": pl.List(pl.Int64)})

LOG_PATTERNS = Table(
    "log_patterns",
    "Log templates over all sources: how often, how bad, since when, what people decided, with example lines.",
    (
        Column("pattern_id", pl.String, "hash of the template: the same tomorrow and on another machine"),
        Column("template", pl.String, "the message with <*> for each variable"),
        Column("named_template", pl.String, "the same with the kind of each variable named: ip, path, number..."),
        Column("frequency", pl.Int64, "events", minimum=1),
        Column(
            "severity_number",
            pl.Int16,
            "highest severity number that a tenth of its events reach",
            minimum=0,
            maximum=24,
        ),
        Column("severity", pl.String, "how much it asks for attention", allowed=SEVERITIES),
        Column("first_seen", UTC, "earliest event; null where its lines carry no time", nullable=True),
        Column("last_seen", UTC, "latest event", nullable=True),
        Column("first_arrived", pl.Date, "arrival day of the first file that had it"),
        Column("last_arrived", UTC, "when the last file that has it arrived"),
        Column(
            "is_new",
            pl.Boolean,
            "whether it first arrived on the latest arrival day, from a source that sent logs on an earlier day too",
        ),
        Column(
            "trend",
            pl.Float64,
            "events an hour in the latest quarter of the hours in which its sources wrote, over those before; null "
            "for fewer than 20 events or 4 hours",
            nullable=True,
            minimum=0,
        ),
        Column(
            "rarity",
            pl.Float64,
            "ln(N / frequency) / ln(N) for the N events of its sources: 1 seen once, 0 all there is",
            "1",
            minimum=0,
            maximum=1,
        ),
        Column("state", pl.String, "what a person decided; kept when the template changes", allowed=PATTERN_STATES),
        Column("regressed", pl.Boolean, "whether it was resolved and has been seen again since, which opens it"),
        Column("sources", pl.List(pl.String), "what writes it"),
        Column("files", pl.Int64, "files that have it", minimum=1),
        Column("shapes", pl.List(pl.Int64), "shapes joined in it (log_shapes.shape_id)"),
        Column(
            "groups",
            pl.List(GROUP),
            "what the miner keeps to add shapes to: those of one structure, and the distinct words in each place; null "
            "where an earlier release wrote the row",
            nullable=True,
        ),
        Column("rules_version", pl.Int32, "version of the mining rules"),
        Column("examples", pl.List(EXAMPLE), "up to three lines, with file and line number"),
        Column(
            "formerly",
            pl.List(FORMER),
            "earlier patterns that its shapes were in: split (a part of one), merged (one of several) or renamed, and "
            "the arrival day whose logs changed it",
        ),
    ),
    key=("pattern_id",),
    sources={
        "pattern_id": ("log_shapes.shape",),
        "template": ("log_shapes.shape",),
        "named_template": ("log_shapes.shape",),
        "frequency": ("log_shapes.events",),
        "severity_number": ("log_shapes.severity_number",),
        "severity": ("log_shapes.severity_number", "log_shapes.events"),
        "first_seen": ("log_shapes.first_ts",),
        "last_seen": ("log_shapes.last_ts",),
        "first_arrived": ("log_shapes.arrival_day",),
        "last_arrived": ("log_files.arrived_at",),
        "is_new": ("log_shapes.arrival_day", "log_shapes.source"),
        "trend": ("log_shapes.hour", "log_shapes.events", "log_shapes.source"),
        "rarity": ("log_shapes.events", "log_shapes.source"),
        "regressed": ("log_shapes.last_ts", "log_files.arrived_at"),
        "sources": ("log_shapes.source",),
        "files": ("log_shapes.file_id",),
        "shapes": ("log_shapes.shape_id",),
        "groups": ("log_shapes.shape",),
        "examples": ("log_shapes.first_line", "log_shapes.example", "log_files.path"),
        "formerly": ("log_shapes.shape_id",),
    },
)

SPAN = pl.Struct({"first": pl.Int64, "last": pl.Int64})

BUILD_FAILURES = Table(
    "build_failures",
    "Why each failed build failed: category, cause lines, failing tests, evidence within a token budget.",
    (
        BUILD_ID,
        Column("category", pl.String, "class of the failure", allowed=FAILURE_CATEGORIES),
        Column("confidence", pl.Float64, "how sure the category is", "1", minimum=0, maximum=1),
        Column("reason", pl.String, "what in the log says so, or why it is unknown"),
        Column("cause", pl.List(SPAN), "lines of the log that explain the failure, 1-based, both ends inclusive"),
        Column("cause_text", pl.String, "those lines"),
        Column("tool", pl.String, "the tool that reported the failure", nullable=True),
        Column("failing_step", pl.String, "step of the build that failed", nullable=True),
        Column("exit_code", pl.Int32, "exit status found in the log or the record", nullable=True),
        Column("failing_tests", pl.List(pl.String), "names of failing tests, in order of appearance"),
        Column("evidence", pl.List(SPAN), "lines of the log that are in the pack"),
        Column("pack", pl.String, "the numbered lines that explain the failure, for a person or a model"),
        Column("pack_tokens", pl.Int64, "estimated tokens of the pack (characters / 4)", "tokens", minimum=0),
        Column("fingerprint", pl.String, "the same for the same failure in another run"),
        Column("log_sha256", pl.String, "the log that was read"),
        Column("rules_version", pl.Int32, "version of the rules that made this diagnosis"),
        Column("failed_at", UTC, "when the build ended, or arrived where that is unknown"),
    ),
    key=("build_id",),
    sources={
        "build_id": ("builds.build_id",),
        "log_sha256": ("builds.log_sha256",),
        "failed_at": ("builds.finished_at",),
    },
)
