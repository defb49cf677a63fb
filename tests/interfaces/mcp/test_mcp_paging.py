"""Pages that join to the whole, whatever they may hold and whatever comes in between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from banana_assets.core.errors import InputError
from banana_assets.interfaces.mcp.paging import Taken, fitted, json_size, taken

ROWS = st.lists(st.text(min_size=1, max_size=40), unique=True, max_size=40)


def page(rows: list[str], cursor: str | None, limit: int, room: int, asked: dict[str, str] | None = None) -> Taken[str]:
    return taken(rows, str, asked or {}, cursor=cursor, limit=limit, max_bytes=room, size=json_size)


@given(rows=ROWS, limit=st.integers(1, 50), room=st.integers(1, 400))
def test_pages_give_every_row_once_in_order(rows: list[str], limit: int, room: int) -> None:
    given_, cursor = [], None
    while True:
        made = page(rows, cursor, limit, room)
        assert len(made.rows) <= limit
        assert len(made.rows) <= 1 or sum(map(json_size, made.rows)) <= room
        given_ += made.rows
        assert made.truncated == (made.next_cursor is not None)
        if made.next_cursor is None:
            break
        cursor = made.next_cursor
    assert given_ == rows


@given(rows=ROWS, news=ROWS, limit=st.integers(1, 10), data=st.data())
def test_rows_that_come_in_at_the_front_repeat_none_and_hide_none(
    rows: list[str], news: list[str], limit: int, data: st.DataObject
) -> None:
    first = page(rows, None, limit, 10_000)
    fresh = [row for row in news if row not in rows]
    gone = set(data.draw(st.lists(st.sampled_from(first.rows), max_size=limit))) if first.rows else set()
    later = [*fresh, *(row for row in rows if row not in gone)]
    if first.next_cursor is None:
        return
    rest = page(later, first.next_cursor, 1000, 1_000_000).rows
    if first.rows[-1] not in gone:
        assert rest == rows[len(first.rows) :]


def test_a_cursor_belongs_to_its_question() -> None:
    cursor = page(list("abc"), None, 1, 100, {"job": "x"}).next_cursor
    assert page(list("abc"), cursor, 5, 100, {"job": "x"}).rows == ["b", "c"]
    with pytest.raises(InputError, match="another question"):
        page(list("abc"), cursor, 5, 100, {"job": "y"})


@given(st.text(max_size=60))
def test_whatever_is_no_cursor_is_told_so(text: str) -> None:
    with pytest.raises(InputError, match="cursor"):
        page(list("abc"), text, 5, 100, {"job": "x"})


class Answer(BaseModel):
    name: str
    long: list[str]
    short: list[str]


@given(long=st.integers(0, 200), short=st.integers(0, 20), room=st.integers(50, 3000))
def test_lists_are_shortened_until_the_whole_fits(long: int, short: int, room: int) -> None:
    made = Answer(name="n", long=["x" * 10] * long, short=["y" * 10] * short)
    before = made.model_dump_json()
    cut = fitted(made, [(made, "long"), (made, "short")], room)
    assert len(made.model_dump_json()) <= max(room, len(Answer(name="n", long=[], short=[]).model_dump_json()))
    assert cut == (made.model_dump_json() != before) == (len(before) > room and bool(long or short))
