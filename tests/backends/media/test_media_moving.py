"""A file that has only another place or name keeps its item; a copy is another item; nothing lands in another file."""

from __future__ import annotations

import shutil
from pathlib import Path

import mutagen
import polars as pl
import pytest

from banana_assets.backends.media import tags
from banana_assets.backends.media.applying import apply_accepted, undo
from banana_assets.backends.media.ingesting import ingest_media
from banana_assets.backends.media.proposals import Proposals
from banana_assets.backends.media.records import MediaRecords
from banana_assets.backends.store import Store
from banana_assets.core.media.standard import MEDIA
from tests.backends.media.audio import tone


@pytest.fixture
def songs(store: Store, tmp_path: Path) -> Path:
    """Three files of different content, each with a person's title."""
    folder = tmp_path / "m"
    for number in (1, 2, 3):
        tone(folder / "a" / f"{number}.wav", number / 50)
    ingest_media(store, [folder], collection="c")
    for row in items(store).values():
        Proposals(store.engine).set_value(row["item_id"], "title", f"song {Path(row['uri']).stem}", MEDIA, by="ann")
    return folder


def items(store: Store) -> dict[str, dict[str, object]]:
    """The items that are there, by the end of their place."""
    there = MediaRecords(store.engine).items().filter(pl.col("present"))
    return {"/".join(Path(row["uri"]).parts[-2:]): row for row in there.iter_rows(named=True)}


def titles(store: Store) -> dict[str, object]:
    return {place: row["title"] for place, row in items(store).items()}


def test_a_renamed_file_keeps_its_item(store: Store, songs: Path) -> None:
    before = items(store)
    (songs / "a" / "2.wav").rename(songs / "a" / "two.wav")
    report = ingest_media(store, [songs], collection="c")
    assert (report.new, report.known) == (0, 3)
    assert [item.message for item in report.items if item.message] == [f"moved from {songs / 'a' / '2.wav'}"]
    now = items(store)
    assert now["a/two.wav"]["item_id"] == before["a/2.wav"]["item_id"]
    assert now["a/two.wav"]["arrived_at"] == before["a/2.wav"]["arrived_at"]
    assert titles(store) == {"a/1.wav": "song 1", "a/two.wav": "song 2", "a/3.wav": "song 3"}


def test_a_moved_folder_keeps_its_items_and_what_was_written_can_be_taken_out(store: Store, songs: Path) -> None:
    before = {path.name: path.read_bytes() for path in songs.rglob("*.wav")}
    assert {row.outcome for row in apply_accepted(store, by="ann")} == {"applied"}
    (songs / "a").rename(songs / "b")
    assert ingest_media(store, [songs], collection="c").new == 0
    assert titles(store) == {"b/1.wav": "song 1", "b/2.wav": "song 2", "b/3.wav": "song 3"}
    rows = Proposals(store.engine).rows()
    assert {row.outcome for row in undo(store, by="ann", ids=rows["proposal_id"].to_list())} == {"undone"}
    assert {path.name: path.read_bytes() for path in songs.rglob("*.wav")} == before


def test_files_that_changed_places_keep_their_items(store: Store, songs: Path) -> None:
    folder = songs / "a"
    (folder / "1.wav").rename(folder / "x.wav")
    (folder / "2.wav").rename(folder / "1.wav")
    (folder / "x.wav").rename(folder / "2.wav")
    ingest_media(store, [songs], collection="c")
    assert titles(store) == {"a/1.wav": "song 2", "a/2.wav": "song 1", "a/3.wav": "song 3"}


def test_a_file_moved_over_another_leaves_it_gone(store: Store, songs: Path) -> None:
    gone = items(store)["a/1.wav"]["item_id"]
    (songs / "a" / "2.wav").replace(songs / "a" / "1.wav")
    tone(songs / "a" / "2.wav", 0.2)
    ingest_media(store, [songs], collection="c")
    assert titles(store) == {"a/1.wav": "song 2", "a/2.wav": None, "a/3.wav": "song 3"}
    done = {row.proposal_id: row for row in apply_accepted(store, by="ann")}
    of_gone = Proposals(store.engine).rows().filter(pl.col("item_id") == gone)["proposal_id"][0]
    assert done[of_gone].outcome == "skipped"
    assert tags.raw(mutagen.File(songs / "a" / "1.wav"), "title") == ["song 2"]


def test_a_copy_is_a_duplicate_and_not_a_move(store: Store, songs: Path) -> None:
    shutil.copy(songs / "a" / "1.wav", songs / "a" / "copy.wav")
    assert ingest_media(store, [songs], collection="c").new == 1
    assert titles(store) == {"a/1.wav": "song 1", "a/2.wav": "song 2", "a/3.wav": "song 3", "a/copy.wav": None}


def test_nothing_is_written_into_a_file_that_took_the_place_of_another(store: Store, songs: Path) -> None:
    other = tone(songs / "a" / "1.wav", 0.3).read_bytes()
    done = {Path(row.path).name: row for row in apply_accepted(store, by="ann")}
    assert (done["1.wav"].outcome, done["2.wav"].outcome) == ("skipped", "applied")
    assert (songs / "a" / "1.wav").read_bytes() == other


def test_what_a_person_set_outlives_an_undo_of_everything(store: Store, songs: Path) -> None:
    before = {path: path.read_bytes() for path in songs.rglob("*.wav")}
    apply_accepted(store, by="ann")
    assert {row.outcome for row in undo(store, by="ann")} == {"undone"}
    assert {path: path.read_bytes() for path in songs.rglob("*.wav")} == before
    assert titles(store) == {"a/1.wav": "song 1", "a/2.wav": "song 2", "a/3.wav": "song 3"}
    assert undo(store, by="ann") == []
    number = Proposals(store.engine).rows()["proposal_id"][0]
    assert [row.outcome for row in undo(store, by="ann", ids=[number])] == ["undone"]
