"""Tables for those who read often: each is opened, and where it is small read whole, once for every version of it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import polars as pl

from banana_assets.backends.kept import Kept
from banana_assets.backends.tables import Tables
from banana_assets.core.schema import Table

LOOK_SECONDS = 1.0
"""So old may be what is known of a table that lies elsewhere than in a folder."""

KEPT_BYTES = 256 << 20
WHOLE_BYTES = 8 << 20
"""A table whose files are larger together is read anew each time, and only as far as it is asked for."""

_SUFFIX = ".json"


class KeptTables(Tables):
    """The same tables, for a process that goes on reading them. Safe to use from several threads.

    What another process has written is seen with the next read.
    """

    def __init__(self, root: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(root)
        self._clock = clock
        self._frames: Kept[pl.DataFrame] = Kept(KEPT_BYTES)
        self._large: dict[str, int] = {}
        self._seen: dict[str, tuple[float, int | None]] = {}
        self._lock = threading.Lock()

    def version(self, table: Table) -> int | None:
        """The table's Delta version, None where it was never written."""
        if "://" in self.root:
            return self._asked(table)
        try:
            # Each version is a file of the log that is named by its number; older ones may be cleaned away.
            names = [entry.name for entry in os.scandir(f"{self.uri(table)}/_delta_log")]
        except FileNotFoundError:
            return None
        numbers = [int(name[: -len(_SUFFIX)]) for name in names if name.endswith(_SUFFIX) and name[:1].isdigit()]
        return max(numbers, default=None)

    def scan(self, table: Table) -> pl.LazyFrame:
        """The table as a lazy frame of its declared columns; an empty one where it was never written."""
        found = self._whole(table)
        return super().scan(table) if found is None else found.lazy()

    def read(self, table: Table) -> pl.DataFrame:
        """The whole table, sorted by its key."""
        found = self._whole(table)
        return super().read(table) if found is None else found

    def _whole(self, table: Table) -> pl.DataFrame | None:
        """The table in memory; None for one that is too large to be kept."""
        version = self.version(table)
        if version is None:
            return table.empty()
        if self._large.get(table.name) == version:
            return None
        key = (table.name, version)
        found = self._frames.get(key)
        if found is not None:
            return found
        with self._lock:
            found = self._frames.get(key)
            if found is None:
                opened = self.delta(table)
                sizes: Any = opened.get_add_actions(flatten=True).column("size_bytes").to_pylist() if opened else []
                if sum(sizes) > WHOLE_BYTES:
                    self._large[table.name] = version
                    return None
                found = super().scan(table).collect().sort(table.key, nulls_last=True, maintain_order=True)
                self._frames.put(key, found, found.estimated_size())  # type: ignore[arg-type]
        return found

    def _asked(self, table: Table) -> int | None:
        now = self._clock()
        at, version = self._seen.get(table.name, (-LOOK_SECONDS, None))
        if now - at >= LOOK_SECONDS:
            version = super().version(table)
            self._seen[table.name] = (now, version)
        return version
