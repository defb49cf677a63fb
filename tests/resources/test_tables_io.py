"""The IO manager: whole tables, one, several and all daily partitions, every column type, empty frames."""

import datetime as dt
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from banana_assets.backends.tables import Tables
from banana_assets.core.tables import LOG_PATTERNS, PLANS, TEST_RESULTS
from resources import TableIOManager, TablesResource

DAYS = dg.DailyPartitionsDefinition(start_date="2026-03-01", end_date="2026-03-05")
MONDAY = dt.date(2026, 3, 2)


def result(day: str, name: str) -> dict[str, object]:
    return {
        "arrival_day": dt.date.fromisoformat(day),
        "build_id": "b",
        "suite": "s",
        "classname": "c",
        "name": name,
        "status": "passed",
        "attempts": 1,
        "arrived_at": dt.datetime.fromisoformat(f"{day}T00:00:00+00:00"),
    }


@dg.asset(name=TEST_RESULTS.name, partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run())
def daily(context: dg.AssetExecutionContext) -> pl.DataFrame:
    rows = [result(day, f"{day}-{n}") for day in context.partition_keys for n in (1, 2)]
    return TEST_RESULTS.conform(pl.DataFrame(rows))


@pytest.fixture
def resources(tmp_path: Path) -> dict[str, object]:
    tables = TablesResource(root=str(tmp_path / "tables"))
    return {"io_manager": TableIOManager(tables=tables), "tables": tables}


def names(resources: dict[str, object]) -> list[str]:
    tables = resources["tables"]
    assert isinstance(tables, TablesResource)
    return tables.get().read(TEST_RESULTS)["name"].to_list()


def test_one_partition_leaves_the_others(resources: dict[str, object]) -> None:
    for day in ("2026-03-01", "2026-03-02", "2026-03-01"):
        assert dg.materialize([daily], partition_key=day, resources=resources).success
    assert names(resources) == ["2026-03-01-1", "2026-03-01-2", "2026-03-02-1", "2026-03-02-2"]


def test_several_partitions_are_written_in_one_run(resources: dict[str, object]) -> None:
    tags = {"dagster/asset_partition_range_start": "2026-03-02", "dagster/asset_partition_range_end": "2026-03-04"}
    assert dg.materialize([daily], tags=tags, resources=resources).success
    assert len(names(resources)) == 6


def test_an_unpartitioned_asset_reads_all_partitions(resources: dict[str, object]) -> None:
    for day in ("2026-03-01", "2026-03-03"):
        assert dg.materialize([daily], partition_key=day, resources=resources).success
    seen: list[int] = []

    @dg.asset(name=LOG_PATTERNS.name)
    def whole(test_results: pl.DataFrame) -> None:
        seen.append(test_results.height)

    @dg.asset(name=PLANS.name)
    def lazy(test_results: pl.LazyFrame) -> None:
        seen.append(test_results.collect().height)

    assert dg.materialize([daily, whole, lazy], selection=[whole, lazy], resources=resources).success
    # In a run for one day, too: it is the asset that has no partitions, not the run.
    assert dg.materialize([daily, whole], partition_key="2026-03-04", resources=resources).success
    assert seen == [4, 4, 6]


def test_a_partitioned_asset_reads_its_own_day(resources: dict[str, object]) -> None:
    for day in ("2026-03-01", "2026-03-03"):
        assert dg.materialize([daily], partition_key=day, resources=resources).success
    seen: list[str] = []

    @dg.asset(name=LOG_PATTERNS.name, partitions_def=DAYS)
    def same_day(test_results: pl.DataFrame) -> None:
        seen.extend(test_results["name"])

    chosen = dg.materialize([daily, same_day], selection=[same_day], partition_key="2026-03-03", resources=resources)
    assert chosen.success
    assert seen == ["2026-03-03-1", "2026-03-03-2"]


def test_every_type_comes_back_as_it_went(resources: dict[str, object]) -> None:
    at = dt.datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=dt.UTC)
    citation = {"build_id": "b", "sha256": "0" * 64, "first_line": 1, "last_line": 2, "quote": "a\nb"}
    step = {
        "id": "1",
        "type": "fix",
        "description": "d",
        "expects": "e",
        "estimated_minutes": 1.5,
        "dependencies": ["0"],
        "priority": "high",
        "resource_requirements": [{"type": "cpu", "amount": 2.0, "unit": "cores"}],
        "citations": [citation],
        "action": {"kind": "ingest", "arguments": ["a"]},
        "rests_on": [{"table": "bottlenecks", "key": "k"}],
    }
    part = {"name": "n", "value": 1.0, "weight": 0.5, "why": "w"}
    row = {
        "plan_id": "p",
        "kind": "failure",
        "goal": "g",
        "subject": "s",
        "approach": "a",
        "subtasks": [step],
        "risks": [{"description": "d", "mitigation": "m"}],
        "fallback_plan": "f",
        "prediction": {"fingerprint": "f", "statement": "s", "decide_by": at},
        "planner": "deterministic",
        "created_at": at,
        "model_used": "none",
        "status": "pending",
        "reason": None,
        "context": None,
        "constraints": ["c"],
        "preferred_approach": None,
        "optimization_score": 0.5,
        "optimization_parts": [part],
        "resource_efficiency": None,
        "efficiency_parts": [],
        "issues": [{"level": "info", "message": "m", "step": None}],
        "template_id": None,
        "supersedes": None,
    }

    @dg.asset(name=PLANS.name)
    def plans() -> pl.DataFrame:
        return PLANS.conform(pl.DataFrame([row], schema=PLANS.dtypes))

    assert dg.materialize([plans], resources=resources).success
    tables = resources["tables"]
    assert isinstance(tables, TablesResource)
    assert tables.get().read(PLANS).to_dicts() == [row]


def test_an_asset_without_a_value_writes_nothing(resources: dict[str, object], tmp_path: Path) -> None:
    @dg.asset(name=PLANS.name)
    def plans() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata={"rows": 0})

    assert dg.materialize([plans], resources=resources).success
    assert Tables(str(tmp_path / "tables")).version(PLANS) is None
