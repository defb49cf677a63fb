"""The literals that the tables of tools and test runners are known by, searched for in all lines of a log at once.

One pass of an Aho-Corasick automaton over the log, whatever the number of entries: only the few lines that hold a
literal meet a pattern.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import polars as pl

from banana_assets.core.builds.tools import RULES
from banana_assets.core.builds.tools.table import SHAPE

Hits = Mapping[int, Sequence[str]]
"""By 0-based line the lower-case literals and the shapes (see ``tools.table``) that it holds, where it holds any."""


def search(series: pl.Series, literals: Sequence[str], shapes: Sequence[str] = ()) -> Hits:
    """Which of the lower-case ``literals``, in any spelling of case, and of the patterns ``shapes`` a line holds."""
    found = series.str.to_lowercase().str.extract_many(list(literals), overlapping=True)
    lines = found.list.len().fill_null(0).gt(0).arg_true()
    hits: dict[int, Sequence[str]] = {}
    if len(lines):
        hits = dict(zip(lines.to_list(), found.gather(lines).to_list(), strict=True))
    if shapes:
        patterns = [shape.removeprefix(SHAPE) for shape in shapes]
        some = series.str.contains("|".join(f"(?:{pattern})" for pattern in patterns)).arg_true()
        shaped = series.gather(some)
        places = some.to_list()
        for shape, pattern in zip(shapes, patterns, strict=True):
            for at in shaped.str.contains(pattern).arg_true().to_list():
                hits[places[at]] = [*hits.get(places[at], ()), shape]
    return hits


@cache
def tool_hints() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The literals and the shapes of the table of tools."""
    hints = sorted({hint for rule in RULES for hint in rule.hints})
    return tuple(h for h in hints if not h.startswith(SHAPE)), tuple(h for h in hints if h.startswith(SHAPE))
