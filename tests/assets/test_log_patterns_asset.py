"""``log_patterns`` over several runs: decisions hold, new severe patterns warn, the same again changes nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from banana_assets.assets import checks, patterns, raw
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.tables import LOG_FILES, LOG_PATTERNS, LOG_SHAPES
from resources import build_resources
from tests.core.metrics.frames import frame, shapes

FIRST, SECOND = date(2026, 3, 2), date(2026, 3, 3)
OLD, NEW = "disk is full", "cannot reach the till"


def arrival(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def files(*days: date) -> pl.DataFrame:
    rows = [
        {"file_id": n, "path": f"{n}.log", "arrival_day": day, "arrived_at": arrival(day)}
        for n, day in enumerate(days, 1)
    ]
    defaults = dict.fromkeys(("first_line", "bytes", "lines", "invalid_utf8_lines", "nul_lines", "long_lines"), 1)
    return frame(LOG_FILES, rows, {"source": "api", "sha256": "0" * 64, **defaults})


def shape(number: int, text: str, file_id: int, day: date, severity: int = 17) -> dict[str, Any]:
    return {"shape_id": number, "shape": text, "example": text, "file_id": file_id, "arrival_day": day,
            "first_ts": arrival(day, 8), "last_ts": arrival(day, 9), "severity_number": severity}  # fmt: skip


@pytest.fixture
def run(home: Path) -> Any:
    settings = load_from(home)

    def once() -> dg.ExecuteInProcessResult:
        about = dg.load_asset_checks_from_modules([checks])
        done = dg.materialize(
            [raw.log_files, raw.log_events, patterns.log_shapes, patterns.log_patterns, *about],
            selection=dg.AssetSelection.assets("log_patterns"),
            resources=build_resources(settings),
        )
        assert done.success
        return done

    return once


def warned(done: dg.ExecuteInProcessResult) -> tuple[bool, str]:
    (found,) = [e for e in done.get_asset_check_evaluations() if e.check_name == "no_new_severe_pattern"]
    assert found.severity == dg.AssetCheckSeverity.WARN
    return found.passed, str(found.metadata["rows"].value)


def states(tables: Tables) -> dict[str, tuple[str, bool, bool]]:
    found = tables.read(LOG_PATTERNS)
    return {row["template"]: (row["state"], row["regressed"], row["is_new"]) for row in found.iter_rows(named=True)}


def test_decisions_hold_and_new_severe_patterns_warn(home: Path, run: Any) -> None:
    settings = load_from(home)
    tables = Tables(settings.tables_root)
    tables.replace(LOG_FILES, files(FIRST))
    tables.replace(LOG_SHAPES, shapes([shape(1, OLD, 1, FIRST)]))
    assert warned(run()) == (True, "*no rows*")
    assert states(tables) == {OLD: ("open", False, False)}

    (known,) = tables.read(LOG_PATTERNS)["pattern_id"]
    with open_store(settings) as store:
        store.set_pattern_state(known, "resolved", changed_by="ann", changed_at=arrival(FIRST, 13))
    run()
    assert states(tables) == {OLD: ("resolved", False, False)}

    tables.replace(LOG_FILES, files(FIRST, SECOND))
    rows = [shape(1, OLD, 1, FIRST), shape(1, OLD, 2, SECOND), shape(2, NEW, 2, SECOND)]
    tables.replace(LOG_SHAPES, shapes(rows))
    passed, shown = warned(run())
    assert not passed
    assert NEW in shown
    assert "2.log:1" in shown
    assert OLD not in shown
    assert states(tables) == {OLD: ("open", True, False), NEW: ("open", False, True)}

    version = tables.version(LOG_PATTERNS)
    run()
    assert tables.version(LOG_PATTERNS) == version

    fresh = tables.read(LOG_PATTERNS).filter("is_new")["pattern_id"].item()
    with open_store(settings) as store:
        store.set_pattern_state(
            fresh, "muted", changed_by="ann", changed_at=arrival(SECOND), until=SECOND + timedelta(1)
        )
    assert warned(run())[0]


def test_a_decision_follows_a_template_that_changes(home: Path, run: Any) -> None:
    settings = load_from(home)
    tables = Tables(settings.tables_root)
    tables.replace(LOG_FILES, files(FIRST, SECOND))
    before = [shape(1, "level low set", 1, FIRST)]
    tables.replace(LOG_SHAPES, shapes(before))
    run()
    (known,) = tables.read(LOG_PATTERNS)["pattern_id"]
    with open_store(settings) as store:
        store.set_pattern_state(known, "muted", changed_by="ann", changed_at=arrival(FIRST, 13))
    more = [shape(n, f"level l{chr(95 + n)}{chr(95 + n)} set", 2, SECOND) for n in range(2, 22)]
    tables.replace(LOG_SHAPES, shapes(before + more))
    run()
    row = tables.read(LOG_PATTERNS).row(0, named=True)
    assert (row["template"], row["state"]) == ("level <*> set", "muted")
    assert [(f["pattern_id"], f["kind"]) for f in row["formerly"]] == [(known, "renamed")]
    version = tables.version(LOG_PATTERNS)
    run()
    assert tables.version(LOG_PATTERNS) == version
