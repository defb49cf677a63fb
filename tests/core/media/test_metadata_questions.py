"""A model's value is proposed only where it stands in the item's own text."""

from __future__ import annotations

from typing import Any

import pytest

from banana_assets.core.media import questions
from banana_assets.core.models.answers import check
from banana_assets.core.models.types import NO_USAGE
from tests.core.media.libraries import of

LONG = "In this episode we talk with Ada Byron about the cache keys of the night build, 12 May 2024."
ROW = {"_kind": "podcast", "title": "Night caches", "summary": LONG, "genre": "Jazz"}


@pytest.fixture
def asked() -> questions.Asked:
    rows = [
        {"_kind": "podcast", "_uri": "/m/Build Room/ep.mp3", "title": "Night caches", "summary": LONG, "genre": "Jazz"}
    ]
    return questions.question(of(rows), [("0" * 16, ["tags", "language", "genre", "date"])], ["Technology", "Jazz"])


def held(asked: questions.Asked, *values: dict[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    rows = [ROW]
    answer = {"values": [{"item": 1, "confidence": 0.9} | value for value in values]}
    check(answer, questions.answer_schema(of(rows), asked), usage=NO_USAGE)
    return [(t.value.field, t.value.value) for t in questions.held(of(rows), asked, answer)[0]]


def test_what_is_wanted_is_not_told(asked: questions.Asked) -> None:
    assert asked.lines == (
        "genres: Technology, Jazz",
        "item 1",
        f"summary: {LONG}",
        "title: Night caches",
        "file: m/Build Room/ep.mp3",
        "wanted: tags, language, genre, date",
    )
    assert asked.of_line == {3: 1, 4: 1, 5: 1}


def test_values_that_stand_in_their_line_hold(asked: questions.Asked) -> None:
    assert held(
        asked,
        {"field": "tags", "value": ["Ada Byron", "cache keys"], "line": 3},
        {"field": "language", "value": ["en"], "line": 3},
        {"field": "genre", "value": ["Technology"], "line": 3},
        {"field": "date", "value": ["12 May 2024"], "line": 3},
    ) == [
        ("tags", ("Ada Byron", "cache keys")),
        ("language", ("en",)),
        ("genre", ("Technology",)),
        ("date", ("2024-05-12",)),
    ]


@pytest.mark.parametrize(
    "value",
    [
        {"field": "tags", "value": ["Grace Hopper"], "line": 3},
        {"field": "tags", "value": ["cache"], "line": 1},
        {"field": "tags", "value": ["caches"], "line": 6},
        {"field": "tags", "value": ["ache key"], "line": 3},
        {"field": "language", "value": ["english"], "line": 3},
        {"field": "genre", "value": ["Comedy"], "line": 3},
        {"field": "date", "value": ["2024-05-13"], "line": 3},
        {"field": "tags", "value": [" "], "line": 3},
    ],
)
def test_values_that_stand_nowhere_do_not(asked: questions.Asked, value: dict[str, Any]) -> None:
    assert held(asked, value) == []


def test_only_gaps_that_text_may_answer_are_asked_about() -> None:
    rows = [
        {"_kind": "podcast", "title": "Night caches", "description": "x"},
        {"_kind": "podcast", "title": "Night caches and what they keep from the builds of yesterday"},
    ]
    found = questions.answerable(of(rows)).select("item_id", "field").rows()
    assert (f"{1:016x}", "language") in found
    assert (f"{0:016x}", "language") not in found
    assert not any(field in ("duration", "summary") for _, field in found)
