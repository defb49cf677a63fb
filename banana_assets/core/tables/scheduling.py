"""Work that waits and runs: tasks of queues beside the builds, when there is room for them, and what an order saves."""

from __future__ import annotations

import polars as pl

from banana_assets.core.schema import Column, Table
from banana_assets.core.tables.common import ARRIVAL_DAY, UTC
from banana_assets.core.vocabulary import BUILD_STATUSES

TASKS = Table(
    "tasks",
    "One row a task of a queue that is no CI build: what kind, when it was asked for, began and ended, and what it "
    "took.",
    (
        Column("queue", pl.String, "which queue or program the task is of"),
        Column("task_id", pl.String, "its id in that queue"),
        Column("kind", pl.String, "what sort of work: tasks of one kind are compared with each other"),
        Column("status", pl.String, "how it stands", allowed=BUILD_STATUSES),
        Column("queued_at", UTC, "when it was asked for", nullable=True),
        Column("started_at", UTC, "when it began to run", nullable=True),
        Column("finished_at", UTC, "when it ended", nullable=True),
        Column("duration_seconds", pl.Float64, "time it ran", "s", nullable=True, minimum=0),
        Column("weight", pl.Float64, "how much a second of its waiting costs, against 1 for others", minimum=0),
        Column("items", pl.Int64, "items in its batch", nullable=True, minimum=0),
        Column("memory_bytes", pl.Float64, "most memory it held", "bytes", nullable=True, minimum=0),
        Column("cpu_cores", pl.Float64, "cores it kept busy", nullable=True, minimum=0),
        Column("after", pl.List(pl.String), "ids of tasks of the queue that had to end before it"),
        Column("retries", pl.Int64, "times it was tried again", minimum=0),
        Column("error", pl.String, "what it said when it failed", nullable=True),
        Column("path", pl.String, "where it was read from"),
        Column("arrived_at", UTC, "when it was ingested, or changed last"),
        ARRIVAL_DAY,
    ),
    key=("queue", "task_id"),
)
