"""What agents pay for: the list of tools, answers within ``max_bytes`` whose pages join, figures of four digits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from mcp import Client

from banana_assets.interfaces.mcp.calls import Sources
from banana_assets.interfaces.mcp.paging import LEAST_BYTES, MOST_BYTES
from banana_assets.interfaces.mcp.schemas import direct, without
from banana_assets.interfaces.mcp.server import TOOLS
from banana_assets.interfaces.mcp.wire import short
from tests.interfaces.mcp.conftest import asked, asking, in_client

LIST_BYTES = 75_000
GOAL = "make test_total of ci green"
CASES: list[tuple[str, dict[str, Any]]] = [
    ("list_failed_builds", {}),
    ("explain_failure", {"budget": 100}),
    ("explain_failure", {"build_id": "b00"}),
    ("search_logs", {"query": "test order database"}),
    ("search_logs", {"query": "order", "log_file": "shop.log"}),
    ("get_log_lines", {"build_id": "b47", "first": 1}),
    ("get_log_lines", {"log_file": "shop.log", "first": 1, "last": 150}),
    ("compare_builds", {"build_id": "b47"}),
    ("generate_optimized_plan", {"goal": GOAL}),
    ("generate_optimized_plan", {"goal": "keep the disk of host1 from filling up"}),
    ("analyze_system_logs", {"generate_recommendations": True}),
    ("get_optimization_recommendations", {}),
    ("get_planning_metrics", {"time_range_hours": 1000}),
    ("analyze_metadata_quality", {"detailed_analysis": True}),
    ("predict_resource_usage", {"confidence_threshold": 0.9, "max_points": 20}),
    ("get_execution_schedule", {}),
]
FIXED = {"topIssues", "cause", "jobs", "branches", "resource_requirements", "focus"}
"""Short lists that every page has."""

NAMES = [f"{name}-{n}" for n, (name, _) in enumerate(CASES)]


def test_every_tool_that_may_have_much_to_say_is_walked_here() -> None:
    assert {spec.name for spec in TOOLS} - {name for name, _ in CASES} == {"why", "submit_report"}


def rows(answer: Any, path: str = "") -> Iterator[tuple[str, bytes]]:
    """Every row of every list that is walked, with where it stands; rows hold their own lists."""
    for name, value in answer.items():
        if name in FIXED:
            continue
        if isinstance(value, list):
            for row in value:
                yield f"{path}.{name}", orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
        elif isinstance(value, dict):
            yield from rows(value, f"{path}.{name}")


def pages(sources: Sources, name: str, arguments: dict[str, Any], most: int) -> list[Any]:
    """All answers of a walk, over the wire."""

    async def walk(client: Client) -> list[Any]:
        found, cursor = [], None
        while True:
            more: dict[str, Any] = {"cursor": cursor} if cursor else {}
            answer = await client.call_tool(name, {**arguments, "max_bytes": most, **more})
            assert not answer.is_error, answer.content
            content = answer.structured_content
            assert content is not None
            assert len(answer.content[0].text.encode()) <= most  # type: ignore[union-attr]
            assert content["truncated"] == (content["next_cursor"] is not None)
            found.append(content)
            cursor = content["next_cursor"]
            if cursor is None:
                return found

    return in_client(sources, walk)


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=NAMES)
def test_an_answer_keeps_to_its_bytes_and_its_pages_join_to_the_whole(
    name: str, arguments: dict[str, Any], sources: Sources
) -> None:
    whole = pages(sources, name, {**arguments} | ({"limit": 100} if name == "search_logs" else {}), MOST_BYTES)
    expected = sorted(row for page in whole for row in rows(page))
    for most in (LEAST_BYTES, 5_500):
        walked = pages(sources, name, arguments, most)
        assert sorted(row for page in walked for row in rows(page)) == expected


def test_what_a_plan_rests_on_comes_over_pages_too(own_sources: Sources) -> None:
    plan = asking(own_sources, "report")("generate_optimized_plan", goal=GOAL)["plan"]["plan_id"]
    (whole,) = pages(own_sources, "why", {"plan_id": plan}, MOST_BYTES)
    walked = [step for page in pages(own_sources, "why", {"plan_id": plan}, LEAST_BYTES) for step in page["steps"]]
    assert [step["step"] for step in walked] == [step["step"] for step in whole["steps"]]
    for short_, long in zip(walked, whole["steps"], strict=True):
        assert [cited["where"] for cited in short_["cites"]] == [cited["where"] for cited in long["cites"]]
        for less, more in zip(short_["cites"], long["cites"], strict=True):
            assert len(less["lines"]) + less["omitted"] == len(more["lines"]) + more["omitted"]


def test_less_than_any_answer_takes_cannot_be_asked_for(sources: Sources) -> None:
    found = asked(sources, "list_failed_builds", max_bytes=LEAST_BYTES - 1)
    assert found.is_error
    assert str(LEAST_BYTES) in found.content[0].text  # type: ignore[union-attr]


def test_the_list_of_tools_says_each_thing_once(sources: Sources) -> None:
    async def listed(client: Client) -> list[Any]:
        found = await client.list_tools()
        return [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in found.tools]

    tools = in_client(sources, listed, "report")
    assert len(orjson.dumps(tools)) <= LIST_BYTES
    told = [pair for tool in tools for pair in _described(tool["outputSchema"])]
    assert len(told) == len(set(told)) > 100
    assert '"title":"Build Id"' not in orjson.dumps(tools).decode()
    assert all(set(tool["outputSchema"]["required"]) == set(tool["outputSchema"]["properties"]) for tool in tools)


def _described(schema: Any) -> Iterator[tuple[str, str]]:
    if isinstance(schema, list):
        for part in schema:
            yield from _described(part)
    elif isinstance(schema, dict):
        for name, field in schema.get("properties", {}).items():
            if "description" in field:
                yield name, field["description"]
        for key, value in schema.items():
            for part in value.values() if key in ("properties", "$defs") else [value]:
                yield from _described(part)


def test_names_of_fields_are_no_annotations() -> None:
    field = {"title": "Title", "anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
    kept = without({"title": "Test", "properties": {"title": field}, "required": ["title"]}, "title")
    assert kept == {"properties": {"title": {"type": ["string", "null"], "default": None}}, "required": ["title"]}
    refers = {"anyOf": [{"$ref": "#/$defs/Quote"}, {"type": "null"}]}
    assert without(refers, "title") == refers


def test_what_is_referred_to_once_stands_in_its_place() -> None:
    once, twice = {"type": "object", "description": "A."}, {"type": "object", "description": "B."}
    fields = {
        "a": {"$ref": "#/$defs/A", "description": "Nearer."},
        "b": {"anyOf": [{"$ref": "#/$defs/B"}, {"type": "null"}]},
        "c": {"$ref": "#/$defs/B"},
    }
    made = direct({"properties": fields, "$defs": {"A": once, "B": twice}})
    assert made == {
        "properties": {**fields, "a": {"type": "object", "description": "Nearer."}}, "$defs": {"B": twice}
    }  # fmt: skip


def test_fractions_have_four_digits_and_whole_numbers_all_of_theirs() -> None:
    told = {"share": 1 / 3, "bytes": 33_967_561.25, "count": 123_456_789, "is": True, "hours": 87_840.0}
    assert short(told | {"rows": [{"tiny": 1.23456789e-9}]}) == {
        "share": 0.3333, "bytes": 33_970_000.0, "count": 123_456_789, "is": True, "hours": 87_840.0,
        "rows": [{"tiny": 1.235e-9}],
    }  # fmt: skip
