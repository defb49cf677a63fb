"""Watching: readings at even intervals until it is told to stop, of the host, of processes and of exporters."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, Protocol
from urllib.parse import urlsplit

import polars as pl
import psutil

from banana_assets.backends.host import Totals, host_name, host_readings
from banana_assets.backends.ingest.prometheus import SCHEMA, as_readings, parse_exposition, scrape
from banana_assets.backends.ingest.resources import in_base_units
from banana_assets.backends.sample_spool import SampleSpool, recover_samples
from banana_assets.backends.sampling import Readings, TreeReader
from banana_assets.backends.settings import Settings
from banana_assets.backends.store import open_store
from banana_assets.core.errors import InputError, StoreError
from banana_assets.core.evidence import plural

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Told:
    """What to watch: seconds between readings and in all, processes, exporters, a command to run, the host."""

    interval: float
    duration: float | None = None
    pids: Sequence[int] = ()
    urls: Sequence[str] = ()
    match: Sequence[str] = ()
    command: Sequence[str] = ()
    host: bool = True
    source: str | None = None


@dataclass(frozen=True)
class Done:
    """How it went: readings taken, those stored, how long it took, and the status to exit with."""

    readings: int
    stored: int
    seconds: float
    status: int


class Watched(Protocol):
    """Something that is read again and again."""

    def read(self) -> dict[str, Readings] | None:
        """Source to readings; None once there is nothing to read any more."""


def watch_all(settings: Settings, told: Told, tell: Tell) -> Done:
    """Take readings until the time is over, everything that was watched is gone, or SIGINT or SIGTERM comes.

    What is read is on disk at once, and in the store every few minutes and at the end. Raises InputError for what
    cannot be watched, and StoreError when readings can no longer be kept.
    """
    _recover(settings, tell)
    with _stopping() as stop:
        process = _start(told.command) if told.command else None
        try:
            watched = _targets(settings, told, process)
            done = _loop(settings, told, watched, process, stop, tell)
        except BaseException:
            if process is not None and process.poll() is None:
                process.terminate()
            raise
    return done


def _loop(
    settings: Settings,
    told: Told,
    watched: list[Watched],
    process: subprocess.Popen[bytes] | None,
    stop: threading.Event,
    tell: Tell,
) -> Done:
    spool, stored, round_, complained = SampleSpool(settings), 0, 0, ""
    began = time.monotonic()
    while watched:
        now = datetime.now(UTC)
        for target in list(watched):
            try:
                found = target.read()
            except InputError as error:
                if str(error) != complained:
                    complained = str(error)
                    tell(complained)
                continue
            if found is None:
                watched.remove(target)
            for source, readings in (found or {}).items():
                spool.add(now, source, readings)
        if spool.due(now):
            stored += _store(spool, tell)
        over = told.duration is not None and time.monotonic() - began >= told.duration
        if stop.is_set() or over or (process is not None and process.poll() is not None):
            break
        # Even intervals: what reading takes does not add up, and rounds that were missed are left out.
        round_ = max(round_ + 1, int((time.monotonic() - began) / told.interval))
        until = began + round_ * told.interval
        if told.duration is not None:
            until = min(until, began + told.duration)
        _wait(until, stop, process)
    status = _end(process)
    stored += _store(spool, tell)
    return Done(spool.count, stored, time.monotonic() - began, status)


def _wait(until: float, stop: threading.Event, process: subprocess.Popen[bytes] | None) -> None:
    while (left := until - time.monotonic()) > 0:
        # A command that ends is not waited for to the next reading.
        if stop.wait(left if process is None else min(left, 0.2)) or (
            process is not None and process.poll() is not None
        ):
            return


def _store(spool: SampleSpool, tell: Tell) -> int:
    try:
        return spool.store()
    except StoreError as error:
        tell(f"{error} The readings wait in {spool.folder}.")
        return 0


def _recover(settings: Settings, tell: Tell) -> None:
    with open_store(settings) as store:
        if recovered := recover_samples(store):
            tell(f"took in {plural(recovered, 'reading')} of a watch that was cut off.")


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command)
    except FileNotFoundError as error:
        raise InputError(f"There is no command {command[0]!r}.", "Check its name and PATH.") from error
    except OSError as error:
        raise InputError(
            f"The command {command[0]!r} cannot be run: {error.strerror}.", "Check its permissions."
        ) from error


def _end(process: subprocess.Popen[bytes] | None) -> int:
    """The command's exit status, once it has ended; 0 without one."""
    if process is None:
        return 0
    if process.poll() is None:
        process.terminate()
    code = process.wait()
    return code if code >= 0 else 128 - code


def _targets(settings: Settings, told: Told, process: subprocess.Popen[bytes] | None) -> list[Watched]:
    found: list[Watched] = []
    if told.host:
        found.append(_Host(settings.home, told.source or host_name()))
    if process is not None:
        found.append(_Tree(process.pid, told.source or Path(told.command[0]).name, counted=True))
    for pid in told.pids:
        try:
            name = psutil.Process(pid).name()
        except psutil.Error as error:
            raise InputError(f"There is no process {pid}.", "`ps` lists them.") from error
        found.append(_Tree(pid, told.source or (f"{name}-{pid}" if len(told.pids) > 1 else name)))
    for url in told.urls:
        scrape(url)
        found.append(_Exporter(url, told.source or urlsplit(url).netloc, told.match))
    if not found:
        raise InputError("There is nothing to watch.", "Leave --no-host away, or name --pid, --url or a command.")
    if told.source is not None and len(found) > 1:
        raise InputError("Several things cannot have one --source.", "Leave it away, or watch one of them.")
    return found


@dataclass
class _Host:
    folder: Path
    source: str
    before: Totals | None = field(default_factory=Totals.now)
    first: bool = True

    def read(self) -> dict[str, Readings]:
        now = Totals.now()
        # Rates over the blink since the start would say nothing.
        readings = host_readings(None if self.first else self.before, now, self.folder)
        self.before, self.first = now, False
        return {self.source: readings}


@dataclass
class _Tree:
    pid: int
    source: str
    counted: bool = False
    """Whether its counters began with us; otherwise the first reading only says where they stand."""

    def __post_init__(self) -> None:
        self.reader = TreeReader(self.pid)

    def read(self) -> dict[str, Readings] | None:
        readings = self.reader.read()
        first, self.counted = not self.counted, True
        if readings is None:
            return None
        return {} if first else {self.source: readings}


@dataclass
class _Exporter:
    url: str
    source: str
    match: Sequence[str]
    counters: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SCHEMA))

    def read(self) -> dict[str, Readings]:
        found = parse_exposition(scrape(self.url), self.url, now=datetime.now(UTC), match=self.match).frame
        readings, _, _ = as_readings(pl.concat([self.counters, found]))
        self.counters = found.filter("counter")
        based, _ = in_base_units(readings)
        named = based.with_columns(pl.col("source").fill_null(self.source))
        return {
            str(source): dict(group.select("metric", "value").iter_rows())
            for (source,), group in named.partition_by("source", as_dict=True).items()
        }


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that SIGINT, SIGTERM and SIGHUP set."""
    stop = threading.Event()

    def receive(number: int, frame: FrameType | None) -> None:
        stop.set()

    before: dict[int, Any] = {}
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # What we were started to ignore (nohup) we ignore.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, receive)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
