"""Every argument of every tool makes a difference; what is asked for and not there is told; mistakes have a remedy."""

from __future__ import annotations

import inspect
from datetime import datetime, timedelta
from typing import Any

import pytest

from banana_assets.backends.search import embedding, open_search
from banana_assets.backends.search.collecting import collect
from banana_assets.core.errors import BananaError
from banana_assets.core.search.types import Document
from banana_assets.interfaces.mcp.calls import Sources
from banana_assets.interfaces.mcp.server import TOOLS
from tests.interfaces.mcp.conftest import asked, asking

GOAL = "make test_total of ci green"
DISK = "keep the disk of host1 from filling up"
REPEATED = {
    "analysis_timestamp", "analysisTimestamp", "generated_at", "created_at", "next_cursor", "decide_by", "plan_id",
    "goal", "time_range_hours", "filters_applied", "minCompleteness", "collection", "prediction_window_hours",
    "confidence_threshold", "resource_type",
}  # fmt: skip
"""Keys that repeat what was asked, or differ from call to call."""

CASES: dict[str, tuple[dict[str, Any], dict[str, tuple[Any, Any]]]] = {
    "list_failed_builds": ({}, {
        "job": ("ci/test", "nope"), "branch": ("main", "nope"), "commit": (None, "ffff"),
        "category": ("test_failure", "timeout"), "cluster": (None, "ffff"), "status": ("failed", "error"),
        "since": ("1d", "3d"), "new_only": (False, True), "state": ("open", "resolved"),
        "limit": (1, 2),
    }),
    "explain_failure": ({"build_id": "b47"}, {"build_id": ("b47", "b25"), "budget": (100, 2_000)}),
    "search_logs": ({"query": "database cache order", "how": "words"}, {
        "query": ("database", "failure"), "build_id": (None, "b47"), "log_file": (None, "shop.log"),
        "kind": ("pattern", "failure"), "severity": ("low", "critical"), "source": ("shop", "nope"),
        "since": ("2026-03-03T23:59", "2030-01-01"), "until": ("2020-01-01", "2030-01-01"), "limit": (1, 2),
    }),
    "get_log_lines": ({"build_id": "b47"}, {
        "build_id": ("b47", "b45"), "log_file": (None, "shop.log"), "first": (1, 2), "last": (3, 4), "around": (1, 25),
    }),
    "compare_builds": ({"build_id": "b47"}, {"build_id": ("b47", "b25"), "against": ("b46", "b45")}),
    "generate_optimized_plan": ({"goal": GOAL}, {
        "goal": (GOAL, DISK), "constraints": (None, ["at most 2 steps"]),
        "preferred_approach": (None, "revert the change"), "max_subtasks": (2, 10), "model": ("none", "small"),
        "use_advanced_model": (False, True),
    }),
    "analyze_system_logs": ({}, {
        "time_range_hours": (1, 48), "log_level": ("error", "info"), "include_patterns": (False, True),
        "generate_recommendations": (False, True), "model": (None, "small"), "limit": (1, 2),
    }),
    "get_optimization_recommendations": ({}, {
        "category": ("resource", "all"), "min_impact_score": (0, 5), "implementation_difficulty": ("high", "all"),
        "limit": (1, 2), "status": ("open", "dismissed"),
    }),
    "get_planning_metrics": ({"time_range_hours": 240}, {
        "include_trends": (False, True), "include_health_score": (False, True), "time_range_hours": (24, 240),
    }),
    "analyze_metadata_quality": ({}, {
        "collection": ("music", "talks"), "min_completeness": (0, 99), "include_recommendations": (False, True),
        "detailed_analysis": (False, True),
    }),
    "predict_resource_usage": ({}, {
        "resource_type": ("cpu", "disk"), "prediction_window_hours": (6, 24), "confidence_threshold": (0, 1),
        "model": (None, "last_value"), "max_points": (1, 2),
    }),
}  # fmt: skip
"""Arguments that are the same for each call, and two values of each argument at which a tool answers otherwise."""

ELSEWHERE = {
    "search_logs": {"how"}, "get_log_lines": {"context"}, "generate_optimized_plan": {"context", "with_analysis"},
}  # fmt: skip
TOOLS_ELSEWHERE = {"get_execution_schedule", "why", "submit_report"}
"""Arguments and tools that tests of their own are about; ``max_bytes`` and ``cursor`` are with the sizes."""


@pytest.fixture
def indexed(own_sources: Sources, monkeypatch: pytest.MonkeyPatch) -> Sources:
    """The home with its things found by words."""
    monkeypatch.setattr(embedding, "PACKAGE", "no-such-package")
    with open_search(own_sources.settings, meaning=False) as search:
        search.update(collect(own_sources.store, own_sources.tables))
    return own_sources


def answer(sources: Sources, name: str, arguments: dict[str, Any]) -> Any:
    """What a tool answers, without what it repeats of the question; its error where it has one."""
    try:
        return told(asking(sources)(name, **arguments))
    except BananaError as error:
        return str(error)


def told(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: told(item) for name, item in value.items() if name not in REPEATED}
    return [told(item) for item in value] if isinstance(value, list) else value


def test_every_argument_is_tested_somewhere() -> None:
    for spec in TOOLS:
        if spec.name not in TOOLS_ELSEWHERE:
            names = set(inspect.signature(spec.function).parameters) - {"call", "max_bytes", "cursor"}
            assert names == set(CASES[spec.name][1]) | ELSEWHERE.get(spec.name, set()), spec.name


@pytest.mark.parametrize("name", CASES)
def test_every_argument_makes_a_difference(name: str, indexed: Sources) -> None:
    usual, arguments = CASES[name]
    for argument, values in arguments.items():
        # A log is one of a build or of an application.
        others = {} if (name, argument) == ("get_log_lines", "log_file") else usual
        one, other = (answer(indexed, name, others | {argument: value}) for value in values)
        assert one != other, argument


def test_a_time_that_is_not_in_the_data_is_told_with_what_brings_it_in(indexed: Sources) -> None:
    for times in ({"since": "2030-01-01"}, {"until": "2020-01-01"}, {"since": "2020-01-01"}):
        (missing,) = asking(indexed)("search_logs", query="database", how="words", **times)["missing"]
        assert missing["run"].startswith("banana ingest logs")
    assert asking(indexed)("search_logs", query="database", how="words", since="1d")["missing"] == []
    early = asking(indexed)("list_failed_builds", since="2020-01-01")["missing"]
    assert [m["run"] for m in early] == ["banana ingest builds PATH"]


def test_a_time_is_counted_back_from_the_latest_build_or_event(indexed: Sources) -> None:
    ask = asking(indexed)
    latest = ask("search_logs", query="test_total", how="words", kind=["failure"])["items"][0]["last_seen"]
    assert max(b["at"] for b in ask("list_failed_builds")["builds"]) == latest
    with open_search(indexed.settings, meaning=False) as search:
        # Made long after what happened, as a plan is.
        late = datetime.fromisoformat(latest) + timedelta(days=30)
        plan = Document("plan-late", "plan", "late", "a plan", "a plan", "a plan", first_seen=late, last_seen=late)
        search.update([*collect(indexed.store, indexed.tables), plan])
    found = ask("search_logs", query="test_total", how="words", since="2h")
    assert latest in [item["last_seen"] for item in found["items"]]


def test_where_the_time_holds_nothing_it_is_said_what_there_is_at_others(indexed: Sources) -> None:
    found = asking(indexed)("search_logs", query="database", how="words", since="2030-01-01")
    assert found["items"] == []
    assert found["notes"][0].startswith("Nothing in the time that was asked for; at other times")
    assert asking(indexed)("search_logs", query="zebra", how="words", since="2030-01-01")["notes"] == []


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("analyze_system_logs", {"time_range_hours": True}),
        ("get_optimization_recommendations", {"min_impact_score": False}),
        ("list_failed_builds", {"limit": True}),
        ("get_execution_schedule", {"at_once": True}),
        ("explain_failure", {"budget": False}),
    ],
)
def test_a_boolean_is_no_number(name: str, arguments: dict[str, Any], sources: Sources) -> None:
    found = asked(sources, name, **arguments)
    assert found.is_error
    assert f"{next(iter(arguments))}: it is no boolean" in found.content[0].text  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "arguments", "tool"),
    [
        ("explain_failure", {"build_id": "zzz"}, "list_failed_builds"),
        ("compare_builds", {"build_id": "b47", "against": "zzz"}, "list_failed_builds"),
        ("get_log_lines", {"build_id": "zzz"}, "list_failed_builds"),
        ("list_failed_builds", {"cluster": "zzz"}, "explain_failure"),
        ("why", {"plan_id": "zzz"}, "generate_optimized_plan"),
        ("submit_report", {"build_id": "b47", "analysis": "x", "plan_id": "zzz"}, "generate_optimized_plan"),
    ],
)
def test_what_is_not_there_is_told_with_a_tool_that_has_the_names(
    name: str, arguments: dict[str, Any], tool: str, sources: Sources
) -> None:
    found = asked(sources, name, "report", **arguments)
    assert found.is_error
    assert tool in found.content[0].text  # type: ignore[union-attr]
    assert "`banana" not in found.content[0].text  # type: ignore[union-attr]


def test_annotations_say_what_a_tool_does_to_the_world() -> None:
    assert {spec.name for spec in TOOLS if spec.writes} == {"generate_optimized_plan", "submit_report"}
    assert {spec.name for spec in TOOLS if spec.scope != "read"} == {"submit_report"}
    assert {spec.name for spec in TOOLS if spec.reaches_out} == {"generate_optimized_plan", "analyze_system_logs"}
    assert all(spec.repeatable for spec in TOOLS)
