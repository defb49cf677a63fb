"""Materializations that are killed, that run at once, and that run again: no row lost, none doubled."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import polars as pl
import pytest

from banana_assets.backends.settings import load_from
from banana_assets.backends.tables import Tables
from banana_assets.core import consistency as rules
from banana_assets.core.tables import LOG_EVENTS, LOG_FILES, LOG_PATTERNS, LOG_SHAPES, TABLES
from tests.system.processes import Run, Start, write_logs

pytestmark = pytest.mark.timeout(600)


def lines_in_events(tables: Tables) -> int:
    ranges = tables.scan(LOG_EVENTS).select((pl.col("last_line") - pl.col("first_line") + 1).sum())
    return int(ranges.collect().item() or 0)


def assert_sound(tables: Tables, lines: int) -> None:
    assert lines_in_events(tables) == lines
    assert tables.read(LOG_FILES)["lines"].sum() == lines
    assert rules.lines_outside_events(tables.scan(LOG_FILES), tables.scan(LOG_EVENTS)).is_empty()
    assert rules.uncounted_events(tables.scan(LOG_EVENTS), tables.scan(LOG_SHAPES)).is_empty()
    assert rules.shapes_outside_patterns(tables.scan(LOG_SHAPES), tables.scan(LOG_PATTERNS)).is_empty()


def test_killed_at_any_moment_and_run_again(home: Path, tmp_path: Path, start: Start, run: Run) -> None:
    lines = write_logs(tmp_path / "in", files=30, lines=2000)
    assert run("ingest", "logs", str(tmp_path / "in")).returncode == 0
    tables = Tables(load_from(home).tables_root)
    killed = 0
    for delay in (2.0, 3.5, 5.0):
        process = start("materialize")
        time.sleep(delay)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.communicate()
        assert lines_in_events(tables) in (0, lines)  # a commit holds or does not
    assert killed
    done = run("materialize")
    assert done.returncode == 0, done.stderr
    assert_sound(tables, lines)


def test_running_again_changes_no_table(home: Path, tmp_path: Path, run: Run) -> None:
    write_logs(tmp_path / "in", files=3, lines=500)
    assert run("ingest", "logs", str(tmp_path / "in")).returncode == 0
    tables = Tables(load_from(home).tables_root)
    assert run("materialize").returncode == 0
    before = {name: tables.version(table) for name, table in TABLES.items()}
    assert run("ingest", "logs", str(tmp_path / "in")).returncode == 0
    assert run("materialize").returncode == 0
    assert {name: tables.version(table) for name, table in TABLES.items()} == before


def test_two_materializations_and_an_ingest_at_once(home: Path, tmp_path: Path, start: Start, run: Run) -> None:
    lines = write_logs(tmp_path / "one", files=10, lines=2000)
    assert run("ingest", "logs", str(tmp_path / "one")).returncode == 0
    lines += write_logs(tmp_path / "two", files=10, lines=2000, first=10)
    processes = [start("materialize"), start("materialize"), start("ingest", "logs", str(tmp_path / "two"))]
    for process in processes:
        _, errors = process.communicate(timeout=540)
        assert process.returncode == 0, errors
    done = run("materialize")
    assert done.returncode == 0, done.stderr
    assert_sound(Tables(load_from(home).tables_root), lines)
