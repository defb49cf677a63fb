"""The literals that the tables of tools and test runners are known by, searched for in all lines of a log at once.

One pass of an Aho-Corasick automaton over the log, whatever the number of entries: only the few lines that hold a
literal meet a pattern, and lines that hold the same literals are decided about together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import polars as pl

from banana_assets.core.builds.tools import RULES
from banana_assets.core.builds.tools.table import SHAPE

T = TypeVar("T")
_JOINT = "\x1f"


@dataclass(frozen=True, slots=True)
class Hits:
    """The lines that hold literals, by kind: ``kinds[k]`` are the lower-case literals and the shapes (see
    ``tools.table``) that the 0-based ``lines[k]`` hold, in order; lines without any are in no kind."""

    kinds: tuple[tuple[str, ...], ...]
    lines: tuple[pl.Series, ...]

    def of(self, judge: Callable[[tuple[str, ...]], T]) -> list[tuple[int, T]]:
        """The lines, in order, whose literals ``judge`` makes something of, each with what it makes of them."""
        found: list[tuple[int, T]] = []
        for kind, lines in zip(self.kinds, self.lines, strict=True):
            if judged := judge(kind):
                found += [(line, judged) for line in lines.to_list()]
        return sorted(found, key=_line)


def _line(row: tuple[int, object]) -> int:
    return row[0]


def search(series: pl.Series, literals: Sequence[str], shapes: Sequence[str] = ()) -> Hits:
    """Which of the lower-case ``literals``, in any spelling of case, and of the patterns ``shapes`` a line holds."""
    found = series.str.to_lowercase().str.extract_many(list(literals), overlapping=True).list.join(_JOINT)
    if shapes:
        found = _shaped(series, found, shapes)
    kinds = (
        pl.DataFrame({"held": found})
        .with_row_index("line")
        .filter(pl.col("held") != "")
        .group_by("held", maintain_order=True)
        .agg("line")
    )
    return Hits(tuple(tuple(held.split(_JOINT)) for held in kinds["held"]), tuple(kinds["line"]))


def _shaped(series: pl.Series, found: pl.Series, shapes: Sequence[str]) -> pl.Series:
    patterns = [shape.removeprefix(SHAPE) for shape in shapes]
    some = series.str.contains("|".join(f"(?:{pattern})" for pattern in patterns)).arg_true()
    if not len(some):
        return found
    texts, held = series.gather(some), found.gather(some)
    for shape, pattern in zip(shapes, patterns, strict=True):
        held = (
            pl.DataFrame({"held": held, "has": texts.str.contains(pattern)})
            .select(
                pl.when(~pl.col("has"))
                .then(pl.col("held"))
                .when(pl.col("held") == "")
                .then(pl.lit(shape))
                .otherwise(pl.col("held") + pl.lit(_JOINT + shape))
            )
            .to_series()
        )
    return found.scatter(some, held)


@cache
def tool_hints() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The literals and the shapes of the table of tools."""
    hints = sorted({hint for rule in RULES for hint in rule.hints})
    return tuple(h for h in hints if not h.startswith(SHAPE)), tuple(h for h in hints if h.startswith(SHAPE))
