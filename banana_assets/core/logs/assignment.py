"""A template for every line of a log too large to hold: lines become small numbers, templates come at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from banana_assets.core.logs.events import fields
from banana_assets.core.logs.header import NO_HEADER, Header
from banana_assets.core.logs.masks import mask_short
from banana_assets.core.logs.miner import VARIABLE, mine, tidy
from banana_assets.core.logs.patterns import severity_word
from banana_assets.core.logs.severity import severity

MAX_SHAPES, MAX_CHARACTERS = 20_000, 4 << 20
"""Distinct shapes, and characters of them, held at once; beyond it rare words are given up as variables."""

MAX_KNOWN = 200_000
"""Distinct shortened lines remembered between chunks."""


@dataclass
class Assigner:
    """Collects lines chunk by chunk and then says which template each has.

    ``add`` takes lines in order; ``finish`` mines; ``assignments`` and ``templates`` give the result. Memory: 4 bytes a
    line, and what ``MAX_SHAPES`` and ``MAX_KNOWN`` allow.
    """

    header: Header = NO_HEADER
    lines: int = 0
    coarse: int = 0
    """How often words had to be given up because too few messages were alike."""
    _shapes: dict[str, int] = field(default_factory=dict)
    _chunks: list[pl.Series] = field(default_factory=list)
    _counts: list[pl.DataFrame] = field(default_factory=list)
    _known: pl.DataFrame | None = None
    _common: frozenset[str] = frozenset()
    _table: pl.DataFrame | None = None

    def add(self, short: pl.Series) -> None:
        """Take the next lines, shortened (``masks.shorten_block``)."""
        lines = short.alias("short").to_frame()
        distinct = lines.select(pl.col("short").unique(maintain_order=True))
        known = self._recognise(distinct)
        index = lines.join(known, on="short", how="left", maintain_order="left")
        counted = (
            index.with_row_index("row", offset=self.lines + 1)
            .group_by("shape")
            .agg(
                events=pl.len().cast(pl.Int64),
                first_line=pl.col("row").min().cast(pl.Int64),
                severity_number=pl.col("severity_number").max(),
            )
        )
        self._counts.append(counted)
        if len(self._counts) > 32:
            self._counts = [_summed(pl.concat(self._counts))]
        self._chunks.append(index["shape"])
        self.lines += lines.height
        if len(self._shapes) > MAX_SHAPES or sum(map(len, self._shapes)) > MAX_CHARACTERS:
            self._give_up_words()

    def _recognise(self, distinct: pl.DataFrame) -> pl.DataFrame:
        """``short, shape`` (UInt32 index) and ``severity_number`` of each distinct shortened line."""
        old = None
        fresh = distinct
        if self._known is not None:
            old = distinct.join(self._known, on="short", how="inner")
            fresh = distinct.join(self._known, on="short", how="anti", maintain_order="left")
        new = self._parse(fresh["short"])
        both = new if old is None else pl.concat([old, new])
        if self._known is None or self._known.height + new.height > MAX_KNOWN:
            self._known = both.head(MAX_KNOWN)
        elif new.height:
            self._known = pl.concat([self._known, new])
        return both

    def _parse(self, short: pl.Series) -> pl.DataFrame:
        if self.header.kind == "none":
            messages = pl.DataFrame(
                {"message": short, "level": pl.Series([None], dtype=pl.String).new_from_index(0, len(short))}
            )
        else:
            messages = fields(short, self.header).select("message", "level")
        shapes = mask_short(messages["message"])
        numbers = severity(messages["level"], messages["message"], shortened=True)
        indices = [self._index(text) for text in shapes.to_list()]
        return pl.DataFrame({"short": short, "shape": pl.Series(indices, dtype=pl.UInt32), "severity_number": numbers})

    def _index(self, shape: str) -> int:
        if self._common:
            shape = _coarse(shape, self._common)
        return self._shapes.setdefault(shape, len(self._shapes))

    def _give_up_words(self) -> None:
        """Replace the words that few shapes have by variables, so that shapes become few again."""
        self.coarse += 1
        words = Counter(word for shape in self._shapes for word in set(shape.split()))
        floor = max(2, len(self._shapes) // 1000) * self.coarse
        self._common = frozenset(word for word, n in words.items() if n >= floor)
        merged: dict[str, int] = {}
        moved = [merged.setdefault(_coarse(shape, self._common), len(merged)) for shape in self._shapes]
        self._shapes = merged
        table = pl.Series(moved, dtype=pl.UInt32)
        self._chunks = [table[chunk] for chunk in self._chunks]
        self._counts = [_summed(pl.concat(self._counts).with_columns(shape=table[pl.concat(self._counts)["shape"]]))]
        self._known = None

    def finish(self) -> None:
        """Mine the templates of all lines taken so far."""
        shapes = pl.DataFrame(
            {"shape": list(self._shapes), "index": range(len(self._shapes))},
            schema={"shape": pl.String, "index": pl.UInt32},
        )
        counts = _summed(pl.concat(self._counts)) if self._counts else None
        if counts is None:
            self._table = pl.DataFrame(
                schema={
                    "index": pl.UInt32,
                    "template": pl.String,
                    "named_template": pl.String,
                    "pattern_id": pl.String,
                    "events": pl.Int64,
                    "first_line": pl.Int64,
                    "severity_number": pl.Int16,
                }
            )
            return
        shapes = shapes.join(counts.rename({"shape": "index"}), on="index", how="left")
        self._table = shapes.join(mine(shapes.select("shape", "events")), on="shape", how="left").sort("index")

    def assignments(self) -> Iterator[pl.DataFrame]:
        """Frames ``LineId, EventId, EventTemplate``, a row a line, in order."""
        assert self._table is not None
        ids, templates = self._table["pattern_id"], self._table["template"]
        first = 1
        for chunk in self._chunks:
            last = first + len(chunk)
            yield pl.DataFrame(
                {
                    "LineId": pl.int_range(first, last, eager=True),
                    "EventId": ids[chunk],
                    "EventTemplate": templates[chunk],
                }
            )
            first = last

    def templates(self) -> pl.DataFrame:
        """The templates, most frequent first.

        Columns ``pattern_id, template, named_template, count, severity, severity_number, first_line``.
        """
        assert self._table is not None
        return (
            self._table.group_by("pattern_id")
            .agg(
                pl.col("template").first(),
                pl.col("named_template").first(),
                count=pl.col("events").sum(),
                severity_number=pl.col("severity_number").max(),
                first_line=pl.col("first_line").min(),
            )
            .with_columns(severity=severity_word(pl.col("severity_number"), pl.col("count")))
            .sort(["count", "first_line"], descending=[True, False])
            .select("pattern_id", "template", "named_template", "count", "severity", "severity_number", "first_line")
        )


def _summed(counts: pl.DataFrame) -> pl.DataFrame:
    return counts.group_by("shape").agg(
        pl.col("events").sum(), pl.col("first_line").min(), pl.col("severity_number").max()
    )


def _coarse(shape: str, common: frozenset[str]) -> str:
    words = [word if word in common else VARIABLE for word in shape.split()]
    kept: list[str] = []
    for word in words:
        if word != VARIABLE or kept[-1:] != [VARIABLE]:
            kept.append(word)
    return tidy(" ".join(kept))
