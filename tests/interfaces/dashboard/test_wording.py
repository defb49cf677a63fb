"""Times, spans, money and sentences as pages show them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from banana_assets.interfaces.dashboard import wording
from banana_assets.interfaces.dashboard.frame import NAVIGATION, PARTS


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "–"), (0, "0 s"), (0.0002, "< 1 ms"), (0.0005, "1 ms"), (0.0432, "43 ms"), (0.9994, "999 ms"),
        (0.9996, "1.0 s"), (3.14, "3.1 s"), (9.96, "10 s"), (51.4, "51 s"), (185, "3 min 5 s"), (7_800, "2 h 10 min"),
        (3_599.6, "1 h"), (200_000, "2 d 7 h"), (timedelta(minutes=3), "3 min"),
    ],
)  # fmt: skip
def test_spans(seconds: float | timedelta | None, said: str) -> None:
    assert wording.span(seconds) == said


@pytest.mark.parametrize(("minutes", "said"), [(None, "–"), (0.2, "1 min"), (37.1, "37 min"), (82, "1 h 22 min")])
def test_estimates_are_in_whole_minutes(minutes: float | None, said: str) -> None:
    assert wording.about(minutes) == said


@pytest.mark.parametrize(("value", "said"), [(None, "–"), (0, "$0"), (0.0021, "$0.0021"), (1234.5, "$1,234.50")])
def test_money(value: float | None, said: str) -> None:
    assert wording.dollars(value) == said


def test_a_time_is_in_utc_until_the_browser_says_it_otherwise() -> None:
    at = datetime(2026, 11, 22, 6, 59, 10, tzinfo=timezone(timedelta(hours=2)))
    assert wording.moment(at) == '<time datetime="2026-11-22T04:59:10+00:00">2026-11-22 04:59 UTC</time>'
    assert wording.moment(at.astimezone(UTC), exact=True) == (
        '<time datetime="2026-11-22T04:59:10+00:00" data-exact>2026-11-22 04:59:10 UTC</time>'
    )
    assert wording.moment(None) == "–"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (None, ""),
        ("\n  expected 3, got 4\n    at cart.ts:3", "expected 3, got 4"),
        ("def test():\n>   assert a == b\nE   assert 1 == 2\nE    +  where 1 = a", "assert 1 == 2"),
        ("Error: no\nExpected: 3", "Error: no"),
    ],
)
def test_the_gist_of_a_message_is_what_went_wrong(message: str | None, said: str) -> None:
    assert wording.gist(message) == said


def test_what_stands_between_backticks_is_code() -> None:
    assert wording.prose("Run `make <all>` & look") == "Run <code>make &lt;all&gt;</code> &amp; look"
    assert wording.prose(wording.cut("Look into `a very long template`", 20)) == "Look into <code>a very l…</code>"
    assert wording.prose("one ` alone") == "one ` alone"


@given(st.text(max_size=80))
def test_prose_is_always_whole_markup(text: str) -> None:
    made = wording.prose(text)
    assert isinstance(made, Markup)
    assert made.count("<code>") == made.count("</code>")
    assert "<" not in made.replace("<code>", "").replace("</code>", "")


def test_every_page_of_a_thing_belongs_to_a_page_of_the_navigation() -> None:
    assert set(PARTS) <= {path for group in NAVIGATION for _, path in group}
