"""Media from folders, feeds and exports: what is told, from where, and nothing read twice."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from banana_assets.backends.media import files, ingesting
from banana_assets.backends.media.analysis import analyze_metadata_quality
from banana_assets.backends.media.feeds import fetch, read_feed
from banana_assets.backends.media.ingesting import ingest_media, schema_file
from banana_assets.backends.media.proposals import Proposals
from banana_assets.backends.media.records import MediaRecords
from banana_assets.backends.store import Store
from banana_assets.core.errors import InputError
from banana_assets.core.media.schema import Field, RecordSchema, schema_of
from banana_assets.core.media.standard import MEDIA
from tests.backends.conftest import Opener
from tests.backends.media.audio import SAMPLE, library, sample, tone
from tests.needs import missing

ROWS = [
    {"path": "/m/a.mp3", "title": "A", "genre": "Jazz", "duration": "3:20", "tags": ["x", "y"]},
    {"path": "/m/b.mp3", "title": "B", "genre": "", "duration": None, "tags": []},
]


def known(store: Store) -> dict[str, dict[str, list[str]]]:
    """Place to field to value."""
    return {
        Path(row["uri"]).name: {v["field"]: v["value"] for v in row["values"]}
        for row in MediaRecords(store.engine).items().iter_rows(named=True)
        if row["present"]
    }


def ingest(store: Store, *paths: Path | str, **more: Any) -> list[tuple[str, str]]:
    report = ingest_media(store, paths, **{"collection": "c"} | more)
    return [(Path(item.path).name, item.outcome) for item in report.items]


def test_every_form_of_audio_says_what_its_tags_say(store: Store) -> None:
    report = ingest_media(store, [SAMPLE / "music"], collection="music")
    assert (report.new, report.failed) == (28, 0)
    found = known(store)
    assert found["01 - Points.opus"] == {
        "title": ["Points"], "artist": ["The Sidings"], "album": ["Night Signal"], "album_artist": ["The Sidings"],
        "track": ["1/4"], "genre": ["Rock"], "date": ["2011"], "duration": found["01 - Points.opus"]["duration"],
    }  # fmt: skip
    assert {name: found[name].get("title") for name in found if name.startswith("single")} == {
        "single.flac": ["Track 01"], "single.m4a": ["Fog Horn"], "single.ogg": ["Bell Buoy"], "single.wav": None,
    }  # fmt: skip
    assert all(float(values["duration"][0]) > 0.1 for values in found.values())
    items = MediaRecords(store.engine).items()
    origins = items.explode("values")["values"].struct.field("origin").unique().sort().to_list()
    assert origins == ["stream", "tag"]


def test_a_second_run_opens_nothing_that_is_as_it_was(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = library(tmp_path / "m")
    for path in folder.rglob("*.*"):
        os.utime(path, (time.time() - 60, time.time() - 60))
    assert {outcome for _, outcome in ingest(store, folder)} == {"new"}
    monkeypatch.setattr(ingesting, "sha256_of", lambda path: pytest.fail("a file was read"))
    assert {outcome for _, outcome in ingest(store, folder)} == {"known"}


def test_content_decides_and_not_the_clock(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = library(tmp_path / "m")
    ingest(store, folder)
    touched = folder / "singles" / "single.wav"
    os.utime(touched)
    monkeypatch.setattr(ingesting, "read_media", lambda *a: pytest.fail("a file was read again"))
    assert ("single.wav", "known") in ingest(store, folder)


def test_a_changed_file_is_read_and_a_gone_one_noted(store: Store, tmp_path: Path) -> None:
    folder = library(tmp_path / "m")
    ingest(store, folder)
    tone(folder / "singles" / "single.wav", 0.5)
    (folder / "singles" / "single.ogg").unlink()
    outcomes = dict(ingest(store, folder))
    assert outcomes["single.wav"] == "changed"
    assert outcomes["m"] == "aside"
    found = known(store)
    assert found["single.wav"]["duration"] == ["0.5"]
    assert "single.ogg" not in found
    assert analyze_metadata_quality(store)["itemCount"] == 27


def test_what_is_damaged_is_counted_and_the_rest_goes_in(store: Store, tmp_path: Path) -> None:
    folder = library(tmp_path / "m")
    (folder / "broken.flac").write_bytes(b"fLaC" + b"\xff" * 40)
    (folder / "empty.mp3").write_bytes(b"")
    (folder / "notes.txt").write_text("no media", encoding="utf-8")
    report = ingest_media(store, [folder], collection="c")
    outcomes = {Path(item.path).name: item.outcome for item in report.items}
    assert (outcomes["broken.flac"], outcomes["notes.txt"]) == ("failed", "aside")
    assert report.new == 28
    assert report.status == 1


def test_feeds_tell_what_their_channel_tells(store: Store) -> None:
    assert ingest(store, SAMPLE / "podcast.xml") == [("podcast.xml", "new")]
    found = known(store)
    assert found["build-room-1"] == {
        "title": ["Caches that lie"], "artist": ["Ada and Bo"], "show": ["The Build Room"], "genre": ["Technology"],
        "tags": ["cache", "ci"], "language": ["en"], "date": ["2026-03-03"], "duration": ["1391"],
        "summary": found["build-room-1"]["summary"], "guid": ["build-room-1"],
    }  # fmt: skip
    items = MediaRecords(store.engine).items().filter(pl.col("uri") == "build-room-1")["values"][0].to_list()
    assert {v["origin"] for v in items if v["field"] in ("show", "language", "genre")} == {"channel"}
    assert set(MediaRecords(store.engine).items()["kind"]) == {"podcast"}


def test_markup_of_descriptions_is_taken_off() -> None:
    data = b"""<rss version="2.0"><channel><title>S</title><item><title>A &amp;amp; B</title>
    <description><![CDATA[<p>One &amp; two</p><script>x</script><p>three</p>]]></description>
    </item></channel></rss>"""
    values = {v.field: v.value[0] for v in read_feed(data, "f.xml", MEDIA)[0].values}
    assert (values["title"], values["summary"]) == ("A & B", "One & two\nthree")


@pytest.mark.parametrize(
    "data",
    [
        b'<!DOCTYPE r [<!ENTITY a "x">]><rss version="2.0"><channel><title>&a;</title></channel></rss>',
        b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/hostname">]><rss version="2.0"><channel>&a;</channel></rss>',
        b"<!DOCTYPE r [<!ENTITY a 'x'>]><rss version='2.0'><channel><title>&a;</channel></rss>",
        b"just text", b"", b"<html><body>no feed</body></html>",
    ],
)  # fmt: skip
def test_what_is_unsafe_or_no_feed_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        read_feed(data, "f.xml", MEDIA)


def test_a_feed_that_is_not_well_formed_is_read_all_the_same() -> None:
    data = (
        b'<rss version="2.0"><channel><title>S</title><item><title>A & B</title><guid>1</guid></item></channel></rss>'
    )
    assert [v.value[0] for v in read_feed(data, "f.xml", MEDIA)[0].values if v.field == "title"] == ["A & B"]


@pytest.mark.parametrize(
    "address", ["https://example.org/f.xml", "ftp://feeds.example.com/f", "http://169.254.169.254/"]
)
def test_feeds_come_from_hosts_that_are_allowed_alone(address: str) -> None:
    with pytest.raises(InputError, match="BANANA_FEED_HOSTS"):
        fetch(address, "feeds.example.com, .example.net")


def test_exports_in_every_form(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"items": ROWS}), encoding="utf-8")
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, ROWS)), encoding="utf-8")
    flat = pl.DataFrame([row | {"tags": json.dumps(row["tags"])} for row in ROWS])
    flat.write_csv(tmp_path / "a.csv")
    flat.write_parquet(tmp_path / "a.parquet")
    told = []
    for name in ("a.json", "a.jsonl", "a.csv", "a.parquet"):
        assert ingest(store, tmp_path / name, collection=name) == [(name, "new")]
        told.append(known(store)["a.mp3"])
    expected = {"title": ["A"], "genre": ["Jazz"], "duration": ["200"], "tags": ["x", "y"]}
    assert told == [expected] * 4
    assert analyze_metadata_quality(store, collection="a.csv")["itemCount"] == 2


def test_the_originals_table(store: Store, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "tasks.sqlite")
    connection.executescript(
        "CREATE TABLE tasks (id INTEGER); CREATE TABLE media_metadata (id INTEGER PRIMARY KEY, task_id INTEGER, "
        "file_path TEXT, file_hash TEXT UNIQUE, metadata_json TEXT, extracted_at TEXT, tool_used TEXT);"
    )
    body = {"format": "mp3", "duration": 61.2, "metadata": {"title": "Night", "artist": "A", "genre": "Jazz"}}
    row = (1, 1, "/m/night.mp3", "ab" * 32, json.dumps(body), "2026-01-01", "ffprobe")
    connection.execute("INSERT INTO media_metadata VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    connection.commit()
    connection.close()
    assert ingest(store, tmp_path / "tasks.sqlite") == [("tasks.sqlite", "new")]
    assert known(store) == {"night.mp3": {"title": ["Night"], "artist": ["A"], "genre": ["Jazz"], "duration": ["61.2"]}}
    assert MediaRecords(store.engine).items()["content_sha256"].to_list() == ["ab" * 32]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.json", b"{", "no JSON"), ("a.json", b"[1]", "no list of objects"), ("a.jsonl", b'{"a": 1}\n{', "line 2"),
        ("a.parquet", b"PAR1", "cannot be read"), ("a.db", b"no database at all, by far", "cannot be read"),
        ("a.csv", b"foo,bar\n1,2\n", "none says anything"), ("a.json", b"[" * 100_000, "no JSON"),
    ],
)  # fmt: skip
def test_exports_that_cannot_be_read_are_told(store: Store, tmp_path: Path, name: str, data: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(data)
    report = ingest_media(store, [tmp_path / name], collection="c")
    assert report.status == 2
    assert says in report.items[0].message


def test_records_with_a_schema_of_their_own(store: Store, tmp_path: Path) -> None:
    (tmp_path / "books.toml").write_text(
        'title = "name"\nfields = [{name = "name", aliases = ["book"]}, {name = "pages", kind = "number"}]',
        encoding="utf-8",
    )
    (tmp_path / "shelf.csv").write_text("book,pages\nEmma,400\nPersuasion,\n", encoding="utf-8")
    schema = schema_file(tmp_path / "books.toml")
    ingest(store, tmp_path / "shelf.csv", schema=schema)
    told = analyze_metadata_quality(store)
    assert [(row["field"], row["missingCount"]) for row in told["missingFields"]] == [("pages", 1)]
    assert MediaRecords(store.engine).schemas()["books"] == schema
    with pytest.raises(InputError):
        schema_file(tmp_path / "none.toml")


def test_rows_that_are_gone_from_an_export_are_gone(any_store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for rows in (ROWS, ROWS[:1]):
        path.write_text(json.dumps(rows), encoding="utf-8")
        ingest(any_store, path)
    assert set(known(any_store)) == {"a.mp3"}


def test_an_empty_library_says_what_to_run(store: Store) -> None:
    told = analyze_metadata_quality(store)
    assert (told["completenessScore"], told["missingFields"], told["qualityIssues"]) == (0.0, [], [])
    assert "banana ingest media" in told["message"]
    with pytest.raises(InputError, match="percentage"):
        analyze_metadata_quality(store, min_completeness=101)


def test_a_collection_is_named_or_a_part_of_paths(store: Store) -> None:
    ingest(store, SAMPLE / "music", collection="music")
    assert analyze_metadata_quality(store, collection="music")["itemCount"] == 28
    assert analyze_metadata_quality(store, collection="Nora Fell/")["itemCount"] == 8
    with pytest.raises(InputError, match="There are music"):
        analyze_metadata_quality(store, collection="opera")


def test_what_ffprobe_says(store: Store, tmp_path: Path) -> None:
    told = {
        "streams": [{"codec_type": "video"}, {"codec_type": "audio", "tags": {"language": "ger"}}],
        "format": {"duration": "12.480000", "tags": {"TITLE": "Die Halle", "DATE": "2024-02-01", "comment": "x"}},
    }
    found = {v.field: (v.value[0], v.origin) for v in files.values_of(told, MEDIA)}
    assert found == {
        "title": ("Die Halle", "tag"), "date": ("2024-02-01", "tag"), "language": ("ger", "tag"),
        "summary": ("x", "tag"), "duration": ("12.48", "stream"),
    }  # fmt: skip


def test_video_is_read_where_ffprobe_is(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A container that ffprobe knows and mutagen does not: the sample's Ogg under the name of a video.
    path = tmp_path / "clip.ogv"
    path.write_bytes((SAMPLE / "music" / "singles" / "single.ogg").read_bytes())
    monkeypatch.setattr(files, "ffprobe", lambda: "")
    report = ingest_media(store, [path], collection="c")
    assert "ffprobe is not installed" in report.items[0].message
    monkeypatch.undo()
    if not files.ffprobe():
        missing("ffprobe is not installed: video is not read without it")
    assert ingest(store, path) == [("clip.ogv", "new")]
    assert known(store)["clip.ogv"]["title"] == ["Bell Buoy"]


BOOKS = schema_of(
    {"fields": [{"name": "name"}, {"name": "isbn", "kind": "identifier"}, {"name": "genre"}], "title": "name"}, "books"
)


@pytest.mark.parametrize("columns", [["name", "isbn"], ["name"]])
def test_rows_are_known_by_what_names_them_and_not_by_their_number(
    store: Store, tmp_path: Path, columns: list[str]
) -> None:
    path = tmp_path / "books.csv"
    rows = [{"name": f"Book {k}", "isbn": f"97{k}"} for k in (1, 2, 2)]
    rows[2]["isbn"] = "979"

    def write(told: list[dict[str, str]]) -> None:
        lines = [",".join(columns), *(",".join(row[name] for name in columns) for row in told)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    write(rows)
    ingest_media(store, [path], collection="c", schema=BOOKS)
    items = MediaRecords(store.engine).items()
    (second,) = items.filter(pl.col("title") == "Book 1")["item_id"]
    Proposals(store.engine).set_value(second, "genre", "Essay", BOOKS, by="ann")
    write([{"name": "Book 0", "isbn": "970"}, *rows])
    # What the collection's records are is known by now.
    report = ingest_media(store, [path], collection="c")
    assert [(item.outcome, item.message) for item in report.items] == [("changed", "")]
    told = known(store)
    assert sum("genre" in values for values in told.values()) == 1
    assert {tuple(v["name"]) for v in told.values() if "genre" in v} == {("Book 1",)}
    assert len(told) == 4


@pytest.mark.parametrize(
    ("name", "data", "note"),
    [
        ("a.csv", "path,title\n/a/1.mp3,Größe\n".encode("cp1252"), "text that is no UTF-8 is read as Windows-1252"),
        ("a.csv", "path,title\n/a/1.mp3,Größe\n".encode("utf-16"), ""),
        ("a.csv", "\ufeffpath;title\n/a/1.mp3;Größe\n".encode(), ""),
        ("a.csv", "path\ttitle\n/a/1.mp3\tGröße\n".encode(), ""),
    ],
)
def test_text_in_the_encodings_of_spreadsheets(store: Store, tmp_path: Path, name: str, data: bytes, note: str) -> None:
    (tmp_path / name).write_bytes(data)
    report = ingest_media(store, [tmp_path / name], collection="c")
    assert [item.message for item in report.items] == [note]
    assert MediaRecords(store.engine).items()["title"].to_list() == ["Größe"]


def test_text_of_sqlite_that_is_no_utf8(store: Store, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("CREATE TABLE t (path TEXT, title TEXT)")
    connection.execute("INSERT INTO t VALUES ('/a/1.mp3', CAST(x'4772F6DF65' AS TEXT))")
    connection.commit()
    connection.close()
    ingest_media(store, [tmp_path / "a.db"], collection="c")
    assert MediaRecords(store.engine).items()["title"].to_list() == ["Größe"]


def test_a_name_that_is_no_utf8_is_told(store: Store, tmp_path: Path) -> None:
    shutil.copy(sample("mp3"), os.fsencode(tmp_path) + b"/caf\xe9.mp3")
    shutil.copy(sample("mp3"), tmp_path / "ok.mp3")
    report = ingest_media(store, [tmp_path], collection="c")
    assert (report.new, report.failed) == (1, 1)
    assert "is no UTF-8" in next(item.message for item in report.items if item.outcome == "failed")


def test_entries_that_two_feeds_count_alike_stay_apart(store: Store, tmp_path: Path) -> None:
    for name in ("One", "Two"):
        entry = f"<item><guid>1</guid><title>{name} 1</title></item>"
        text = f'<rss version="2.0"><channel><title>{name}</title>{entry}</channel></rss>'
        (tmp_path / f"{name}.xml").write_text(text, encoding="utf-8")
    ingest_media(store, [tmp_path / "One.xml", tmp_path / "Two.xml"], collection="c")
    assert sorted(MediaRecords(store.engine).items()["title"]) == ["One 1", "Two 1"]


def test_two_stores_of_one_home_agree(new_store: Opener) -> None:
    one, two = new_store(), new_store()
    ingest(one, SAMPLE / "podcast.xml")
    assert analyze_metadata_quality(two)["itemCount"] == 6


def test_a_schema_declared_anew_is_read_anew(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "books.csv"
    path.write_text("path,name,pages\n/b/1,One,10\n/b/1,Two,20\n", encoding="utf-8")
    os.utime(path, (time.time() - 60, time.time() - 60))
    first = RecordSchema("books", (Field("name"),), title="name")
    report = ingest_media(store, [path], collection="c", schema=first)
    assert ["1 row of a place that an earlier row has" in item.message for item in report.items] == [True]
    assert [outcome for _, outcome in ingest(store, path, schema=first)] == ["known"]
    second = RecordSchema("books", (Field("name"), Field("pages", "number")), title="name")
    assert [outcome for _, outcome in ingest(store, path, schema=second)] == ["changed"]
    assert known(store)["1"] == {"name": ["One"], "pages": ["10"]}
    assert [outcome for _, outcome in ingest(store, path, schema=second)] == ["known"]
    before = analyze_metadata_quality(store)["expectedValues"]
    third = RecordSchema("books", (Field("name"), Field("pages", "number", expected=())), title="name")
    ingest(store, path, schema=third)
    # The items are as they were; what is asked of them is not.
    assert (before, analyze_metadata_quality(store)["expectedValues"]) == (2, 1)
