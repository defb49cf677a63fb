"""What a person asks of a schedule and of windows, and what is said beside the answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

ACCEPTED_RISK = 0.1
"""The risk that work runs out of room, up to which a time counts as a window unless told."""

HOURS_AHEAD = 48


@dataclass(frozen=True)
class Told:
    """Limits that a person sets: what may be used at once, for all queues."""

    at_once: int | None = None
    memory: float | None = None
    cpu: float | None = None
    batch_seconds: float | None = None


def overtaken(windows: pl.DataFrame, now: datetime | None) -> list[str]:
    """Sentences about the hosts all of whose windows (EXECUTION_WINDOWS) lie before the latest time in the data."""
    if now is None:
        return []
    ends = windows.filter(pl.col("host") != "").group_by("host").agg(pl.col("ends_at").max()).sort("host")
    return [
        f"The forecasts of {host} were made before the latest time in the data ({now:%F %H:%M} UTC): its windows, "
        f"until {end:%F %H:%M} UTC, are over by then."
        for host, end in ends.filter(pl.col("ends_at") <= now).iter_rows()
    ]
