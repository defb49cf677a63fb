"""The description at /openapi.json beyond what the handlers declare: examples, the problem document, answers 304."""

from __future__ import annotations

import threading
from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from fastapi import FastAPI

from banana_assets.interfaces.api.problems import MEDIA_TYPE, PROBLEM, example

EXAMPLES = "examples.json"
"""By operation (``GET /path``): ``parameters`` by name, the body of the ``request``, and that of the ``response``; as a
server answered them, longer lists and texts cut."""

_TAG = {
    "ETag": {"description": "weak tag of the answer; ask again with it in If-None-Match", "schema": {"type": "string"}}
}


class Description:
    """The description of one application, made once, when it is first asked for: it takes a second. Safe to be used by
    several threads."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._written: dict[bool, bytes] = {}

    def whole(self) -> dict[str, Any]:
        """OpenAPI 3.1 as an object."""
        with self._lock:
            if self._app.openapi_schema is None:
                completed(FastAPI.openapi(self._app))
            made: dict[str, Any] = self._app.openapi_schema or {}
            return made

    def written(self, *, open_here: bool) -> bytes:
        """The same as JSON; ``open_here`` says that no key is needed now."""
        if open_here not in self._written:
            made = self.whole()
            self._written[open_here] = orjson.dumps(_opened(made) if open_here else made)
        return self._written[open_here]


@cache
def examples() -> dict[str, dict[str, Any]]:
    """The examples of all operations."""
    found: dict[str, dict[str, Any]] = orjson.loads(files(__package__).joinpath(EXAMPLES).read_bytes())
    return found


def completed(description: dict[str, Any]) -> dict[str, Any]:
    """That description (OpenAPI 3.1), changed in place."""
    description.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            told = examples().get(f"{method.upper()} {path}") or _made_up(operation, description)
            _complete(operation, told)
            if method == "get" and "422" in operation["responses"] and path != "/metrics":
                operation["responses"]["304"] = {"description": "Not Modified", "headers": _TAG}
    return description


def _opened(made: dict[str, Any]) -> dict[str, Any]:
    return made | {
        "paths": {
            path: {
                method: operation | {"security": [*operation["security"], {}]} if "security" in operation else operation
                for method, operation in operations.items()
            }
            for path, operations in made["paths"].items()
        }
    }


def _made_up(operation: dict[str, Any], description: dict[str, Any]) -> dict[str, Any]:
    """An example of an operation that none was kept of, from what its own schemas say."""
    parameters = {p["name"]: _value(p["schema"], description) for p in operation.get("parameters", []) if p["required"]}
    told: dict[str, Any] = {"parameters": parameters}
    for content in operation.get("requestBody", {}).get("content", {}).values():
        told["request"] = _value(content["schema"], description)
    for status, answer in operation["responses"].items():
        for content in answer.get("content", {}).values() if status.startswith("2") else ():
            told["response"] = _value(content["schema"], description)
    return told


def _value(schema: dict[str, Any], description: dict[str, Any]) -> Any:
    """The simplest value that a schema of the description allows."""
    if "$ref" in schema:
        return _value(description["components"]["schemas"][schema["$ref"].rpartition("/")[2]], description)
    if "anyOf" in schema:
        return _value(schema["anyOf"][0], description)
    if known := schema.get("examples") or schema.get("enum") or ([schema["const"]] if "const" in schema else []):
        return known[0]
    kind = schema.get("type")
    if kind == "object":
        return {name: _value(one, description) for name, one in schema.get("properties", {}).items()}
    if kind == "array":
        return [_value(schema["items"], description)] if schema.get("items") else []
    if kind in ("integer", "number"):
        return schema.get("default", schema.get("minimum", 1))
    if kind == "boolean":
        return schema.get("default", True)
    formats = {"date-time": "2026-11-20T10:04:11Z", "date": "2026-11-20"}
    return formats.get(schema.get("format", ""), schema.get("default", "text"))


def _complete(operation: dict[str, Any], told: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", []):
        if parameter["name"] in told.get("parameters", {}):
            parameter["example"] = told["parameters"][parameter["name"]]
    if "request" in told:
        for content in operation["requestBody"]["content"].values():
            content["example"] = told["request"]
    for status, answer in operation["responses"].items():
        for kind, content in answer.get("content", {}).items():
            if kind == MEDIA_TYPE:
                content["example"] = example(int(status))
            elif "response" in told and status.startswith("2"):
                content["example"] = told["response"]
