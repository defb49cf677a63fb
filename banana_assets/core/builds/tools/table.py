"""An entry of the table of tools: by which line a failure is known, how far its message goes, how much it says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

FAILURE, EXCEPTION, MESSAGE, GUESS, SUMMARY, WRAPPER = 90, 75, 60, 45, 30, 12
"""How much a line explains, from a tool's own report of one failure down to the echo of an exit status.

``FAILURE``: a compiler's error, a failing test with its assertion. ``EXCEPTION``: an uncaught exception with its trace.
``MESSAGE``: a one-line message of a known tool. ``GUESS``: a line with an error word. ``SUMMARY``: counts and
lists of what failed. ``WRAPPER``: a build tool that repeats that the command below it failed.
"""


SHAPE = "re:"
"""Begins a hint that is a pattern rather than a literal."""


@dataclass(frozen=True)
class Rule:
    """One entry: a ``tool`` prints a line like ``pattern`` (searched in the cleaned line) when it fails.

    ``category`` is the class of failure it stands for; empty where the text of the block decides. ``block`` names the
    function in ``blocks`` that says how far the message goes. ``hints`` are lower-case literals, one of which every
    matching line holds in some spelling of case: they spare nearly all lines the pattern. A message without such a
    literal has one hint that begins with ``re:`` and is a wider pattern in the common subset of Python's and Rust's
    regular expressions. Named groups of the pattern (test, file, line, column, message) are what the tool names.
    """

    tool: str
    category: str
    weight: int
    block: str
    hints: tuple[str, ...]
    pattern: str

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The compiled pattern, compiled at the first line that holds a hint."""
        return re.compile(self.pattern, re.ASCII)

    @cached_property
    def wide(self) -> str:
        """A pattern for polars that matches wherever ``pattern`` does, and sometimes where it does not."""
        return without_lookaround(self.pattern)


@dataclass(frozen=True)
class Refinement:
    """The ``category`` of a message of one of the ``tools`` that holds a line like ``pattern``."""

    tools: tuple[str, ...]
    category: str
    pattern: str

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The compiled pattern, for all lines of a message at once."""
        return re.compile(self.pattern, re.ASCII | re.MULTILINE)


def without_lookaround(pattern: str) -> str:
    """The pattern without lookahead and lookbehind, which Rust's regular expressions lack: it matches more."""
    kept, i = list[str](), 0
    while i < len(pattern):
        opening = _LOOKAROUND.match(pattern, i)
        if opening is None:
            step = 2 if pattern[i] == "\\" else 1
            kept.append(pattern[i : i + step])
            i += step
            continue
        depth, i = 1, opening.end()
        inside = False
        while depth:
            char = pattern[i]
            if char == "\\":
                i += 1
            elif char in "[]":
                inside = char == "["
            elif not inside:
                depth += (char == "(") - (char == ")")
            i += 1
    return "".join(kept)


_LOOKAROUND = re.compile(r"\(\?<?[=!]")


def rules(tool: str, *entries: tuple[str, int, str, str, str]) -> tuple[Rule, ...]:
    """Entries of one tool as (category, weight, block, hints separated by ``|``, pattern)."""
    return tuple(
        Rule(
            tool,
            category,
            weight,
            block,
            (hints,) if hints.startswith(SHAPE) else tuple(hints.lower().split("|")),
            pattern,
        )
        for category, weight, block, hints, pattern in entries
    )
