"""Whether the records have changed, asked for next to nothing.

SQLite's ``PRAGMA data_version`` differs on one connection as soon as another one has committed, in this process or any
other (https://sqlite.org/pragma.html#pragma_data_version). Postgres has no such thing.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from banana_assets.backends.sqlite import sqlite_module


class Watch:
    """Looks at the records of an engine through a connection of its own, that never writes. For several threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self._lock = threading.Lock()
        self._file = engine.url.database if engine.dialect.name == "sqlite" else None
        self._connection: Any = None
        self._opened: tuple[int, int] | None = None

    def version(self) -> int | None:
        """A number that changes with every commit; None where that cannot be told."""
        if self._file is None:
            return None
        driver = sqlite_module()
        with self._lock:
            try:
                if self._connection is None:
                    self._opened = self._identity()
                    self._connection = driver.connect(self._file, check_same_thread=False, isolation_level=None)
                return int(self._connection.execute("PRAGMA data_version").fetchone()[0])
            except driver.Error:
                # Whoever reads the records is told what is wrong with them.
                return None

    def gone(self) -> bool:
        """Whether the file of the records was removed or replaced under us: what is open still answers, and what it is
        told is lost."""
        with self._lock:
            return self._opened is not None and self._identity() != self._opened

    def _identity(self) -> tuple[int, int] | None:
        if not self._file:
            return None
        try:
            found = Path(self._file).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def close(self) -> None:
        """Let the file go; ``version`` opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
