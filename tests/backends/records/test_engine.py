from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from banana_assets.backends.records import tables as t
from banana_assets.backends.records.engine import database_url, open_engine, reading, writing
from banana_assets.backends.records.migration import migrate
from banana_assets.backends.sqlite import sqlite_module
from banana_assets.core.errors import StoreError


@pytest.fixture
def engine(database: str) -> sa.Engine:
    engine = open_engine(database)
    migrate(engine)
    return engine


def _blob(sha256: str = "a" * 64, at: datetime | None = None) -> dict[str, object]:
    at = at or datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
    return {"sha256": sha256, "bytes": 1, "stored_bytes": 1, "content": b"\0\xff", "created_at": at}


def test_sqlite_is_opened_for_safety(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'deep' / 'er' / 'records.sqlite'}")
    with reading(engine) as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
    assert engine.dialect.dbapi is sqlite_module()
    engine.dispose()


def test_moments_come_back_in_utc(engine: sa.Engine) -> None:
    east = datetime(2026, 1, 2, 3, 4, 5, 678901, timezone(timedelta(hours=9)))
    with writing(engine) as connection:
        connection.execute(t.blobs.insert().values(_blob(at=east)))
    with reading(engine) as connection:
        row = connection.execute(sa.select(t.blobs)).one()
    assert row.created_at == east
    assert row.created_at.tzinfo is UTC
    assert row.content == b"\0\xff"


def test_a_moment_without_zone_is_refused(engine: sa.Engine) -> None:
    with pytest.raises(sa.exc.StatementError, match="no time zone"), writing(engine) as connection:
        connection.execute(t.blobs.insert().values(_blob(at=datetime(2026, 1, 1))))


@pytest.mark.parametrize("text", ["a\0b", os.fsdecode(b"\xff.log"), "\ud800 alone", "plain", "ünï 漢字 🍌"])
def test_text_that_no_database_takes_is_made_storable(engine: sa.Engine, text: str) -> None:
    row = {
        "source": text, "path": text, "sha256": "a" * 64, "content_sha256": "b" * 64, "start_byte": 0, "first_line": 1,
        "bytes": 1, "lines": 1, "invalid_utf8_lines": 0, "nul_lines": 0, "long_lines": 0,
        "arrived_at": datetime(2026, 1, 1, tzinfo=UTC), "arrival_day": datetime(2026, 1, 1, tzinfo=UTC).date(),
    }  # fmt: skip
    with writing(engine) as connection:
        connection.execute(t.blobs.insert().values(_blob()))
        connection.execute(t.log_files.insert().values(row))
        # What was stored is found again by the same text.
        found = connection.execute(sa.select(t.log_files.c.path).where(t.log_files.c.source == text)).scalar_one()
    clean = text.isprintable() and "\ud800" not in text and "\udcff" not in text
    assert (found == text) is clean
    assert clean or "\ufffd" in found


def test_what_fails_leaves_nothing(engine: sa.Engine) -> None:
    twice = [_blob("1" * 64), _blob("1" * 64)]
    with pytest.raises(StoreError), writing(engine) as connection:
        connection.execute(t.blobs.insert(), twice)
    with reading(engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(t.blobs)).scalar() == 0


def test_writers_wait_for_each_other(engine: sa.Engine) -> None:
    order: list[str] = []
    inside = threading.Event()

    def first() -> None:
        with writing(engine) as connection:
            connection.execute(t.blobs.insert().values(_blob("1" * 64)))
            inside.set()
            time.sleep(0.3)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait()
    with writing(engine) as connection:
        order.append("second")
        seen = connection.execute(sa.select(sa.func.count()).select_from(t.blobs)).scalar()
    thread.join()
    assert (order, seen) == (["first", "second"], 1)


def test_readers_do_not_wait_for_a_writer(engine: sa.Engine) -> None:
    with writing(engine) as writer:
        writer.execute(t.blobs.insert().values(_blob()))
        with reading(engine) as reader:
            assert reader.execute(sa.select(sa.func.count()).select_from(t.blobs)).scalar() == 0


@pytest.mark.parametrize("written", ["postgres://u:p@h/d", "postgresql://u:p@h/d", "postgresql+psycopg2://u:p@h/d"])
def test_postgres_addresses_mean_psycopg2(written: str) -> None:
    url = database_url(written)
    assert (url.drivername, url.host, url.password, url.database) == ("postgresql+psycopg2", "h", "p", "d")


@pytest.mark.parametrize("written", ["mysql://h/d", "no address"])
def test_other_addresses_are_refused(written: str) -> None:
    with pytest.raises(StoreError, match="records database"):
        database_url(written)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    path.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(StoreError, match="not a database") as caught, reading(open_engine(f"sqlite:///{path}")):
        pass
    assert str(path) in caught.value.message


def test_an_absent_server_is_said_without_its_password() -> None:
    engine = open_engine("postgresql://banana:secret@127.0.0.1:1/none")
    with pytest.raises(StoreError, match="Start the server") as caught, reading(engine):
        pass
    assert "secret" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be made"):
        open_engine(f"sqlite:///{tmp_path / 'file' / 'records.sqlite'}")


def test_writers_that_wait_keep_no_reader_out(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'a.sqlite'}")
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE a (b)")
    begun = threading.Barrier(31)

    def write(number: int) -> None:
        begun.wait(20)
        with writing(engine) as connection:
            connection.exec_driver_sql("INSERT INTO a VALUES (?)", (number,))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(30)]
    with writing(engine):
        for writer in writers:
            writer.start()
        begun.wait(20)
        time.sleep(0.1)
        # More wait than there are connections.
        with reading(engine) as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM a").scalar() == 0
    for writer in writers:
        writer.join(20)
    with reading(engine) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM a").scalar() == 30
