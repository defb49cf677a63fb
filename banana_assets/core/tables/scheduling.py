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

KIND = pl.Struct(
    {
        "kind": pl.String,
        "runs": pl.Int64,
        "expected_seconds": pl.Float64,
        "p95_seconds": pl.Float64,
        "memory_bytes": pl.Float64,
        "cpu_cores": pl.Float64,
    }
)
"""What a kind of task takes: the median of its latest runs, the 95 % quantile of all, memory and cores at the 95 %
quantile (null where never measured)."""

LEVEL = pl.Struct(
    {
        "at_once": pl.Int64,
        "tasks": pl.Int64,
        "slowdown": pl.Float64,
        "throughput": pl.Float64,
        "low": pl.Float64,
    }
)
"""What was seen with so many tasks at once (core.scheduling.parallelism.Level)."""

BATCH = pl.Struct(
    {
        "kind": pl.String,
        "batches": pl.Int64,
        "size_now": pl.Int64,
        "size": pl.Int64,
        "rate_now": pl.Float64,
        "rate": pl.Float64,
        "bounded_by": pl.String,
        "statement": pl.String,
    }
)
"""The size that batches of a kind should have, in items, and the items a second that it gives, now and then; without a
size the statement says what is lacking."""

PLACE = pl.Struct(
    {
        "task_id": pl.String,
        "kind": pl.String,
        "expected_seconds": pl.Float64,
        "weight": pl.Float64,
        "place": pl.Int64,
        "first_come_place": pl.Int64,
        "begins_at": UTC,
    }
)
"""A task that waits now: its place from 1, the place it has by arrival, and when it should begin."""

VERDICTS = ("saves", "loses", "saves_nothing", "no_clear_difference", "no_waiting")

QUEUE_SCHEDULES = Table(
    "queue_schedules",
    "Queues of builds and tasks: what ordering by weight over expected time would have saved against first come first "
    "served, how many should run at once, how large batches should be, and in which order what waits now should begin.",
    (
        Column("queue_id", pl.String, "hash of origin and queue: the same queue keeps its id"),
        Column("origin", pl.String, "whose tasks they are", allowed=("builds", "tasks")),
        Column("queue", pl.String, "pipeline, or queue of tasks"),
        Column("tasks", pl.Int64, "ended tasks with all three times, which were run again", minimum=0),
        Column("untimed", pl.Int64, "ended tasks that lack a time, left out", minimum=0),
        Column("since", UTC, "arrival of the first of them", nullable=True),
        Column("until", UTC, "end of the last of them", nullable=True),
        Column("at_once", pl.Int64, "tasks that may run at once: the most that were seen", minimum=1),
        Column("seen_wait", pl.Float64, "mean wait as it was", "s", minimum=0),
        Column("first_come_wait", pl.Float64, "mean wait, weighted, run again in the order of arrival", "s", minimum=0),
        Column("ordered_wait", pl.Float64, "the same in the order by weight over expected time", "s", minimum=0),
        Column("perfect_wait", pl.Float64, "the same had run times been known beforehand", "s", minimum=0),
        Column("longest_first_come", pl.Float64, "longest wait in the order of arrival", "s", minimum=0),
        Column("longest_ordered", pl.Float64, "longest wait in the other order", "s", minimum=0),
        Column("saved_seconds", pl.Float64, "waiting saved a task, weighted", "s"),
        Column("saved_low", pl.Float64, "lower end of its 95 % interval over busy spells", "s", nullable=True),
        Column("saved_high", pl.Float64, "upper end of its 95 % interval", "s", nullable=True),
        Column("saved_share", pl.Float64, "share of the waiting of first come first served"),
        Column("spells", pl.Int64, "busy spells with waiting that the interval rests on", minimum=0),
        Column("verdict", pl.String, "whether the order saves waiting", allowed=VERDICTS),
        Column("statement", pl.String, "the same in words"),
        Column("best_at_once", pl.Int64, "how many should run at once, where that can be told", nullable=True),
        Column("bounded_by", pl.String, "what keeps it from being more", nullable=True),
        Column("parallel_statement", pl.String, "the same in words, or what is lacking"),
        Column("levels", pl.List(LEVEL), "throughput at each number that was seen often enough"),
        Column("kinds", pl.List(KIND), "what each kind of task takes"),
        Column("batches", pl.List(BATCH), "how large batches should be"),
        Column("waiting", pl.List(PLACE), "what waits now, in the order in which it should begin"),
    ),
    key=("queue_id",),
    sources={
        "seen_wait": ("builds.queued_at", "builds.started_at", "tasks.queued_at", "tasks.started_at"),
        "saved_seconds": ("builds.duration_seconds", "tasks.duration_seconds"),
        "levels": ("builds.started_at", "builds.finished_at", "tasks.started_at", "tasks.finished_at"),
        "batches": ("tasks.items", "tasks.memory_bytes", "tasks.duration_seconds"),
        "waiting": ("builds.status", "tasks.status"),
    },
)

EXECUTION_WINDOWS = Table(
    "execution_windows",
    "When there is room for each kind of work in the hours ahead, and the risk that there is not.",
    (
        Column("queue_id", pl.String, "the queue (queue_schedules.queue_id)"),
        Column("origin", pl.String, "whose tasks they are", allowed=("builds", "tasks")),
        Column("queue", pl.String, "pipeline, or queue of tasks"),
        Column("kind", pl.String, "what sort of work"),
        Column("host", pl.String, "the host whose forecasts were looked at; empty where none has any"),
        Column("begins_at", UTC, "from when on it may begin"),
        Column("ends_at", UTC, "until when it may begin"),
        Column("best_at", UTC, "when the risk is least"),
        Column("risk", pl.Float64, "chance that room runs out while it runs, at best_at", "1", minimum=0, maximum=1),
        Column(
            "peak_risk",
            pl.Float64,
            "the same with spikes of CPU, for which work only waits, counted too",
            minimum=0,
            maximum=1,
        ),
        Column(
            "fits",
            pl.Int64,
            "how many such tasks have room at once at best_at; null where one of its needs was never measured",
            nullable=True,
            minimum=0,
        ),
        Column("runs_seconds", pl.Float64, "how long it is taken to run: the 95 % quantile of what was seen", "s"),
        Column("tightest", pl.String, "what is short first"),
        Column("room", pl.Float64, "how much of that is left at the 90 % level, at best_at"),
        Column("unit", pl.String, "unit of room"),
        Column("rests_on", pl.List(pl.String), "the forecasts and counts that were looked at"),
    ),
    key=("queue_id", "kind", "host", "begins_at"),
    sources={
        "risk": ("resource_usage_predictions.hi95", "resource_usage_predictions.predicted_usage", "builds.started_at"),
        "peak_risk": ("resource_usage.peak", "resource_usage.mean"),
        "queue_id": ("queue_schedules.queue_id",),
    },
)
