from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from banana_assets.backends.settings import load_from
from banana_assets.interfaces.api.app import create_app
from banana_assets.interfaces.api.describing import examples

JSON = "application/json"
PROBLEM = "application/problem+json"
OPEN = ("/healthz", "/readyz")


@cache
def description() -> dict[str, Any]:
    return create_app(load_from(Path("nowhere"))).openapi()


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def check(value: Any, schema: dict[str, Any], name: str) -> None:
    whole = schema | {"components": description()["components"]}
    errors = [
        f"{name}: {error.json_path}: {error.message[:300]}" for error in Draft202012Validator(whole).iter_errors(value)
    ]
    assert not errors


@pytest.mark.parametrize("name", [name for name, _ in operations()])
def test_an_operation_says_what_it_takes_and_answers(name: str) -> None:
    operation = dict(operations())[name]
    assert operation["summary"]
    assert operation.get("description")
    assert operation["tags"]
    answers = operation["responses"]
    good = [answer for status, answer in answers.items() if status.startswith("2")]
    assert len(good) == 1
    if "HEAD" not in name and "204" not in answers:
        ((kind, content),) = good[0]["content"].items()
        assert content["schema"]
        check(content["example"], content["schema"], name)
        assert kind in (JSON, "text/plain")
    refused = {status: answer for status, answer in answers.items() if status.startswith(("4", "5"))}
    assert all(list(answer["content"]) == [PROBLEM] for answer in refused.values())
    for status, answer in refused.items():
        content = answer["content"][PROBLEM]
        check(content["example"], content["schema"], name)
        assert content["example"]["status"] == int(status)
    if not name.endswith(OPEN):
        assert {"401", "403", "503"} <= set(refused)


@pytest.mark.parametrize("name", [name for name, told in operations() if "requestBody" in told or "parameters" in told])
def test_what_is_sent_has_an_example_that_fits(name: str) -> None:
    operation = dict(operations())[name]
    for parameter in operation.get("parameters", []):
        assert parameter.get("description") or parameter["schema"].get("description"), parameter["name"]
        if parameter["required"]:
            assert "example" in parameter
        if "example" in parameter:
            check(parameter["example"], parameter["schema"], f"{name} {parameter['name']}")
    for content in operation.get("requestBody", {}).get("content", {}).values():
        check(content["example"], content["schema"], name)


def test_examples_are_of_operations_that_there_are() -> None:
    assert set(examples()) == {name for name, _ in operations()}
    assert {p for told in examples().values() for p in told.get("parameters", {})} <= {
        parameter["name"] for _, operation in operations() for parameter in operation.get("parameters", [])
    }


def test_parameters_are_never_said_to_be_null() -> None:
    for name, operation in operations():
        for parameter in operation.get("parameters", []):
            assert "anyOf" not in parameter["schema"], f"{name} {parameter['name']}"
