"""Partitions begin with the first day something arrived, and asking does not make a store."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from banana_assets.backends import derive
from banana_assets.backends.ingest import ingest_builds, ingest_logs
from banana_assets.backends.pending import arrival_days, first_day
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.tables import LOG_EVENTS, LOG_SHAPES, TEST_RESULTS

LATER = dt.date(2100, 1, 1)


def test_an_empty_home_begins_today_and_stays_empty(home: Path) -> None:
    assert first_day(load_from(home), today=LATER) == LATER
    assert not home.exists()


def test_it_begins_with_the_first_arrival_unless_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.log").write_text("hello\n")
    settings = load_from(home)
    with open_store(settings) as store:
        ingest_logs(store, [tmp_path / "app.log"])
        (arrived,) = store.arrival_days("log_files")
        assert arrival_days(store, Tables(settings.tables_root), today=LATER) == [arrived, LATER]
    assert first_day(settings, today=LATER) == arrived
    monkeypatch.setenv("BANANA_PARTITIONS_START", "2025-05-05")
    assert first_day(load_from(home), today=LATER) == dt.date(2025, 5, 5)


def test_a_day_whose_events_are_not_counted_yet_is_asked_for(home: Path, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("hello\n")
    settings = load_from(home)
    tables = Tables(settings.tables_root)
    with open_store(settings) as store:
        ingest_logs(store, [tmp_path / "app.log"])
        files = store.log_files()
        (arrived,) = files["arrival_day"]
        tables.put(LOG_EVENTS, "file_id", lambda: [1], lambda _: derive.log_events(store, files))
        assert arrival_days(store, tables, today=LATER) == [arrived, LATER]
        tables.put(LOG_SHAPES, "file_id", lambda: [1], lambda _: derive.log_shapes(tables, files))
        assert arrival_days(store, tables, today=LATER) == [LATER]


def test_a_day_whose_test_results_are_told_otherwise_is_asked_for(home: Path, tmp_path: Path) -> None:
    report = (
        '<testsuite name="s"><testcase classname="c" name="t" time="0.5"/><testcase name="u" time="2"/></testsuite>'
    )
    row = {"build_id": "b1", "pipeline": "p", "job": "j", "exit_code": 0, "junit": "junit.xml"}
    (tmp_path / "manifest.jsonl").write_text(json.dumps(row))
    settings = load_from(home)
    tables = Tables(settings.tables_root)
    with open_store(settings) as store:

        def comes(text: str) -> list[dt.date]:
            (tmp_path / "junit.xml").write_text(text)
            assert not ingest_builds(store, [tmp_path]).failed
            return arrival_days(store, tables, today=LATER)

        asked = comes(report)
        (arrived,) = store.arrival_days("builds")
        assert asked == [arrived, LATER]
        for other in (
            report.replace('"0.5"', '"0.25"'),
            report.replace('name="u"', 'name="longer"'),
            report.replace(' time="2"/>', ' time="2"><failure>no</failure></testcase>'),
            '<testsuite name="s"/>',
        ):
            assert comes(report) == [arrived, LATER]
            tables.replace(TEST_RESULTS, store.test_results())
            assert comes(report) == [LATER]
            assert comes(other) == [arrived, LATER]
            tables.replace(TEST_RESULTS, store.test_results())
            assert comes(other) == [LATER]
