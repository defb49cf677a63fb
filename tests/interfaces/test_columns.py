"""Tables: whole for programs, inside the width of a terminal for people, aligned by what characters take there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.interfaces.cli import columns
from banana_assets.interfaces.cli.columns import aligned, prose, width

ROWS = [
    {"id": "3fa2c1", "runs": 1200, "at": datetime(2026, 3, 2, 4, 5, 6, tzinfo=UTC), "said": "the disk is full " * 5},
    {"id": "b2", "runs": 7, "at": None, "said": "ディスクがいっぱいです " * 5},
]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "60")
    return monkeypatch


def test_a_program_gets_each_row_in_one_line() -> None:
    lines = list(aligned(ROWS, ["id", "runs", "said"]))
    assert len(lines) == 3
    assert lines[1].startswith("3fa2c1  1,200  the disk")


def test_texts_are_wrapped_inside_their_column(terminal: pytest.MonkeyPatch) -> None:
    lines = list(aligned(ROWS, ["id", "runs", "said"]))
    assert max(map(width, lines)) <= 60
    assert lines[2].startswith(" " * 15 + "full")
    assert "".join(line[15:].replace(" ", "") for line in lines[1:3]) == "thediskisfull" * 5


def test_columns_without_room_stand_below(terminal: pytest.MonkeyPatch) -> None:
    terminal.setenv("COLUMNS", "40")
    lines = list(aligned(ROWS, ["id", "runs", "at", "said"]))
    assert lines[:2] == ["id       runs  at", "    said"]
    assert lines[2] == "3fa2c1  1,200  2026-03-02 04:05:06"
    assert lines[3].startswith("    the disk")
    assert max(map(width, lines)) <= 40


@given(st.lists(st.lists(st.text(max_size=60), min_size=3, max_size=3), max_size=4), st.integers(30, 120))
def test_every_table_fits(rows: list[list[str]], room: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        patch.setenv("COLUMNS", str(room))
        lines = list(aligned([dict(zip("abc", row, strict=True)) for row in rows], "abc"))
    assert max(map(width, lines)) <= room
    assert len(lines) >= len(rows) + 1 - sum(not "".join(map(columns.cell, row)).strip() for row in rows)


def test_wide_and_joining_characters_are_counted_as_a_terminal_does() -> None:
    assert (width("abc"), width("日本"), width("e\u0301")) == (3, 4, 1)


def test_sentences_are_wrapped_for_people_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "the log names https://example.org/a/very/long/place/that/stays/whole and a module that is missing"
    assert prose(said, "  Why  ", "       ") == [f"  Why  {said}"]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "40")
    lines = prose(said, "  Why  ", "       ")
    assert lines[0] == "  Why  the log names"
    assert [line for line in lines if len(line) > 40] == [f"       {said.split()[3]}"]
    assert " ".join(line.strip() for line in lines) == f"Why  {said}"
    assert prose("", "  Why  ") == ["  Why"]
