from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.datastructures import State
from starlette.types import Message, Receive, Scope, Send

from banana_assets.backends.feed import Feed, Page
from banana_assets.backends.keys import Keys, server_secret
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.interfaces.api import access
from banana_assets.interfaces.api.ready import Answer, Answers, Ready
from banana_assets.interfaces.api.telemetry import Requests
from tests.interfaces.api.conftest import Client
from tests.interfaces.api.listening import Listening

BUILDS = "/llm/learning/builds"
NOW = datetime.now(UTC)


@pytest.fixture
def hits(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each look at the kept answers, whether one was given."""
    found: list[bool] = []
    given = Answers.given

    def noted(self: Answers, *told: Any) -> Answer | None:
        answer = given(self, *told)
        found.append(answer is not None)
        return answer

    monkeypatch.setattr(Answers, "given", noted)
    return found


@pytest.fixture
def listening(home: Path) -> Iterator[Listening]:
    server = Listening(home)
    yield server
    server.end()


def keyed(home: Path, *scopes: str) -> tuple[Keys, str]:
    settings = load_from(home)
    keys = Keys(open_store(settings).engine, server_secret(settings))
    return keys, keys.create("somebody", scopes, by="test", at=NOW, expires_at=None)


def put(api: httpx.Client, name: str) -> None:
    api.put(f"/builds/{name}", json={"pipeline": "p", "job": "j", "exit_code": 0}).raise_for_status()


def ids(answer: httpx.Response) -> list[str]:
    return [build["id"] for build in answer.json()["builds"]]


def test_what_is_asked_again_is_given_again(client: Client, hits: list[bool]) -> None:
    with client() as api:
        first, second = api.get(BUILDS), api.get(BUILDS)
        named = api.get(BUILDS, headers={"x-request-id": "mine.1", "user-agent": "another"})
        forged = api.get(BUILDS, headers={"x-request-id": "mine\t1"})
    assert hits == [False, True, True, True]
    assert first.content == second.content
    alike = [{k: v for k, v in one.headers.items() if k != "x-request-id"} for one in (first, second, named)]
    assert alike[0] == alike[1] == alike[2]
    numbers = [one.headers.get_list("x-request-id") for one in (first, second, named, forged)]
    assert [len(one) for one in numbers] == [1, 1, 1, 1]
    assert numbers[2] == ["mine.1"]
    assert len({one[0] for one in numbers}) == 4
    assert "\t" not in numbers[3][0]


def test_other_questions_have_other_answers(client: Client, hits: list[bool]) -> None:
    with client() as api:
        asked = [BUILDS, f"{BUILDS}?limit=1", f"{BUILDS}?limit=2", "/llm/learning/build/shop-1", f"/api{BUILDS}"]
        told = [api.get(path).content for path in asked]
        assert [api.get(path).content for path in asked] == told
    assert len(set(told)) >= 4
    assert hits == [False] * 5 + [True] * 5


def test_a_head_is_told_wherever_the_whole_is(client: Client, hits: list[bool]) -> None:
    with client() as api:
        for path in (BUILDS, "/", "/healthz", "/openapi.json", "/api/patterns", "/build/shop-1", "/build/none"):
            whole, head = api.get(path), api.head(path)
            assert (head.status_code, head.content) == (whole.status_code, b"")
            names = ("content-type", "content-length", "etag")
            assert [head.headers.get(name) for name in names] == [whole.headers.get(name) for name in names]
        assert api.head(BUILDS, headers={"if-none-match": api.get(BUILDS).headers["etag"]}).status_code == 304
        assert api.head("/webhooks/github").status_code == 405
        # An upload is asked for so: it has no other answer.
        assert api.head("/builds/new/log").headers["upload-offset"] == "0"
    assert hits[:2] == [False, True]


def test_a_change_is_seen_at_once(client: Client, home: Path, hits: list[bool]) -> None:
    with client() as api:
        for number in range(3):
            put(api, f"new-{number}")
            for _ in range(2):
                assert ids(api.get(BUILDS))[0] == f"new-{number}"
        # Another process, as far as the server can tell.
        with open_store(load_from(home)) as store, store.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE builds SET status = 'error', seq = seq + 100 WHERE build_id = 'new-2'")
        assert api.get(BUILDS).json()["builds"][0]["status"] == "error"
        report = {"build_id": "new-2", "type": "failure_analysis", "analysis": "Because."}
        assert api.post("/llm/learning/report", json=report).status_code == 200
        assert api.get(BUILDS).json()["builds"][0]["llm_reports"][0]["analysis"] == "Because."
    assert hits == [False, True] * 3 + [False, False]


def test_who_knows_the_answer_is_told_that_it_holds(client: Client, hits: list[bool]) -> None:
    with client() as api:
        tag = {"if-none-match": api.get(BUILDS).headers["etag"]}
        told = [api.get(BUILDS, headers=tag) for _ in range(2)]
        assert [(one.status_code, one.content) for one in told] == [(304, b"")] * 2
        assert hits == [False, False, True]
        put(api, "new")
        changed = api.get(BUILDS, headers=tag)
        assert (changed.status_code, ids(changed)[0]) == (200, "new")
        # It asked with an old tag, so what it got is not for the next one who shows that tag.
        assert api.get(BUILDS, headers=tag).status_code == 200


def test_a_kept_answer_opens_nothing_to_others(client: Client, home: Path, hits: list[bool]) -> None:
    _, reads = keyed(home, "read")
    _, reports = keyed(home, "report")
    with client(open_here=False) as api:
        for _ in range(2):
            assert api.get(BUILDS, headers={"x-api-key": reads}).status_code == 200
            assert api.get(BUILDS, headers={"x-api-key": reports}).status_code == 403
            assert api.get(BUILDS, headers={"authorization": f"Basic {reads}"}).status_code == 401
            assert api.get(BUILDS).status_code == 401
            assert api.get(BUILDS, headers={"x-api-key": reads, "host": "evil.example"}).status_code == 421
    assert hits == [False] * 5 + [True] + [False] * 4


def test_a_revoked_key_opens_no_kept_answer(client: Client, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert access.REMEMBER_SECONDS <= 2
    monkeypatch.setattr(access, "REMEMBER_SECONDS", 0.3)
    keys, key = keyed(home, "read")
    with client(open_here=False) as api:
        api.headers["authorization"] = f"Bearer {key}"
        assert [api.get(BUILDS).status_code for _ in range(3)] == [200] * 3
        keys.revoke(key.split("_")[1], NOW)
        time.sleep(0.35)
        assert api.get(BUILDS).status_code == 401


def test_kept_answers_count_against_the_limit(client: Client, home: Path, hits: list[bool]) -> None:
    _, key = keyed(home, "read")
    with client(open_here=False) as api:
        app: Any = api.app
        app.state.service.access.requests = access.Window(4, lambda: 30.0)
        told = [api.get(BUILDS, headers={"x-api-key": key}) for _ in range(7)]
        figures = app.state.requests.count.collect()[0].samples
    assert [one.status_code for one in told] == [200] * 4 + [429] * 3
    assert hits == [False] + [True] * 3 + [False] * 3
    counted = {
        one.labels["status"]: one.value
        for one in figures
        if one.name.endswith("_total") and one.labels["operation"] == "builds"
    }
    assert counted == {"200": 4, "429": 3}


def test_what_comes_in_pieces_or_fails_is_not_kept() -> None:
    pieces: list[tuple[int, list[bytes]]] = [(200, [b"a", b"b"]), (500, [b"x"]), (404, [b"y"]), (200, [b"whole"])]
    asked = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        status, parts = pieces[min(len(asked), len(pieces) - 1)]
        asked.append(status)
        await send({"type": "http.response.start", "status": status, "headers": []})
        for place, part in enumerate(parts):
            await send({"type": "http.response.body", "body": part, "more_body": place + 1 < len(parts)})

    service = SimpleNamespace(
        feed=SimpleNamespace(stamp=lambda: 1), access=SimpleNamespace(admitted=lambda keys, host: "somebody")
    )
    ready = Ready(app, Answers(State({"service": service, "requests": Requests()})))
    scope = {"type": "http", "method": "GET", "path": BUILDS, "raw_path": BUILDS.encode(), "query_string": b"",
             "headers": [], "client": ("127.0.0.1", 1)}  # fmt: skip

    async def ask() -> bytes:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "http.request"}

        await ready(scope, receive, send)
        return b"".join(message.get("body", b"") for message in sent)

    assert [asyncio.run(ask()) for _ in range(6)] == [b"ab", b"x", b"y", b"whole", b"whole", b"whole"]
    assert len(asked) == 4


def test_those_who_ask_at_once_wait_for_one_rendering(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    page, made, lock = Feed.page, [], threading.Lock()

    def slow(self: Feed, *told: Any) -> Page:
        with lock:
            made.append(told)
        time.sleep(0.4)
        return page(self, *told)

    monkeypatch.setattr(Feed, "page", slow)
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: httpx.get(f"http://127.0.0.1:{listening.port}{BUILDS}").content, range(8)))
    assert len(made) == 1
    assert len(set(told)) == 1


HEAD = b"GET /llm/learning/builds?limit=3 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def read(line: socket.socket) -> tuple[bytes, bytes]:
    """One answer: head and body."""
    told = b""
    while b"\r\n\r\n" not in told:
        more = line.recv(1 << 16)
        assert more, told
        told += more
    head, _, body = told.partition(b"\r\n\r\n")
    size = next(int(f.split(b":")[1]) for f in head.split(b"\r\n") if f.lower().startswith(b"content-length"))
    while len(body) < size:
        body += line.recv(1 << 16)
    assert len(body) == size
    return head, body


def without_number(head: bytes) -> set[bytes]:
    return {line for line in head.lower().split(b"\r\n") if not line.startswith((b"x-request-id", b"date"))}


def test_a_head_that_comes_again_is_answered_as_it_was(listening: Listening, hits: list[bool]) -> None:
    with listening.open() as line:
        told = []
        for _ in range(4):
            line.sendall(HEAD)
            told.append(read(line))
        assert hits == [False, True, True, True]
        assert {body for _, body in told} == {told[0][1]}
        assert all(without_number(head) == without_number(told[0][0]) for head, _ in told)
        assert len({head for head, _ in told}) == 4
        with httpx.Client(base_url=f"http://127.0.0.1:{listening.port}") as api:
            put(api, "new")
        line.sendall(HEAD)
        assert b'"new"' in read(line)[1]
        # In two pieces, two at once, and with something after: parsed as ever.
        line.sendall(HEAD[:20])
        time.sleep(0.05)
        line.sendall(HEAD[20:])
        assert b'"new"' in read(line)[1]
        line.sendall(HEAD + b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        parts = b""
        while b'{"status":"ok"}' not in parts:
            parts += line.recv(1 << 16)
        assert parts.count(b"HTTP/1.1 200 OK") == 2


def test_who_wants_the_connection_closed_has_it_closed(listening: Listening) -> None:
    closing = HEAD[:-2] + b"Connection: close\r\n\r\n"
    for _ in range(3):
        with listening.open() as line:
            line.sendall(closing)
            read(line)
            assert line.recv(1) == b""
    with listening.open() as line:
        line.sendall(HEAD.replace(b"1.1", b"1.0", 1))
        read(line)
        assert line.recv(1) == b""


def test_a_known_head_of_a_revoked_key_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "REMEMBER_SECONDS", 0.3)
    keys, key = keyed(home, "read")
    listening = Listening(home)
    head = HEAD[:-2] + b"X-API-Key: " + key.encode() + b"\r\n\r\n"
    try:
        with listening.open() as line:
            for _ in range(3):
                line.sendall(head)
                assert read(line)[0].startswith(b"HTTP/1.1 200")
            keys.revoke(key.split("_")[1], NOW)
            time.sleep(0.35)
            line.sendall(head)
            assert read(line)[0].startswith(b"HTTP/1.1 401")
    finally:
        listening.end()
