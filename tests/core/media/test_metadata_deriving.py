"""What follows from the rest of a library is offered where it was right for known values, and nowhere else."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.media.deriving import candidates
from banana_assets.core.media.items import is_placeholder
from banana_assets.core.media.precision import offers, precision, replayed
from banana_assets.core.media.proposing import accepted_by_policy, of_offers
from banana_assets.core.media.quality import quality
from tests.core.media.libraries import albums, of


def without(rows: list[dict[str, Any]], *holes: tuple[int, str]) -> list[dict[str, Any]]:
    """The rows without these values."""
    return [{name: text for name, text in row.items() if (k, name) not in holes} for k, row in enumerate(rows)]


def offered(rows: list[dict[str, Any]]) -> dict[tuple[int, str], str]:
    found, _ = offers(of(rows))
    return {
        (int(item, 16), field): "; ".join(value)
        for item, field, value in found.select("item_id", "field", "value").iter_rows()
    }


HOLES = st.sets(
    st.tuples(
        st.integers(0, 47), st.sampled_from(("genre", "date", "artist", "album_artist", "album", "title", "track"))
    ),
    min_size=1,
    max_size=25,
)


@given(HOLES)
@settings(max_examples=15)
def test_in_a_settled_library_what_is_offered_is_what_was_hidden(holes: set[tuple[int, str]]) -> None:
    rows = albums(12)
    found = offered(without(rows, *holes))
    assert set(found) <= holes
    assert all(text == rows[k][field] for (k, field), text in found.items())


def test_neighbours_and_file_names_fill_gaps() -> None:
    rows = without(albums(12), (5, "genre"), (9, "title"), (14, "album_artist"), (20, "date"), (22, "track"))
    assert offered(rows) == {
        (5, "genre"): "Jazz",
        (9, "title"): "Title 2 2",
        (14, "album_artist"): "Artist 3",
        (20, "date"): "1995",
        (22, "track"): "3",
    }


def ripped(count: int) -> list[dict[str, Any]]:
    """Files that a ripper named which knew nothing of them."""
    folder = "/m/Unknown Artist/Unknown Album (1999)"
    names = ("Track {}", "Untitled", "No Title", "Audio Track {}", "Unknown", "New Recording {}", "None")
    return [
        {"_uri": f"{folder}/{k:02d} - {names[k % len(names)].format(k)}.flac", "_kind": "music", "duration": "180"}
        for k in range(1, count + 1)
    ]


def test_what_a_ripper_named_is_not_proposed() -> None:
    rows = albums(12) + ripped(14)
    found = offered(rows)
    assert {(k, field): text for (k, field), text in found.items() if field in ("title", "artist", "album")} == {}
    told = quality([of(rows)]).filter((pl.col("field") == "title") & (pl.col("measure") == "missing"))
    assert told["derivable"].to_list() == [0, 0]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("Unknown Artist", "Untitled", "Artist 3", "None")),
            st.sampled_from(("Unknown Album", "Album 3", "No Album", "[Unknown]")),
            st.sampled_from(("Track 03", "Untitled", "Title", "unknown", "Default", "-", "Titel 7", "No")),
        ),
        min_size=1,
        max_size=12,
    )
)
@settings(max_examples=25)
def test_no_proposal_is_ever_a_placeholder(named: list[tuple[str, str, str]]) -> None:
    rows = [
        {"_uri": f"/m/{artist}/{album}/{k:02d} - {title}.flac", "_kind": "music"}
        for k, (artist, album, title) in enumerate(named, 1)
    ]
    for proposal in of_offers(offers(of(albums(8) + rows))[0]):
        assert not is_placeholder(proposal.value), proposal


def test_too_few_groups_prove_nothing() -> None:
    assert offered(without(albums(3), (1, "genre"))) == {}


@pytest.mark.parametrize(("tracks", "some"), [(3, False), (4, True)])
def test_on_a_small_library_nothing_is_offered(tracks: int, some: bool) -> None:
    rows = without(albums(7, tracks), (0, "genre"))
    assert bool(offered(rows)) is some


def test_a_rule_that_is_often_wrong_is_not_offered() -> None:
    genres = ("Jazz", "Rock", "Folk", "Pop")
    rows = [row | {"genre": genres[k % 4]} for k, row in enumerate(albums(12))]
    table = precision(of(without(rows, (5, "genre"))))
    assert not table.filter((pl.col("field") == "genre") & pl.col("offered")).height
    assert (5, "genre") not in offered(without(rows, (5, "genre")))


def test_rules_that_contradict_each_other_offer_nothing() -> None:
    rows = [row | {"_sha256": f"s{k}"} for k, row in enumerate(albums(12))]
    copies = [row | {"_collection": "copies", "_uri": f"copy {k}"} for k, row in enumerate(rows)]
    assert offered(without(rows + copies, (5, "artist"))) == {(5, "artist"): "Artist 1"}
    copies[5]["artist"] = "Somebody Else"
    assert (5, "artist") not in offered(without(rows + copies, (5, "artist")))


def test_a_rule_never_sees_the_value_that_it_is_asked_for() -> None:
    rows = albums(2, tracks=3)
    rows[0]["genre"] = "Rock"
    said = candidates(of(rows)).filter((pl.col("item_id") == f"{0:016x}") & (pl.col("field") == "genre"))
    assert set(said.filter(pl.col("rule").str.starts_with("folder"))["plain"]) == {"jazz"}


def test_values_that_rules_gave_are_no_evidence() -> None:
    rows = [row | {"_origin": "derived"} for row in albums(12)]
    assert candidates(of(rows)).filter(~pl.col("rule").str.starts_with("file name")).is_empty()
    assert replayed(of(rows)).is_empty()


def test_what_is_no_valid_value_is_not_offered() -> None:
    rows = albums(12)
    for row in rows[20:24]:
        row |= {"genre": "Nonsense", "_uri": row["_uri"]}
    assert (21, "genre") not in offered(without(rows, (21, "genre")))


def test_hidden_values_are_compared_field_by_field() -> None:
    table = {row["field"]: row for row in replayed(of(albums(20))).to_dicts()}
    assert table["genre"]["precision"] == 1.0
    assert table["genre"]["low"] > 0.9
    assert table["duration"]["offered"] == 0
    assert table["duration"]["precision"] is None


def test_the_same_recording_elsewhere_lends_its_values() -> None:
    rows: list[dict[str, Any]] = []
    for k in range(40):
        values = {"title": f"T{k}", "genre": ("Jazz", "Rock")[k % 2], "language": "en"}
        rows += [values | {"_sha256": f"s{k}", "_collection": side, "_uri": f"{side}{k}"} for side in ("a", "b")]
    found = offered(without(rows, (10, "genre"), (13, "title")))
    assert found == {(10, "genre"): "Rock", (13, "title"): "T6"}


def test_policy_accepts_only_what_is_measured_and_in_place_of_nothing() -> None:
    rows = without(albums(60), (5, "genre"))
    rows[9]["genre"] = "unknown"
    made = of_offers(offers(of(rows))[0])
    assert {(int(p.item_id, 16), p.stands) for p in made} == {(5, None), (9, "unknown")}
    assert [int(p.item_id, 16) for p in accepted_by_policy(made, 0.9)] == [5]
    assert accepted_by_policy(made, 0.0) == []
    assert accepted_by_policy(made, 0.999) == []
    assert "known values hidden from it" in made[0].source
