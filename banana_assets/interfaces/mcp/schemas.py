"""Schemas of tools without what an agent pays for and does not need: generated titles, and what was said before."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from mcp.server.mcpserver.tools import Tool

_NAMED = ("properties", "$defs")
"""Keywords whose keys are names, which may be `title` or `description` themselves."""

_PLACE = "#/$defs/"


def slimmed(tools: Iterable[Tool]) -> None:
    """Take generated titles out of these tools' schemas, descriptions that an earlier one has, and detours."""
    told: list[Any] = []
    said: set[tuple[str, str]] = set()
    for tool in tools:
        tool.parameters = without(tool.parameters, "title")
        output = tool.fn_metadata.output_schema
        if output is None:
            continue
        slim = without(output, "title")
        slim.pop("description", None)
        for name, model in slim.get("$defs", {}).items():
            if model in told:
                slim["$defs"][name] = without(model, "description")
            else:
                told.append(model)
        # Rows have all of their fields always, which nobody needs the names of twice for.
        fields = list(slim["properties"])
        tool.fn_metadata.output_schema = _fresh(direct(without(without(slim, "required"), "default")), said) | {
            "required": fields
        }


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
    return _merged(kept)


def _merged(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema with `null` among the types of what is one plain type or null."""
    match schema.get("anyOf"):
        case [{"type": str(kind)} as plain, {"type": "null"}] if "enum" not in plain:
            either: dict[str, Any] = plain | {"type": [kind, "null"]}
            return either | {key: value for key, value in schema.items() if key != "anyOf"}
    return schema


def direct(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema with the models that it refers to once in the place of the reference."""
    models, text = schema.get("$defs", {}), json.dumps(schema)
    once = {name: model for name, model in models.items() if text.count(f'"{_PLACE}{name}"') == 1}
    left = {name: _placed(model, once) for name, model in models.items() if name not in once}
    whole: dict[str, Any] = _placed({key: value for key, value in schema.items() if key != "$defs"}, once)
    return whole | ({"$defs": left} if left else {})


def _placed(schema: Any, models: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_placed(part, models) for part in schema]
    if not isinstance(schema, dict):
        return schema
    name = str(schema.get("$ref", "")).removeprefix(_PLACE)
    if name in models:
        # What the field says of it is nearer than what the model says of itself.
        placed: dict[str, Any] = _placed(models[name], models)
        return placed | {key: value for key, value in schema.items() if key != "$ref"}
    return _merged({key: _placed(value, models) for key, value in schema.items()})


def _fresh(schema: Any, said: set[tuple[str, str]]) -> Any:
    """A schema without the descriptions that fields of the same name had before, and without those of mere rows."""
    if isinstance(schema, list):
        return [_fresh(part, said) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {}
    for key, value in schema.items():
        if key != "properties":
            made[key] = _fresh(value, said)
            continue
        made[key] = {}
        for name, field in value.items():
            pair = (name, field.get("description", ""))
            made[key][name] = _fresh({k: v for k, v in field.items() if k != "description" or pair not in said}, said)
            said.add(pair)
    for inner in [made.get("items"), *made.get("anyOf", ())]:
        if isinstance(inner, dict) and "description" in made:
            inner.pop("description", None)
    return made
