"""A JSON schema in the part of the language that OpenAI's strict mode takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_KEPT = frozenset(
    {"type", "properties", "items", "enum", "const", "anyOf", "$ref", "$defs", "description", "title", "required"}
)


def strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with every property required, none beside those named, and bounds left away.

    Answers are checked against the whole schema when they are back, so that nothing is lost but the server's help.
    Source: https://platform.openai.com/docs/guides/structured-outputs
    """
    found = {name: value for name, value in schema.items() if name in _KEPT}
    for name in ("properties", "$defs"):
        if name in found:
            found[name] = {key: strict(inner) for key, inner in found[name].items()}
    if "items" in found:
        found["items"] = strict(found["items"])
    if "anyOf" in found:
        found["anyOf"] = [strict(inner) for inner in found["anyOf"]]
    if "properties" in found:
        found["required"] = list(found["properties"])
        found["additionalProperties"] = False
    return found
