"""What came in: log files and their events, builds, test results, resource samples."""

from __future__ import annotations

import polars as pl

from banana_assets.core.schema import Column, Table
from banana_assets.core.tables.common import ARRIVAL_DAY, BUILD_ID, FILE_ID, UTC
from banana_assets.core.vocabulary import BUILD_STATUSES, TEST_STATUSES

LOG_FILES = Table(
    "log_files",
    "Ingested application logs, a row a file (or the grown tail of one), with what was odd about its bytes.",
    (
        FILE_ID,
        Column("source", pl.String, "what writes this log: a service or program name"),
        Column("path", pl.String, "where it was read from"),
        Column("sha256", pl.String, "content address of the stored bytes"),
        Column("bytes", pl.Int64, "uncompressed size", "bytes", minimum=0),
        Column("lines", pl.Int64, "lines in these bytes, split at LF", "lines", minimum=0),
        Column("first_line", pl.Int64, "line number in the original file of the first line stored here", minimum=1),
        Column(
            "invalid_utf8_lines", pl.Int64, "lines with bytes that are no UTF-8 (kept, replaced by U+FFFD)", "lines"
        ),
        Column("nul_lines", pl.Int64, "lines with NUL bytes (kept)", "lines"),
        Column("long_lines", pl.Int64, "lines over 64 KiB (kept whole in the blob, cut in the tables)", "lines"),
        Column("arrived_at", UTC, "when it was ingested"),
        ARRIVAL_DAY,
    ),
    key=("file_id",),
)

LOG_EVENTS = Table(
    "log_events",
    "One row a log event: a line with its continuation lines (stack trace, wrapped text).",
    (
        ARRIVAL_DAY,
        FILE_ID,
        Column("first_line", pl.Int64, "first line of the event in its file", minimum=1),
        Column("last_line", pl.Int64, "last line of the event in its file", minimum=1),
        Column("ts", UTC, "time written in the line; null where it carries none", nullable=True),
        Column("severity_number", pl.Int16, "OpenTelemetry severity number, 0 unknown", minimum=0, maximum=24),
        Column("severity_text", pl.String, "the level as the line writes it", nullable=True),
        Column("host", pl.String, "host named in the header", nullable=True),
        Column("component", pl.String, "logger, unit or module named in the header", nullable=True),
        Column("process", pl.String, "process id named in the header", nullable=True),
        Column("thread", pl.String, "thread named in the header", nullable=True),
        Column("message", pl.String, "the text after the header, first line"),
        Column("shape_id", pl.Int64, "hash of the message with its variables masked (log_shapes.shape_id)"),
    ),
    key=("file_id", "first_line"),
    partition_by=("arrival_day",),
    sources={"file_id": ("log_files.file_id",), "arrival_day": ("log_files.arrival_day",)},
)

BUILDS = Table(
    "builds",
    "One row a run of a CI pipeline or a recorded command.",
    (
        BUILD_ID,
        Column("pipeline", pl.String, "pipeline or workflow name"),
        Column("job", pl.String, "job in the pipeline; the unit whose runs are compared with each other"),
        Column("branch", pl.String, "branch that was built", nullable=True),
        Column("commit_sha", pl.String, "commit that was built", nullable=True),
        Column("status", pl.String, "how it stands", allowed=BUILD_STATUSES),
        Column("exit_code", pl.Int32, "exit status of the command, negative for a signal", nullable=True),
        Column("command", pl.String, "the command, for a recorded one", nullable=True),
        Column("queued_at", UTC, "when it was asked for", nullable=True),
        Column("started_at", UTC, "when it began to run", nullable=True),
        Column("finished_at", UTC, "when it ended", nullable=True),
        Column("duration_seconds", pl.Float64, "time it ran", "s", nullable=True, minimum=0),
        Column("log_sha256", pl.String, "content address of its log", nullable=True),
        Column("log_lines", pl.Int64, "lines of its log", "lines", minimum=0),
        Column("log_bytes", pl.Int64, "size of its log", "bytes", minimum=0),
        Column("origin", pl.String, "how it came in: folder, archive, record, api"),
        Column("path", pl.String, "where its log was read from", nullable=True),
        Column("arrived_at", UTC, "when it was ingested"),
        ARRIVAL_DAY,
    ),
    key=("build_id",),
)

TEST_RESULTS = Table(
    "test_results",
    "One row a test and build: what the test report (JUnit XML) or the log said of it.",
    (
        ARRIVAL_DAY,
        BUILD_ID,
        Column("suite", pl.String, "suite or file that holds the test, empty where unnamed"),
        Column("classname", pl.String, "class or module, empty where unnamed"),
        Column("name", pl.String, "test name with its parameters"),
        Column("status", pl.String, "how it ended", allowed=TEST_STATUSES),
        Column("duration_seconds", pl.Float64, "time it ran", "s", nullable=True, minimum=0),
        Column("attempts", pl.Int32, "times it was tried", minimum=1),
        Column("message", pl.String, "first lines of what it said when it failed", nullable=True),
        Column("file", pl.String, "source file of the test", nullable=True),
        Column("line", pl.Int64, "line in that file", nullable=True),
        Column("arrived_at", UTC, "when it was ingested"),
    ),
    key=("build_id", "suite", "classname", "name"),
    partition_by=("arrival_day",),
    sources={"build_id": ("builds.build_id",)},
)

RESOURCE_SAMPLES = Table(
    "resource_samples",
    "CPU, memory, disk and network readings, one row a metric and moment.",
    (
        ARRIVAL_DAY,
        Column("series_id", pl.Int64, "which ingested series", minimum=1),
        Column("source", pl.String, "host, or the pipeline whose command was measured"),
        Column("build_id", pl.String, "the build that was measured, where it was one", nullable=True),
        Column("metric", pl.String, "what was read, with its unit in the name (cpu_percent, memory_used_bytes...)"),
        Column("ts", UTC, "when it was read"),
        Column("value", pl.Float64, "the reading, in the metric's unit"),
    ),
    key=("series_id", "metric", "ts"),
    partition_by=("arrival_day",),
    sources={"build_id": ("builds.build_id",)},
)
