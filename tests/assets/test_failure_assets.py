"""Clusters, histories and flaky tests over several runs: nothing is computed twice, and what people set shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from banana_assets.assets import checks, patterns, raw
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.builds.flaky import flaky_tests as find_flaky
from banana_assets.core.builds.quarantine import QUARANTINES
from banana_assets.core.tables import (
    BUILD_FAILURES,
    BUILDS,
    FAILURE_CLUSTERS,
    FLAKY_TESTS,
    TEST_HISTORY,
    TEST_RESULTS,
)
from resources import build_resources
from tests.core.metrics.frames import DAY, builds, failures, results

MADE = (FAILURE_CLUSTERS, TEST_HISTORY, FLAKY_TESTS)
RED = {"status": "failed", "commit_sha": "c1"}


@pytest.fixture
def lake(home: Path) -> Tables:
    """Tables with a failed build, and a green one of the same commit."""
    tables = Tables(load_from(home).tables_root)
    known = [{"build_id": "a"}, {"build_id": "b", **RED}, {"build_id": "c", "commit_sha": "c1"}]
    tests = [{"build_id": k, "name": "t", "status": "failed" if k == "b" else "passed"} for k in "abc"]
    tables.replace(BUILDS, builds(known))
    tables.replace(BUILD_FAILURES, failures([{"build_id": "b"}]))
    tables.replace(TEST_RESULTS, results(tests), [DAY])
    return tables


@pytest.fixture
def run(home: Path) -> Any:
    """Compute some of the three once more; which of the tables got a new version."""
    instance = dg.DagsterInstance.ephemeral()
    tables = Tables(load_from(home).tables_root)

    def once(*chosen: str) -> list[str]:
        before = {table.name: tables.version(table) for table in MADE}
        about = dg.load_asset_checks_from_modules([checks])
        made = [patterns.failure_clusters, patterns.test_history, patterns.flaky_tests]
        done = dg.materialize(
            [raw.builds, raw.test_results, patterns.build_failures, *made, *about],
            selection=dg.AssetSelection.assets(*(chosen or made)),
            resources=build_resources(load_from(home)),
            instance=instance,
        )
        assert done.success
        evaluated = done.get_asset_check_evaluations()
        assert len(evaluated) == (3 if chosen else 7)
        assert [e.check_name for e in evaluated if not e.passed] == []
        return [table.name for table in MADE if tables.version(table) != before[table.name]]

    return once


def test_the_same_again_changes_nothing_and_a_new_failure_keeps_ids(lake: Tables, run: Any) -> None:
    assert run() == [table.name for table in MADE]
    assert lake.read(FAILURE_CLUSTERS).select("builds", "state", "last_green_build").rows() == [
        (["b"], "resolved", "a")
    ]
    assert lake.read(TEST_HISTORY).select("runs", "failures").rows() == [(3, 1)]
    assert lake.read(FLAKY_TESTS).select("flakes", "state").rows() == [(1, "flaky")]
    assert run() == []
    name = lake.read(FAILURE_CLUSTERS)["cluster_id"].item()
    known = builds([*({"build_id": k} for k in "a"), {"build_id": "b", **RED}, {"build_id": "c", "commit_sha": "c1"},
                    {"build_id": "d", "status": "failed"}])  # fmt: skip
    lake.replace(BUILDS, known)
    lake.replace(BUILD_FAILURES, failures([{"build_id": "b"}, {"build_id": "d"}]))
    assert run() == [FAILURE_CLUSTERS.name]
    assert lake.read(FAILURE_CLUSTERS).select("cluster_id", "builds", "state", "recurrences").rows() == [
        (name, ["b", "d"], "open", 1)
    ]


def test_a_quarantine_shows_after_the_next_run_and_stays(lake: Tables, run: Any, home: Path) -> None:
    frames = map(lake.read, (TEST_RESULTS, BUILDS, BUILD_FAILURES))
    now = datetime.now(UTC)
    name = find_flaky(*frames, pl.DataFrame(schema=QUARANTINES), now.date())["test_id"].item()
    until = (now + timedelta(days=2)).date()
    with open_store(load_from(home)) as store:
        told = {"pipeline": "ci", "title": "t", "set_by": "ann", "set_at": now}
        store.set_quarantine(name, until=until, reason="clock", **told)
    assert run("flaky_tests") == [FLAKY_TESTS.name]
    columns = ["quarantine", "quarantined_until", "quarantine_reason"]
    assert lake.read(FLAKY_TESTS).select(columns).rows() == [("active", until, "clock")]
    with open_store(load_from(home)) as store:
        store.lift_quarantine(name, lifted_by="ann", lifted_at=now)
    assert run("flaky_tests") == [FLAKY_TESTS.name]
    assert lake.read(FLAKY_TESTS)["quarantine"].item() == "lifted"
