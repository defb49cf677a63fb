"""Which SQLite: one library for all files of this program, since two on one file break each other's locks.

Interpreters often carry one with a WAL corruption bug (https://sqlite.org/releaselog/3_51_3.html).
"""

from __future__ import annotations

from types import ModuleType


def sqlite_module() -> ModuleType:
    """The SQLite driver: pysqlite3 where installed, else the interpreter's own."""
    try:
        import pysqlite3
    except ImportError:
        import sqlite3

        return sqlite3
    return pysqlite3  # type: ignore[no-any-return]
