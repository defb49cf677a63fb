"""Pages that join to the whole, whatever they may hold and whatever comes in between."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.errors import InputError
from banana_assets.interfaces.mcp.paging import Paged, Part, fill
from banana_assets.interfaces.mcp.wire import size_of

ROWS = st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40), unique=True, max_size=40)
ASKED = {"job": "x"}


class Answer(Paged):
    name: str = "n"
    long: list[str] = []
    short: list[str] = []


def page(
    long: list[str], short: list[str] = [], *, cursor: str | None = None, room: int = 100_000, most: int = 1_000,  # noqa: B006
    asked: dict[str, Any] = ASKED,
) -> Answer:  # fmt: skip
    made = Answer()
    parts = [Part(made, "long", long, long.__getitem__, most), Part(made, "short", short, short.__getitem__)]
    fill(made, parts, asked, cursor, room)
    return made


@given(long=ROWS, short=ROWS, most=st.integers(1, 50), room=st.integers(300, 2_000))
def test_pages_give_every_row_of_every_list_once_in_order(
    long: list[str], short: list[str], most: int, room: int
) -> None:
    given_: tuple[list[str], list[str]] = ([], [])
    cursor = None
    while True:
        made = page(long, short, cursor=cursor, room=room, most=most)
        assert size_of(made) <= room
        assert len(made.long) <= most
        given_[0].extend(made.long)
        given_[1].extend(made.short)
        assert made.truncated == (made.next_cursor is not None)
        if made.next_cursor is None:
            break
        assert made.long or made.short
        cursor = made.next_cursor
    assert given_ == (long, short)


@given(rows=ROWS, news=ROWS, most=st.integers(1, 10), data=st.data())
def test_rows_that_come_in_at_the_front_repeat_none_and_hide_none(
    rows: list[str], news: list[str], most: int, data: st.DataObject
) -> None:
    first = page(rows, most=most)
    fresh = [row for row in news if row not in rows]
    gone = set(data.draw(st.lists(st.sampled_from(first.long), max_size=most))) if first.long else set()
    later = [*fresh, *(row for row in rows if row not in gone)]
    if first.next_cursor is None:
        return
    rest = page(later, cursor=first.next_cursor).long
    if first.long[-1] not in gone:
        assert rest == rows[len(first.long) :]


def test_what_has_nothing_to_tell_is_passed_over() -> None:
    made = Answer()
    fill(made, [Part(made, "long", list("abcd"), lambda n: [None, "b", None, "d"][n])], ASKED, None, 1_000)
    assert (made.long, made.truncated) == (["b", "d"], False)


@pytest.mark.parametrize("letter", ["x", "ü", '"', "\x00"])
def test_a_row_that_is_too_large_for_a_page_is_cut_and_never_left_out(letter: str) -> None:
    made = page([letter * 2_000, "b"], room=400, most=1)
    assert size_of(made) <= 400
    assert made.long[0].endswith("…")
    assert page([letter * 2_000, "b"], cursor=made.next_cursor, room=400).long == ["b"]


def test_a_row_says_itself_what_is_left_out_of_it_where_it_can() -> None:
    made = Answer()
    part = Part(made, "long", ["a"], lambda n: "x" * 9_000, lean=lambda row, room: f"{len(row)} characters")
    fill(made, [part], ASKED, None, 500)
    assert made.long == ["9000 characters"]


def test_a_cursor_belongs_to_its_question() -> None:
    cursor = page(list("abc"), most=1).next_cursor
    assert page(list("abc"), cursor=cursor).long == ["b", "c"]
    with pytest.raises(InputError, match="another question"):
        page(list("abc"), cursor=cursor, asked={"job": "y"})


@given(st.text(max_size=60))
def test_whatever_is_no_cursor_is_told_so(text: str) -> None:
    with pytest.raises(InputError, match="cursor"):
        page(list("abc"), cursor=text)
