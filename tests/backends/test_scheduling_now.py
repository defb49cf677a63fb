"""A schedule out of the tables is the one that would be computed, whatever is told beside."""

from __future__ import annotations

from pathlib import Path

import pytest

from banana_assets.backends.scheduling import schedule, schedule_now
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.backends.task_records import stored_tasks
from banana_assets.core.scheduling import room
from banana_assets.core.scheduling.asked import Told
from banana_assets.core.tables import BUILDS, EXECUTION_WINDOWS, QUEUE_SCHEDULES, TASKS
from banana_assets.interfaces.cli.main import main
from tests.queue_files import write_queue


def test_what_is_stored_is_read_and_the_same(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_queue(tmp_path / "encoder.csv", 20)
    with pytest.raises(SystemExit):
        main(["ingest", "tasks", str(tmp_path / "encoder.csv")])
    settings = load_from(home)
    tables = Tables(settings.tables_root)
    with open_store(settings) as store:
        told = [None, Told(at_once=3)]
        computed = [schedule_now(store, tables, told=one) for one in told]
        tables.replace(BUILDS, store.builds())
        tables.replace(TASKS, stored_tasks(store.records))
        made = schedule(tables)
        tables.replace(QUEUE_SCHEDULES, made.queues)
        tables.replace(EXECUTION_WINDOWS, made.windows)
        monkeypatch.setattr(room, "execution_windows", None)  # not asked for again
        read = [schedule_now(store, tables, told=one) for one in told]
    for one, other in zip(computed, read, strict=True):
        assert one.now == other.now
        assert one.windows.equals(other.windows)
        assert one.queues.equals(other.queues)
    assert not read[0].queues.equals(read[1].queues)
    assert read[0].windows.height
