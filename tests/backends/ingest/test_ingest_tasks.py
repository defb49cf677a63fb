"""Tasks from files and databases: nothing lost, nothing twice, what is wrong is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banana_assets.backends.ingest.tasks import ingest_tasks
from banana_assets.backends.records.engine import writing
from banana_assets.backends.settings import load_from
from banana_assets.backends.sqlite import sqlite_module
from banana_assets.backends.store import Store, open_store
from banana_assets.backends.task_records import stored_tasks


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(load_from(tmp_path / "home")) as opened:
        yield opened


def test_csv_comes_in_once_and_takes_new_facts(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "encoder.csv"
    file.write_text(
        "id,type,status,created_at,started_at,finished_at,batch_size,dependencies\n"
        "1,transcode,completed,2026-03-01T10:00:00Z,2026-03-01T10:01:00Z,2026-03-01T10:11:00Z,4,\n"
        '2,tag,pending,2026-03-01T10:00:05Z,,,,"1"\n',
        encoding="utf-8",
    )
    assert ingest_tasks(store, [file]).count("new") == 1
    assert ingest_tasks(store, [file]).count("known") == 1
    done, waiting = stored_tasks(store.records).to_dicts()
    assert (done["queue"], done["kind"], done["status"], done["duration_seconds"]) == (
        "encoder",
        "transcode",
        "success",
        600.0,
    )
    assert (done["items"], waiting["after"], waiting["status"]) == (4, ["1"], "queued")
    file.write_text(
        file.read_text().replace("2,tag,pending,2026-03-01T10:00:05Z,,,", "2,tag,error,2026-03-01T10:00:05Z,,,")
    )
    assert ingest_tasks(store, [file]).count("changed") == 1
    assert stored_tasks(store.records)["status"].to_list() == ["success", "failed"]


def original(path: Path) -> None:
    connection = sqlite_module().connect(path)
    connection.executescript(
        """
        CREATE TABLE tasks (id INTEGER PRIMARY KEY, filename TEXT, type TEXT, status TEXT, dependencies TEXT,
            error_message TEXT, created_at DATETIME, started_at DATETIME, finished_at DATETIME);
        CREATE TABLE task_logs (task_id INTEGER, task_type TEXT, status TEXT, duration_ms INTEGER, retries INTEGER,
            error_reason TEXT, created_at DATETIME);
        INSERT INTO tasks VALUES (1, 'a.md', 'shell', 'completed', NULL, NULL, '2026-03-01 10:00:00',
            '2026-03-01 10:00:10', '2026-03-01 10:00:40');
        INSERT INTO tasks VALUES (2, 'b.md', 'llm', 'error', '["1"]', 'no answer', '2026-03-01 10:00:00', NULL,
            '2026-03-01 10:05:00');
        INSERT INTO task_logs VALUES (2, 'llm', 'error', 30000, 2, 'timeout', '2026-03-01 10:05:00');
        INSERT INTO task_logs VALUES (9, 'llm', 'completed', 5000, 0, NULL, '2026-03-01 10:06:00');
        """
    )
    connection.commit()
    connection.close()


def test_the_tables_of_the_original_come_in_with_their_logs(store: Store, tmp_path: Path) -> None:
    original(tmp_path / "tasks.sqlite")
    assert ingest_tasks(store, [tmp_path / "tasks.sqlite"], queue="home").count("new") == 1
    first, second, logged = sorted(stored_tasks(store.records).to_dicts(), key=lambda r: r["task_id"])
    assert (logged["task_id"], logged["duration_seconds"]) == ("9", 5.0)
    assert (first["kind"], first["status"], first["duration_seconds"]) == ("shell", "success", 30.0)
    assert first["queued_at"] == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert (second["status"], second["retries"], second["error"], second["after"]) == ("failed", 2, "no answer", ["1"])
    assert second["duration_seconds"] == 30.0
    assert second["started_at"] == datetime(2026, 3, 1, 10, 4, 30, tzinfo=UTC)


def test_what_a_running_program_wrote_last_comes_in(store: Store, tmp_path: Path) -> None:
    original(tmp_path / "live.sqlite")
    connection = sqlite_module().connect(tmp_path / "live.sqlite")
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("INSERT INTO tasks (id, type, status, created_at) VALUES (0, 'x', 'pending', '2026-03-02')")
        connection.commit()
        ingest_tasks(store, [tmp_path / "live.sqlite"])
    finally:
        connection.close()
    assert "0" in stored_tasks(store.records)["task_id"].to_list()


def test_task_logs_alone_are_tasks(store: Store, tmp_path: Path) -> None:
    original(tmp_path / "logs.db")
    connection = sqlite_module().connect(tmp_path / "logs.db")
    connection.execute("DROP TABLE tasks")
    connection.commit()
    connection.close()
    ingest_tasks(store, [tmp_path / "logs.db"])
    rows = {r["task_id"]: r for r in stored_tasks(store.records).to_dicts()}
    assert set(rows) == {"2", "9"}
    assert rows["9"]["finished_at"] == datetime(2026, 3, 1, 10, 6, tzinfo=UTC)
    assert rows["9"]["duration_seconds"] == 5.0


def test_rows_that_cannot_be_used_are_counted_and_told(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    rows = [
        {"id": "a", "type": "x", "finished_at": "2026-03-01T10:00:00Z", "duration_ms": 500},
        {"id": "b", "type": "x", "status": "odd"},
        {"id": "c", "type": "x", "started_at": "2026-03-01T10:00:00Z", "finished_at": "2026-03-01T09:00:00Z"},
        {"type": "x"},
        {"id": "d", "type": "x", "started_at": "yesterday"},
        {"id": "e", "type": "x", "weight": -1},
    ]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    report = ingest_tasks(store, [file])
    assert report.count("new") == 1
    assert "5 rows left out: task b has the unknown status 'odd'" in report.items[0].message
    assert stored_tasks(store.records)["task_id"].to_list() == ["a"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.csv", b"name,age\nbob,3\n", "is no table of tasks"),
        ("x.json", b"{not json", "neither JSON nor JSON lines"),
        ("x.db", b"SQLite format 3\x00" + b"\x00" * 200, "SQLite"),
        ("x.jsonl", b'{"id": "b", "type": "x", "status": "odd"}', "holds no task"),
    ],
)
def test_files_that_hold_no_tasks_are_refused(
    store: Store, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    report = ingest_tasks(store, [tmp_path / name])
    assert report.failed == 1
    assert said in report.items[0].message
    assert stored_tasks(store.records).is_empty()


words = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_characters='"'), min_size=1, max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.dictionaries(words.filter(str.strip), st.floats(0, 1e6), max_size=8))
def test_what_goes_in_comes_out(tmp_path: Path, durations: dict[str, float]) -> None:
    file = tmp_path / "tasks.json"
    ended = "2026-03-01T10:00:00Z"
    told = {k.strip(): v for k, v in durations.items()}
    file.write_text(
        json.dumps([{"id": k, "type": "x", "finished_at": ended, "duration_seconds": v} for k, v in told.items()])
    )
    with open_store(load_from(tmp_path / f"home{abs(hash(tuple(told)))}")) as opened:
        ingest_tasks(opened, [file])
        rows = stored_tasks(opened.records)
    assert dict(zip(rows["task_id"], rows["duration_seconds"], strict=True)) == pytest.approx(told)


def test_times_of_any_zone_are_moments_and_those_without_one_utc(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_text(
        "task_id,kind,queued_at,started_at,finished_at\n"
        "a,x,2026-03-29T01:59:00+01:00,2026-03-29T03:00:00+02:00,2026-03-29 01:00:30\n"
        "b,x,1774746000,1774746000123,2026-03-29T01:00:30Z\n"
    )
    ingest_tasks(store, [path])
    rows = stored_tasks(store.records).sort("task_id").to_dicts()
    assert [rows[0][n].isoformat() for n in ("queued_at", "started_at", "finished_at")] == [
        "2026-03-29T00:59:00+00:00",
        "2026-03-29T01:00:00+00:00",
        "2026-03-29T01:00:30+00:00",
    ]
    assert rows[0]["duration_seconds"] == 30.0
    assert (rows[1]["started_at"] - rows[1]["queued_at"]).total_seconds() == pytest.approx(0.123)


def test_an_interrupted_ingest_goes_on_where_it_stopped(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was committed stays, whole, and the same file brings in the rest: nothing twice, nothing lost."""
    path = tmp_path / "q.csv"
    lines = [f"t{i},x,2026-03-01T00:00:{i:02d}Z" for i in range(10)]
    path.write_text("\n".join(["task_id,kind,queued_at", *lines]))
    monkeypatch.setattr("banana_assets.backends.ingest.tasks.COMMIT_ROWS", 4)
    begun = []

    def dying(engine: sa.Engine) -> AbstractContextManager[sa.Connection]:
        begun.append(engine)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return writing(engine)

    with monkeypatch.context() as patched:
        patched.setattr("banana_assets.backends.ingest.tasks.writing", dying)
        with pytest.raises(KeyboardInterrupt):
            ingest_tasks(store, [path])
    assert stored_tasks(store.records).height == 4
    assert ingest_tasks(store, [path]).items[0].outcome == "new"
    assert stored_tasks(store.records)["task_id"].to_list() == [f"t{i}" for i in range(10)]
    assert ingest_tasks(store, [path]).items[0].outcome == "known"


def test_a_duckdb_export_comes_in_as_the_original_does(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "export.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE tasks (id BIGINT, type VARCHAR, status VARCHAR, created_at TIMESTAMP)")
        connection.execute("INSERT INTO tasks VALUES (7, 'tag', 'completed', '2026-03-01 10:00:00')")
        connection.execute("CREATE TABLE task_logs (task_id BIGINT, duration_ms BIGINT, retries BIGINT)")
        connection.execute("INSERT INTO task_logs VALUES (7, 2500, 1)")
    assert ingest_tasks(store, [path]).count("new") == 1
    (row,) = stored_tasks(store.records).to_dicts()
    assert (row["task_id"], row["status"], row["duration_seconds"], row["retries"]) == ("7", "success", 2.5, 1)
    assert row["queued_at"] == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert ingest_tasks(store, [path]).count("known") == 1
    path.write_bytes(path.read_bytes()[:5_000])
    (refused,) = ingest_tasks(store, [path]).items
    assert "cannot be read as DuckDB" in refused.message
