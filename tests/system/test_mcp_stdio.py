"""The protocol on standard input and output, of a real process: nothing else is ever written there."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.interfaces.mcp.answering_home import make
from tests.system.processes import BANANA, environment

NOISY = """
import ctypes, logging, os, sys, warnings
from pydantic import BaseModel
from banana_assets.interfaces.mcp import server, stdio
from banana_assets.interfaces.mcp.tools import tool

class Said(BaseModel):
    done: bool

@tool("Noise")
def noise(call) -> Said:
    '''Write wherever a library may.'''
    print("stray of print")
    os.write(1, b"stray of a descriptor\\n")
    ctypes.CDLL(None).puts(b"stray of C")
    warnings.warn("stray of a warning")
    logging.getLogger("library").error("stray of a log")
    os.system("echo stray of a child")
    return Said(done=True)

@tool("Crash")
def crash(call) -> Said:
    '''Fail by a fault of ours.'''
    raise KeyError("words of a log")

server.TOOLS = (*server.TOOLS, noise, crash)
stdio.serve({"read"})
"""
HANDSHAKE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}
HELLO: list[dict[str, Any]] = [
    {"id": 0, "method": "initialize", "params": HANDSHAKE},
    {"method": "notifications/initialized"},
]
ABOUT = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("homes") / "home"
    make(home, tmp_path_factory.mktemp("files"))
    return home


def lines(*messages: dict[str, Any] | str) -> str:
    told = (m if isinstance(m, str) else json.dumps({"jsonrpc": "2.0"} | m) for m in messages)
    return "".join(line + "\n" for line in told)


def call(ident: object, name: str, **arguments: Any) -> dict[str, Any]:
    return {"id": ident, "method": "tools/call", "params": {"name": name, "arguments": arguments}}


def answered(words: list[str], home: Path, text: str) -> tuple[dict[Any, Any], list[Any], str]:
    """The answers of a process by their ids, the errors that have none, and what it said on standard error."""
    done = subprocess.run(
        words, env=environment(home), input=text, capture_output=True, text=True, timeout=300, check=False, cwd=home
    )
    assert done.returncode == 0, done.stderr
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(message["jsonrpc"] == "2.0" for message in messages)
    named = {message["id"]: message for message in messages if message.get("id") is not None}
    return (
        named,
        [message["error"] for message in messages if "error" in message and message["id"] is None],
        done.stderr,
    )


def test_what_came_in_is_answered_and_nothing_else_is_written(filled: Path) -> None:
    calls = [
        [("list_failed_builds", {"limit": 2}), ("get_log_lines", {"build_id": "b47"}), ("noise", {}), ("crash", {})][
            n % 4
        ]
        for n in range(120)
    ]
    text = lines(
        *HELLO,
        "no json",
        "",
        '{"neither": "nor"}',
        '{"jsonrpc": "2.0", "id": "half", "method": "tools/call", "params": {"name": "\\ud83d"}}',
        '{"jsonrpc": "2.0", "id": "listless", "method": "tools/call", "params": "x"}',
        '{"jsonrpc": "2.0", "id": "\\ud83d", "method": "tools/list"}',
        call("large", "search_logs", query="x" * 10_000_000),
        call("unknown tool", "no_such_tool"),
        {"id": "unknown method", "method": "no/such"},
        call("wrong", "explain_failure", build_id="no such build"),
        *(call(n + 1, name, **arguments) for n, (name, arguments) in enumerate(calls)),
    )
    named, unnamed, said = answered([sys.executable, "-c", NOISY], filled, text)
    assert [error["code"] for error in unnamed] == [-32700, -32600, -32600]
    bad = {"half", "listless", "large", "unknown tool", "unknown method", "wrong"}
    assert set(named) == {0, *bad, *range(1, len(calls) + 1)}
    assert {named[name]["error"]["code"] for name in ("half", "listless")} == {-32600}
    assert named["unknown method"]["error"]["code"] == -32601
    assert all(named[name]["result"]["isError"] for name in ("large", "unknown tool", "wrong"))
    for n, (name, _) in enumerate(calls):
        assert named[n + 1]["result"].get("isError", False) == (name == "crash")
    assert {f"stray of {who}" in said for who in ("print", "a descriptor", "C", "a warning", "a log", "a child")} == {
        True
    }
    assert "crash failed: KeyError in crash" in said
    assert "words of a log" not in said + str(named)


def test_the_revision_without_a_handshake_is_answered_too(filled: Path) -> None:
    told = call("a", "explain_failure", build_id="b47")
    told["params"]["_meta"] = ABOUT
    found = {"id": "b", "method": "server/discover", "params": {"_meta": ABOUT}}
    named, _, _ = answered([*BANANA, "mcp"], filled, lines(found, told))
    assert named["a"]["result"]["structuredContent"]["build"]["build_id"] == "b47"
    assert "2026-07-28" in named["b"]["result"]["supportedVersions"]


def test_a_process_that_is_ended_leaves_whole_lines(filled: Path) -> None:
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [*BANANA, "mcp"], env=environment(filled), stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(lines(*HELLO, *(call(n, "list_failed_builds") for n in range(1, 60))))
    process.stdin.flush()
    first = process.stdout.readline()
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    rest, said = process.communicate(timeout=60)
    # The last line may lack its end, where it was being written.
    whole = (first + rest).rpartition("\n")[0].splitlines()
    assert {json.loads(line)["jsonrpc"] for line in whole} == {"2.0"}
    assert "Traceback" not in said


def test_a_process_whose_answers_nobody_reads_ends_in_a_sentence(filled: Path) -> None:
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [*BANANA, "mcp"], env=environment(filled), stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdin.write(lines(*HELLO))
    process.stdin.flush()
    process.stdout.readline()
    process.stdout.close()
    process.stdin.write(lines(*(call(n, "list_failed_builds") for n in range(1, 20))))
    process.stdin.close()
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(60), said) == (0, "banana mcp: nobody reads the answers any more\n")
