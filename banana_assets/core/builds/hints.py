"""The literals that the tables of tools and test runners are known by, searched for in all lines of a log at once.

One pass of an Aho-Corasick automaton over the log, whatever the number of entries: only the few lines that hold a
literal meet a pattern, and lines that hold the same literals are decided about together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import numpy as np
import polars as pl

from banana_assets.core.builds.tools import RULES
from banana_assets.core.builds.tools.table import SHAPE

T = TypeVar("T")
MANY = 2_000
"""Lines of one kind from which on it pays to leave out in polars those that no pattern can match."""


@dataclass(frozen=True, slots=True)
class Hits:
    """The lines that hold literals, by kind: ``kinds[k]`` are the lower-case literals and the shapes (see
    ``tools.table``) that the 0-based ``lines[k]`` hold, in order; lines without any are in no kind."""

    kinds: tuple[tuple[str, ...], ...]
    lines: tuple[pl.Series, ...]

    def of(self, judge: Callable[[tuple[str, ...]], T]) -> Iterator[tuple[int, T]]:
        """The lines, in order, whose literals ``judge`` makes something of, each with what it makes of them."""
        judged = [(made, lines) for kind, lines in zip(self.kinds, self.lines, strict=True) if (made := judge(kind))]
        return in_order(judged)


def in_order(parts: Sequence[tuple[T, pl.Series]]) -> Iterator[tuple[int, T]]:
    """The lines of all parts, in order, each with what its part is about."""
    if not parts:
        return iter(())
    lines = pl.concat([lines for _, lines in parts])
    of = np.repeat(np.arange(len(parts)), [len(lines) for _, lines in parts])
    order = lines.arg_sort()
    about = [made for made, _ in parts]
    return zip(lines.gather(order).to_list(), (about[k] for k in of[order.to_numpy()].tolist()), strict=True)


def search(series: pl.Series, literals: Sequence[str], shapes: Sequence[str] = ()) -> Hits:
    """Which of the lower-case ``literals``, in any spelling of case, and of the patterns ``shapes`` a line may hold.

    A line that one of the shapes matches counts as one of all of them: they are rare, and asking for each costs more.
    """
    found = series.str.extract_many(list(literals), ascii_case_insensitive=True, overlapping=True)
    frame = pl.DataFrame({"found": found}).with_row_index("line")
    held = found.list.len() > 0
    if shapes:
        shaped = series.str.contains(_union([shape.removeprefix(SHAPE) for shape in shapes]))
        frame = frame.with_columns(shaped.alias("shaped"))
        held = held | shaped
    else:
        frame = frame.with_columns(shaped=False)
    kinds = frame.filter(held).group_by("found", "shaped", maintain_order=True).agg("line")
    # Lines that only differ in the spelling of case are of one kind.
    merged: dict[tuple[str, ...], list[pl.Series]] = {}
    for words, some, lines in zip(*kinds, strict=True):
        kind = (*map(str.lower, words), *(shapes if some else ()))
        merged.setdefault(kind, []).append(lines)
    return Hits(tuple(merged), tuple(part[0] if len(part) == 1 else pl.concat(part).sort() for part in merged.values()))


def matching(series: pl.Series, lines: pl.Series, patterns: Sequence[str]) -> pl.Series:
    """The ``lines`` that one of the patterns (see ``Rule.wide``) matches, in order."""
    if not patterns:
        return lines.clear()
    try:
        return lines.filter(series.gather(lines).str.contains(_union(patterns)))
    except pl.exceptions.ComputeError:
        # Too much for the engine: whoever asks meets them all.
        return lines


def _union(patterns: Sequence[str]) -> str:
    """One pattern for polars that matches what any of them does."""
    return "|".join(f"(?:{in_ascii(pattern)})" for pattern in patterns)


_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r" \t-\r"}


@cache
def in_ascii(pattern: str) -> str:
    """The pattern with ``\\d``, ``\\w``, ``\\s`` and ``\\b`` meaning ASCII to polars, as they do under ``re.ASCII``.

    With Unicode's some patterns are too large for its engine, and all are slower.
    """
    kept, inside = list[str](), False
    for part in re.findall(r"(?s)\\.|\(\?P<\w+>|.", pattern):
        letter = part[1:] if part[0] == "\\" else ""
        if letter == "b" and not inside:
            kept.append(r"(?-u:\b)")
        elif letter in _CLASSES:
            kept.append(_CLASSES[letter] if inside else f"[{_CLASSES[letter]}]")
        elif part.startswith("(?P<"):
            # Patterns are joined to one, in which no name may stand twice.
            kept.append("(?:")
        elif letter.lower() in _CLASSES:
            kept.append(f"[^{_CLASSES[letter.lower()]}]")
        else:
            kept.append(part)
            inside = part == "[" or (inside and part != "]")
    return "".join(kept)


@cache
def tool_hints() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The literals and the shapes of the table of tools."""
    hints = sorted({hint for rule in RULES for hint in rule.hints})
    return tuple(h for h in hints if not h.startswith(SHAPE)), tuple(h for h in hints if h.startswith(SHAPE))
