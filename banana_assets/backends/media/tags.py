"""Tags of audio files, read and written by mutagen: which frame, comment or atom is which field.

ID3v2.4 (https://id3.org/id3v2.4.0-frames), Vorbis comments (https://www.xiph.org/vorbis/doc/v-comment.html, with the
names that taggers use), iTunes atoms of MP4. APEv2 (https://wiki.hydrogenaud.io/index.php?title=APEv2_specification),
also at the end of an MP3, and ASF are read and never written.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from banana_assets.core.errors import InputError
from banana_assets.core.media import languages
from banana_assets.core.media.items import is_placeholder
from banana_assets.core.media.schema import RecordSchema
from banana_assets.core.media.standard import MEDIA
from banana_assets.core.media.values import Value, value_of

ID3_FRAMES: Mapping[str, tuple[str, ...]] = {
    "title": ("TIT2",), "artist": ("TPE1",), "album": ("TALB",), "album_artist": ("TPE2",), "track": ("TRCK",),
    "disc": ("TPOS",), "genre": ("TCON",), "date": ("TDRC", "TDRL", "TDOR", "TYER"), "language": ("TLAN",),
    "publisher": ("TPUB",), "summary": ("TDES", "COMM"), "tags": ("TKWD",), "guid": ("TGID",), "url": ("WFED", "WOAF"),
    "show": ("TXXX:SHOW",), "season": ("TXXX:SEASON",), "episode": ("TXXX:EPISODE",),
}  # fmt: skip
VORBIS: Mapping[str, tuple[str, ...]] = {
    "title": ("title",), "artist": ("artist",), "album": ("album",), "album_artist": ("albumartist", "album artist"),
    "track": ("tracknumber",), "disc": ("discnumber",), "genre": ("genre",), "date": ("date", "year"),
    "language": ("language",), "publisher": ("publisher", "organization", "label"),
    "summary": ("description", "synopsis", "comment"), "tags": ("keywords", "tags"), "guid": ("podcastid", "guid"),
    "url": ("contact", "url"), "show": ("show", "podcast"), "season": ("season",), "episode": ("episode",),
}  # fmt: skip
MP4: Mapping[str, tuple[str, ...]] = {
    "title": ("\xa9nam",), "artist": ("\xa9ART",), "album": ("\xa9alb",), "album_artist": ("aART",), "track": ("trkn",),
    "disc": ("disk",), "genre": ("\xa9gen",), "date": ("\xa9day",), "publisher": ("\xa9pub",),
    "summary": ("ldes", "desc", "\xa9cmt"), "tags": ("keyw",), "guid": ("egid",), "url": ("purl",), "show": ("tvsh",),
    "season": ("tvsn",), "episode": ("tves",), "language": ("----:com.apple.iTunes:LANGUAGE",),
}  # fmt: skip
APE: Mapping[str, tuple[str, ...]] = {
    "title": ("title",), "artist": ("artist",), "album": ("album",), "album_artist": ("album artist", "albumartist"),
    "track": ("track",), "disc": ("disc",), "genre": ("genre",), "date": ("year", "date"), "language": ("language",),
    "publisher": ("publisher", "label"), "summary": ("description", "comment"), "tags": ("keywords",),
}  # fmt: skip
ASF: Mapping[str, tuple[str, ...]] = {
    "title": ("Title",), "artist": ("Author",), "album": ("WM/AlbumTitle",), "album_artist": ("WM/AlbumArtist",),
    "track": ("WM/TrackNumber",), "disc": ("WM/PartOfSet",), "genre": ("WM/Genre",), "date": ("WM/Year",),
    "language": ("WM/Language",), "publisher": ("WM/Publisher",), "summary": ("Description",),
}  # fmt: skip
DAMAGE = (LookupError, ValueError, ArithmeticError, TypeError, AttributeError, AssertionError, EOFError, struct.error)
"""What mutagen raises beside its own errors where a file is damaged (found by damaging files)."""

V23_DATES = ("TDRC", "TYER", "TDAT", "TIME")
_NUMBERED = ("trkn", "disk")
_WHOLE = ("tvsn", "tves")


@dataclass(frozen=True)
class Family:
    """A sort of tags: its name, its fields, and whether they are written."""

    name: str
    fields: Mapping[str, tuple[str, ...]]
    written: bool = True


_FAMILIES = {"id3": Family("id3", ID3_FRAMES), "vorbis": Family("vorbis", VORBIS), "mp4": Family("mp4", MP4)}
_FAMILIES |= {"ape": Family("ape", APE, written=False), "asf": Family("asf", ASF, written=False)}


def family(audio: Any) -> Family | None:
    """The sort of tags that the file has or may have; None for one that is not known."""
    from mutagen import asf, mp4
    from mutagen._vorbis import VComment
    from mutagen.apev2 import APEv2
    from mutagen.flac import FLAC
    from mutagen.id3 import ID3FileType
    from mutagen.ogg import OggFileType
    from mutagen.wave import WAVE

    if isinstance(audio, FLAC | OggFileType) or isinstance(audio.tags, VComment):
        return _FAMILIES["vorbis"]
    if isinstance(audio, ID3FileType | WAVE) or hasattr(audio.tags, "getall"):
        return _FAMILIES["id3"]
    if isinstance(audio, mp4.MP4):
        return _FAMILIES["mp4"]
    if isinstance(audio, asf.ASF):
        return _FAMILIES["asf"]
    return _FAMILIES["ape"] if isinstance(audio.tags, APEv2) else None


def _told(audio: Any) -> list[tuple[Family, Any]]:
    """The tags of a file with their sorts, those that go first first: an MP3 may have ID3 and APEv2."""
    from mutagen import MutagenError
    from mutagen.apev2 import APEv2
    from mutagen.id3 import ID3FileType

    kind = family(audio)
    told = [(kind, audio.tags)] if kind is not None and audio.tags is not None else []
    place = getattr(audio, "filename", None) if isinstance(audio, ID3FileType) else None
    if place:
        try:
            told.append((_FAMILIES["ape"], APEv2(place)))  # type: ignore[no-untyped-call]
        except (MutagenError, *DAMAGE):
            return told
    return told


def read_tags(audio: Any, schema: RecordSchema) -> list[Value]:
    """The values of the schema's fields that the tags of a file hold."""
    every = _told(audio)
    found = []
    for name, field in schema.by_name.items():
        keys = ((kind, held, key) for kind, held in every for key in kind.fields.get(name, ()))
        for kind, held, key in keys:
            value = value_of(field, _raw(kind, held, key, name), "tag", f"tag {_shown(key)}")
            if value is not None:
                found.append(value)
                break
    return found


def raw(audio: Any, field: str) -> list[str]:
    """What a field's tags say now, as text; empty where there is none of them."""
    for kind, held in _told(audio):
        texts = [text for key in kind.fields.get(field, ()) for text in _raw(kind, held, key, field) if text.strip()]
        if texts:
            return texts
    return []


def same(told: list[str], field: str, value: list[str]) -> bool:
    """Whether what a tag says is that value, in the spelling of the tag."""
    if field == "language":
        return [languages.plain(text) for text in told] == [languages.plain(text) for text in value]
    return told in (list(value), ["; ".join(value)])


def writable(audio: Any, field: str) -> bool:
    """Whether there is a tag to write that field into."""
    kind = family(audio)
    return kind is not None and kind.written and field in kind.fields


def put(audio: Any, field: str, value: list[str]) -> None:
    """Set the field's tag in the opened file; nothing is saved. Raises InputError for a placeholder."""
    if is_placeholder(value, name=field in MEDIA.names):
        raise InputError(f"{'; '.join(value)!r} only fills the place of a value.", f"Leave {field} without a tag.")
    put_back(audio, field, value)


def put_back(audio: Any, field: str, value: list[str]) -> None:
    """Set the field's tag to what stood there before, whatever that is; nothing is saved."""
    kind = family(audio)
    assert kind is not None
    if audio.tags is None:
        audio.add_tags()
    key = kind.fields[field][0]
    if kind.name == "vorbis":
        audio.tags[key] = list(value)
    elif kind.name == "mp4":
        audio.tags[key] = _atom(key, value)
    else:
        drop(audio, field)
        for frame in _of_version(_frame(key, field, value), audio.tags.version):
            audio.tags.add(frame)


def drop(audio: Any, field: str) -> None:
    """Take the tag away again that ``put`` sets."""
    kind = family(audio)
    if kind is None or audio.tags is None:
        return
    key = kind.fields[field][0]
    if kind.name == "id3":
        for frame in V23_DATES if field == "date" else (key,):
            audio.tags.delall(frame)
    elif key in audio.tags:
        del audio.tags[key]


def _shown(key: str) -> str:
    return key.replace("\xa9", "©")


def _raw(kind: Family, tags: Any, key: str, field: str) -> list[str]:
    if kind.name == "vorbis":
        return [str(text) for text in tags.get(key, [])]
    if kind.name == "mp4":
        return [_of_atom(part) for part in tags.get(key, [])]
    if kind.name in ("ape", "asf"):
        return [str(text) for text in tags.get(key, []) if isinstance(getattr(text, "value", text), str | int)]
    frames = tags.getall(key)
    if key == "COMM":
        # Players keep figures of their own in comments that have a description (iTunNORM and the like).
        frames = [frame for frame in frames if frame.desc.lower() in ("", "description", "comment")]
    if field == "genre":
        return [genre for frame in frames for genre in frame.genres]
    if key.startswith("W"):
        return [str(frame.url) for frame in frames]
    return [str(text) for frame in frames for text in getattr(frame, "text", [])]


def _of_atom(part: Any) -> str:
    if isinstance(part, tuple):
        return "/".join(str(n) for n in part[:2] if n) if part[0] else ""
    return part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part)


def _atom(key: str, value: list[str]) -> list[Any]:
    if key in _NUMBERED:
        first, _, of = value[0].partition("/")
        return [(int(first), int(of) if of.isdigit() else 0)]
    if key in _WHOLE:
        return [int(value[0])]
    if key.startswith("----"):
        return [text.encode() for text in value]
    return list(value)


def _frame(key: str, field: str, value: list[str]) -> Any:
    from mutagen import id3

    frames: Any = id3
    if key.startswith("TXXX:"):
        return frames.TXXX(encoding=3, desc=key.partition(":")[2], text=value)
    if field == "language":
        return frames.TLAN(encoding=3, text=[languages.three_letters(text) or text for text in value])
    if key.startswith("W"):
        return getattr(frames, key)(url=value[0])
    joined = ["; ".join(value)] if field == "tags" else value
    return getattr(frames, key)(encoding=3, text=joined)


def _of_version(frame: Any, version: tuple[int, ...]) -> list[Any]:
    """The frame as ID3 of that version has it: 2.3 and older keep day and year apart."""
    from mutagen import id3

    if frame.FrameID != "TDRC" or version[:2] >= (2, 4):
        return [frame]
    older: Any = id3.ID3()  # type: ignore[no-untyped-call]
    older.add(frame)
    older.update_to_v23()
    return list(older.values())
