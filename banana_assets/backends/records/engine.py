"""Opening the records database, and the two sorts of transaction on it.

SQLite runs in WAL mode with ``synchronous=FULL`` and writers that begin with ``BEGIN IMMEDIATE``: they wait for each
other at the beginning, where waiting is safe, instead of failing half-way (https://sqlite.org/lang_transaction.html).
Where pysqlite3 is installed its library is used, since interpreters often carry one with a WAL corruption bug
(https://sqlite.org/releaselog/3_51_3.html). On Postgres a transaction-wide advisory lock gives the same order.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from banana_assets.backends.records.refusals import BUSY_SECONDS as BUSY_SECONDS
from banana_assets.backends.records.refusals import refused
from banana_assets.backends.records.rows import Rows
from banana_assets.backends.sqlite import sqlite_module
from banana_assets.core.errors import StoreError

WRITER_LOCK = 0x62616E616E61
"""Key of the Postgres advisory lock that writers hold: the letters ``banana``."""

_writers: dict[str, threading.Lock] = {}


def database_url(address: str) -> sa.URL:
    """The SQLAlchemy address for what people write; ``postgres://`` and ``postgresql://`` mean psycopg2.

    Raises StoreError for an address of another kind.
    """
    try:
        url = sa.make_url(address)
    except sa.exc.ArgumentError as error:
        raise StoreError(
            "The address of the records database cannot be read.",
            "Write it as sqlite:///FILE or postgresql://HOST/NAME.",
        ) from error
    if url.drivername in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+psycopg2")
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(
            f"A records database of the kind {url.drivername!r} is not known.",
            "Use SQLite or Postgres (BANANA_DATABASE_URL).",
        )
    return url


def open_engine(address: str) -> sa.Engine:
    """An engine on the records database; the folder of a SQLite file is made when it is not there.

    Raises StoreError when the folder cannot be made or the Postgres driver is not installed.
    """
    url = database_url(address)
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    try:
        return sa.create_engine(
            url, pool_pre_ping=True, connect_args={"connect_timeout": 10, "options": f"-c lock_timeout={BUSY_SECONDS}s"}
        )
    except ModuleNotFoundError as error:
        raise StoreError(
            "The records are in Postgres, but its driver is not installed.",
            "Run `pip install 'banana-assets[postgres]'`.",
        ) from error


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    room: dict[str, int] = {}
    if url.database and url.database != ":memory:":
        # More than a server has threads: who only reads never waits for a connection.
        room = {"pool_size": 10, "max_overflow": 50}
        folder = Path(url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"The folder {folder} for the records cannot be made: {error.strerror}.",
                "Mend its permissions, or set BANANA_HOME to a folder of yours.",
            ) from error
    engine = sa.create_engine(
        url, module=sqlite_module(), connect_args={"isolation_level": None, "timeout": BUSY_SECONDS}, **room
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        _enter_wal(cursor)
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("banana_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _enter_wal(cursor: Any) -> None:
    # The switch to WAL does not call the busy handler, so two first starts at once have to try again by themselves.
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode")
            if cursor.fetchone()[0] == "wal":
                return
            cursor.execute("PRAGMA journal_mode=WAL")
            if cursor.fetchone()[0] in ("wal", "memory"):
                return
        except sqlite_module().OperationalError as error:
            if "locked" not in str(error) and "busy" not in str(error):
                raise
        if time.monotonic() > until:
            return
        time.sleep(0.01)


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that only reads: one unchanging view of the records."""
    with translated(engine), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that writes, alone: other writers wait. Keep it short.

    Raises StoreError when the database cannot be written; nothing of the transaction is stored then.
    """
    with _turn(engine), translated(engine), engine.connect() as plain:
        connection = plain.execution_options(banana_writes=True)
        with connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITER_LOCK})
            yield connection


@contextmanager
def _turn(engine: sa.Engine) -> Iterator[None]:
    """Writers of this process wait for each other here, in their order and without a connection.

    SQLite itself makes them try again after growing pauses: with thirty of them some wait for half a minute.
    """
    url = engine.url
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        yield
        return
    lock = _writers.setdefault(str(url.database), threading.Lock())
    if not lock.acquire(timeout=BUSY_SECONDS):
        raise _store_error(url, ["database is locked"])
    try:
        yield
    finally:
        lock.release()


@contextmanager
def translated(engine: sa.Engine) -> Iterator[None]:
    """Turn the database's own errors into StoreError."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise _store_error(engine.url, str(error.orig).strip().splitlines()) from error
    except sa.exc.TimeoutError as error:
        raise StoreError(
            "The records database gave no free connection.", "Try again with fewer callers at once."
        ) from error


def _store_error(url: sa.URL, said: list[str]) -> StoreError:
    where = url.database if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)
    return refused(where, said[0] if said else "no reason given")


class ConnectionRows(Rows):
    """Answers within a transaction of somebody else's."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self.address = connection.engine.url.render_as_string(hide_password=True)
        self.text_times = connection.dialect.name == "sqlite"

    def rows(self, statement: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a SELECT, as that transaction sees them."""
        found = [tuple(row) for row in self._connection.execute(sa.text(statement), dict(values or {}))]
        return found if self.text_times else [tuple(map(_plain, row)) for row in found]

    def close(self) -> None:
        """Leave the connection to whoever has it."""


class EngineRows(Rows):
    """Answers over an engine, each in a transaction of its own."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self.address = engine.url.render_as_string(hide_password=True)
        self.text_times = engine.dialect.name == "sqlite"

    def rows(self, statement: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a SELECT. Raises StoreError when the database cannot be read."""
        with reading(self._engine) as connection:
            return ConnectionRows(connection).rows(statement, values)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


def _plain(value: Any) -> Any:
    """Postgres gives moments in the zone of its session, and bytes as a view of its buffer."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return bytes(value) if isinstance(value, memoryview) else value
