"""The server at /mcp: the keys, limits and audit log of the HTTP server around it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from banana_assets.backends.audit import entries
from banana_assets.backends.keys import Keys, server_secret
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.interfaces.api.app import create_app
from banana_assets.interfaces.mcp.http import MOST_BYTES

Serve = Callable[..., AbstractContextManager[TestClient]]
BOTH = {"accept": "application/json, text/event-stream"}
REVISIONS = ("2025-11-25", "2026-07-28")
REPORT = {"name": "submit_report", "arguments": {"build_id": "b47", "analysis": "The sum is wrong."}}


@pytest.fixture
def serve(answering: Path, home: Path) -> Serve:
    """Open the application on a copy of the home: ``serve(open_here=False)``."""
    shutil.copytree(answering, home)

    @contextmanager
    def begun(*, open_here: bool = True, **settings: Any) -> Iterator[TestClient]:
        app = create_app(load_from(home).model_copy(update=settings), open_here=open_here)
        here = ("127.0.0.1", 50000)
        with TestClient(app, base_url="http://127.0.0.1:8000", client=here, raise_server_exceptions=False) as client:
            yield client

    return begun


def key_of(home: Path, *scopes: str) -> dict[str, str]:
    settings = load_from(home)
    with open_store(settings) as store:
        made = Keys(store.engine, server_secret(settings)).create("tests", scopes, at=datetime.now(UTC), by="tests")
    return {"authorization": f"Bearer {made}"}


def post(client: TestClient, method: str, params: Any = None, revision: str = REVISIONS[0], **more: Any) -> Any:
    """The answer to one message, and the messages before it."""
    headers = BOTH | more.pop("headers", {}) | {"mcp-protocol-version": revision}
    told = dict(params or {})
    if revision == REVISIONS[1]:
        headers["mcp-method"] = method
        if "name" in told:
            headers["mcp-name"] = told["name"]
        prefix = "io.modelcontextprotocol"
        about = {f"{prefix}/protocolVersion": revision, f"{prefix}/clientCapabilities": {}}
        told["_meta"] = about | told.get("_meta", {})
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": told}
    answer = client.post("/mcp", json=message, headers=headers, **more)
    if answer.headers["content-type"].startswith("text/event-stream"):
        lines = [line[5:] for line in answer.text.splitlines() if line.startswith("data:") and line[5:].strip()]
        return answer, [json.loads(line) for line in lines]
    return answer, [answer.json()] if answer.content else []


def names(messages: list[dict[str, Any]]) -> set[str]:
    return {tool["name"] for tool in messages[-1]["result"]["tools"]}


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_reader_sees_and_calls_what_reads_alone(serve: Serve, home: Path, revision: str) -> None:
    reader, reporter = key_of(home, "read"), key_of(home, "read", "report")
    with serve(open_here=False) as client:
        _, listed = post(client, "tools/list", revision=revision, headers=reader)
        assert "explain_failure" in names(listed)
        assert "submit_report" not in names(listed)
        assert "submit_report" in names(post(client, "tools/list", revision=revision, headers=reporter)[1])
        call = {"name": "list_failed_builds", "arguments": {"limit": 1}}
        _, told = post(client, "tools/call", call, revision=revision, headers=reader)
        assert told[-1]["result"]["structuredContent"]["builds"][0]["build_id"] == "b47"
        _, refused = post(client, "tools/call", REPORT, revision=revision, headers=reader)
        assert refused[-1]["result"]["isError"]
        assert "needs the scope report" in refused[-1]["result"]["content"][0]["text"]
        _, kept = post(client, "tools/call", REPORT, revision=revision, headers=reporter)
        assert kept[-1]["result"]["structuredContent"]["stored"]


def test_only_what_changes_something_or_was_refused_is_in_the_audit_log(serve: Serve, home: Path) -> None:
    reporter = key_of(home, "read", "report")
    with serve(open_here=False) as client:
        for _ in range(3):
            post(client, "tools/call", {"name": "list_failed_builds", "arguments": {}}, headers=reporter)
        post(client, "tools/list", headers=reporter)
        post(client, "tools/call", REPORT, headers=reporter)
        assert client.post("/mcp", json={}, headers=BOTH).status_code == 401
    with open_store(load_from(home)) as store:
        rows = entries(store.engine).select("action", "target", "status").rows()
    assert sorted(rows) == [("POST", "/mcp", 401), ("POST", "/mcp submit_report", 200)]


def test_without_a_key_this_machine_may_read_alone(serve: Serve) -> None:
    with serve() as client:
        found = names(post(client, "tools/list")[1])
        assert "explain_failure" in found
        assert "submit_report" not in found
        _, refused = post(client, "tools/call", REPORT)
        assert "needs the scope report" in refused[-1]["result"]["content"][0]["text"]


def test_a_page_of_another_site_may_not_call(serve: Serve, home: Path) -> None:
    def code(client: TestClient, origin: str, **headers: str) -> int:
        return int(post(client, "tools/list", headers=headers | {"origin": origin})[0].status_code)

    elsewhere, own = "http://elsewhere.example", "http://127.0.0.1:8000"
    with serve() as client:
        assert (code(client, elsewhere), code(client, own)) == (403, 200)
    reader = key_of(home, "read")
    with serve(open_here=False) as client:
        assert (code(client, elsewhere, **reader), code(client, own, **reader)) == (403, 200)
        assert post(client, "tools/list", headers=reader)[0].status_code == 200
    with serve(open_here=False, allowed_origins=elsewhere) as client:
        assert code(client, elsewhere, **reader) == 200


def test_without_sessions_there_is_no_stream_to_open_and_none_to_end(serve: Serve) -> None:
    with serve() as client:
        for method in ("GET", "DELETE", "PUT"):
            answer = client.request(method, "/mcp", headers={"accept": "text/event-stream"})
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
            assert "POST" in answer.json()["remedy"]


def test_who_may_only_report_sees_and_calls_that_alone(serve: Serve, home: Path) -> None:
    reporter, bringer = key_of(home, "report"), key_of(home, "ingest")
    with serve(open_here=False) as client:
        assert names(post(client, "tools/list", headers=reporter)[1]) == {"submit_report"}
        _, kept = post(client, "tools/call", REPORT, headers=reporter)
        assert kept[-1]["result"]["structuredContent"]["stored"]
        call = {"name": "list_failed_builds", "arguments": {}}
        assert post(client, "tools/call", call, headers=reporter)[1][-1]["result"]["isError"]
        for listed in ("resources", "prompts"):
            assert post(client, f"{listed}/list", headers=reporter)[1][-1]["result"][listed] == []
        for method, params in (("resources/read", {"uri": "build://b47"}), ("prompts/get", {"name": "plan_the_fix"})):
            assert "scope read" in post(client, method, params, headers=reporter)[1][-1]["error"]["message"]
        assert post(client, "tools/list", headers=bringer)[0].status_code == 403


def test_requests_are_counted_with_those_of_the_key(serve: Serve, home: Path) -> None:
    reader = key_of(home, "read")
    with serve(open_here=False, request_limit_per_minute=3) as client:
        codes = [post(client, "tools/list", headers=reader)[0].status_code for _ in range(6)]
    assert codes[:2] == [200, 200]
    assert codes[-1] == 429


def test_a_message_that_is_too_large_is_refused(serve: Serve) -> None:
    with serve() as client:
        call = {"name": "search_logs", "arguments": {"query": "x" * MOST_BYTES}}
        answer, _ = post(client, "tools/call", call)
        assert answer.status_code == 413
        assert answer.json()["detail"]


def test_what_is_no_message_is_refused(serve: Serve) -> None:
    with serve() as client:
        for body in (b"", b"no json", b"[]", b"{}", b'{"jsonrpc": "2.0"}', b"\xff\xfe", b'"text"', b"null"):
            answer = client.post("/mcp", content=body, headers=BOTH | {"content-type": "application/json"})
            assert 400 <= answer.status_code < 500, body


def test_progress_comes_before_the_answer_where_it_is_asked_for(serve: Serve) -> None:
    with serve() as client:
        call = {
            "name": "explain_failure",
            "arguments": {"build_id": "b47", "budget": 300},
            "_meta": {"progressToken": 7},
        }
        answer, messages = post(client, "tools/call", call)
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert messages[0]["method"] == "notifications/progress"
        assert messages[0]["params"]["progressToken"] == 7
        assert messages[-1]["result"]["structuredContent"]["pack_tokens"] <= 300
