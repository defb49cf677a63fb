"""The literals that the tables of tools and test runners are known by, searched for in all lines of a log at once.

One pass of an Aho-Corasick automaton over the log, whatever the number of entries: only the few lines that hold a
literal meet a pattern, and lines that hold the same literals are decided about together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import numpy as np
import polars as pl

from banana_assets.core.builds.tools import RULES
from banana_assets.core.builds.tools.table import SHAPE

T = TypeVar("T")
_JOINT = "\x1f"
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
    """Which of the lower-case ``literals``, in any spelling of case, and of the patterns ``shapes`` a line holds."""
    found = series.str.extract_many(list(literals), ascii_case_insensitive=True, overlapping=True)
    some = found.list.len() > 0
    patterns = [shape.removeprefix(SHAPE) for shape in shapes]
    if patterns:
        some = some | series.str.contains("|".join(f"(?:{pattern})" for pattern in patterns))
    text = pl.col("text")
    shaped = [
        pl.when(text.str.contains(pattern)).then(pl.lit(shape)).otherwise(pl.lit(""))
        for shape, pattern in zip(shapes, patterns, strict=True)
    ]
    kinds = (
        pl.DataFrame({"text": series, "found": found})
        .with_row_index("line")
        .filter(some)
        .select(
            pl.concat_str(pl.col("found").list.join(_JOINT).str.to_lowercase(), *shaped, separator=_JOINT).alias(
                "held"
            ),
            "line",
        )
        .group_by("held", maintain_order=True)
        .agg("line")
    )
    return Hits(tuple(tuple(filter(None, held.split(_JOINT))) for held in kinds["held"]), tuple(kinds["line"]))


def matching(series: pl.Series, lines: pl.Series, patterns: Sequence[str]) -> pl.Series:
    """The ``lines`` that one of the patterns (see ``Rule.wide``) matches, in order."""
    left, found = lines, []
    try:
        union = "|".join(f"(?:{pattern})" for pattern in patterns)
        sample = series.gather(lines.gather_every(max(1, len(lines) // 200)))
        if patterns and sample.str.contains(union).sum() < len(sample) / 2:
            # Where most lines match nothing, one pass of all patterns leaves few.
            left = lines.filter(series.gather(lines).str.contains(union))
        for pattern in patterns:
            hit = series.gather(left).str.contains(pattern)
            found.append(left.filter(hit))
            left = left.filter(~hit)
    except pl.exceptions.ComputeError:
        # Too much for the engine: whoever asks meets them all.
        return lines
    return pl.concat(found).sort() if found else lines.clear()


@cache
def tool_hints() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The literals and the shapes of the table of tools."""
    hints = sorted({hint for rule in RULES for hint in rule.hints})
    return tuple(h for h in hints if not h.startswith(SHAPE)), tuple(h for h in hints if h.startswith(SHAPE))
