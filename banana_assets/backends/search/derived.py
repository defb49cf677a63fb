"""SQLite files that hold nothing which cannot be made again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from banana_assets.backends.sqlite import sqlite_module

BUSY_SECONDS = 30


def open_derived(path: Path) -> Any:
    """A connection in autocommit and WAL mode on that file; a file that is no database is thrown away for a new one."""
    sqlite = sqlite_module()
    try:
        return _opened(path)
    except sqlite.OperationalError:
        # Locked, no room, no permission: nothing is wrong with what is in it.
        raise
    except sqlite.DatabaseError:
        throw_away(path)
        return _opened(path)


def throw_away(path: Path) -> None:
    """Delete the file with what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _opened(path: Path) -> Any:
    connection = sqlite_module().connect(path, isolation_level=None, timeout=BUSY_SECONDS)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection
