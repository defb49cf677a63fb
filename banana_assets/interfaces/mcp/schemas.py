"""Schemas of tools without what an agent pays for and does not need: generated titles, and descriptions said before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mcp.server.mcpserver.tools import Tool

_NAMED = ("properties", "$defs")
"""Keywords whose keys are names, which may be `title` or `description` themselves."""


def slimmed(tools: Iterable[Tool]) -> None:
    """Take generated titles out of these tools' schemas, and the descriptions of a model that an earlier one told."""
    told: list[Any] = []
    for tool in tools:
        tool.parameters = without(tool.parameters, "title")
        output = tool.fn_metadata.output_schema
        if output is None:
            continue
        slim = tool.fn_metadata.output_schema = without(output, "title")
        for name, model in slim.get("$defs", {}).items():
            if model in told:
                slim["$defs"][name] = without(model, "description")
            else:
                told.append(model)


def without(schema: Any, keyword: str) -> Any:
    """A copy without an annotation, and with `null` among the types of what is one plain type or null."""
    if isinstance(schema, list):
        return [without(part, keyword) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        key: {name: without(part, keyword) for name, part in value.items()}
        if key in _NAMED
        else without(value, keyword)
        for key, value in schema.items()
        if key != keyword
    }
    match kept.get("anyOf"):
        case [{"type": str(kind)} as plain, {"type": "null"}] if "enum" not in plain:
            del kept["anyOf"]
            return plain | {"type": [kind, "null"]} | kept
    return kept
