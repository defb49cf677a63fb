"""``bottlenecks`` and ``optimization_recommendations`` over several runs: decisions hold, checks pass, and tell."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from banana_assets.assets import advice, checks
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.tables import BOTTLENECKS, BUILD_FAILURES, BUILDS, OPTIMIZATION_RECOMMENDATIONS
from resources import build_resources
from tests.core.metrics.frames import at, builds, failures


def runs(n: int) -> pl.DataFrame:
    return builds([{"duration_seconds": (60.0 if k < 40 else 130.0) + k % 3, "finished_at": at(k)} for k in range(n)])


@pytest.fixture
def run(home: Path) -> Any:
    settings = load_from(home)

    def once() -> dg.ExecuteInProcessResult:
        about = [checks.true_recommendations, checks.sound_states, checks.said_once, checks.evidence_rows]
        made = [advice.bottlenecks, advice.optimization_recommendations]
        done = dg.materialize([*made, *about], resources=build_resources(settings))
        assert done.success
        return done

    return once


def failed_checks(done: dg.ExecuteInProcessResult) -> set[str]:
    return {e.check_name for e in done.get_asset_check_evaluations() if not e.passed}


def test_advice_is_computed_kept_and_checked(run: Any, home: Path) -> None:
    settings = load_from(home)
    tables = Tables(settings.tables_root)
    tables.replace(BUILDS, runs(60))
    tables.replace(BUILD_FAILURES, failures([{"build_id": "b003", "log_sha256": "0" * 64}]))
    first = run()
    assert failed_checks(first) == set()
    known = tables.read(OPTIMIZATION_RECOMMENDATIONS)
    assert known.height == 2
    assert tables.read(BOTTLENECKS)["kind"].to_list() == ["slow_step"]
    # The diagnosis quotes a log that is not stored: the quote is not shown, the row that it comes from is.
    evidence = known.filter(pl.col("bottleneck_id").is_null())["evidence"][0].to_list()
    assert [(e["table"], e["citation"]) for e in evidence] == [("build_failures", None)]

    ident = known.drop_nulls("bottleneck_id")["recommendation_id"][0]
    with open_store(settings) as store:
        store.set_recommendation_state(
            ident, "implemented", set_by="ann", set_at=at(70), implemented_at=at(60) - timedelta(minutes=30)
        )
    tables.replace(BUILDS, runs(70))
    second = run()
    assert failed_checks(second) == set()
    row = tables.read(OPTIMIZATION_RECOMMENDATIONS).filter(recommendation_id=ident).row(0, named=True)
    assert (row["status"], row["effect"]["verdict"]) == ("implemented", "no_clear_change")
    assert (row["effect"]["n_before"], row["effect"]["n_after"]) == (20, 10)

    version = tables.version(OPTIMIZATION_RECOMMENDATIONS)
    run()
    assert tables.version(OPTIMIZATION_RECOMMENDATIONS) == version
