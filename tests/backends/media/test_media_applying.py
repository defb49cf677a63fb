"""Accepted values go into files where nothing stands, the sound stays, and everything can be taken out again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import mutagen
import polars as pl
import pytest
import sqlalchemy as sa

from banana_assets.backends.media import applying, rewriting, tags
from banana_assets.backends.media.applying import apply_accepted, undo
from banana_assets.backends.media.audio_bytes import digest
from banana_assets.backends.media.files import sha256_of
from banana_assets.backends.media.filling import fill_gaps
from banana_assets.backends.media.ingesting import ingest_media
from banana_assets.backends.media.proposals import Proposals
from banana_assets.backends.media.records import MediaRecords
from banana_assets.backends.media.rewriting import retag
from banana_assets.backends.records import media_tables as t
from banana_assets.backends.records.engine import reading
from banana_assets.backends.store import Store
from banana_assets.core.errors import InputError
from banana_assets.core.media.standard import MEDIA
from tests.backends.media.audio import FORMS, library, sample, tone

VALUES = {
    "title": ["Ein Lied"], "artist": ["A & B"], "album": ["Ü"], "album_artist": ["A"], "track": ["3"], "disc": ["1"],
    "genre": ["Jazz", "Blues"], "date": ["2020-05-01"], "summary": ["What it is about"], "tags": ["x", "y"],
    "show": ["S"], "season": ["2"], "episode": ["5"], "publisher": ["P"],
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_field_is_written_read_back_and_taken_out(tmp_path: Path, form: str) -> None:
    path = Path(shutil.copy(sample(form), tmp_path / f"a.{form}"))
    sound, before = digest(path), tags.read_tags(mutagen.File(path), MEDIA)
    missing = {name: value for name, value in VALUES.items() if not tags.raw(mutagen.File(path), name)}
    if form != "m4a":
        missing["language"] = ["de"]
    assert len(missing) > 5
    retag(path, missing)
    assert digest(path) == sound
    found = {value.field: list(value.value) for value in tags.read_tags(mutagen.File(path), MEDIA)}
    for name, value in missing.items():
        assert tags.same(tags.raw(mutagen.File(path), name), name, value), name
        assert name in found
    retag(path, dict.fromkeys(missing))
    assert tags.read_tags(mutagen.File(path), MEDIA) == before
    assert digest(path) == sound


@pytest.mark.parametrize("field", ["title", "artist", "album", "genre"])
def test_no_placeholder_is_put_into_a_tag(field: str) -> None:
    audio = mutagen.File(sample("mp3"))
    with pytest.raises(InputError, match="only fills the place"):
        tags.put(audio, field, ["Track 03" if field == "title" else "Unknown"])


def test_old_tags_stay_of_their_version(tmp_path: Path) -> None:
    path = Path(shutil.copy(sample("mp3"), tmp_path / "a.mp3"))
    audio = mutagen.File(path)
    audio.tags.update_to_v23()
    audio.save(v2_version=3)
    retag(path, {"publisher": ["P"]})
    assert mutagen.File(path).tags.version[:2] == (2, 3)


def test_a_write_that_would_change_the_sound_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(shutil.copy(sample("mp3"), tmp_path / "a.mp3"))
    real = rewriting._save

    def damaging(audio: object, copy: Path) -> None:
        real(audio, copy)
        with path.open("r+b") as stream:
            stream.seek(-40, os.SEEK_END)
            stream.write(b"\0\1\2")

    monkeypatch.setattr(rewriting, "_save", damaging)
    with pytest.raises(InputError, match="sound"):
        retag(path, {"publisher": ["P"]})


@pytest.fixture
def filled(store: Store, tmp_path: Path) -> tuple[Store, Path]:
    """The sample's music with accepted proposals."""
    folder = library(tmp_path / "m")
    ingest_media(store, [folder], collection="music")
    kept = Proposals(store.engine)
    assert fill_gaps(store).new > 5
    kept.decide(kept.rows()["proposal_id"].to_list(), "accepted", by="ann")
    return store, folder


def sums(folder: Path) -> dict[str, str]:
    return {str(path): sha256_of(path) for path in sorted(folder.rglob("*.*"))}


def test_applied_and_undone_files_are_as_they_were_byte_by_byte(filled: tuple[Store, Path]) -> None:
    store, folder = filled
    before, modes = sums(folder), {p: p.stat().st_mode for p in folder.rglob("*.*")}
    sounds = {str(path): digest(path) for path in folder.rglob("*.*")}
    done = apply_accepted(store, by="ann")
    assert {row.outcome for row in done} == {"applied"}
    changed = {row.path for row in done}
    assert {path for path, sha in sums(folder).items() if sha != before[path]} == changed
    assert {str(path): digest(path) for path in folder.rglob("*.*")} == sounds
    assert {p: p.stat().st_mode for p in folder.rglob("*.*")} == modes
    assert not list(folder.rglob(".*"))
    for row in Proposals(store.engine).rows(states=["applied"]).iter_rows(named=True):
        assert tags.same(tags.raw(mutagen.File(row["uri"]), row["field"]), row["field"], row["value"])
    assert {row.outcome for row in undo(store, by="ann")} == {"undone"}
    assert sums(folder) == before
    assert set(Proposals(store.engine).rows()["state"]) == {"undone"}


def test_what_is_written_is_known_as_ours_and_not_read_as_news(filled: tuple[Store, Path]) -> None:
    store, folder = filled
    apply_accepted(store, by="ann")
    report = ingest_media(store, [folder], collection="music")
    assert (report.new, report.known) == (0, 28)
    values = MediaRecords(store.engine).items().select("values").explode("values").unnest("values")
    ours = values.filter(pl.col("origin") == "derived")
    assert ours.height == Proposals(store.engine).rows(states=["applied"]).height
    assert ours["source"].str.ends_with("accepted by ann").all()


def test_dry_run_writes_nothing(filled: tuple[Store, Path]) -> None:
    store, folder = filled
    before = sums(folder)
    assert {row.message for row in apply_accepted(store, by="ann", dry_run=True)} == {"not written: dry run"}
    assert sums(folder) == before
    assert set(Proposals(store.engine).rows()["state"]) == {"accepted"}


def test_what_a_person_wrote_meanwhile_stays(filled: tuple[Store, Path]) -> None:
    store, _ = filled
    row = Proposals(store.engine).rows().row(0, named=True)
    audio = mutagen.File(row["uri"])
    tags.put(audio, row["field"], ["7" if row["field"] == "track" else "By hand"])
    audio.save()
    said = tags.raw(mutagen.File(row["uri"]), row["field"])
    done = {r.proposal_id: r for r in apply_accepted(store, by="ann")}
    assert (done[row["proposal_id"]].outcome, done[row["proposal_id"]].message) == (
        "withdrawn",
        "the file says something else by now",
    )
    assert tags.raw(mutagen.File(row["uri"]), row["field"]) == said


def test_a_file_that_was_changed_since_loses_only_what_is_still_ours(filled: tuple[Store, Path]) -> None:
    store, _ = filled
    apply_accepted(store, by="ann")
    row = Proposals(store.engine).rows().filter(pl.col("field") != "publisher").row(0, named=True)
    audio = mutagen.File(row["uri"])
    tags.put(audio, "publisher", ["By hand"])
    audio.save()
    done = undo(store, by="ann", ids=[row["proposal_id"]])
    assert [r.outcome for r in done] == ["undone"]
    again = mutagen.File(row["uri"])
    assert tags.raw(again, "publisher") == ["By hand"]
    assert tags.raw(again, row["field"]) == []


def test_a_value_that_was_changed_since_stays(filled: tuple[Store, Path]) -> None:
    store, _ = filled
    apply_accepted(store, by="ann")
    row = Proposals(store.engine).rows().filter(pl.col("field") == "genre").row(0, named=True)
    audio = mutagen.File(row["uri"])
    tags.put(audio, "genre", ["Opera"])
    audio.save()
    assert [r.outcome for r in undo(store, by="ann", ids=[row["proposal_id"]])] == ["skipped"]
    assert tags.raw(mutagen.File(row["uri"]), "genre") == ["Opera"]


def test_a_failed_rename_leaves_everything_as_it_was(
    filled: tuple[Store, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, folder = filled
    before = sums(folder)

    def fails(copy: Path, path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(applying, "put_in_place", fails)
    assert {row.outcome for row in apply_accepted(store, by="ann")} == {"failed"}
    assert sums(folder) == before
    assert set(Proposals(store.engine).rows()["state"]) == {"accepted"}


def test_a_write_that_never_reached_its_file_can_be_undone(
    filled: tuple[Store, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, folder = filled
    before = sums(folder)
    # As after a kill between the commit of the record and the rename.
    monkeypatch.setattr(applying, "put_in_place", lambda copy, path: None)
    apply_accepted(store, by="ann")
    monkeypatch.undo()
    assert {row.outcome for row in undo(store, by="ann")} == {"undone"}
    assert sums(folder) == before


def test_a_write_that_never_reached_its_file_is_made_up_for(
    filled: tuple[Store, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = filled
    monkeypatch.setattr(applying, "put_in_place", lambda copy, path: None)
    monkeypatch.setattr(applying, "reread", lambda store, item_id: None)
    row = Proposals(store.engine).rows().row(0, named=True)
    apply_accepted(store, by="ann", ids=[row["proposal_id"]])
    monkeypatch.undo()
    path = Path(row["uri"])
    left = path.with_name(f".{path.stem[:40]}.banana-a1spokve{path.suffix}")
    left.write_bytes(b"half")
    monkeypatch.setattr(rewriting, "LEFT_SECONDS", -1.0)
    assert [r.outcome for r in apply_accepted(store, by="ann", ids=[row["proposal_id"]])] == ["applied"]
    assert tags.same(tags.raw(mutagen.File(path), row["field"]), row["field"], row["value"])
    assert not left.exists()


def test_what_a_person_says_takes_the_place_of_the_tag(store: Store, tmp_path: Path) -> None:
    path = Path(shutil.copy(sample("mp3"), tmp_path / "a.mp3"))
    os.utime(path, (10**9, 10**9))
    before = path.read_bytes()
    ingest_media(store, [path], collection="c")
    (item,) = MediaRecords(store.engine).items()["item_id"]
    Proposals(store.engine).set_value(item, "title", "Person says so", MEDIA, by="ann")
    assert [row.outcome for row in apply_accepted(store, by="ann")] == ["applied"]
    assert tags.raw(mutagen.File(path), "title") == ["Person says so"]
    # Players and backups look at the time: a written file has another one.
    assert path.stat().st_mtime == 10**9 + rewriting.LATER_SECONDS
    assert [row.outcome for row in undo(store, by="ann")] == ["undone"]
    assert (path.read_bytes(), path.stat().st_mtime) == (before, 10**9)
    Proposals(store.engine).set_value(item, "title", "Again", MEDIA, by="ann")
    audio = mutagen.File(path)
    tags.put(audio, "title", ["By another hand"])
    audio.save()
    assert [row.outcome for row in apply_accepted(store, by="ann")] == ["skipped"]
    assert tags.raw(mutagen.File(path), "title") == ["By another hand"]
    (title,) = MediaRecords(store.engine).items()["title"]
    assert title == "Again"
    Proposals(store.engine).set_value(item, "title", "By another hand", MEDIA, by="ann")
    assert [row.outcome for row in apply_accepted(store, by="ann")] == ["there"]


@pytest.mark.parametrize("kind", ["link", "read only"])
def test_files_that_must_not_be_replaced_are_left(store: Store, tmp_path: Path, kind: str) -> None:
    path = Path(shutil.copy(sample("mp3"), tmp_path / "a.mp3"))
    ingest_media(store, [path], collection="c")
    (item,) = MediaRecords(store.engine).items()["item_id"]
    Proposals(store.engine).set_value(item, "publisher", "P", MEDIA, by="ann")
    if kind == "link":
        (tmp_path / "b.mp3").hardlink_to(path)
    else:
        path.chmod(0o444)
    before = path.read_bytes()
    (row,) = apply_accepted(store, by="ann")
    assert row.outcome == "skipped"
    assert ("hard links" if kind == "link" else "owner may not write") in row.message
    assert path.read_bytes() == before


def test_files_without_a_tag_for_it_are_told(store: Store, tmp_path: Path) -> None:
    ingest_media(store, [sample("m4a")], collection="c")
    item = MediaRecords(store.engine).items().row(0, named=True)
    kept = Proposals(store.engine)
    kept.set_value(item["item_id"], "url", "https://example.org", MEDIA, by="ann")
    gone = tmp_path / "gone.wav"
    ingest_media(store, [tone(gone)], collection="d")
    gone.unlink()
    other = MediaRecords(store.engine).items().filter(pl.col("collection") == "d").row(0, named=True)
    kept.set_value(other["item_id"], "title", "X", MEDIA, by="ann")
    done = {row.field: (row.outcome, row.message) for row in apply_accepted(store, by="ann", dry_run=True)}
    assert done["title"] == ("skipped", "the file is not there; export the values instead")


def test_undo_keeps_the_write_in_the_records(filled: tuple[Store, Path]) -> None:
    store, _ = filled
    apply_accepted(store, by="ann")
    undo(store, by="bo")
    with reading(store.engine) as connection:
        rows = connection.execute(sa.select(t.media_writes.c.written_by, t.media_writes.c.undone_by)).all()
    assert {tuple(row) for row in rows} == {("ann", "bo")}


def test_a_link_stays_a_link(store: Store, tmp_path: Path) -> None:
    real = Path(shutil.copy(sample("mp3"), tmp_path / "real.mp3"))
    before = real.read_bytes()
    link = tmp_path / "m" / "link.mp3"
    link.parent.mkdir()
    link.symlink_to(real)
    ingest_media(store, [link], collection="c")
    item = MediaRecords(store.engine).items().row(0, named=True)
    Proposals(store.engine).set_value(item["item_id"], "publisher", "P", MEDIA, by="ann")
    assert [row.outcome for row in apply_accepted(store, by="ann")] == ["applied"]
    assert link.is_symlink()
    assert tags.raw(mutagen.File(real), "publisher") == ["P"]
    assert MediaRecords(store.engine).items()["uri"].to_list() == [str(link)]
    assert [row.outcome for row in undo(store, by="ann")] == ["undone"]
    assert real.read_bytes() == before
