"""The hourly schedule asks for today and for each day that has something no table holds yet."""

import datetime as dt
from pathlib import Path

import dagster as dg

from banana_assets.backends.ingest import ingest_logs
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from jobs import hourly, resource_samples
from resources import StoreResource, TablesResource


def requested(home: Path, at: dt.datetime) -> list[str]:
    resources = {
        "store": StoreResource(home=str(home)),
        "tables": TablesResource(root=load_from(home).tables_root),
    }
    with dg.build_schedule_context(scheduled_execution_time=at, resources=resources) as context:
        return [request.partition_key for request in hourly(context)]


def test_today_is_always_asked_for(home: Path) -> None:
    at = dt.datetime(2026, 3, 7, 10, 5, tzinfo=dt.UTC)
    assert requested(home, at) == ["2026-03-07"]


def test_a_day_with_unread_files_is_asked_for_later_too(home: Path, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("hello\n")
    with open_store(load_from(home)) as store:
        ingest_logs(store, [tmp_path / "app.log"])
        (arrived,) = store.arrival_days("log_files")
    at = dt.datetime.combine(arrived + dt.timedelta(days=3), dt.time(1, 5), tzinfo=dt.UTC)
    assert requested(home, at) == [arrived.isoformat(), at.date().isoformat()]


def test_the_host_is_sampled_in_the_tick_without_a_run(home: Path) -> None:
    given = {"store": StoreResource(home=str(home))}
    for _ in range(2):
        with dg.build_schedule_context(resources=given) as context:
            answer = resource_samples(context)
        assert isinstance(answer, dg.SkipReason)
    lines = (home / "sampling" / "schedule" / "readings.csv").read_text().splitlines()
    assert any(",cpu_percent," in line for line in lines[1:])
