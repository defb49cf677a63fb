"""What agents pay for: the list of tools, answers within ``max_bytes``, and numbers no longer than they are known."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from mcp import Client

from banana_assets.interfaces.mcp.calls import Sources
from banana_assets.interfaces.mcp.schemas import without
from banana_assets.interfaces.mcp.tools import short
from tests.interfaces.mcp.conftest import asked, in_client

LIST_BYTES = 90_000
LEAST = 4_000
"""What any answer may take: its fixed part and a row."""


def test_the_list_of_tools_says_each_thing_once(sources: Sources) -> None:
    async def listed(client: Client) -> list[Any]:
        found = await client.list_tools()
        return [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in found.tools]

    tools = in_client(sources, listed, "report")
    assert len(orjson.dumps(tools)) <= LIST_BYTES
    models = [
        orjson.dumps([name, model])
        for tool in tools
        for name, model in tool["outputSchema"].get("$defs", {}).items()
        if any("description" in field for field in model.get("properties", {}).values())
    ]
    assert len(models) == len(set(models)) > 10
    assert '"title":"Build Id"' not in orjson.dumps(tools).decode()


def test_names_of_fields_are_no_annotations() -> None:
    field = {"title": "Title", "anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
    kept = without({"title": "Test", "properties": {"title": field}, "required": ["title"]}, "title")
    assert kept == {"properties": {"title": {"type": ["string", "null"], "default": None}}, "required": ["title"]}
    refers = {"anyOf": [{"$ref": "#/$defs/Quote"}, {"type": "null"}]}
    assert without(refers, "title") == refers


def test_fractions_have_six_digits_and_counts_all_of_theirs() -> None:
    told = {"share": 1 / 3, "bytes": 33_967_561.25, "count": 123_456_789, "is": True, "rows": [{"tiny": 1.23456789e-9}]}
    assert short(told) == {
        "share": 0.333333, "bytes": 33_967_600.0, "count": 123_456_789, "is": True, "rows": [{"tiny": 1.23457e-9}]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("analyze_system_logs", {"generate_recommendations": True}),
        ("explain_failure", {}),
        ("get_execution_schedule", {}),
        ("get_optimization_recommendations", {}),
        ("get_planning_metrics", {}),
        ("list_failed_builds", {}),
        ("predict_resource_usage", {}),
    ],
)
def test_an_answer_keeps_to_its_bytes(name: str, arguments: dict[str, Any], sources: Sources) -> None:
    for most in (1_000, 6_000):
        found = asked(sources, name, max_bytes=most, **arguments)
        assert not found.is_error
        # What an answer says at least, and one row, may take more than was asked for.
        assert len(orjson.dumps(found.structured_content)) <= max(most, LEAST)
