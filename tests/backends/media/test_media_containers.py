"""Real containers made by ffmpeg: what they say is read, and what is written leaves the rest of them as it was."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import mutagen
import pytest
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, CHAP, COMM, ID3, POPM, PRIV, TIT2, TPE1, TSOP, TXXX, UFID, USLT, Encoding

from banana_assets.backends.media import files, tags
from banana_assets.backends.media.audio_bytes import after_id3
from banana_assets.backends.media.ingesting import ingest_media
from banana_assets.backends.media.records import MediaRecords
from banana_assets.backends.media.rewriting import difference, restore, retag
from banana_assets.backends.store import Store
from banana_assets.core.errors import InputError
from banana_assets.core.media.standard import MEDIA
from tests.backends.media.audio import sample
from tests.needs import missing

PICTURE = ["-f", "lavfi", "-i", "testsrc=d=2:s=32x32:r=2"]
TONE = ["-f", "lavfi", "-i", "sine=440:d=2"]
CODECS = ["-c:v", "mpeg4", "-c:a", "aac"]
CHAPTERS = """;FFMETADATA1
title=Die Halle
date=2024-02-01
genre=Documentary
description=Ein Gang durch die Halle, in der die Maschinen standen, und durch den Hof.
[CHAPTER]
TIMEBASE=1/1000
START=0
END=1000
title=A chapter
"""


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with clips: tags and chapters (MKV, MP4), sound in one language or in two, and one cut off."""
    if not files.ffprobe() or not shutil.which("ffmpeg"):
        missing("ffmpeg and ffprobe are not installed: no video is made or read without them")
    folder = tmp_path_factory.mktemp("videos")
    (told := folder / "told.txt").write_text(CHAPTERS, encoding="utf-8")
    whole = [*PICTURE, *TONE, "-i", str(told), "-map_metadata", "2", "-map_chapters", "2", "-map", "0", "-map", "1"]
    for name in ("one.mkv", "one.mp4"):
        make(*whole, *CODECS, "-metadata:s:a:0", "language=deu", str(folder / name))
    both = ["-metadata:s:a:0", "language=deu", "-metadata:s:a:1", "language=fra"]
    make(*PICTURE, *TONE, *TONE, "-map", "0", "-map", "1", "-map", "2", *CODECS, *both, str(folder / "two.mkv"))
    (folder / "cut.mp4").write_bytes((folder / "one.mp4").read_bytes()[:2000])
    told.unlink()
    return folder


def make(*words: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *words], check=True, stdin=subprocess.DEVNULL)


def test_videos_say_what_they_say_and_a_cut_one_is_told(store: Store, videos: Path) -> None:
    report = ingest_media(store, [videos], collection="films")
    assert (report.new, report.failed) == (3, 1)
    (bad,) = [item for item in report.items if item.outcome == "failed"]
    assert "cut.mp4 is no audio that is known" in bad.message
    for row in MediaRecords(store.engine).items().iter_rows(named=True):
        told = {v["field"]: (v["value"], v["origin"]) for v in row["values"]}
        assert (row["kind"], told["duration"][1]) == ("video", "stream")
        assert 1.9 <= float(told["duration"][0][0]) <= 2.6
        if "two" in row["uri"]:
            assert "language" not in told
            continue
        assert told["title"] == (["Die Halle"], "tag")
        assert (told["date"][0], told["genre"][0]) == (["2024-02-01"], ["Documentary"])
        assert told["language"][0] == ["deu"] or told["language"][0] == ["ger"]
        assert told["summary"][0][0].startswith("Ein Gang")


def test_what_is_written_into_an_mp4_is_what_ffprobe_reads(videos: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(videos / "one.mp4", tmp_path / "a.mp4"))
    copy = Path(shutil.copy(path, tmp_path / "b.mp4"))
    decoded = sound(path)
    retag(copy, {"artist": ["Ä"], "album": ["B"], "disc": ["1/2"], "show": ["S"], "language": ["fr"]})
    assert sound(copy) == decoded
    assert tags.raw(files.opened(copy), "disc") == ["1/2"]
    told = {v.field: v.value for v in files.read_media(copy, MEDIA, "0" * 64).values}
    assert (told["artist"], told["album"], told["disc"], told["show"]) == (("Ä",), ("B",), ("1/2",), ("S",))
    assert told["language"] == ("fr",)
    kept, before = difference(path, copy), files.sha256_of(path)
    restore(copy, kept, before)
    assert copy.read_bytes() == path.read_bytes()


def sound(path: Path) -> str:
    """The hash of what a player would play."""
    words = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:a", "-f", "md5", "-"]
    return subprocess.run(words, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout


def frames(*, version: int) -> ID3:
    """What other programs put into a tag."""
    held = ID3()
    many: list[Any] = [
        TIT2(Encoding.UTF16, ["T"]), TPE1(Encoding.UTF16, ["A", "B"]), TSOP(Encoding.UTF16, ["B, A"]),
        TXXX(Encoding.UTF16, "own", ["bär", "x"]), APIC(0, "image/png", 3, "front", b"x" * 5000),
        USLT(Encoding.UTF16, "eng", "", "la\nla"), USLT(Encoding.UTF16, "deu", "", "lä"),
        COMM(Encoding.UTF16, "eng", "", ["c"]), PRIV("own", b"\0\1"), POPM("me@x", 200, 3), UFID("http://x", b"id"),
        CHAP("c1", 0, 1000, 0xFFFFFFFF, 0xFFFFFFFF, [TIT2(Encoding.UTF16, ["chapter"])]),
    ]  # fmt: skip
    for frame in many:
        held.add(frame)
    assert version in (3, 4)
    return held


@pytest.mark.parametrize("version", [3, 4])
def test_covers_lyrics_and_all_other_frames_stay(tmp_path: Path, version: int) -> None:
    path = Path(shutil.copy(sample("mp3"), tmp_path / "a.mp3"))
    mutagen.File(path).delete()
    frames(version=version).save(path, v2_version=version, v23_sep=None, v1=2)
    with path.open("r+b") as stream:
        # ID3v1 has no encoding: here that of another country.
        stream.seek(-125, 2)
        stream.write("Привет".encode("cp1251").ljust(30, b"\0"))
    before, end = held(path), path.read_bytes()[-128:]
    retag(path, {"genre": ["Jazz", "Blues"], "date": ["2020-05-01"], "publisher": ["P"]})
    after = held(path)
    assert {name: after[name] for name in before} == before
    added = {"TCON", "TPUB", *(("TYER", "TDAT") if version == 3 else ("TDRC",))}
    assert set(after) - set(before) == added
    assert path.read_bytes()[-128:] == end
    audio = mutagen.File(path)
    assert audio.tags.version[:2] == (2, version)
    assert (tags.raw(audio, "genre"), tags.raw(audio, "date")) == (["Jazz", "Blues"], ["2020-05-01"])
    retag(path, dict.fromkeys(["genre", "date", "publisher"]))
    assert held(path) == before


def held(path: Path) -> dict[str, str]:
    """The frames as they are in the file."""
    return {name: repr(frame) for name, frame in ID3(path, translate=False, load_v1=False).items()}


def test_tags_at_the_end_of_an_mp3_count_and_stay(tmp_path: Path) -> None:
    path = Path(shutil.copy(sample("mp3"), tmp_path / "a.mp3"))
    mutagen.File(path).delete()
    ape = APEv2()
    ape["Title"], ape["Genre"] = "By hand", ["Jazz", "Blues"]
    ape.save(path)
    rest = path.read_bytes()[after_id3(path) :]
    told = {v.field: (v.value, v.source) for v in tags.read_tags(files.opened(path), MEDIA)}
    assert told == {"title": (("By hand",), "tag title"), "genre": (("Jazz", "Blues"), "tag genre")}
    retag(path, {"album": ["A"]})
    assert path.read_bytes()[after_id3(path) :] == rest
    assert tags.raw(files.opened(path), "genre") == ["Jazz", "Blues"]


def test_pictures_of_flac_stay(tmp_path: Path) -> None:
    path = Path(shutil.copy(sample("flac"), tmp_path / "a.flac"))
    audio = FLAC(path)
    picture = Picture()
    picture.data, picture.type, picture.mime = b"q" * 9000, 3, "image/png"
    audio.add_picture(picture)
    audio["artist"], audio["lyrics"] = ["A", "B"], "la\nla"
    audio.save()
    retag(path, {"publisher": ["x" * 20_000]})
    again = FLAC(path)
    assert [one.write() for one in again.pictures] == [picture.write()]
    assert (again["artist"], again["lyrics"], again["publisher"]) == (["A", "B"], ["la\nla"], ["x" * 20_000])


@pytest.mark.parametrize("form", ["opus", "ogg", "flac", "m4a", "mp3"])
def test_damaged_files_are_told_and_never_stop_the_rest(tmp_path: Path, form: str) -> None:
    whole = sample(form).read_bytes()
    path = tmp_path / f"a.{form}"
    for at in range(0, min(len(whole), 600), 13):
        path.write_bytes(whole[:at] + b"\xff\x00\xff" + whole[at + 3 : -at or None])
        with suppress(InputError):
            assert files.read_media(path, MEDIA, "0" * 64).uri == str(path)
