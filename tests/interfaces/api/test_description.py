from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

from banana_assets.interfaces.api.describing import examples
from tests.interfaces.api.conftest import Client, described

JSON = "application/json"
PROBLEM = "application/problem+json"
NO_KEY = ("GET /healthz", "GET /readyz")


def misfits(value: Any, schema: dict[str, Any]) -> Iterator[str]:
    """What of a value does not fit a schema of the description."""
    whole = schema | {"components": described()["components"]}
    for error in Draft202012Validator(whole).iter_errors(value):
        yield f"{error.json_path}: {error.message[:300]}"


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in described()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_operation_says_what_it_is_for() -> None:
    lacking = [name for name, o in operations() if not (o["summary"] and o.get("description") and o["tags"])]
    assert not lacking
    assert len({operation["operationId"] for _, operation in operations()}) == len(dict(operations()))


def test_every_operation_shows_its_answer() -> None:
    wrong = []
    for name, operation in operations():
        good = {status: answer for status, answer in operation["responses"].items() if status.startswith("2")}
        ((status, answer),) = good.items()
        if name.startswith("HEAD") or status == "204":
            assert "content" not in answer, name
            continue
        ((kind, content),) = answer["content"].items()
        assert kind in (JSON, "text/plain"), name
        assert content["schema"], name
        wrong += [f"{name}: {misfit}" for misfit in misfits(content["example"], content["schema"])]
    assert not wrong


def test_every_operation_shows_its_refusals() -> None:
    wrong = []
    for name, operation in operations():
        refused = {status: answer for status, answer in operation["responses"].items() if status[0] in "45"}
        if name not in NO_KEY and not {"401", "403", "503"} <= set(refused):
            wrong.append(f"{name}: {sorted(refused)}")
        for status, answer in refused.items():
            assert list(answer["content"]) == [PROBLEM], (name, status)
            content = answer["content"][PROBLEM]
            assert content["example"]["status"] == int(status)
            wrong += [f"{name} {status}: {misfit}" for misfit in misfits(content["example"], content["schema"])]
    assert not wrong


def test_what_is_sent_has_examples_that_fit() -> None:
    wrong = []
    for name, operation in operations():
        for parameter in operation.get("parameters", []):
            about = f"{name} {parameter['name']}"
            assert parameter.get("description") or parameter["schema"].get("description"), about
            # An address and a header cannot say null.
            assert "anyOf" not in parameter["schema"], about
            assert "example" in parameter or not parameter["required"], about
            if "example" in parameter:
                wrong += [f"{about}: {misfit}" for misfit in misfits(parameter["example"], parameter["schema"])]
        for content in operation.get("requestBody", {}).get("content", {}).values():
            wrong += [f"{name}: {misfit}" for misfit in misfits(content["example"], content["schema"])]
    assert not wrong


def test_examples_are_of_operations_that_there_are() -> None:
    there = dict(operations())
    assert set(examples()) <= set(there)
    for name, told in examples().items():
        assert set(told.get("parameters", {})) <= {p["name"] for p in there[name].get("parameters", [])}


def test_examples_of_requests_are_taken(client: Client) -> None:
    refused = []
    with client() as api:
        for name, told in examples().items():
            method, path = name.split()
            if method not in ("PUT", "PATCH", "POST") or "webhooks" in path or "{key}" in path:
                continue
            parameters = dict(told["parameters"])
            path = path.replace("{build_id}", parameters.pop("build_id", ""))
            kind = next(iter(described()["paths"][name.split()[1]][method.lower()]["requestBody"]["content"]))
            sent = {"content": told["request"]} if isinstance(told["request"], str) else {"json": told["request"]}
            if kind == "application/xml":
                sent = {"content": _xml(told["request"])}
            headers = parameters | ({} if "json" in sent else {"content-type": kind})
            answer = api.request(method, path, headers=headers, **sent)
            if not answer.is_success:
                refused.append(f"{name}: {answer.text}")
    assert not refused


def _xml(suite: dict[str, Any]) -> str:
    cases = "".join(f'<testcase name="{c["name"]}" classname="{c["classname"]}"/>' for c in suite["testcase"])
    return f'<testsuite name="{suite["name"]}">{cases}</testsuite>'


def test_the_description_says_whether_a_key_is_needed_and_is_not_sent_twice(client: Client) -> None:
    with client() as api:
        opened = api.get("/openapi.json")
        assert {} in opened.json()["paths"]["/api/patterns"]["get"]["security"]
        tag = opened.headers["etag"]
        assert api.get("/openapi.json", headers={"if-none-match": tag}).status_code == 304
    with client(open_here=False) as api:
        closed = api.get("/openapi.json").json()
        assert {} not in closed["paths"]["/api/patterns"]["get"]["security"]
