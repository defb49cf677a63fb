"""Readings of what a running command uses: CPU, memory, disk and network, its children included."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psutil

Readings = dict[str, float]
"""Metric (with its unit in the name) to value."""

Sink = Callable[[datetime, Readings], None]


@dataclass
class _Process:
    """What was last read of one process; its totals stay when it is gone."""

    read_bytes: int = 0
    written_bytes: int = 0


@dataclass
class TreeReader:
    """Reads a process and its descendants. Rates are over the time since the last reading."""

    pid: int
    cores: int = field(default_factory=lambda: available_cores())
    processes: dict[tuple[int, float], _Process] = field(default_factory=dict)
    peak_memory: int = 0
    _cpu: float = 0.0
    _disk: tuple[int, int] = (0, 0)
    _network: tuple[int, int] | None = None
    _at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._network = network_totals()

    def read(self) -> Readings | None:
        """The readings of now, None when the process is gone.

        ``cpu_percent`` is of all cores that may be used, so 100 is the machine's limit; ``memory_used_bytes`` the sum
        of resident sets; the network is that of the whole host, since processes have no counters of their own.
        """
        try:
            root = psutil.Process(self.pid)
            tree = [root, *root.children(recursive=True)]
        except psutil.Error:
            return None
        cpu, memory = 0.0, 0
        for process in tree:
            used = self._one(process)
            if used is not None:
                cpu, memory = cpu + used[0], memory + used[1]
        if memory == 0:
            # A zombie: it has ended and waits for us.
            return None
        now = time.monotonic()
        seconds = max(now - self._at, 1e-3)
        disk = (
            sum(p.read_bytes for p in self.processes.values()),
            sum(p.written_bytes for p in self.processes.values()),
        )
        self.peak_memory = max(self.peak_memory, memory)
        readings = {
            "cpu_percent": min(100.0, max(0.0, cpu - self._cpu) / seconds / self.cores * 100),
            "memory_used_bytes": float(memory),
            "disk_read_bytes_per_second": max(0, disk[0] - self._disk[0]) / seconds,
            "disk_written_bytes_per_second": max(0, disk[1] - self._disk[1]) / seconds,
        }
        network = network_totals()
        if network is not None and self._network is not None:
            readings["host_network_received_bytes_per_second"] = max(0, network[0] - self._network[0]) / seconds
            readings["host_network_sent_bytes_per_second"] = max(0, network[1] - self._network[1]) / seconds
        self._cpu, self._disk, self._network, self._at = max(cpu, self._cpu), disk, network, now
        return readings

    def _one(self, process: psutil.Process) -> tuple[float, int] | None:
        try:
            with process.oneshot():
                times = process.cpu_times()
                memory = process.memory_info().rss
                key = (process.pid, process.create_time())
        except psutil.Error:
            return None
        try:
            io = process.io_counters()
            self.processes[key] = _Process(io.read_bytes, io.write_bytes)
        except (psutil.Error, AttributeError):
            # Another user's process, or a system that counts no bytes for processes.
            self.processes.setdefault(key, _Process())
        # The times of children that ended and were waited for go over to their parent, so the sum never loses them.
        return times.user + times.system + times.children_user + times.children_system, int(memory)


class Sampler(threading.Thread):
    """Reads a process tree every ``interval`` seconds until it is stopped, handing each reading to ``sink``."""

    def __init__(self, pid: int, interval: float, sink: Sink) -> None:
        super().__init__(name="sampler", daemon=True)
        self.reader = TreeReader(pid)
        self.interval, self.sink = interval, sink
        self.count = 0
        self._ended = threading.Event()

    def run(self) -> None:
        """Read until stopped; the first reading comes early, so that short commands have one."""
        wait = min(0.1, self.interval)
        while not self._ended.wait(wait):
            readings = self.reader.read()
            if readings is not None:
                self.sink(datetime.now(UTC), readings)
                self.count += 1
            wait = self.interval

    def stop(self) -> None:
        """End it; no reading comes after this returns."""
        self._ended.set()
        self.join()


def whole_run(seconds: float, cpu_seconds: float, peak_memory_bytes: int) -> Readings:
    """The readings for a whole short run, from what the system counted for it when it ended."""
    share = cpu_seconds / max(seconds, 1e-3) / available_cores() * 100
    return {"cpu_percent": min(100.0, share), "memory_used_bytes": float(peak_memory_bytes)}


def available_cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def network_totals() -> tuple[int, int] | None:
    """Bytes received and sent by the host, loopback left out; None where the system does not say."""
    try:
        counters = psutil.net_io_counters(pernic=True)
    except (OSError, psutil.Error):
        return None
    nics = [c for name, c in counters.items() if name != "lo" and not name.startswith("lo0")]
    return sum(c.bytes_recv for c in nics), sum(c.bytes_sent for c in nics)
