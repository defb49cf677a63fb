"""Readings of the whole host: CPU, memory, disk, network. Rates are over the time since the readings before."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import psutil

from banana_assets.backends.sampling import Readings, network_totals

LONGEST_RATE_SECONDS = 3600.0
"""Counters that were read longer ago say too little about now."""


@dataclass(frozen=True)
class Totals:
    """What the host has counted since it started. ``monotonic`` (s) and ``boot`` (s since 1970) tell which start."""

    monotonic: float
    boot: float
    cpu_busy: float
    cpu_all: float
    disk_read: int | None
    disk_written: int | None
    received: int | None
    sent: int | None

    @classmethod
    def now(cls) -> Self:
        """The counters of this moment; None where the system has none."""
        cpu = psutil.cpu_times()._asdict()
        # Linux counts the time of guests into user and nice as well.
        spent = sum(v for k, v in cpu.items() if k not in ("guest", "guest_nice"))
        idle = cpu["idle"] + cpu.get("iowait", 0.0)
        disk, network = _disk_totals(), network_totals()
        return cls(
            monotonic=time.monotonic(),
            boot=psutil.boot_time(),
            cpu_busy=spent - idle,
            cpu_all=spent,
            disk_read=disk[0] if disk else None,
            disk_written=disk[1] if disk else None,
            received=network[0] if network else None,
            sent=network[1] if network else None,
        )

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self | None:
        """Totals that ``as_dict`` wrote; None for anything else."""
        try:
            return cls(**values)
        except TypeError:
            return None

    def as_dict(self) -> dict[str, Any]:
        """The totals as plain values."""
        return asdict(self)


def host_readings(before: Totals | None, now: Totals, folder: Path) -> Readings:
    """What the host uses: rates since ``before``, levels as they are. The disk is the one that holds ``folder``.

    Without totals from before, from before a restart, or from over an hour ago, there are no rates; a counter that
    fell (a device that went away) has none either. ``cpu_percent`` is of all cores.
    """
    memory, swap, disk = psutil.virtual_memory(), psutil.swap_memory(), _usage_of(folder)
    levels: Readings = {
        "memory_used_bytes": float(memory.total - memory.available),
        "memory_percent": float(memory.percent),
    }
    if swap.total:
        levels["swap_percent"] = float(swap.percent)
    if disk is not None:
        levels |= {"disk_used_bytes": float(disk.used), "disk_percent": float(disk.percent)}
    if hasattr(os, "getloadavg"):
        levels["load_average_1m"] = os.getloadavg()[0]
    if before is None or abs(now.boot - before.boot) > 5:
        return levels
    seconds = now.monotonic - before.monotonic
    if not 0 < seconds <= LONGEST_RATE_SECONDS:
        return levels
    rates: Readings = {}
    if now.cpu_all > before.cpu_all and now.cpu_busy >= before.cpu_busy:
        rates["cpu_percent"] = min(100.0, (now.cpu_busy - before.cpu_busy) / (now.cpu_all - before.cpu_all) * 100)
    for name, new, old in (
        ("disk_read_bytes_per_second", now.disk_read, before.disk_read),
        ("disk_written_bytes_per_second", now.disk_written, before.disk_written),
        ("network_received_bytes_per_second", now.received, before.received),
        ("network_sent_bytes_per_second", now.sent, before.sent),
    ):
        if new is not None and old is not None and new >= old:
            rates[name] = (new - old) / seconds
    return rates | levels


def host_name() -> str:
    """What this host is called as a source."""
    return socket.gethostname() or "host"


def _disk_totals() -> tuple[int, int] | None:
    try:
        counters = psutil.disk_io_counters()
    except (OSError, RuntimeError, psutil.Error):
        return None
    return (counters.read_bytes, counters.write_bytes) if counters else None


def _usage_of(folder: Path) -> Any:
    there = next((p for p in (folder, *folder.parents) if p.exists()), None)
    try:
        return psutil.disk_usage(str(there)) if there else None
    except OSError:
        return None
