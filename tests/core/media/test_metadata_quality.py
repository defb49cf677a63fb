"""Completeness and gaps are exact on libraries with known holes; what is wrong with values is found and counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.media.quality import faults, quality
from banana_assets.core.media.report import analysis, issue_type
from banana_assets.core.media.schema import ANY, Field, RecordSchema
from banana_assets.core.media.soundness import sourceless, unbalanced
from banana_assets.core.media.standard import KINDS, MEDIA
from tests.core.media.libraries import albums, items, of

PLACEHOLDERS = (
    "unknown", "N/A", "auto-generated, needs-review", "Auto-generated summary for X", "auto-filled", "Track 03",
    "Lorem ipsum dolor sit amet", "  ", "-", "(Untitled Album)", "Unknown Artist",
)  # fmt: skip
EXPECTED = {kind: {f.name for f in MEDIA.fields if ANY in f.expected or kind in f.expected} for kind in KINDS}
FIELDS = st.dictionaries(
    st.sampled_from([f.name for f in MEDIA.fields if f.name != "kind"]),
    st.sampled_from(("value", *PLACEHOLDERS)),
    max_size=len(MEDIA.fields),
)


@st.composite
def libraries(draw: st.DrawFn) -> list[dict[str, Any]]:
    rows = []
    for _ in range(draw(st.integers(1, 12))):
        row: dict[str, Any] = dict(draw(FIELDS))
        rows.append(row | {"_kind": draw(st.sampled_from(KINDS)), "_collection": draw(st.sampled_from("abc"))})
    return rows


@given(libraries())
@settings(max_examples=40)
def test_completeness_and_gaps_are_exact(rows: list[dict[str, Any]]) -> None:
    holes = {
        (f"{k:016x}", name)
        for k, row in enumerate(rows)
        for name in EXPECTED[row["_kind"]]
        if row.get(name, "") != "value"
    }
    of_all = sum(len(EXPECTED[row["_kind"]]) for row in rows)
    one = of(rows)
    assert {tuple(row) for row in one.gaps.select("item_id", "field").iter_rows()} == holes
    table = quality([one])
    told = analysis([one], table)
    assert (told["missingValues"], told["expectedValues"]) == (len(holes), of_all)
    assert told["completenessScore"] == pytest.approx(1 - len(holes) / of_all)
    assert {row["field"]: row["missingCount"] for row in told["missingFields"]} == {
        name: sum(field == name for _, field in holes) for name in {field for _, field in holes}
    }
    for collection in {row["_collection"] for row in rows}:
        own = {f"{k:016x}" for k, row in enumerate(rows) if row["_collection"] == collection}
        whole = table.filter(
            (pl.col("collection") == collection) & (pl.col("field") == "") & (pl.col("measure") == "missing")
        )
        assert whole["affected"].item() == sum(item in own for item, _ in holes)
    assert unbalanced(table.lazy()).is_empty()
    assert sourceless(items(rows).lazy()).filter(pl.col("origin") != "tag").is_empty()


@pytest.mark.parametrize("title", ["No", "?", "XXX", "Nil", "Untitled", "Default", "Undefined", "NaN", "None"])
def test_names_may_be_any_words(title: str) -> None:
    words = {"title": title, "artist": title, "album": title}
    held = of([words | {"summary": title, "genre": title, "tags": title, "_kind": "music"}])
    assert set(held.usable["field"]) == set(words)


def test_a_word_in_the_midst_of_a_text_makes_no_placeholder() -> None:
    told = "Why designers still use lorem ipsum, and what auto-generated text needs-review means."
    assert of([{"summary": told, "title": told}]).values["placeholder"].to_list() == [False, False]


@pytest.mark.parametrize(
    ("field", "text", "reason"),
    [
        ("date", "2026-02-30", "no such day"),
        ("date", "03/04/2020", "no date of ISO 8601"),
        ("date", "2031", "later than when it arrived"),
        ("date", "1970-01-01", "where a clock begins that knows no date"),
        ("date", "1700", "not between 1857 and 9999"),
        ("duration", "soon", "no number of seconds"),
        ("duration", "0", "of no length"),
        ("duration", "9999999", "not between 0 and 604800"),
        ("language", "english", "no language code (BCP 47); en is"),
        ("language", "xx", "no language code (BCP 47, ISO 639)"),
        ("language", "und", "says no language"),
        ("language", "en-ZZ", "ZZ is no region (ISO 3166-1)"),
        ("genre", "(17)", "a number in place of a word (17)"),
        ("genre", "hiphop", "spelt otherwise in the vocabulary: Hip-Hop"),
        ("genre", "Zydecore", "not in the vocabulary"),
        ("track", "three", "no number"),
        ("url", "example.org", "no address of the web"),
        ("kind", "opera", "not in the vocabulary"),
    ],
)
def test_what_is_wrong_with_a_value_is_said(field: str, text: str, reason: str) -> None:
    found = faults(of([{field: text}])).filter(pl.col("measure") == "invalid")
    assert found.select("field", "text", "reason").rows() == [(field, text, reason)]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("date", "2020"), ("date", "2020-02-29"), ("date", "2020-05"), ("date", "2020-05-01T10:00:00Z"),
        ("duration", "180.5"), ("language", "pt-BR"), ("language", "ger"), ("language", "zh-Hant-TW"),
        ("language", "cmn"), ("genre", "Jazz"), ("genre", "jazz"), ("track", "3/12"), ("kind", "music"),
        ("url", "https://example.org/a?b=1"),
    ],
)  # fmt: skip
def test_what_is_right_is_left_alone(field: str, text: str) -> None:
    assert faults(of([{field: text}])).filter(pl.col("measure") == "invalid").is_empty()


def reasons(rows: list[dict[str, Any]], measure: str) -> list[tuple[str, str]]:
    found = faults(of(rows)).filter(pl.col("measure") == measure).sort("item_id")
    return [(row[0][-1], row[1]) for row in found.select("item_id", "reason").iter_rows()]


def test_summaries_that_say_nothing() -> None:
    long = "This one is long enough to say what the episode is about, and it does so in its own words."
    title = "How we build and ship what we build, and why we do not sleep"
    same = "Welcome to our show, which is the show about all shows that there are."
    rows = [
        {"title": "A", "summary": "Too short."},
        {"title": title, "summary": f"{title}!"},
        {"title": "B", "summary": f"<p>{long}</p>"},
        {"title": "C", "summary": long},
        *({"title": f"T{k}", "summary": same} for k in range(3)),
    ]
    assert reasons(rows, "short") == [("0", "fewer than 50 characters")]
    assert reasons(rows, "boilerplate") == [
        ("1", "the title again"),
        ("2", "leftovers of HTML"),
        ("4", "the same text as others"),
        ("5", "the same text as others"),
        ("6", "the same text as others"),
    ]


def test_what_all_summaries_share_does_not_count_as_theirs() -> None:
    closing = "Subscribe wherever you get your podcasts and tell your friends about us."
    rows = [{"title": f"T{k}", "summary": f"Episode {k}.\n{closing}"} for k in range(4)]
    rows.append(
        {"title": "Own", "summary": f"What a cache key should hold, and how a cache can lie to you.\n{closing}"}
    )
    assert [item for item, _ in reasons(rows, "boilerplate")] == ["0", "1", "2", "3"]


def test_items_that_are_there_twice() -> None:
    rows = [
        {"_sha256": "a", "title": "One", "duration": "100", "guid": "x"},
        {"_sha256": "a", "title": "Two", "duration": "200", "guid": "y"},
        {"_sha256": "b", "title": "three!", "duration": "300.2", "guid": "x"},
        {"_sha256": "c", "title": "Three", "duration": "301.0"},
        {"_sha256": "d", "title": "Three", "duration": "310"},
        {"_sha256": "a", "title": "Elsewhere", "_collection": "other"},
    ]
    assert [item for item, _ in reasons(rows, "duplicate_content")] == ["0", "1"]
    assert [item for item, _ in reasons(rows, "duplicate_title")] == ["2", "3"]
    assert [item for item, _ in reasons(rows, "duplicate_id")] == ["0", "2"]


def test_duplicates_are_told_set_by_set_with_their_places() -> None:
    rows = [{"title": f"T{k}", "_sha256": "ab"[k % 2], "_uri": f"music/{'ab'[k % 2]}/{k}.mp3"} for k in range(4)]
    told = analysis([one := of(rows)], quality([one]))
    (found,) = [issue for issue in told["qualityIssues"] if issue["type"] == "duplicate_content"]
    assert found["examples"] == [f"T{k}: {'ab'[k % 2]}/{k}.mp3 (there more than once)" for k in (0, 2, 1, 3)]


def test_items_that_are_only_called_the_same() -> None:
    news = [
        {"title": "Evening news", "duration": "300", "guid": f"g{k}", "date": f"2026-03-0{k + 1}"} for k in range(5)
    ]
    intros = [{"title": "Intro", "duration": "60", "artist": f"A{k}"} for k in range(5)]
    chain = [{"title": "Tone", "duration": str(100 + 0.9 * k)} for k in range(3)]
    assert [item for item, _ in reasons([*news, *intros, *chain], "duplicate_title")] == ["a", "b"]


def test_offers_for_a_part_are_judged_on_the_whole() -> None:
    rows = albums(12)
    del rows[5]["genre"]
    rows[4:8] = [row | {"_collection": "part"} for row in rows[4:8]]
    whole = of(rows)
    part = replace(whole, items=whole.items.filter(collection="part"))
    told = quality([part], wholes=[whole]).filter(collection="part", field="genre", measure="missing")
    assert told["derivable"].to_list() == [1]


def test_fields_in_the_plural_stay_so() -> None:
    assert [issue_type("invalid", name) for name in ("pages", "date")] == ["invalid_pages", "invalid_dates"]


def test_newer_arrivals_that_lack_more_are_told() -> None:
    rows = [{"genre": "Jazz", "_day": 0} for _ in range(40)] + [{"_day": 20} for _ in range(20)]
    found = quality([of(rows)]).filter(pl.col("measure") == "decline")
    assert found["field"].to_list() == ["genre"]
    assert found.select("affected", "of", "before").row(0) == (20, 20, 0.0)
    steady = [{"genre": "Jazz"} if k % 2 else {} for k in range(40)]
    assert (
        quality([of([row | {"_day": k} for k, row in enumerate(steady)])])
        .filter(pl.col("measure") == "decline")
        .is_empty()
    )


def test_history_grows_only_when_something_changed() -> None:
    rows = [{"genre": "Jazz"}, {}]
    first = quality([of(rows)])
    assert quality([of(rows)], first).equals(first)
    later = quality([of([*rows, {"_day": 3}])], first)
    past = later.filter((pl.col("collection") == "c") & (pl.col("field") == "genre") & (pl.col("measure") == "missing"))
    assert [(s["affected"], s["of"]) for s in past["history"][0]] == [(1, 2), (2, 3)]


def test_any_records_with_a_schema() -> None:
    fields = (Field("name"), Field("pages", "number", minimum=1), Field("isbn", "identifier", expected=()))
    books = RecordSchema("books", fields, title="name")
    table = quality([of([{"name": "A", "pages": "0", "isbn": "1"}, {"isbn": "1"}], books)])
    own = table.filter(pl.col("collection") == "c").iter_rows(named=True)
    told = {(row["field"], row["measure"]): row["affected"] for row in own}
    assert told["name", "missing"] == told["pages", "missing"] == 1
    assert told["pages", "invalid"] == 1
    assert told["", "duplicate_id"] == 2


def test_a_library_of_nothing_and_items_that_are_gone() -> None:
    assert quality([of([])]).is_empty()
    assert quality([of([{"title": "A", "_present": False}])]).is_empty()


def test_the_originals_keys_and_issues() -> None:
    rows = [{"title": "A", "summary": "short", "genre": "Jazz", "duration": "10"}, {"title": "B"}]
    one = of(rows)
    told = analysis([one], quality([one]), min_completeness=0.9, detailed=True)
    assert {"completenessScore", "qualityIssues", "recommendations", "missingFields"} <= set(told)
    assert {"short_summaries", "missing_tags"} <= {issue["type"] for issue in told["qualityIssues"]}
    assert all({"type", "count", "examples"} <= set(issue) for issue in told["qualityIssues"])
    assert all({"action", "priority", "estimatedImpact"} <= set(row) for row in told["recommendations"])
    tags = next(row for row in told["missingFields"] if row["field"] == "tags")
    assert (tags["missingCount"], tags["percentage"]) == (2, 100.0)
    assert {row["field"] for row in told["belowMinimum"]} >= {"", "tags"}
    assert told["worstItems"][0]["title"] == "B"
    assert analysis([one], quality([one]), include_recommendations=False)["recommendations"] == []
