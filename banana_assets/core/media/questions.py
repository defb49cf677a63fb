"""What a language model is asked about items, and what of its answer can be proposed.

A model only reads: a value has to stand in the item's own text, or to be one of the words that it was given, and the
line that it names has to be one of that item. What stands nowhere is not proposed, whatever the model says of itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import polars as pl

from banana_assets.core.media import languages
from banana_assets.core.media.items import Library
from banana_assets.core.media.prose import too_alike
from banana_assets.core.media.schema import Field
from banana_assets.core.media.values import Value, value_of

PROMPT_VERSION = "metadata-2"
MOST_WORDS = 40
MOST_TAGS = 8
LEAST_TEXT = 40
"""Characters of own text from which on a language or a genre can be told."""

LEAST_LONG = 400
"""Characters of other prose from which on a summary can be made."""

LONGEST_LINE = 1500
LONGEST_NAME, LONGEST_PROSE = 80, 600
SURE = (0.1, 0.3, 0.5, 0.7, 0.9)
"""How sure a model may say it is. A closed set, as everything in the answer: grammars of model servers keep words and
lengths, and not the ends of numbers."""

_DAY = re.compile(r"\d{4}(?:-\d{2}){0,2}")
INSTRUCTIONS = """You read catalogue entries. Each item is a block of lines: its number, then what is known of it, then
`wanted:` with the fields that are missing. For each wanted field that an item's own lines answer, give the value and
the number of the line (as shown in front of it) that it stands in. Copy names, dates and tags from that line letter by
letter. Choose a genre from the list in the first line alone. Give a language as its code (en, de, pt-BR). Leave out
every field that the lines do not answer: no value is better than a guess."""


@dataclass(frozen=True)
class Asked:
    """Items of one question: the lines, which line is whose, and what is wanted of each."""

    lines: tuple[str, ...]
    of_line: Mapping[int, int]
    items: tuple[str, ...]
    wanted: tuple[tuple[str, ...], ...]
    words: tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """A value that holds: of which item, in which line, and how sure the model said it is."""

    item_id: str
    value: Value
    line: int
    confidence: float


def answerable(library: Library) -> pl.DataFrame:
    """The gaps that an item's own text may answer: ``item_id, field, text`` (the placeholder that stands there)."""
    length = library.usable.filter(~pl.col("field").is_in(_told_elsewhere(library)))
    of = length.group_by("item_id").agg(letters=pl.col("text").str.len_chars().sum())
    gaps = library.gaps.join(of, on="item_id")
    few = [f.name for f in library.schema.fields if f.kind in ("language", "genre", "list")]
    prose = [f.name for f in library.schema.fields if f.shortest]
    plain = [f.name for f in library.schema.fields if f.kind in ("text", "date") and not f.shortest]
    fits = (
        (pl.col("field").is_in(few) & (pl.col("letters") >= LEAST_TEXT))
        | (pl.col("field").is_in(prose) & (pl.col("letters") >= LEAST_LONG))
        | pl.col("field").is_in(plain)
    )
    return gaps.filter(fits).select("item_id", "field", "text")


def _told_elsewhere(library: Library) -> list[str]:
    """Fields whose values are no text to read in."""
    return [f.name for f in library.schema.fields if f.kind in ("duration", "number", "url", "identifier", "language")]


def question(library: Library, wanted: Sequence[tuple[str, Sequence[str]]], words: Sequence[str]) -> Asked:
    """The lines about these items (id and wanted fields); what is wanted is not told, even where it is known."""
    ids = [item_id for item_id, _ in wanted]
    known = library.usable.filter(pl.col("item_id").is_in(ids) & ~pl.col("field").is_in(_told_elsewhere(library))).sort(
        "item_id", "field"
    )
    by_item: dict[str, list[tuple[str, str]]] = {}
    for item_id, name, text in known.select("item_id", "field", "text").iter_rows():
        by_item.setdefault(item_id, []).append((name, text))
    places = dict(library.items.filter(pl.col("item_id").is_in(ids)).select("item_id", "uri").iter_rows())
    lines = [f"genres: {', '.join(words)}"] if words else ["genres: none"]
    of_line: dict[int, int] = {}
    for number, (item_id, fields) in enumerate(wanted, 1):
        lines.append(f"item {number}")
        told = [(name, text) for name, text in by_item.get(item_id, []) if name not in fields]
        place = places.get(item_id, "")
        if "://" not in place and "/" in place:
            told.append(("file", "/".join(PurePath(place).parts[-3:])))
        for name, text in told:
            lines.append(f"{name}: {' '.join(text.split())[:LONGEST_LINE]}")
            of_line[len(lines)] = number
        lines.append(f"wanted: {', '.join(fields)}")
    return Asked(tuple(lines), of_line, tuple(ids), tuple(tuple(f) for _, f in wanted), tuple(words))


def answer_tokens(library: Library, asked: Asked) -> int:
    """The tokens that an answer about all that is wanted may take."""
    wanted = [library.schema.by_name[name] for fields in asked.wanted for name in fields]
    return 120 + sum(260 if field.shortest else 200 if field.kind == "list" else 110 for field in wanted)


def answer_schema(library: Library, asked: Asked) -> dict[str, Any]:
    """The JSON schema of the answer, everything in it bounded."""
    names = sorted({name for fields in asked.wanted for name in fields})
    wanted = [library.schema.by_name[name] for name in names]
    longest = LONGEST_PROSE if any(field.shortest for field in wanted) else LONGEST_NAME
    several = MOST_TAGS if any(field.kind == "list" for field in wanted) else 2
    value = {
        "type": "object",
        "additionalProperties": False,
        "required": ["item", "field", "value", "line", "confidence"],
        "properties": {
            "item": {"type": "integer", "enum": list(range(1, len(asked.items) + 1))},
            "field": {"type": "string", "enum": names},
            "value": {
                "type": "array",
                "minItems": 1,
                "maxItems": several,
                "items": {"type": "string", "maxLength": longest},
            },
            "line": {"type": "integer", "enum": list(range(1, len(asked.lines) + 1))},
            "confidence": {"type": "number", "enum": list(SURE)},
        },
    }
    most = sum(map(len, asked.wanted))
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["values"],
        "properties": {"values": {"type": "array", "maxItems": max(1, most), "items": value}},
    }


def held(library: Library, asked: Asked, answer: Mapping[str, Any]) -> tuple[list[Told], int]:
    """The values of an answer that hold, one a field of an item, and how many do not."""
    found: dict[tuple[str, str], Told] = {}
    refused = 0
    for row in answer["values"]:
        number, name = row["item"], row["field"]
        field = library.schema.by_name.get(name)
        if field is None or not 1 <= number <= len(asked.items) or name not in asked.wanted[number - 1]:
            refused += 1
            continue
        line = asked.lines[row["line"] - 1] if asked.of_line.get(row["line"]) == number else ""
        whole = "\n".join(asked.lines[k - 1] for k, of in asked.of_line.items() if of == number)
        value = value_of(field, list(row["value"]), "model", f"line {row['line']}")
        key = (asked.items[number - 1], name)
        if (
            value is None
            or not line
            or key in found
            or not _stands(field, value, row["value"], line, whole, asked.words)
        ):
            refused += 1
            continue
        found[key] = Told(key[0], value, row["line"], float(row["confidence"]))
    return list(found.values()), refused


def _stands(field: Field, value: Value, spelt: Sequence[str], line: str, whole: str, words: Sequence[str]) -> bool:
    """Whether a value holds; ``spelt`` is it as the model wrote it, before a date was brought into its form."""
    if field.kind == "language":
        return len(value.value) == 1 and not languages.problem(value.value[0])
    if field.kind == "genre":
        return set(value.value) <= set(words)
    said = line.partition(": ")[2]
    if field.shortest:
        text = "\n".join(value.value)
        return len(text) >= field.shortest and not too_alike(text, said) and _novelty(text, whole) <= 0.2
    if field.kind == "date" and not _DAY.fullmatch(value.value[0]):
        return False
    written = spelt if field.kind == "date" else value.value
    return all(_words(text) and f" {_words(text)} " in f" {_words(said)} " for text in written)


def _words(text: str) -> str:
    """The words of a text, without case, accents apart and marks."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"[^\W_]+", plain))


def _novelty(text: str, whole: str) -> float:
    """The share of a text's longer words that are not in the lines that it rests on."""
    there = set(_words(whole).split())
    own = [word for word in _words(text).split() if len(word) > 3]
    return sum(word not in there for word in own) / len(own) if own else 1.0
