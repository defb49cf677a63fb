"""The graph as people see it: groups, lineage, columns, checks. A change here is meant or a mistake."""

import tomllib
from pathlib import Path

import dagster as dg
import pytest
import yaml

from banana_assets.backends.settings import load_from
from banana_assets.core.tables import TABLES
from banana_assets.definitions import build_definitions

PROJECT = Path(__file__).resolve().parents[2]

LINEAGE = {
    "log_files": set(),
    "log_events": {"log_files"},
    "builds": set(),
    "test_results": {"builds"},
    "resource_samples": {"builds"},
    "log_shapes": {"log_events", "log_files"},
    "log_patterns": {"log_shapes", "log_files"},
    "build_failures": {"builds"},
    "build_steps": {"builds"},
    "failure_clusters": {"build_failures", "builds"},
    "test_history": {"test_results", "builds"},
    "flaky_tests": {"test_results", "build_failures", "builds"},
    "resource_rollups": {"resource_samples"},
    "resource_usage": {"resource_samples", "resource_rollups"},
    "system_metrics": {"log_shapes", "log_patterns", "builds", "test_results", "resource_rollups", "build_steps"},
    "build_health": {"builds", "build_failures", "test_results", "failure_clusters", "flaky_tests"},
    "build_changes": {"builds"},
    "metric_anomalies": {"resource_usage", "system_metrics"},
    "bottlenecks": {
        "builds",
        "build_steps",
        "test_results",
        "resource_usage",
        "resource_usage_predictions",
        "log_shapes",
        "log_patterns",
        "log_files",
    },
    "resource_usage_predictions": {"resource_usage"},
    "optimization_recommendations": {
        "bottlenecks",
        "builds",
        "build_steps",
        "test_results",
        "flaky_tests",
        "build_failures",
        "failure_clusters",
        "resource_usage",
        "log_shapes",
        "log_patterns",
        "log_files",
        "queue_schedules",
        "tasks",
        "metadata_quality",
    },
    "tasks": set(),
    "media_items": set(),
    "metadata_quality": {"media_items"},
    "queue_schedules": {"builds", "tasks"},
    "execution_windows": {
        "builds",
        "tasks",
        "queue_schedules",
        "resource_rollups",
        "resource_usage",
        "resource_usage_predictions",
    },
    "plans": {
        "builds",
        "build_failures",
        "failure_clusters",
        "test_history",
        "flaky_tests",
        "log_patterns",
        "log_files",
        "bottlenecks",
        "optimization_recommendations",
        "resource_usage_predictions",
        "resource_rollups",
    },
    "plan_outcomes": {"plans", "builds", "failure_clusters", "optimization_recommendations"},
    "plan_templates": {"plan_outcomes", "plans", "build_failures", "failure_clusters", "builds"},
    "llm_calls": {"plans"},
    "planning_index": {
        "log_patterns",
        "failure_clusters",
        "build_failures",
        "builds",
        "resource_usage",
        "resource_usage_predictions",
        "plans",
        "plan_outcomes",
        "plan_templates",
    },
}
GROUPS = ("raw", "patterns", "metrics", "advice", "plans")


@pytest.fixture
def definitions(home: Path) -> dg.Definitions:
    return build_definitions(load_from(home))


def specs(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_every_table_is_an_asset_with_its_lineage(definitions: dg.Definitions) -> None:
    found = {name: {d.asset_key.to_user_string() for d in spec.deps} for name, spec in specs(definitions).items()}
    assert found == LINEAGE
    assert set(found) == set(TABLES)


def test_lineage_runs_through_the_groups_in_order(definitions: dg.Definitions) -> None:
    known = specs(definitions)
    for spec in known.values():
        for dep in spec.deps:
            upstream = known[dep.asset_key.to_user_string()]
            assert GROUPS.index(str(upstream.group_name)) <= GROUPS.index(str(spec.group_name))


def test_every_asset_says_what_it_is(definitions: dg.Definitions) -> None:
    for name, spec in specs(definitions).items():
        columns = spec.metadata["dagster/column_schema"]
        assert [c.name for c in columns.columns] == list(TABLES[name].dtypes)
        assert all(c.description for c in columns.columns)
        assert spec.owners
        assert spec.kinds
        assert spec.description == TABLES[name].meaning
        assert spec.freshness_policy is not None


def test_column_lineage_names_real_columns() -> None:
    for table in TABLES.values():
        for sources in table.sources.values():
            for source in sources:
                upstream, column = source.split(".")
                assert column in TABLES[upstream].dtypes, f"{table.name} is said to come from {source}"


def test_every_asset_has_a_schema_check_and_tables_are_checked_against_each_other(definitions: dg.Definitions) -> None:
    keys = {(k.asset_key.to_user_string(), k.name) for k in definitions.resolve_asset_graph().asset_check_keys}
    assert {(name, "rows_keep_the_schema") for name in TABLES} <= keys
    assert len(keys) >= len(TABLES) + 12


def test_jobs_schedules_and_sensors(definitions: dg.Definitions) -> None:
    repository = definitions.get_repository_def()
    assert {"ingest", "patterns", "everything", "plan_failures", "maintenance"} <= set(repository.job_names)
    assert {s.name for s in repository.schedule_defs} == {"hourly", "nightly", "resource_samples"}
    assert {s.name for s in repository.sensor_defs} == {"new_files", "failed_builds", "launched_steps", "failed_run"}
    assert dg.Definitions.validate_loadable(definitions) is None


def test_workspace_and_project_settings_name_the_same_code_location() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    (location,) = yaml.safe_load((PROJECT / "workspace.yaml").read_text())["load_from"]
    assert location["python_module"]["module_name"] == project["code_location_target_module"]
    assert location["python_module"]["location_name"] == project["code_location_name"]
