"""A template for every line of a log too large to hold: lines become small numbers, templates come at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from banana_assets.core.logs.events import fields
from banana_assets.core.logs.header import NO_HEADER, Header
from banana_assets.core.logs.masks import mask_short, shorten_block
from banana_assets.core.logs.miner import VARIABLE, mine, tidy
from banana_assets.core.logs.patterns import severity_word
from banana_assets.core.logs.severity import severity
from banana_assets.core.logs.textlines import joined, with_feeds, without_feeds

MAX_SHAPES, MAX_CHARACTERS = 20_000, 4 << 20
"""Distinct shapes, and characters of them, held at once; beyond it rare words are given up as variables."""

MAX_KNOWN = 200_000
"""Distinct lines remembered between blocks."""

NOVEL = 0.6
"""Share of different new lines in a block beyond which whole lines are not worth comparing."""

RETRY = 16
"""Blocks after which it is tried again whether lines repeat."""


@dataclass(frozen=True)
class Lines:
    """Lines of a block, each with its LF, and their 64-bit hashes; ``short`` says that their digits are shortened."""

    text: pl.Series
    keys: pl.Series
    short: bool


@dataclass
class _Known:
    """The shape's index of lines by their hash: bounded, the newest kept."""

    _table: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"key": pl.UInt64, "shape": pl.UInt32}),
    )

    def find(self, keys: pl.Series) -> pl.Series:
        """The index of each key, null where it is not known."""
        return keys.to_frame("key").join(self._table, on="key", how="left", maintain_order="left")["shape"]

    def note(self, keys: pl.Series, shapes: pl.Series) -> None:
        """Remember keys that were not known, each once."""
        self._table = pl.concat([self._table, pl.DataFrame({"key": keys, "shape": shapes})]).tail(MAX_KNOWN)

    def move(self, table: pl.Series) -> None:
        """Replace each index by the table's entry for it."""
        self._table = self._table.with_columns(shape=table[self._table["shape"]])


@dataclass
class Assigner:
    """Collects lines block by block and then says which template each has.

    ``prepare`` makes a block ready (in any thread), ``add`` takes what it gives in order; ``finish`` mines;
    ``assignments`` and ``templates`` give the result. Memory: 4 bytes a line, and what ``MAX_SHAPES`` and
    ``MAX_KNOWN`` allow.

    A line is looked up by its hash: whole, as long as lines repeat, and with its digits shortened otherwise. Two
    different lines of one hash would share a template (odds of one in 10^5 over ten million different lines).
    """

    header: Header = NO_HEADER
    lines: int = 0
    coarse: int = 0
    """How often words had to be given up because too few messages were alike."""
    _shapes: dict[str, int] = field(default_factory=dict)
    _severities: dict[int, int] = field(default_factory=dict)
    _chunks: list[pl.Series] = field(default_factory=list)
    _counts: list[pl.DataFrame] = field(default_factory=list)
    _whole: _Known = field(default_factory=_Known)
    _short: _Known = field(default_factory=_Known)
    _wait: int = 0
    _common: frozenset[str] = frozenset()
    _table: pl.DataFrame | None = None

    def prepare(self, block: bytes) -> Lines:
        """The lines of a block of UTF-8 (each ended by LF), as ``add`` takes them."""
        if self._wait:
            return _shortened(block)
        text = with_feeds(block)
        return Lines(text, text.hash(), short=False)

    def add(self, lines: Lines) -> None:
        """Take the next lines."""
        index = self._indexed(lines)
        counted = (
            index.to_frame("shape")
            .with_row_index("row", offset=self.lines + 1)
            .group_by("shape")
            .agg(events=pl.len().cast(pl.Int64), first_line=pl.col("row").min().cast(pl.Int64))
        )
        self._counts.append(counted)
        if len(self._counts) > 32:
            self._counts = [_summed(pl.concat(self._counts))]
        self._chunks.append(index)
        self.lines += len(index)
        if len(self._shapes) > MAX_SHAPES or sum(map(len, self._shapes)) > MAX_CHARACTERS:
            self._give_up_words()

    def _indexed(self, lines: Lines) -> pl.Series:
        """The shape's index (UInt32) of each line."""
        known = self._short if lines.short else self._whole
        found = known.find(lines.keys)
        missing = found.is_null()
        if lines.short:
            self._wait -= self._wait > 0
        if not missing.any():
            return found
        fresh = (
            pl.DataFrame({"key": lines.keys, "text": lines.text})
            .filter(missing)
            .unique("key", keep="first", maintain_order=True)
        )
        if not lines.short and fresh.height > NOVEL * len(found):
            self._wait = RETRY
        shapes = self._parsed(fresh["text"]) if lines.short else self._indexed(_shortened(joined(fresh["text"])))
        table = fresh.select("key", shape=shapes)
        known.note(fresh["key"], shapes)
        new = lines.keys.to_frame("key").join(table, on="key", how="left", maintain_order="left")["shape"]
        return pl.select(pl.coalesce(found, new)).to_series()

    def _parsed(self, short: pl.Series) -> pl.Series:
        """The shape's index of each shortened line, its header taken off."""
        short = without_feeds(short)
        if self.header.kind == "none":
            messages = pl.DataFrame(
                {"message": short, "level": pl.Series([None], dtype=pl.String).new_from_index(0, len(short))}
            )
        else:
            messages = fields(short, self.header).select("message", "level")
        indices = [self._index(text) for text in mask_short(messages["message"]).to_list()]
        numbers = severity(messages["level"], messages["message"], shortened=True)
        for index, number in zip(indices, numbers.to_list(), strict=True):
            self._severities[index] = max(number, self._severities.get(index, 0))
        return pl.Series(indices, dtype=pl.UInt32)

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
        counts = pl.concat(self._counts)
        self._counts = [_summed(counts.with_columns(shape=table[counts["shape"]]))]
        severities: dict[int, int] = {}
        for index, number in self._severities.items():
            severities[moved[index]] = max(number, severities.get(moved[index], 0))
        self._severities = severities
        for known in (self._whole, self._short):
            known.move(table)

    def finish(self) -> None:
        """Mine the templates of all lines taken so far."""
        shapes = pl.DataFrame(
            {
                "shape": list(self._shapes),
                "index": range(len(self._shapes)),
                "severity_number": [self._severities[index] for index in range(len(self._shapes))],
            },
            schema={"shape": pl.String, "index": pl.UInt32, "severity_number": pl.Int16},
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
    return counts.group_by("shape").agg(pl.col("events").sum(), pl.col("first_line").min())


def _shortened(block: bytes) -> Lines:
    text = with_feeds(shorten_block(block))
    return Lines(text, text.hash(), short=True)


def _coarse(shape: str, common: frozenset[str]) -> str:
    words = [word if word in common else VARIABLE for word in shape.split()]
    kept: list[str] = []
    for word in words:
        if word != VARIABLE or kept[-1:] != [VARIABLE]:
            kept.append(word)
    return tidy(" ".join(kept))
