"""Schedules out of the tables: the same for the assets, the command, the tools and the interface."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import polars as pl

from banana_assets.backends.tables import Tables
from banana_assets.core.scheduling.history import Queue, queues
from banana_assets.core.scheduling.judging import Told, schedules
from banana_assets.core.scheduling.room import HOURS_AHEAD, execution_windows
from banana_assets.core.scheduling.windows import ACCEPTED_RISK
from banana_assets.core.tables import BUILDS, RESOURCE_ROLLUPS, RESOURCE_USAGE_PREDICTIONS, TASKS


@dataclass(frozen=True)
class Schedule:
    """Queues as they stand, with what follows from them. Each table is computed when it is first asked for."""

    found: tuple[Queue, ...]
    predictions: pl.DataFrame
    rollups: pl.DataFrame
    now: datetime | None
    told: Told
    accepted: float
    hours: int

    @cached_property
    def queues(self) -> pl.DataFrame:
        """QUEUE_SCHEDULES."""
        return schedules(self.found, self.now, self.told)

    @cached_property
    def windows(self) -> pl.DataFrame:
        """EXECUTION_WINDOWS."""
        return execution_windows(
            self.found, self.predictions, self.rollups, self.now, accepted=self.accepted, hours=self.hours
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
    found = queues(known, work)
    times = [
        frame[column].max()
        for frame, column in (
            (known, "finished_at"),
            (known, "queued_at"),
            (work, "finished_at"),
            (work, "queued_at"),
            (predictions, "made_at"),
        )
    ]
    latest = max((t for t in times if isinstance(t, datetime)), default=None)
    return Schedule(
        found=tuple(q for q in found if queue is None or q.name == queue),
        predictions=predictions,
        rollups=tables.read(RESOURCE_ROLLUPS),
        now=now or latest,
        told=told or Told(),
        accepted=accepted,
        hours=hours,
    )
