"""What every block is made of: the lines, a span of them, and the ways to walk down from its first line."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

MOST = 150
"""Lines that a message may be long."""

Lines = Sequence[str]
Span = tuple[int, int]
"""First and last line of a message, 0-based and inclusive."""
Block = Callable[[Lines, int], Span | None]
"""From the cleaned lines and the 0-based line that a message is known by to the whole of it; None where the lines
around it show that another tool printed it."""


def indent(text: str) -> int:
    """The number of blanks that the line begins with."""
    return len(text) - len(text.lstrip())


def trim(texts: Lines, first: int, last: int) -> Span:
    """The span without the blank lines at its end."""
    while last > first and not texts[last].strip():
        last -= 1
    return first, last


def until(texts: Lines, i: int, stop: re.Pattern[str], most: int = MOST, *, blanks: int = 99) -> Span:
    """To the line before the next one that ``stop`` matches, or before more than ``blanks`` blank lines in a row."""
    empty, last = 0, i
    for j in range(i + 1, min(len(texts), i + most)):
        if stop.match(texts[j]):
            break
        empty = 0 if texts[j].strip() else empty + 1
        if empty > blanks:
            break
        last = j
    return trim(texts, i, last)


def down_while(texts: Lines, i: int, go: Callable[[str], bool], most: int = MOST) -> Span:
    """As far as every line below is one of those that ``go`` says belong to the message."""
    last = i
    while last + 1 < min(len(texts), i + most) and go(texts[last + 1]):
        last += 1
    return trim(texts, i, last)
