"""A real terminal of forty columns: what is told fits into it, by its own size."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from tests.system.processes import BANANA, environment


def test_help_keeps_to_the_terminal(home: Path) -> None:
    lines = answer(home, "--help")
    assert max(map(len, lines)) <= 40
    assert "  analyze      Report health," in lines
    assert sum(line.startswith("  ") for line in lines) > 60


@pytest.mark.parametrize("columns", [40, 90])
def test_the_stream_that_was_begun_with_tells_its_size(home: Path, columns: int) -> None:
    lines = answer(home, "config", columns=columns)
    assert columns - 20 < max(map(len, lines)) <= columns


def answer(home: Path, *words: str, columns: int = 40) -> list[str]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    told = {k: v for k, v in environment(home).items() if k != "COLUMNS"}
    process = subprocess.Popen(
        [*BANANA, *words], env=told, stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.DEVNULL
    )
    os.close(theirs)
    parts = []
    while part := read(ours):
        parts.append(part)
    os.close(ours)
    assert process.wait() == 0
    return b"".join(parts).decode().split("\r\n")


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        # Linux says so when the last writer left.
        return b""
