"""Running the real command in real processes."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests.system.processes import BANANA, Run, Start, environment

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

    def whole(*words: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*BANANA, *words], env=environment(home), capture_output=True, text=True, timeout=timeout, check=False
        )

    return whole
