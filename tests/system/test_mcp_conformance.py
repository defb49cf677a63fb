"""The Model Context Protocol as its own conformance suite and Inspector judge it, in both revisions."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.needs import missing
from tests.system.processes import BANANA, environment

SUITE = ["npx", "-y", "-p", "node@22", "-p", "@modelcontextprotocol/conformance@0.2.0-alpha.12", "conformance"]
INSPECTOR = ["npx", "-y", "-p", "node@22", "-p", "@modelcontextprotocol/inspector@2.12.0", "mcp-inspector", "--cli"]
REVISIONS = ("2025-11-25", "2026-07-28")
FIXTURES = [sys.executable, str(Path(__file__).with_name("conformance_server.py"))]


def started(words: list[str], home: Path, cwd: Path) -> subprocess.Popen[str]:
    variables = environment(home) | {"NPM_CONFIG_UPDATE_NOTIFIER": "false"}
    return subprocess.Popen(
        words,
        env=variables,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.fixture
def ends() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that are ended with the test, with those that they started."""
    running: list[subprocess.Popen[str]] = []
    yield running
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def answering(process: subprocess.Popen[str], port: int) -> str:
    until = time.monotonic() + 90
    while True:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).is_success:
                return f"http://127.0.0.1:{port}/mcp"
        except httpx.TransportError:
            time.sleep(0.1)


def test_the_conformance_suite_and_the_inspector_find_nothing_wrong(
    home: Path, tmp_path: Path, ends: list[subprocess.Popen[str]]
) -> None:
    """Side by side, since each waits most of its time: the suite against our server with the things that it calls by
    name beside ours, the Inspector against the real one."""
    if shutil.which("npx") is None:
        missing("npx, which brings the conformance suite of the protocol, is not installed")
    ports = free_port(), free_port()
    ends.append(started([*FIXTURES, str(ports[0])], home, tmp_path))
    ends.append(started([*BANANA, "serve", "--port", str(ports[1])], home, tmp_path))
    fixtures, real = map(answering, ends, ports)
    listing = [
        "--transport",
        "http",
        "--protocol-era",
        "modern",
        "--method",
        "tools/list",
        "--strict",
        "--format",
        "json",
    ]
    asked = [[*SUITE, "server", "--url", fixtures, "--requirements", revision] for revision in REVISIONS]
    checks = [started(words, home, tmp_path) for words in [*asked, [*INSPECTOR, real, *listing]]]
    ends += checks
    for check in checks:
        said, _ = check.communicate(timeout=300)
        assert check.returncode == 0, f"{check.args}\n{said[-4000:]}"
