"""Answers within a number of bytes: as many rows as fit, whether there are more, and the cursor that goes on."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import orjson
from pydantic import BaseModel, Field

from banana_assets.core.errors import InputError

DEFAULT_BYTES = 16_000
LEAST_BYTES = 1_000
MOST_BYTES = 200_000
CURSOR_BYTES = 120
"""About what a cursor takes, and the commas between rows."""

MaxBytes = Annotated[
    int,
    Field(ge=LEAST_BYTES, le=MOST_BYTES, description="Bytes of JSON that the answer may take, one row at least."),
]
Cursor = Annotated[
    str | None,
    Field(max_length=500, description="`next_cursor` of the answer before, with the same other arguments."),
]

T = TypeVar("T")


@dataclass(frozen=True)
class Taken(Generic[T]):
    """The rows that fit. ``truncated`` says that there are more, ``next_cursor`` how to get them."""

    rows: list[T]
    truncated: bool
    next_cursor: str | None


def taken(
    rows: Sequence[T],
    key: Callable[[T], str],
    asked: Mapping[str, Any],
    *,
    cursor: str | None,
    limit: int,
    max_bytes: int,
    size: Callable[[T], int],
) -> Taken[T]:
    """The rows after the cursor that fit; one at least, since nobody could go on otherwise.

    ``asked`` are the other arguments, which the cursor belongs to; ``key`` names a row. Where rows came in or went
    since, it goes on after the row that was last given, or at its place when that row is gone. Raises InputError for a
    cursor that is not one of this question.
    """
    start = 0
    if cursor is not None:
        place, last = cursor_place(cursor, asked)
        keys = [key(row) for row in rows]
        start = keys.index(last) + 1 if last in keys else min(place, len(rows))
    given: list[T] = []
    used = 0
    for row in rows[start : start + limit]:
        used += size(row)
        if given and used > max_bytes:
            break
        given.append(row)
    end = start + len(given)
    more = end < len(rows)
    return Taken(given, more, cursor_at(end, key(given[-1]), asked) if more and given else None)


def fitted(made: BaseModel, lists: Sequence[tuple[BaseModel, str]], max_bytes: int) -> bool:
    """Leave out the ends of these lists (a model and its field), of the longest first, until the whole fits.

    Whether something was left out.
    """
    cut = False
    while answer_size(made) > max_bytes:
        sizes = [(len(getattr(part, name)), n) for n, (part, name) in enumerate(lists)]
        length, n = max(sizes, default=(0, 0))
        if not length:
            break
        part, name = lists[n]
        setattr(part, name, getattr(part, name)[: length // 2])
        cut = True
    return cut


def answer_size(made: BaseModel) -> int:
    """Bytes of an answer as JSON."""
    return len(made.model_dump_json(by_alias=True).encode())


def left(envelope: BaseModel, max_bytes: int) -> int:
    """The bytes that are left for rows beside what an answer says without any, its cursor counted."""
    return max(0, max_bytes - answer_size(envelope) - CURSOR_BYTES)


def json_size(value: Any) -> int:
    """Bytes of a value as JSON."""
    return len(orjson.dumps(value, default=str))


def _digest(asked: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(dict(asked), option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()[:16]


def cursor_at(place: int, last: str, asked: Mapping[str, Any]) -> str:
    """The cursor that goes on at a place, after the row of that key."""
    return urlsafe_b64encode(orjson.dumps([_digest(asked), place, last])).decode().rstrip("=")


def cursor_place(cursor: str, asked: Mapping[str, Any]) -> tuple[int, str]:
    """The place after the last row that was given, and its key. Raises InputError for a cursor of another question."""
    try:
        digest, place, last = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        read = int(place), str(last)
    except (ValueError, TypeError) as error:
        raise InputError("That is not a cursor.", "Give `next_cursor` as it came, or none to begin.") from error
    if digest != _digest(asked):
        raise InputError(
            "The cursor belongs to another question.", "Give the same other arguments as before, or no cursor."
        )
    return read
