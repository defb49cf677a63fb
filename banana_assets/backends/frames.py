"""Tables for those who read often: each is opened, and where it is small read whole, once for every version of it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import polars as pl

from banana_assets.backends.kept import Kept
from banana_assets.backends.tables import Tables
from banana_assets.core.schema import Table

if TYPE_CHECKING:
    from deltalake import DeltaTable

LOOK_SECONDS = 1.0
"""So old may be what is known of a table that lies elsewhere than in a folder."""

KEPT_BYTES = 256 << 20
WHOLE_BYTES = 8 << 20
"""A table whose files are larger together is read anew each time, and only as far as it is asked for."""

KEPT_HANDLES = 64

_SUFFIX = ".json"


class KeptTables(Tables):
    """The same tables, for a process that goes on reading them. Safe to use from several threads.

    What another process has written is seen with the next read.
    """

    def __init__(self, root: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(root)
        self._clock = clock
        self._frames: Kept[pl.DataFrame] = Kept(KEPT_BYTES)
        self._opened: Kept[DeltaTable] = Kept(KEPT_HANDLES)
        self._large: dict[str, tuple[int, int]] = {}
        self._seen: dict[str, tuple[float, int | None]] = {}
        self._lock = threading.Lock()

    def version(self, table: Table) -> int | None:
        """The table's Delta version, None where it was never written."""
        stamp = self._stamp(table)
        return None if stamp is None else stamp[0]

    def _stamp(self, table: Table) -> tuple[int, int] | None:
        """The version, and when it was written: a table that was thrown away and made anew counts from 0 again."""
        if "://" in self.root:
            asked = self._asked(table)
            return None if asked is None else (asked, 0)
        try:
            # Each version is a file of the log that is named by its number; older ones may be cleaned away.
            entries = [entry for entry in os.scandir(f"{self.uri(table)}/_delta_log") if _is_commit(entry.name)]
        except FileNotFoundError:
            return None
        newest = max(entries, key=lambda entry: entry.name, default=None)
        return None if newest is None else (int(newest.name[: -len(_SUFFIX)]), newest.stat().st_mtime_ns)

    def scan(self, table: Table) -> pl.LazyFrame:
        """The table as a lazy frame of its declared columns; an empty one where it was never written."""
        found = self._whole(table)
        return super().scan(table) if found is None else found.lazy()

    def read(self, table: Table) -> pl.DataFrame:
        """The whole table, sorted by its key."""
        found = self._whole(table)
        return super().read(table) if found is None else found

    def delta(self, table: Table, version: int | None = None) -> DeltaTable | None:
        """The Delta table as it is or was, to be read alone; None where it was never written or is not kept so."""
        stamp = self._stamp(table)
        if stamp is None:
            return None
        number = stamp[0] if version is None else version
        key = (table.name, stamp, number)
        found = self._opened.get(key)
        if found is None:
            found = super().delta(table, number)
            if found is not None:
                self._opened.put(key, found, 1)
        return found

    def _whole(self, table: Table) -> pl.DataFrame | None:
        """The table in memory; None for one that is too large to be kept."""
        stamp = self._stamp(table)
        if stamp is None:
            return table.empty()
        if self._large.get(table.name) == stamp:
            return None
        key = (table.name, stamp)
        found = self._frames.get(key)
        if found is not None:
            return found
        with self._lock:
            found = self._frames.get(key)
            if found is None:
                opened = self.delta(table)
                sizes: Any = opened.get_add_actions(flatten=True).column("size_bytes").to_pylist() if opened else []
                if sum(sizes) > WHOLE_BYTES:
                    self._large[table.name] = stamp
                    return None
                found = super().scan(table).collect().sort(table.key, nulls_last=True, maintain_order=True)
                self._frames.put(key, found, int(found.estimated_size()))
        return found

    def _asked(self, table: Table) -> int | None:
        now = self._clock()
        at, version = self._seen.get(table.name, (-LOOK_SECONDS, None))
        if now - at >= LOOK_SECONDS:
            version = super().version(table)
            self._seen[table.name] = (now, version)
        return version


def _is_commit(name: str) -> bool:
    return name.endswith(_SUFFIX) and name[: -len(_SUFFIX)].isdigit()
