"""The asset `plans`: what it shows, that its checks find a forged quote, and that a run plans what it was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from banana_assets.assets import checks, plans
from banana_assets.backends.plan_records import PlanRecords
from banana_assets.backends.planned import Planned
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.plans.types import Plan
from banana_assets.core.tables import PLANS
from resources import build_resources
from tests.backends.failed_store import diagnose, red, take_in


@pytest.fixture
def lake(home: Path, tmp_path: Path) -> Tables:
    """The tables of a store with two failures of one kind and one of another."""
    settings = load_from(home)
    lake = Tables(settings.tables_root)
    with open_store(settings) as store:
        take_in(store, tmp_path / "builds", [("g", "", 1), ("r1", red(), 2), ("r2", red(), 3), ("o", red("tax"), 4)])
        diagnose(store, lake)
    return lake


def run(home: Path, *build_ids: str) -> tuple[dict[str, Any], dict[str, bool]]:
    """Compute it: what it shows, and which checks pass."""
    about = [
        c for c in dg.load_asset_checks_from_modules([checks]) if next(iter(c.check_keys)).asset_key.path == ["plans"]
    ]
    config = {"ops": {"plans": {"config": {"build_ids": list(build_ids)}}}} if build_ids else None
    done = dg.materialize(
        [plans.plans, *about],
        selection=dg.AssetSelection.assets(plans.plans) | dg.AssetSelection.checks(*about),
        resources=build_resources(load_from(home)),
        run_config=config,
    )
    assert done.success
    (made,) = done.asset_materializations_for_node("plans")
    passed = {e.check_name: e.passed for e in done.get_asset_check_evaluations()}
    return {name: value.value for name, value in made.metadata.items()}, passed


def test_what_a_run_made_is_shown_and_a_forged_quote_found(home: Path, lake: Tables) -> None:
    told, passed = run(home)
    assert (told["plans_made"], told["failures_planned"], told["model_calls"]) == (2, 3, 0)
    assert told["by_planner"] == {"deterministic": 2}
    assert "test_tax" in told["plan"]
    assert told["plot"].startswith("![plot](data:image/svg")
    assert passed == {"rows_keep_the_schema": True, "plans_are_valid": True, "quotes_stand_in_their_logs": True}
    stored = lake.read(PLANS)
    assert PLANS.violations(stored) == {}
    with open_store(load_from(home)) as store:
        records = PlanRecords(store.engine)
        row = records.plans().row(0, named=True)
        row["subtasks"][0]["citations"][0]["quote"] = row["subtasks"][0]["citations"][0]["quote"].replace("4", "6")
        records.save(Plan.of_row(row | {"plan_id": "f" * 16}))
    again, passed = run(home)
    assert (again["plans_made"], again["failures_planned"]) == (0, 0)
    assert lake.read(PLANS).filter(pl.col("plan_id") != "f" * 16).equals(stored)
    assert passed == {"rows_keep_the_schema": True, "plans_are_valid": True, "quotes_stand_in_their_logs": False}


def test_a_run_plans_what_it_was_asked_for(home: Path, lake: Tables) -> None:
    told, _ = run(home, "o")
    assert told["failures_planned"] == 1
    with open_store(load_from(home)) as store:
        states = dict(Planned(store.engine).states().select("build_id", "state").iter_rows())
    assert states == {"o": "planned", "r1": "waiting", "r2": "waiting"}
