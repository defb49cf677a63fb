"""Queues out of tables: the tasks that ended, as they can be run again, and those that wait now."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import polars as pl

from banana_assets.core.evidence import stable_id
from banana_assets.core.scheduling.estimates import Past
from banana_assets.core.scheduling.types import Task

RECENT = 5_000
"""Latest ended tasks of a queue that are run again."""

ENDED = ("success", "failed", "error", "cancelled")


@dataclass(frozen=True)
class Queue:
    """A queue: ``past`` by arrival, what waits and runs now (their times are not known yet), the kind of each task, and
    ``batches`` (kind, items, seconds, memory_bytes). ``untimed`` ended tasks lack a time, ``older`` ones
    ended before the latest RECENT, ``blocked`` ones wait for tasks that did not succeed; all are left out."""

    origin: str
    name: str
    past: tuple[Past, ...]
    waiting: tuple[Task, ...]
    running: tuple[Task, ...]
    kinds: dict[str, str]
    untimed: int
    older: int
    blocked: int
    batches: pl.DataFrame

    @property
    def queue_id(self) -> str:
        """The same for the same origin and name."""
        return stable_id("queue", self.origin, self.name)


def queues(builds: pl.DataFrame, tasks: pl.DataFrame) -> list[Queue]:
    """The queues of BUILDS, one a pipeline, and of TASKS, in settled order."""
    common = pl.concat([_of_builds(builds), _of_tasks(tasks)], how="vertical")
    return [
        _queue(str(origin), str(name), group)
        for (origin, name), group in common.group_by("origin", "queue", maintain_order=True)
    ]


def _of_builds(builds: pl.DataFrame) -> pl.DataFrame:
    """A job that begins after others of its run waits since the last of those ended: that is no queue, but an order."""
    run = ["pipeline", "branch", "commit_sha", "queued_at"]
    timed = builds.filter(pl.col("commit_sha").is_not_null()).drop_nulls(["queued_at", "started_at", "finished_at"])
    before = (
        timed.select(*run, "build_id", "started_at")
        .join(timed.select(*run, other="build_id", ended="finished_at"), on=run, nulls_equal=True)
        .filter(pl.col("build_id") != pl.col("other"), pl.col("ended") <= pl.col("started_at"))
        .group_by("build_id")
        .agg(pl.col("ended").max())
    )
    return (
        builds.join(before, on="build_id", how="left", maintain_order="left")
        .select(
            origin=pl.lit("builds"),
            queue=pl.col("pipeline"),
            task_id=pl.col("build_id"),
            kind=pl.col("job"),
            status=pl.col("status"),
            arrived=pl.max_horizontal("queued_at", pl.col("ended").fill_null(pl.col("queued_at"))),
            started_at=pl.col("started_at"),
            finished_at=pl.col("finished_at"),
            weight=pl.lit(1.0),
            items=pl.lit(None, pl.Int64),
            memory_bytes=pl.lit(None, pl.Float64),
            cpu_cores=pl.lit(None, pl.Float64),
            after=pl.lit([], pl.List(pl.String)),
        )
        .sort("queue", "arrived", "task_id")
    )


def _of_tasks(tasks: pl.DataFrame) -> pl.DataFrame:
    return tasks.select(
        origin=pl.lit("tasks"),
        queue=pl.col("queue"),
        task_id=pl.col("task_id"),
        kind=pl.col("kind"),
        status=pl.col("status"),
        arrived=pl.col("queued_at"),
        started_at=pl.col("started_at"),
        finished_at=pl.col("finished_at"),
        weight=pl.col("weight"),
        items=pl.col("items"),
        memory_bytes=pl.col("memory_bytes"),
        cpu_cores=pl.col("cpu_cores"),
        after=pl.col("after"),
    ).sort("queue", "arrived", "task_id")


def _queue(origin: str, name: str, rows: pl.DataFrame) -> Queue:
    ended = rows.filter(pl.col("status").is_in(ENDED))
    whole = ended.drop_nulls(["arrived", "started_at", "finished_at"]).filter(
        pl.col("started_at") <= pl.col("finished_at")
    )
    timed = whole.sort("finished_at", "task_id").tail(RECENT).sort("arrived", "task_id")
    past = [_past(row, name) for row in timed.iter_rows(named=True)]
    batches = ended.drop_nulls(["items", "started_at", "finished_at"]).filter(pl.col("items") > 0)
    asked = list(_now(rows.filter(status="queued")))
    lost = _blocked(asked, set(ended.filter(pl.col("status") != "success")["task_id"]))
    return Queue(
        origin=origin,
        name=name,
        past=tuple(_as_they_ran(past)),
        waiting=tuple(t for t in asked if t.task_id not in lost),
        running=tuple(_now(rows.filter(status="running"))),
        kinds={str(i): str(k) for i, k in rows.select("task_id", "kind").iter_rows()},
        untimed=ended.height - whole.height,
        older=max(0, whole.height - RECENT),
        blocked=len(lost),
        batches=batches.with_columns(
            seconds=(pl.col("finished_at") - pl.col("started_at")).dt.total_microseconds() / 1e6
        ).select("kind", "items", "seconds", "memory_bytes"),
    )


def _blocked(asked: list[Task], unsuccessful: set[str]) -> set[str]:
    """The tasks that wait for one that did not succeed, or for one that waits for such a one."""
    followers: dict[str, list[str]] = {}
    for task in asked:
        for before in task.after:
            followers.setdefault(before, []).append(task.task_id)
    found: set[str] = set()
    left = list(unsuccessful & followers.keys())
    while left:
        for follower in followers.get(left.pop(), ()):
            if follower not in found:
                found.add(follower)
                left.append(follower)
    return found


def _as_they_ran(past: list[Past]) -> Iterator[Past]:
    """The tasks without dependencies that their own times deny, so that no ring is left."""
    known = {p.task_id: p for p in past}
    for one in past:
        kept = [
            a
            for a in one.after
            if (before := known.get(a)) is not None
            and before.finished <= one.started
            and (before.started, a) < (one.started, one.task_id)
        ]
        yield replace(one, after=tuple(kept)) if len(kept) < len(one.after) else one


def _past(row: dict[str, object], queue: str) -> Past:
    arrived, started, finished = (_seconds(row[n]) for n in ("arrived", "started_at", "finished_at"))
    return Past(
        task_id=str(row["task_id"]),
        kind=str(row["kind"]),
        group=queue,
        arrived=min(arrived, started),
        started=started,
        finished=finished,
        weight=_amount(row["weight"]),
        memory=_amount(row["memory_bytes"]),
        cpu=_amount(row["cpu_cores"]),
        after=tuple(str(a) for a in row["after"] or ()),  # type: ignore[attr-defined]
    )


def _now(rows: pl.DataFrame) -> Iterator[Task]:
    """Tasks that have not ended; how long they are expected to run is filled in from the past."""
    for row in rows.iter_rows(named=True):
        # What runs counts from its begin: how long it still takes is reckoned from there.
        arrived = row["started_at"] if row["status"] == "running" else row["arrived"]
        yield Task(
            task_id=str(row["task_id"]),
            arrived=_seconds(arrived) if arrived else math.inf,
            runtime=0.0,
            expected=0.0,
            weight=_amount(row["weight"]),
            memory=_amount(row["memory_bytes"]),
            cpu=_amount(row["cpu_cores"]),
            after=tuple(row["after"] or ()),
        )


def _seconds(moment: object) -> float:
    if not isinstance(moment, datetime):
        raise TypeError(f"{moment!r} is no time")
    return moment.astimezone(UTC).timestamp()


def _amount(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
