"""The literals that the tables of tools and test runners are known by, searched for in all lines of a log at once.

One pass of an Aho-Corasick automaton over the log, whatever the number of entries: only the few lines that hold a
literal meet a pattern, and lines that hold the same literals are decided about together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import itemgetter
from typing import TypeVar

import polars as pl
import re2

from banana_assets.core.builds.tools import RULES
from banana_assets.core.builds.tools.table import SHAPE

T = TypeVar("T")
MANY = 2_000
"""Lines of one kind from which on it pays to leave out in polars those that no pattern can match."""
FEW = 2_000
"""Lines up to which asking of each what it holds takes less time than building polars' automaton."""


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
    if sum(len(lines) for _, lines in parts) < MANY:
        # Sooner done than numpy is imported.
        yield from sorted(((line, made) for made, lines in parts for line in lines.to_list()), key=itemgetter(0))
        return
    import numpy as np

    lines = np.concatenate([lines.to_numpy() for _, lines in parts])
    of = np.repeat(np.arange(len(parts)), [len(lines) for _, lines in parts])
    order = np.argsort(lines, kind="stable")
    about = [made for made, _ in parts]
    # Whoever asks may stop early: numbers are made for as many as were asked for.
    for start in range(0, len(order), MANY):
        some = order[start : start + MANY]
        yield from zip(lines[some].tolist(), (about[k] for k in of[some].tolist()), strict=True)


def search(series: pl.Series, literals: Sequence[str], shapes: Sequence[str] = ()) -> Hits:
    """Which of the lower-case ``literals``, in any spelling of case, and of the patterns ``shapes`` a line may hold.

    A line that one of the shapes matches counts as one of all of them: they are rare, and asking for each costs more.
    """
    if len(series) < FEW:
        return _searched(series.to_list(), tuple(literals), tuple(shapes))
    found = series.str.extract_many(list(literals), ascii_case_insensitive=True, overlapping=True)
    frame = pl.DataFrame({"found": found}).with_row_index("line")
    held = found.list.len() > 0
    if shapes:
        shaped = series.str.contains(_union([shape.removeprefix(SHAPE) for shape in shapes]))
        frame = frame.with_columns(shaped.alias("shaped"))
        held = held | shaped
    else:
        frame = frame.with_columns(shaped=False)
    if int(held.sum() or 0) < len(held) / 2:
        frame = frame.filter(held)
    kinds = frame.group_by("found", "shaped", maintain_order=True).agg("line")
    # Neither the spelling of case nor the order makes a kind.
    merged: dict[tuple[str, ...], list[pl.Series]] = {}
    for words, some, lines in zip(*kinds, strict=True):
        kind = (*sorted({word.lower() for word in words}), *(shapes if some else ()))
        if kind:
            merged.setdefault(kind, []).append(lines)
    return Hits(tuple(merged), tuple(part[0] if len(part) == 1 else pl.concat(part).sort() for part in merged.values()))


def _searched(texts: Sequence[str], literals: tuple[str, ...], shapes: tuple[str, ...]) -> Hits:
    """The same line by line, with an automaton that is built once: a small log has no use for a new one."""
    known = _automaton(literals, shapes)
    kinds: dict[tuple[str, ...], list[int]] = {}
    for i, text in enumerate(texts):
        if held := known.Match(text):
            words = sorted(literals[k] for k in held if k < len(literals))
            kinds.setdefault((*words, *(shapes if max(held) >= len(literals) else ())), []).append(i)
    return Hits(tuple(kinds), tuple(pl.Series("line", lines, dtype=pl.get_index_type()) for lines in kinds.values()))


@lru_cache(8)
def _automaton(literals: tuple[str, ...], shapes: tuple[str, ...]) -> re2.Set:
    options = re2.Options()
    options.case_sensitive = False
    options.max_mem = 64 << 20
    known = re2.Set.SearchSet(options)
    for literal in literals:
        known.Add(re2.escape(literal))
    for shape in shapes:
        known.Add(f"(?-i:{shape.removeprefix(SHAPE)})")
    known.Compile()
    return known


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
