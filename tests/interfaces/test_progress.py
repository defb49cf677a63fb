from __future__ import annotations

import io
import sys

import pytest

from banana_assets.interfaces.cli.output import say
from banana_assets.interfaces.cli.progressing import Progress, line, progress, remaining


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_rates_and_what_is_left() -> None:
    assert line("Ingesting", 0, 400, "files", 0, "") == "Ingesting"
    assert line("Ingesting", 1, 400, "files", 9, "a.log") == "Ingesting: 1 of 400 files: a.log"
    assert line("Ingesting", 100, 400, "files", 10, "") == "Ingesting: 100 of 400 files, 10.0 files/s, 30 s left"
    assert line("Ingesting", 100, None, "files", 10, "") == "Ingesting: 100 files, 10.0 files/s"
    assert line("Ingesting", 5, 3, "files", 10, "") == "Ingesting: 5 files, 0.5 files/s"
    assert line("Asking", 3, 9, "items", 60, "") == "Asking: 3 of 9 items, 20 s each, 2 min left"
    assert line("Planning", 7, None, "", 60, "step") == "Planning: step"
    assert (remaining(89), remaining(600), remaining(7200)) == ("89 s", "10 min", "2.0 h")


def test_nothing_is_shown_where_stderr_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BANANA_PROGRESS", raising=False)
    with progress("Ingesting", 2, "files") as done:
        done("a")
        done("b")
    assert capsys.readouterr() == ("", "")


def test_lines_now_and_then_where_they_are_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANANA_PROGRESS", "1")
    now = [0.0]
    shown = Progress("Ingesting", 100, "files", lambda: now[0])
    for _ in range(60):
        now[0] += 0.25
        shown()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "Ingesting: 1 of 100 files",
        "Ingesting: 21 of 100 files, 4.0 files/s, 20 s left",
        "Ingesting: 41 of 100 files, 4.0 files/s, 15 s left",
    ]


def test_on_a_terminal_one_line_is_written_over_and_gives_way_to_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress("Ingesting", None, "files") as done:
        done("evil\x1b[31m\nname")
        say("a message")
    parts = terminal.getvalue().split("\r\x1b[2K")
    assert parts[0] == ""
    assert parts[1] == "Ingesting"
    assert "a message\n" in parts
    assert "\x1b[31m" not in terminal.getvalue()
    assert not terminal.getvalue().endswith("Ingesting")
