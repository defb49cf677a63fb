"""Cursors of pages: the values by which the last row of a page is found again, as one word for an address."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import orjson

from banana_assets.core.errors import MissingError


def cursor_of(*values: Any) -> str:
    """The cursor of the rows after the one with these values (what JSON can hold, and times)."""
    return urlsafe_b64encode(orjson.dumps(list(values))).decode().rstrip("=")


def values_of(cursor: str, count: int) -> list[Any]:
    """The values that a cursor holds. Raises MissingError for one that is none, or does not hold so many."""
    try:
        values = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError as error:
        raise not_ours() from error
    if not isinstance(values, list) or len(values) != count:
        raise not_ours()
    return values


def not_ours() -> MissingError:
    """The error for a cursor that nobody here made."""
    return MissingError("The cursor is none of ours.", "Take it from the page before.")
