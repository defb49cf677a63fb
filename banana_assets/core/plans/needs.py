"""What steps need and what there is: measured in earlier builds of the job, and forecast for the machines."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from banana_assets.core.plans.types import Requirement

LATEST_BUILDS = 20
MIB, GIB = float(1 << 20), float(1 << 30)

UNITS: Mapping[str, tuple[str, ...]] = {
    "cpu": ("percent", "cores"),
    "memory": ("GiB", "MiB"),
    "disk": ("GiB", "MiB", "MiB/s"),
    "network": ("MiB/s", "GiB", "MiB"),
}
"""The units of each resource, the usual one first. ``percent`` is of all cores of the machine."""

_MEASURED = {
    "cpu_percent": ("cpu", "percent", 1.0),
    "memory_used_bytes": ("memory", "GiB", GIB),
    "disk_written_bytes_per_second": ("disk", "MiB/s", MIB),
    "disk_write_bytes_per_second": ("disk", "MiB/s", MIB),
    "host_network_received_bytes_per_second": ("network", "MiB/s", MIB),
}
_SIZES = {"MiB": MIB, "GiB": GIB}
NEGLIGIBLE = 0.01
"""An amount below this, in its usual unit, is not worth a word."""

FULL = 90.0
"""A machine whose processor is forecast to be this busy (%) has none left."""

Job = tuple[str, str]


@dataclass(frozen=True)
class Room:
    """What is left of a resource on a machine at the peak of its forecast (upper end of the 80 % interval)."""

    type: str
    source: str
    free: float
    unit: str
    peak: float
    limit: float

    @property
    def told(self) -> str:
        """``9.3 GiB of 23.5 GiB on ci-1``."""
        return f"{self.free:.3g} of {self.limit:.3g} {self.unit} on {self.source}"


def job_needs(rollups: pl.DataFrame, series: pl.DataFrame, builds: pl.DataFrame) -> dict[Job, tuple[Requirement, ...]]:
    """The highest use in the latest 20 measured builds of each (pipeline, job).

    ``rollups`` are RESOURCE_ROLLUPS, ``series`` tells the build of each series_id (``Store.resource_series``).
    """
    of_build = series.drop_nulls("build_id").select("series_id", "build_id")
    known = builds.select("build_id", "pipeline", "job", at=pl.coalesce("finished_at", "arrived_at"))
    read = rollups.filter(pl.col("metric").is_in(list(_MEASURED))).join(of_build, on="series_id")
    peaks = read.group_by("build_id", "metric").agg(pl.col("peak").max()).drop_nulls("peak").join(known, on="build_id")
    latest = peaks.sort("at", "build_id", descending=True).group_by("pipeline", "job", "metric", maintain_order=True)
    found: dict[Job, list[Requirement]] = {}
    for (pipeline, job, metric), group in latest:
        kind, unit, factor = _MEASURED[str(metric)]
        amount = float(group.head(LATEST_BUILDS)["peak"].max()) / factor  # type: ignore[arg-type]
        if amount >= NEGLIGIBLE:
            found.setdefault((str(pipeline), str(job)), []).append(Requirement(kind, _rounded(amount), unit))
    return {job: tuple(sorted(needs, key=lambda r: (r.type, r.unit))) for job, needs in found.items()}


def job_minutes(builds: pl.DataFrame) -> dict[Job, float]:
    """The median time (minutes) of the latest 20 timed builds of each (pipeline, job)."""
    timed = builds.drop_nulls("duration_seconds").sort(pl.coalesce("finished_at", "arrived_at"), descending=True)
    latest = timed.group_by("pipeline", "job", maintain_order=True).head(LATEST_BUILDS)
    median = latest.group_by("pipeline", "job").agg(pl.col("duration_seconds").median() / 60)
    return {(pipeline, job): minutes for pipeline, job, minutes in median.iter_rows()}


def rooms(predictions: pl.DataFrame, pipelines: Collection[str] = ()) -> tuple[Room, ...]:
    """What the newest forecasts (RESOURCE_USAGE_PREDICTIONS) leave of memory, disk and processor, by machine.

    Series of ``pipelines`` were read in builds, and tell nothing of a machine. Only series whose limit is known say
    what is left: those with a ``crossing``.
    """
    ahead = predictions.filter("current") if predictions.height else predictions
    ahead = ahead.drop_nulls("crossing").filter(~pl.col("source").is_in(list(pipelines)))
    if not ahead.height:
        return ()
    peaks = ahead.group_by("source", "metric", "resource_type").agg(
        pl.col("hi80").max(), limit=pl.col("crossing").struct.field("limit").first()
    )
    found = []
    for row in peaks.drop_nulls("limit").sort("source", "metric").iter_rows(named=True):
        kind, peak, limit = row["resource_type"], row["hi80"], row["limit"]
        if row["metric"].endswith("_used_bytes") and kind in ("memory", "disk"):
            peak, limit, unit = peak / GIB, limit / GIB, "GiB"
        elif kind == "cpu" and row["metric"].endswith("percent"):
            unit = "percent"
        else:
            continue
        found.append(Room(kind, row["source"], max(0.0, limit - peak), unit, peak, limit))
    return tuple(found)


def fits(need: Requirement, there: Iterable[Room]) -> tuple[bool, str] | None:
    """Whether some machine has room for it by forecast, and in words; None where none of it is forecast.

    Machines differ, so a share of one processor cannot be set against another: of cpu only is asked whether a machine
    is left with any.
    """
    amount = in_gib(need) if need.type in ("memory", "disk") else None
    mine = [room for room in there if room.type == need.type]
    if need.type == "cpu" and mine:
        best = min(mine, key=lambda room: room.peak)
        told = f"the processor of {best.source} is forecast to be up to {best.peak:.0f} % busy"
        return best.peak < FULL, told
    if amount is None or not mine:
        return None
    best = max(mine, key=lambda room: room.free)
    return amount <= best.free, f"{need.type}: {amount:.3g} GiB of {best.free:.3g} GiB that {best.source} has left"


def in_gib(need: Requirement) -> float | None:
    """An amount of memory or disk in GiB; None where the unit is a rate or another one."""
    size = _SIZES.get(need.unit)
    return None if size is None else need.amount * size / GIB


def _rounded(amount: float) -> float:
    return float(f"{amount:.2g}") if amount < 10 else float(round(amount))
