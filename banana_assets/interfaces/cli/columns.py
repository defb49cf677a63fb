"""Rows as aligned columns: whole where a program reads them, fitted into the width of a terminal where people do."""

from __future__ import annotations

import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import zip_longest
from typing import Any

from banana_assets.core.text import cut, visible

WIDEST_CELL = 240
NARROWEST = 14
"""Columns of a terminal that a column of text keeps at least."""
LONGEST_WORD = 24
"""Longer words are broken where a column has to be narrower."""
GAP, INDENT = "  ", "    "


def aligned(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[str]:
    """The lines of the table, the names of the columns first; none where there are no columns.

    On a terminal texts are wrapped inside their columns, and columns that have no room stand on an indented line below.
    """
    if not columns:
        return
    lines = [list(columns), *([cell(row.get(c)) for c in columns] for row in rows)]
    right = [bool(rows) and all(_is_number(row.get(c)) for row in rows) for c in columns]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    groups = [range(len(columns))]
    if sys.stdout.isatty():
        least = [_least([row.get(c) for row in rows], [line[i] for line in lines]) for i, c in enumerate(columns)]
        groups, widths = _fitted(widths, least, terminal_width())
    for line in lines:
        for group in groups:
            wrapped = [_wrapped(line[i], widths[i]) for i in group]
            for parts in zip_longest(*wrapped, fillvalue=""):
                padded = (_padded(part, widths[i], right[i]) for part, i in zip(parts, group, strict=True))
                told = GAP.join(padded).rstrip()
                if told or not group.start:
                    yield f"{INDENT if group.start else ''}{told}"


def prose(text: str, lead: str = "", under: str = "") -> list[str]:
    """A sentence after ``lead``: one line where a program reads it, wrapped on a terminal, with ``under`` before each
    further line. Words are never broken. Lines of logs are not for this: they stay as they are."""
    if not sys.stdout.isatty():
        return [lead + text]
    room = max(terminal_width(), len(under) + NARROWEST)
    wrapped = textwrap.wrap(
        text, room, initial_indent=lead, subsequent_indent=under, break_long_words=False, break_on_hyphens=False
    )
    return wrapped or [lead.rstrip()]


def terminal_width() -> int:
    """Columns of the terminal, 80 where nobody tells."""
    return shutil.get_terminal_size().columns


def cell(value: Any) -> str:
    """A value as it stands in a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    return cut(visible(" ".join(str(value).split())), WIDEST_CELL)


def width(text: str) -> int:
    """How many columns of a terminal a text takes: two for each wide character, none for those that join others."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in ("W", "F") else 1 for c in text
    )


def _fitted(widths: Sequence[int], least: Sequence[int], room: int) -> tuple[list[range], list[int]]:
    """Which columns stand side by side, and the widths with the widest of each line made narrower until all fit."""
    groups, fitted, begin = [], list(widths), 0
    while begin < len(widths):
        indented = room - (len(INDENT) if begin else 0)
        end, taken = begin + 1, min(least[begin], widths[begin])
        while end < len(widths) and (taken := taken + len(GAP) + min(least[end], widths[end])) <= indented:
            end += 1
        groups.append(range(begin, end))
        left = indented - len(GAP) * (end - begin - 1)
        for level in range(max(widths[begin:end]), 0, -1):
            fitted[begin:end] = [
                min(have, max(level, need)) for have, need in zip(widths[begin:end], least[begin:end], strict=True)
            ]
            if sum(fitted[begin:end]) <= left:
                break
        begin = end
    return groups, fitted


def _least(values: Sequence[Any], shown: Sequence[str]) -> int:
    """What a column needs: all of a number or a time, and the words of a text unless they are very long."""
    if all(value is None or isinstance(value, int | float | date) for value in values):
        return max(map(width, shown))
    longest = max((width(word) for text in shown for word in text.split()), default=0)
    return max(min(LONGEST_WORD, longest), min(NARROWEST, max(map(width, shown))))


def _wrapped(text: str, most: int) -> list[str]:
    if width(text) <= most:
        return [text]
    if text.isascii():
        return textwrap.wrap(text, most, break_on_hyphens=False)
    lines, line = [], ""
    for character in text:
        if width(line) + width(character) > most:
            head, space, tail = line.rpartition(" ")
            lines.append(head if space else line)
            line = tail if space else ""
        line += character
    return [*lines, line]


def _padded(text: str, most: int, right: bool) -> str:
    space = " " * (most - width(text))
    return space + text if right else text + space


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
