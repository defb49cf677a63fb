"""Answers within a number of bytes: as many rows as fit, whether there are more, and the cursor that goes on."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar

import orjson
from pydantic import BaseModel, Field

from banana_assets.core.errors import InputError
from banana_assets.core.text import cut
from banana_assets.interfaces.mcp.wire import size_of

DEFAULT_BYTES = 16_000
LEAN_BYTES, FIGURE_BYTES = 11_000, 8_500
"""What answers of many words, and those of many figures, take unless more is asked for: ten usual rows."""

LEAST_BYTES = 4_000
"""The least that can be asked for: the part of an answer that every page has, and a row, are within it."""

MOST_BYTES = 200_000
SHORTEST = 40
"""Texts that are no longer are not cut."""

MOST_ROWS = 1_000_000
PLACE_BYTES = 28
"""About what a place in a list takes in a cursor; the rest of one takes as much again."""

MaxBytes = Annotated[int, Field(ge=LEAST_BYTES, le=MOST_BYTES, description="Most bytes of JSON of the answer.")]
Cursor = Annotated[
    str | None,
    Field(max_length=1_000, description="`next_cursor` of the answer before, with the same other arguments."),
]
Truncated = Annotated[bool, Field(description="Whether there is more, by next_cursor.")]
NextCursor = Annotated[str | None, Field(description="Asks for what did not fit; null at the end.")]

R = TypeVar("R", bound=BaseModel | str)


class Paged(BaseModel):
    """An answer of which there may be more."""

    truncated: Truncated = False
    next_cursor: NextCursor = None


@dataclass(frozen=True)
class Part(Generic[R]):
    """A list in an answer: the field ``name`` of a model, one key a row in order, and how the row of a place is built.

    ``most`` bounds the rows of a page. ``lean`` makes a row that is too large for a page of its own as small as these
    bytes, and says in it what was left out; where that does not do, its longest texts are cut.
    """

    holder: BaseModel
    name: str
    keys: Sequence[str]
    row: Callable[[int], R | None]
    most: int = MOST_ROWS
    lean: Callable[[R, int], R] | None = None
    given: list[R] = field(default_factory=list)


def listed(
    holder: BaseModel, name: str, most: int = MOST_ROWS, lean: Callable[[Any, int], Any] | None = None
) -> Part[Any]:
    """A list whose rows are in the answer already; it is taken out, and comes back as far as it fits."""
    rows = getattr(holder, name)
    setattr(holder, name, [])
    return Part(holder, name, [str(n) for n in range(len(rows))], rows.__getitem__, most, lean)


def fill(
    answer: Paged, parts: Sequence[Part[Any]], asked: Mapping[str, Any], cursor: str | None, max_bytes: int
) -> None:
    """Put the rows after the cursor into an answer, a row of each list in turn, as many as fit into these bytes.

    One row at least, since nobody could go on otherwise. ``asked`` are the other arguments, which the cursor belongs
    to. Where rows came in or went since, each list goes on after the row that was last given, or at its place when
    that row is gone. A row that is None has nothing to tell and is passed over. Raises InputError for a cursor that is
    not one of this question.
    """
    starts = _starts(parts, asked, cursor)
    places = list(starts)
    room = max_bytes - size_of(answer) - PLACE_BYTES * (1 + len(parts))
    begun, going = False, [n for n, part in enumerate(parts) if places[n] < len(part.keys)]
    while going:
        for n in list(going):
            part, place = parts[n], places[n]
            full = len(part.given) >= part.most
            row = None if full else part.row(place)
            if row is not None and not begun and size_of(row) >= room:
                row = _shrunk(part.lean(row, room - 1) if part.lean else row, room - 1)
            # Its comma is counted with it.
            used = 0 if row is None else size_of(row) + 1
            if full or (begun and used > room):
                going.remove(n)
                continue
            room -= used
            begun = begun or row is not None
            places[n] += 1
            if row is not None:
                part.given.append(row)
            if places[n] == len(part.keys):
                going.remove(n)
    for part in parts:
        setattr(part.holder, part.name, part.given)
    answer.truncated = any(place < len(part.keys) for part, place in zip(parts, places, strict=True))
    answer.next_cursor = _cursor(parts, places, asked) if answer.truncated else None


def _shrunk(row: R, room: int) -> R:
    """A row with its longest texts cut, again and again, until it takes no more than so many bytes."""
    while size_of(row) > room:
        told: Any = {"": row if isinstance(row, str) else row.model_dump(by_alias=True)}
        text, holder, name = max(_texts(told), key=lambda found: len(found[0]))
        if len(text) <= SHORTEST:
            break
        holder[name] = cut(text, len(text) // 2)
        row = told[""] if isinstance(row, str) else type(row).model_validate(told[""])
    return row


def _texts(value: Any) -> Iterator[tuple[str, Any, Any]]:
    """The texts in a value, each with what holds it and where."""
    for name, item in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(item, str):
            yield item, value, name
        elif isinstance(item, dict | list):
            yield from _texts(item)


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _question(asked: Mapping[str, Any]) -> str:
    return _digest(orjson.dumps(dict(asked), option=orjson.OPT_SORT_KEYS, default=str).decode())


def _cursor(parts: Sequence[Part[Any]], places: Sequence[int], asked: Mapping[str, Any]) -> str:
    told = [[place, _digest(part.keys[place - 1]) if place else ""] for part, place in zip(parts, places, strict=True)]
    return urlsafe_b64encode(orjson.dumps([_question(asked), *told])).decode().rstrip("=")


def _starts(parts: Sequence[Part[Any]], asked: Mapping[str, Any], cursor: str | None) -> list[int]:
    if cursor is None:
        return [0] * len(parts)
    try:
        question, *told = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        read = [(max(0, int(place)), str(last)) for place, last in told]
    except (ValueError, TypeError) as error:
        raise InputError("That is not a cursor.", "Give `next_cursor` as it came, or none to begin.") from error
    if question != _question(asked) or len(read) != len(parts):
        raise InputError(
            "The cursor belongs to another question.", "Give the same other arguments as before, or no cursor."
        )
    return [_start(part.keys, place, last) for part, (place, last) in zip(parts, read, strict=True)]


def _start(keys: Sequence[str], place: int, last: str) -> int:
    if not place or (place <= len(keys) and _digest(keys[place - 1]) == last):
        return place
    after = next((n for n, key in enumerate(keys, 1) if _digest(key) == last), None)
    return min(place, len(keys)) if after is None else after
