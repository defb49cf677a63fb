"""Readings on their way to the store: nothing is lost when a process is gone, nothing is taken twice."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from banana_assets.backends import sample_spool
from banana_assets.backends.sample_spool import SampleSpool, recover_samples, sample_host
from banana_assets.backends.scratch import owned_name
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import Store, open_store
from banana_assets.core.errors import StoreError

AT = datetime(2026, 3, 2, 12, 58, tzinfo=UTC)
DEAD = f"{owned_name().partition('~')[0]}~99999999~dead"


def test_readings_are_in_the_file_at_once_and_move_to_the_store(home: Path) -> None:
    spool = SampleSpool(load_from(home))
    spool.add(AT, "web", {"cpu_percent": 12.5, "memory_used_bytes": 7.0})
    spool.add(AT + timedelta(seconds=5), "web", {"cpu_percent": 13.0})
    assert len((spool.folder / "readings.csv").read_text().splitlines()) == 4
    assert not spool.due(AT + timedelta(seconds=5))
    assert spool.due(AT + timedelta(minutes=6))
    assert spool.store() == 3
    assert not spool.folder.exists()
    assert spool.store() == 0
    with open_store(load_from(home)) as store:
        (series,) = store.resource_series().rows(named=True)
        assert (series["source"], series["samples"]) == ("web", 3)


def test_what_a_killed_process_left_is_taken_in_without_its_half_line(store: Store, home: Path) -> None:
    left = home / "sampling" / DEAD
    left.mkdir(parents=True)
    (left / "readings.csv").write_text(
        f"ts,source,metric,value\n{AT.isoformat()},web,cpu_percent,5.0\n{AT.isoformat()},we"
    )
    mine = SampleSpool(store.settings)
    mine.add(AT, "other", {"cpu_percent": 1.0})
    assert recover_samples(store) == 1
    assert not left.exists()
    assert mine.folder.exists()
    assert recover_samples(store) == 0
    assert store.read_samples(1)["value"].to_list() == [5.0]


def test_a_process_that_wrote_nothing_leaves_nothing(store: Store, home: Path) -> None:
    (home / "sampling" / DEAD).mkdir(parents=True)
    assert recover_samples(store) == 0
    assert list((home / "sampling").iterdir()) == []


def test_a_spool_that_nobody_stores_has_an_end(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_spool, "MOST_BYTES", 60)
    spool = SampleSpool(load_from(home))
    spool.add(AT, "web", {"cpu_percent": 1.0, "memory_percent": 2.0})
    with pytest.raises(StoreError, match="did not take"):
        spool.add(AT, "web", {"cpu_percent": 1.0})


def test_the_schedule_stores_past_hours_and_rates_span_its_calls(home: Path) -> None:
    settings = load_from(home)
    first = sample_host(settings, AT)
    # The kernel counts processor time in ticks of a hundredth of a second.
    time.sleep(0.2)
    second = sample_host(settings, AT + timedelta(minutes=1))
    assert "cpu_percent" not in first
    assert "cpu_percent" in second
    with open_store(settings) as store:
        assert store.resource_series().height == 0
        sample_host(settings, AT + timedelta(minutes=5))
        (series,) = store.resource_series().rows(named=True)
    assert series["samples"] == len(first) + len(second)
    kept = (home / "sampling" / "schedule" / "readings.csv").read_text().splitlines()
    assert all(line.startswith("2026-03-02T13:03") for line in kept[1:])


def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        sample_host(load_from(tmp_path / "file" / "home"), AT)
