"""The six tools that clients of the planning server know: names, arguments, keys; and what never leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from mcp import Client
from mcp.server.mcpserver.utilities.func_metadata import func_metadata

from banana_assets.core.tables import LOG_PATTERNS, OPTIMIZATION_RECOMMENDATIONS
from banana_assets.interfaces.mcp.calls import Sources
from banana_assets.interfaces.mcp.reference import FILE, MARK, reference
from banana_assets.interfaces.mcp.server import TOOLS, create_server
from tests.interfaces.mcp.answering_home import SECRET
from tests.interfaces.mcp.conftest import Ask, asked, asking, in_client

PROJECT = Path(__file__).resolve().parents[3]
GOAL = "make test_total of ci green"
REQUIRED: dict[str, dict[str, Any]] = {
    "generate_optimized_plan": {"goal": GOAL},
}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "generate_optimized_plan": {
        "goal": ..., "context": None, "constraints": None, "preferred_approach": None, "max_subtasks": 10,
        "model": None, "use_advanced_model": False, "with_analysis": True,
    },
    "analyze_system_logs": {
        "time_range_hours": 24, "log_level": None, "include_patterns": True, "generate_recommendations": False,
        "model": None,
    },
    "get_optimization_recommendations": {
        "category": "all", "min_impact_score": 0, "implementation_difficulty": "all", "limit": 10,
    },
    "get_planning_metrics": {"include_trends": True, "include_health_score": True, "time_range_hours": 168},
    "analyze_metadata_quality": {
        "collection": None, "min_completeness": 0, "include_recommendations": True, "detailed_analysis": False,
    },
    "predict_resource_usage": {
        "resource_type": "all", "prediction_window_hours": 24, "confidence_threshold": 0.7, "model": None,
    },
}  # fmt: skip
"""Names and defaults; ``model`` is the configured one where the other server had a name of its own."""

KEYS: dict[str, set[str]] = {
    "generate_optimized_plan": {
        "success", "plan", "optimization_score", "resource_efficiency", "model_used", "context_used", "error",
    },
    "analyze_system_logs": {
        "time_range_hours", "patterns_found", "patterns", "recommendations", "analysis_timestamp",
    },
    "get_optimization_recommendations": {
        "total_recommendations", "filtered_recommendations", "recommendations", "filters_applied",
    },
    "get_planning_metrics": {"metrics", "generated_at", "time_range_hours"},
    "analyze_metadata_quality": {"completenessScore", "qualityIssues", "recommendations", "missingFields"},
    "predict_resource_usage": {
        "resource_type", "prediction_window_hours", "confidence_threshold", "status", "predictions", "recommendations",
    },
}  # fmt: skip
PATTERN = {
    "id", "pattern_type", "pattern_description", "frequency", "severity", "first_detected", "last_detected", "resolved",
    "resolved_at",
}  # fmt: skip
RECOMMENDATION = {
    "id", "recommendation_type", "description", "impact_score", "implementation_difficulty", "created_at",
    "implemented", "implemented_at", "llm_model_used",
}  # fmt: skip
METRICS = {"totalPlans", "averageOptimizationScore", "topRecommendations", "recentPatterns", "systemHealth"}
PLAN = {
    "approach", "subtasks", "optimization_notes", "risk_assessment", "estimated_total_duration",
    "resource_requirements",
}  # fmt: skip
SUBTASK = {"type", "description", "estimated_duration", "resource_requirements", "dependencies", "priority"}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments_and_defaults_are_those_that_clients_know(name: str, sources: Sources) -> None:
    server = create_server(lambda: sources, lambda context: pytest.fail("nobody calls"))
    tool = next(tool for tool in server._tool_manager.list_tools() if tool.name == name)
    told = {key: about.get("default", ...) for key, about in tool.parameters["properties"].items()}
    assert {key: told[key] for key in ARGUMENTS[name]} == ARGUMENTS[name]
    assert list(told)[: len(ARGUMENTS[name])] == list(ARGUMENTS[name])
    assert tool.parameters.get("required", []) == list(REQUIRED.get(name, {}))
    assert all(about.get("description") for about in tool.parameters["properties"].values())


@pytest.mark.parametrize("name", KEYS)
def test_every_field_of_an_answer_says_what_it_means(name: str) -> None:
    schema = next(_schema(spec.function) for spec in TOOLS if spec.name == name)
    for shape in (schema, *schema["$defs"].values()):
        for field, about in shape.get("properties", {}).items():
            # A reference is described by what it refers to.
            assert about.get("description") or "$ref" in about, f"{shape.get('title')}.{field}"


def _schema(function: Any) -> Any:
    return func_metadata(function, skip_names=["call"], structured_output=True).output_schema


@pytest.mark.parametrize("name", KEYS)
def test_answers_have_the_keys_that_clients_know(name: str, ask: Ask) -> None:
    assert set(ask(name, **REQUIRED.get(name, {}))) >= KEYS[name]


def test_records_have_the_keys_that_clients_know(ask: Ask) -> None:
    assert set(ask("analyze_system_logs")["patterns"][0]) >= PATTERN
    found = ask("analyze_system_logs", generate_recommendations=True)
    assert set(found["recommendations"][0]) >= RECOMMENDATION
    assert set(found["summary"]) >= {"totalLogs", "errorRate", "warningRate", "topIssues"}
    assert set(ask("get_optimization_recommendations")["recommendations"][0]) >= RECOMMENDATION
    metrics = ask("get_planning_metrics")["metrics"]
    assert set(metrics) >= METRICS
    assert set(metrics["systemHealth"]) >= {"score", "issues"}
    made = ask("generate_optimized_plan", goal=GOAL)
    assert set(made["plan"]) >= PLAN
    assert set(made["plan"]["subtasks"][0]) >= SUBTASK
    assert set(made["context_used"]) == {"logPatternsCount", "templatesCount", "metricsCount"}
    assert set(made["validation"]) >= {"isValid", "issues", "suggestions", "estimatedSuccessRate"}
    allotted = ask("predict_resource_usage")["recommendations"][0]
    assert set(allotted) >= {"resource", "currentAllocation", "recommendedAllocation", "reasoning"}


TELLING: list[tuple[str, dict[str, Any]]] = [
    ("list_failed_builds", {"limit": 200}),
    ("explain_failure", {"build_id": "b47", "budget": 20_000}),
    ("search_logs", {"query": "login token", "log_file": "shop.log"}),
    ("search_logs", {"query": "export", "build_id": "b47"}),
    ("get_log_lines", {"build_id": "b47", "first": 1}),
    ("get_log_lines", {"log_file": "shop.log"}),
    ("compare_builds", {"build_id": "b47"}),
    ("generate_optimized_plan", {"goal": f"make test_total of ci green with token={SECRET}", "context": SECRET}),
    ("generate_optimized_plan", {"goal": f"fly to {SECRET}"}),
    ("analyze_system_logs", {"generate_recommendations": True}),
    ("get_optimization_recommendations", {"status": "all", "limit": 50}),
    ("get_planning_metrics", {"time_range_hours": 1_000}),
    ("analyze_metadata_quality", {"detailed_analysis": True}),
    ("predict_resource_usage", {"confidence_threshold": 0}),
    ("get_execution_schedule", {}),
    ("explain_failure", {"build_id": SECRET}),
    ("get_log_lines", {"log_file": SECRET}),
    ("list_failed_builds", {"job": SECRET}),
    ("list_failed_builds", {"since": SECRET[:40]}),
    ("get_execution_schedule", {"queue": SECRET}),
    ("analyze_metadata_quality", {"collection": SECRET}),
    ("why", {"plan_id": SECRET, "step": SECRET}),
    ("submit_report", {"build_id": SECRET, "analysis": SECRET}),
    ("no_such_argument", {SECRET: 1}),
]


@pytest.mark.parametrize(("name", "arguments"), TELLING)
def test_secrets_never_leave(name: str, arguments: dict[str, Any], sources: Sources) -> None:
    async def called(client: Client) -> str:
        most = {"max_bytes": 200_000} if name not in ("submit_report", "no_such_argument") else {}
        known = "list_failed_builds" if name == "no_such_argument" else name
        return str(await client.call_tool(known, arguments | most))

    # Who holds the scope report keeps plans, in a home that tests share.
    scopes = ("report",) if name == "submit_report" else ()
    assert "ghp_" not in in_client(sources, called, *scopes)


def test_secrets_leave_neither_by_resources_nor_by_prompts(own_sources: Sources) -> None:
    asking(own_sources, "report")("generate_optimized_plan", goal=f"make test_total of ci green with token={SECRET}")

    async def everything(client: Client) -> str:
        listed = (await client.list_resources()).resources
        assert {str(one.uri).partition(":")[0] for one in listed} == {"build", "plan", "pattern"}
        found = [str(listed)]
        found += [str(await client.read_resource(str(one.uri))) for one in listed]
        found += [str(await client.get_prompt(one.name, {})) for one in (await client.list_prompts()).prompts]
        return "\n".join(found)

    assert "ghp_" not in in_client(own_sources, everything, "report")


def test_what_the_log_does_not_say_is_not_quoted(own_sources: Sources) -> None:
    lake = own_sources.tables
    lie = {"file_id": 1, "path": "shop.log", "line": 1, "text": "all is well"}
    lake.replace(
        LOG_PATTERNS, lake.read(LOG_PATTERNS).with_columns(examples=pl.lit([lie], LOG_PATTERNS.dtypes["examples"]))
    )
    found = asking(own_sources)("analyze_system_logs")
    assert found["patterns"]
    assert [pattern["example"] for pattern in found["patterns"]] == [None] * len(found["patterns"])


def test_a_recommendation_that_rests_on_nothing_that_holds_is_withheld(own_sources: Sources) -> None:
    lake = own_sources.tables
    known = lake.read(OPTIMIZATION_RECOMMENDATIONS)
    row = next(row for row in known.to_dicts() if any(e["citation"] for e in row["evidence"]))
    false = [e | {"citation": e["citation"] | {"quote": "all is well"}} for e in row["evidence"] if e["citation"]]
    rows = [
        r if r["recommendation_id"] != row["recommendation_id"] else r | {"evidence": false} for r in known.to_dicts()
    ]
    lake.replace(OPTIMIZATION_RECOMMENDATIONS, pl.DataFrame(rows, schema=OPTIMIZATION_RECOMMENDATIONS.dtypes))
    found = asking(own_sources)("get_optimization_recommendations")
    assert found["withheld"] == 1
    assert row["recommendation_id"] not in [r["id"] for r in found["recommendations"]]
    assert "all is well" not in str(found)


@pytest.mark.parametrize("name", KEYS)
def test_where_nothing_was_brought_in_the_answer_says_what_to_run(name: str, no_sources: Sources) -> None:
    found = asked(no_sources, name, **REQUIRED.get(name, {}))
    assert found.structured_content is not None
    assert "banana " in str(found.structured_content)
    assert bool(found.is_error) == (name == "generate_optimized_plan")


def test_the_page_about_tools_is_that_of_the_code() -> None:
    page = (PROJECT / FILE).read_text(encoding="utf-8")
    assert page.partition(MARK)[1:] == (MARK, reference().removeprefix(MARK)), "run `make docs`"
