"""Schedules out of the tables: the same for the assets, the command, the tools and the interface."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import polars as pl

from banana_assets.backends.reading_store import ReadingStore
from banana_assets.backends.tables import Tables
from banana_assets.backends.task_records import stored_tasks
from banana_assets.core.scheduling.asked import ACCEPTED_RISK, HOURS_AHEAD, Told
from banana_assets.core.scheduling.history import Queue, queues
from banana_assets.core.tables import (
    BUILDS,
    EXECUTION_WINDOWS,
    QUEUE_SCHEDULES,
    RESOURCE_ROLLUPS,
    RESOURCE_USAGE,
    RESOURCE_USAGE_PREDICTIONS,
    TASKS,
)


@dataclass(frozen=True)
class Schedule:
    """Queues as they stand, with what follows from them. Each table is computed when it is first asked for."""

    tables: Tables
    builds: pl.DataFrame
    tasks: pl.DataFrame
    only: str | None
    predictions: pl.DataFrame
    now: datetime | None
    told: Told
    accepted: float
    hours: int

    @cached_property
    def found(self) -> tuple[Queue, ...]:
        """The queues, or the one that is asked about."""
        return tuple(q for q in queues(self.builds, self.tasks) if self.only is None or q.name == self.only)

    @cached_property
    def queues(self) -> pl.DataFrame:
        """QUEUE_SCHEDULES."""
        from banana_assets.core.scheduling.judging import schedules

        return schedules(self.found, self.now, self.told)

    @cached_property
    def windows(self) -> pl.DataFrame:
        """EXECUTION_WINDOWS."""
        from banana_assets.core.scheduling.room import execution_windows

        return execution_windows(
            self.found,
            self.predictions,
            self.tables.read(RESOURCE_ROLLUPS),
            self.tables.read(RESOURCE_USAGE),
            self.now,
            accepted=self.accepted,
            hours=self.hours,
        )


def schedule(
    tables: Tables,
    *,
    queue: str | None = None,
    told: Told | None = None,
    accepted: float = ACCEPTED_RISK,
    hours: int = HOURS_AHEAD,
    now: datetime | None = None,
    builds: pl.DataFrame | None = None,
    tasks: pl.DataFrame | None = None,
) -> Schedule:
    """The schedule of the queues in the tables, of one where it is named; ``now`` is the latest time in the data unless
    told. ``builds`` and ``tasks`` stand in for the tables where the records know more."""
    known = tables.read(BUILDS) if builds is None else builds
    work = tables.read(TASKS) if tasks is None else tasks
    predictions = tables.read(RESOURCE_USAGE_PREDICTIONS)
    return Schedule(
        tables=tables,
        builds=known,
        tasks=work,
        only=queue,
        predictions=predictions,
        now=now or _latest(known, work, predictions),
        told=told or Told(),
        accepted=accepted,
        hours=hours,
    )


@dataclass(frozen=True)
class Answer:
    """QUEUE_SCHEDULES, EXECUTION_WINDOWS, and the latest time in the data, from which both count."""

    queues: pl.DataFrame
    windows: pl.DataFrame
    now: datetime | None


def schedule_now(
    store: ReadingStore,
    tables: Tables,
    *,
    queue: str | None = None,
    told: Told | None = None,
    accepted: float = ACCEPTED_RISK,
    hours: int = HOURS_AHEAD,
) -> Answer:
    """The schedule of what the records hold at this moment: as it was computed, where that is still so and no limit is
    told, else computed here."""
    builds, tasks = store.builds(), stored_tasks(store.records)
    windows = tables.read(EXECUTION_WINDOWS)
    known = _computed(tables, windows, builds, tasks)
    made = schedule(tables, queue=queue, told=told, accepted=accepted, hours=hours, builds=builds, tasks=tasks)
    rows = _of(tables.read(QUEUE_SCHEDULES), queue) if known and made.told == Told() else made.queues
    # Windows follow from forecasts and what work takes, whatever limits are told.
    if not known or accepted != ACCEPTED_RISK or hours > HOURS_AHEAD:
        return Answer(rows, made.windows, made.now)
    windows = _of(windows, queue)
    if made.now is not None and hours < HOURS_AHEAD:
        end = made.now + timedelta(hours=hours)
        windows = windows.filter(pl.col("begins_at") < end, pl.col("best_at") < end)
        windows = windows.with_columns(pl.min_horizontal("ends_at", pl.lit(end)))
    return Answer(rows, windows, made.now)


def _of(frame: pl.DataFrame, queue: str | None) -> pl.DataFrame:
    return frame if queue is None else frame.filter(pl.col("queue") == queue)


def _computed(tables: Tables, windows: pl.DataFrame, builds: pl.DataFrame, tasks: pl.DataFrame) -> bool:
    """Whether the tables hold just these builds and tasks, and these windows were looked for."""
    if any(tables.version(table) is None for table in (QUEUE_SCHEDULES, EXECUTION_WINDOWS, BUILDS, TASKS)):
        return False
    if windows["peak_risk"].null_count():
        return False  # An earlier version of the table says less.
    return all(
        tables.read(table).sort(*table.key).equals(rows.sort(*table.key))
        for table, rows in ((BUILDS, builds), (TASKS, tasks))
    )


def latest(tables: Tables) -> datetime | None:
    """The latest time in the tables, from which schedules count."""
    return _latest(tables.read(BUILDS), tables.read(TASKS), tables.read(RESOURCE_USAGE_PREDICTIONS))


def _latest(builds: pl.DataFrame, tasks: pl.DataFrame, predictions: pl.DataFrame) -> datetime | None:
    times = [frame[column].max() for frame in (builds, tasks) for column in ("finished_at", "queued_at")]
    return max((t for t in (*times, predictions["made_at"].max()) if isinstance(t, datetime)), default=None)
