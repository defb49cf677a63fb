"""What is surely meant is brought into one form; what is not stays as it was written; nothing is made up."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.errors import InputError
from banana_assets.core.media import languages
from banana_assets.core.media.records import item_of
from banana_assets.core.media.schema import Field, RecordSchema, schema_of, told
from banana_assets.core.media.standard import MEDIA
from banana_assets.core.media.values import date_of, seconds_of, value_of


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        (200, "200"), (61.5, "61.5"), ("200", "200"), ("3:20", "200"), ("1:02:03", "3723"), ("75:10", "4510"),
        ("PT3M20S", "200"), ("P1DT1S", "86401"), ("3 min 20 s", "200"), ("1h 2m", "3720"), ("200000 ms", "200"),
        ("soon", "soon"), ("", ""), ("P", "P"), ("3:99", "3:99"),
    ],
)  # fmt: skip
def test_durations(raw: Any, seconds: str) -> None:
    assert seconds_of(raw) == seconds


@given(st.integers(0, 9), st.integers(0, 59), st.integers(0, 59))
def test_a_clock_is_its_seconds(hours: int, minutes: int, seconds: int) -> None:
    whole = str(hours * 3600 + minutes * 60 + seconds)
    assert seconds_of(f"{hours}:{minutes:02d}:{seconds:02d}") == whole
    assert seconds_of(f"PT{hours}H{minutes}M{seconds}S") == whole


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        ("2020-03-04", "2020-03-04"), ("20200304", "2020-03-04"), ("2020/3/4", "2020-03-04"), ("2020", "2020"),
        ("4 March 2020", "2020-03-04"), ("March 4, 2020", "2020-03-04"),
        ("Wed, 04 Mar 2020 23:30:00 +0000", "2020-03-04"),
        ("2020-03-04T23:30:00-05:00", "2020-03-05"), ("3/4/2020", "3/4/2020"), ("31 February 2020", "31 February 2020"),
        ("last week", "last week"), (2020, "2020"), (date(2020, 3, 4), "2020-03-04"),
    ],
)  # fmt: skip
def test_dates(raw: Any, day: str) -> None:
    assert date_of(raw) == day


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_a_day_is_read_however_it_is_written(day: date) -> None:
    spellings = (
        f"{day:%Y%m%d}",
        f"{day:%Y/%m/%d}",
        f"{day.day} {day:%b} {day.year}",
        f"{day:%B} {day.day}, {day.year}",
    )
    assert {date_of(text) for text in spellings} == {day.isoformat()}


@given(st.one_of(st.text(), st.integers(), st.floats(), st.lists(st.text()), st.none(), st.binary(), st.booleans()))
def test_no_value_is_empty_and_nothing_breaks(raw: Any) -> None:
    for field in MEDIA.fields:
        found = value_of(field, raw, "tag", "tag x")
        assert found is None or (found.value and all(found.value))


@given(st.text(max_size=12))
def test_any_text_is_a_language_or_is_not(text: str) -> None:
    assert isinstance(languages.problem(text), str)
    assert languages.plain(languages.plain(text)) == languages.plain(text)


def test_codes_of_one_language_are_the_same() -> None:
    assert {languages.plain(code) for code in ("ger", "deu", "DE", "de")} == {"de"}
    assert languages.plain("pt_BR") == "pt-br"
    assert (languages.three_letters("de"), languages.three_letters("cmn"), languages.three_letters("x1")) == (
        "deu",
        "cmn",
        "",
    )


def test_rows_of_exports_nested_or_flat() -> None:
    row = {
        "filePath": "/m/a.mp3", "file_hash": "AB" * 32, "Title": "A", "duration_ms": 200_000,
        "metadata_json": {"format": {"tags": {"ALBUM ARTIST": "B", "genre": "Jazz; Blues"}}, "keywords": ["x", "y"]},
    }  # fmt: skip
    item = item_of(row, MEDIA, at="row 1", fallback="1")
    found = {value.field: value.value for value in item.values}
    assert found == {
        "title": ("A",), "album_artist": ("B",), "genre": ("Jazz", "Blues"), "tags": ("x", "y"), "duration": ("200",),
    }  # fmt: skip
    assert (item.uri, item.kind, item.content_sha256) == ("/m/a.mp3", "music", "ab" * 32)
    assert all(value.source.endswith("of row 1") for value in item.values)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"title": "A", "show": "S"}, "podcast"), ({"path": "/x/a.mkv"}, "video"), ({"path": "/x/a.m4b"}, "audiobook"),
        ({"path": "/x/a.mp3", "genre": "Podcast"}, "podcast"), ({"title": "A"}, "other"), ({"kind": "Video"}, "video"),
    ],
)  # fmt: skip
def test_what_sort_of_media_it_is(row: dict[str, Any], kind: str) -> None:
    assert item_of(row, MEDIA, at="row 1", fallback="1").kind == kind


def test_a_schema_is_what_was_told() -> None:
    assert schema_of(told(MEDIA)) == MEDIA
    books = schema_of(
        {"name": "books", "fields": [{"name": "title"}, {"name": "pages", "kind": "number", "expected": False}]}
    )
    assert books.expected == (Field("title"),)


@pytest.mark.parametrize(
    "wrong",
    [
        {}, {"fields": []}, {"fields": [{"name": "Title"}]}, {"fields": [{"name": "a", "kind": "song"}]},
        {"fields": [{"name": "a"}, {"name": "a"}]}, {"fields": [{"name": "a", "wight": 2}]},
        {"fields": [{"name": "a"}], "title": "b"}, {"fields": [{"name": "a"}], "patterns": {"p": "("}},
        {"fields": [{"name": "a"}], "groups": [{"name": "g"}]}, {"fields": [{"name": "a", "weight": 0}]},
        {"fields": [{"name": "a"}], "patterns": {"p": "no group"}}, {"fields": [{"kind": "text"}]},
    ],
)  # fmt: skip
def test_a_schema_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        schema_of({"name": "books", **wrong})


def test_patterns_name_fields_of_their_schema() -> None:
    for schema in (MEDIA,):
        assert isinstance(schema, RecordSchema)
        for _, pattern in schema.patterns:
            assert pattern.count("(?P<") == sum(pattern.count(f"(?P<{name}>") for name in schema.by_name)
