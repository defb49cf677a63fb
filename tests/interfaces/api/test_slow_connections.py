from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from banana_assets.interfaces.api import protocol
from banana_assets.interfaces.cli import serve
from tests.interfaces.api.listening import Listening

MOST = 200_000


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    server = Listening(tmp_path_factory.mktemp("homes") / "home", max_request_bytes=MOST)
    yield server
    server.end()


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(protocol, "LOOK_SECONDS", 0.3)
    monkeypatch.setattr(protocol, "LINGER_SECONDS", 0.3)
    monkeypatch.setattr(protocol, "LEAST_BYTES", 100)
    monkeypatch.setattr(protocol, "MOST_UNREAD", 1 << 20)


def rest(line: socket.socket) -> bytes:
    """All that still comes, until the other side ends it."""
    told = b""
    with contextlib.suppress(ConnectionError):
        while more := line.recv(1 << 16):
            told += more
    return told


def drip(line: socket.socket, content: bytes, seconds: float) -> None:
    """Send bytes one by one until the other side ends it, or all are sent."""
    with contextlib.suppress(ConnectionError):
        for place in range(len(content)):
            line.sendall(content[place : place + 1])
            time.sleep(seconds)


def still_serves(listening: Listening) -> bool:
    return listening.say(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_a_head_that_drips_in_is_ended(listening: Listening) -> None:
    with listening.open() as line:
        begun = time.monotonic()
        drip(line, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: " + b"a" * 200, 0.02)
        assert rest(line) == b""
    assert time.monotonic() - begun < 3
    assert still_serves(listening)


def test_a_connection_that_says_nothing_is_ended(listening: Listening) -> None:
    with listening.open() as line:
        assert rest(line) == b""


def test_a_body_that_drips_in_is_refused(listening: Listening, capfd: pytest.CaptureFixture[str]) -> None:
    with listening.open() as line:
        line.sendall(b"PUT /builds/slow/log HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n")
        drip(line, b"a" * 60, 0.02)
        assert rest(line).startswith(b"HTTP/1.1 408 ")
    assert still_serves(listening)
    assert "Traceback" not in capfd.readouterr().err


def test_a_body_that_comes_in_its_own_time_is_taken(listening: Listening) -> None:
    pieces = [b"line %d\n" % n * 20 for n in range(8)]
    with listening.open() as line:
        line.sendall(
            b"PUT /builds/steady/log HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: "
            + str(sum(map(len, pieces))).encode()
            + b"\r\n\r\n"
        )
        for piece in pieces:
            line.sendall(piece)
            time.sleep(0.1)
        assert rest(line).startswith(b"HTTP/1.1 200 ")


def test_a_body_without_end_is_refused_and_then_cut(listening: Listening) -> None:
    sent = 0
    with listening.open() as line:
        line.sendall(b"PUT /builds/a/log HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        line.setblocking(False)
        told = b""
        until = time.monotonic() + 20
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < until:
                with contextlib.suppress(BlockingIOError):
                    sent += line.send(b"8000\r\n" + b"a" * 0x8000 + b"\r\n")
                with contextlib.suppress(BlockingIOError):
                    told += line.recv(1 << 16)
    assert told.startswith(b"HTTP/1.1 413 ") or told == b""
    assert MOST < sent < 64 << 20
    assert time.monotonic() < until
    assert still_serves(listening)


def test_an_answer_that_nobody_takes_is_given_up(listening: Listening) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{listening.port}") as api:
        api.put("/builds/large", json={"pipeline": "p", "job": "j", "exit_code": 0}).raise_for_status()
        api.put("/builds/large/log", content=b"a line of a log\n" * 10_000).raise_for_status()
    before = listening.connections
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(("127.0.0.1", listening.port))
        line.setblocking(False)
        with contextlib.suppress(BlockingIOError, ConnectionError):
            for _ in range(300):
                line.send(b"GET /llm/learning/build/large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                time.sleep(0.002)
        until = time.monotonic() + 10
        while listening.connections > before and time.monotonic() < until:
            time.sleep(0.05)
        assert listening.connections <= before
    assert still_serves(listening)


def test_connections_past_the_limit_are_told_so_or_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serve, "MOST_CONNECTIONS", 5)
    monkeypatch.setattr(protocol, "SPARE", 3)
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 20)
    server = Listening(tmp_path / "home")
    try:
        lines = []
        for _ in range(12):
            lines.append(server.open())
            lines[-1].settimeout(5)
        until = time.monotonic() + 10
        while server.connections != 8 and time.monotonic() < until:
            time.sleep(0.02)
        assert server.connections == 8
        assert [rest(line) for line in lines[8:]] == [b""] * 4
        lines[7].sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert rest(lines[7]).startswith(b"HTTP/1.1 503 ")
        for line in lines:
            line.close()
        while server.connections and time.monotonic() < until:
            time.sleep(0.02)
        assert still_serves(server)
    finally:
        server.end()
