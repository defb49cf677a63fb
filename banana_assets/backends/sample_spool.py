"""Readings that are taken all the time: to a file at once, to the store now and then, so that a kill loses nothing.

A spool is a folder in ``sampling/`` of the home with a CSV that only grows. Whoever stores it removes it; a spool whose
process is gone is taken in by the next one that samples or ingests.
"""

from __future__ import annotations

import csv
import json
import shutil
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from banana_assets.backends.host import Totals, host_name, host_readings
from banana_assets.backends.ingest.content import Content
from banana_assets.backends.ingest.resources import read_csv
from banana_assets.backends.ingest.stored_readings import store_readings
from banana_assets.backends.sampling import Readings
from banana_assets.backends.scratch import is_orphan, owned_name
from banana_assets.backends.settings import Settings
from banana_assets.backends.store import Store, open_store
from banana_assets.core.errors import StoreError

FOLDER = "sampling"
FILE, STATE = "readings.csv", "totals.json"
STORED_EVERY = timedelta(minutes=5)
MOST_BYTES = 64 << 20
"""Largest spool: where the store cannot be written for so long, sampling ends."""

SCHEDULED = "schedule"
"""The spool of the schedule, which belongs to no process."""


class SampleSpool:
    """Readings on their way to the store."""

    def __init__(self, settings: Settings, name: str | None = None) -> None:
        self.settings = settings
        self.folder = settings.home / FOLDER / (name or f"{owned_name()}{uuid.uuid4().hex[:8]}")
        self.began: datetime | None = None
        self.count = 0

    def add(self, at: datetime, source: str, readings: Readings) -> None:
        """Keep the readings of one moment. Raises StoreError when that cannot be."""
        path = self.folder / FILE
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            new = not path.exists()
            if not new and path.stat().st_size > MOST_BYTES:
                raise StoreError(
                    f"{path} holds over {MOST_BYTES >> 20} MiB of readings that the store did not take.",
                    "See why it cannot be written, then sample again: nothing of these is lost.",
                )
            with path.open("a", newline="", encoding="utf-8") as file:
                out = csv.writer(file, lineterminator="\n")
                if new:
                    out.writerow(["ts", "source", "metric", "value"])
                out.writerows([at.isoformat(), source, metric, repr(value)] for metric, value in readings.items())
        except OSError as error:
            raise StoreError(
                f"Readings cannot be kept in {self.folder}: {error.strerror}.", "Mend permissions or free room."
            ) from error
        self.began = self.began or at
        self.count += len(readings)

    def due(self, now: datetime) -> bool:
        """Whether it is time to store what is here."""
        return self.began is not None and now - self.began >= STORED_EVERY

    def store(self) -> int:
        """Move everything into the store; how many readings were new. Raises StoreError when it cannot be written."""
        if not (self.folder / FILE).is_file():
            return 0
        with open_store(self.settings) as store:
            stored = _take(store, self.folder)
        self.began = None
        return stored


def recover_samples(store: Store) -> int:
    """Store what sampling that is gone left behind; how many readings were new."""
    folder = store.settings.home / FOLDER
    left = [p for p in sorted(folder.iterdir()) if "~" in p.name and is_orphan(p)] if folder.is_dir() else []
    return sum(_take(store, spool) for spool in left)


def sample_host(settings: Settings, now: datetime) -> Readings:
    """Take readings of the host, once, for the schedule; those of past hours go to the store.

    What the host has counted is kept beside them, so that rates span the time since the call before, whichever process
    made it. Raises StoreError when nothing can be kept.
    """
    from filelock import FileLock

    spool = SampleSpool(settings, SCHEDULED)
    try:
        spool.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{spool.folder} cannot be made: {error.strerror}.", "Mend the permissions.") from error
    with FileLock(spool.folder.with_suffix(".lock")):
        began = _first_moment(spool.folder / FILE)
        if began is not None and began.replace(minute=0, second=0, microsecond=0) < now - timedelta(hours=1):
            spool.store()
        state = spool.folder / STATE
        totals = Totals.now()
        readings = host_readings(Totals.of(_read_json(state)), totals, settings.home)
        spool.add(now, host_name(), readings)
        state.write_text(json.dumps(totals.as_dict()), encoding="utf-8")
    return readings


def _take(store: Store, spool: Path) -> int:
    path = spool / FILE
    stored = 0
    # A process that was killed may have left half a line.
    whole = path.read_bytes() if path.is_file() else b""
    whole = whole[: whole.rfind(b"\n") + 1]
    if whole.count(b"\n") > 1:
        frame = read_csv(Content.of_bytes(str(path), whole)).frame
        for (source,), mine in frame.partition_by("source", as_dict=True, include_key=False).items():
            stored += store_readings(store, str(source), mine, str(path)).stored
    if spool.name == SCHEDULED:
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(spool, ignore_errors=True)
    return stored


def _first_moment(path: Path) -> datetime | None:
    try:
        with path.open(encoding="utf-8") as file:
            file.readline()
            text = file.readline().partition(",")[0]
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except (FileNotFoundError, ValueError):
        return None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
