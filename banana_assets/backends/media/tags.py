"""Tags of audio files, read and written by mutagen: which frame, comment or atom is which field.

ID3v2.4 (https://id3.org/id3v2.4.0-frames), Vorbis comments (https://www.xiph.org/vorbis/doc/v-comment.html, with the
names that taggers use), iTunes atoms of MP4.
"""

from __future__ import annotations

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
_NUMBERED = ("trkn", "disk")
_WHOLE = ("tvsn", "tves")


@dataclass(frozen=True)
class Family:
    """A sort of tags: its name and its fields."""

    name: str
    fields: Mapping[str, tuple[str, ...]]


_FAMILIES = {"id3": Family("id3", ID3_FRAMES), "vorbis": Family("vorbis", VORBIS), "mp4": Family("mp4", MP4)}


def family(audio: Any) -> Family | None:
    """The sort of tags that the file has or may have; None for one that is not known."""
    from mutagen import mp4
    from mutagen._vorbis import VComment
    from mutagen.flac import FLAC
    from mutagen.id3 import ID3FileType
    from mutagen.ogg import OggFileType
    from mutagen.wave import WAVE

    if isinstance(audio, FLAC | OggFileType) or isinstance(audio.tags, VComment):
        return _FAMILIES["vorbis"]
    if isinstance(audio, ID3FileType | WAVE) or hasattr(audio.tags, "getall"):
        return _FAMILIES["id3"]
    return _FAMILIES["mp4"] if isinstance(audio, mp4.MP4) else None


def read_tags(audio: Any, schema: RecordSchema) -> list[Value]:
    """The values of the schema's fields that the tags of a file hold."""
    kind = family(audio)
    if kind is None or audio.tags is None:
        return []
    found = []
    for name, field in schema.by_name.items():
        for key in kind.fields.get(name, ()):
            value = value_of(field, _raw(kind, audio.tags, key, name), "tag", f"tag {_shown(key)}")
            if value is not None:
                found.append(value)
                break
    return found


def raw(audio: Any, field: str) -> list[str]:
    """What a field's tags say now, as text; empty where there is none of them."""
    kind = family(audio)
    if kind is None or audio.tags is None:
        return []
    keys = kind.fields.get(field, ())
    return [text for key in keys for text in _raw(kind, audio.tags, key, field) if text.strip()]


def same(told: list[str], field: str, value: list[str]) -> bool:
    """Whether what a tag says is that value, in the spelling of the tag."""
    if field == "language":
        return [languages.plain(text) for text in told] == [languages.plain(text) for text in value]
    return told in (list(value), ["; ".join(value)])


def writable(audio: Any, field: str) -> bool:
    """Whether there is a tag to write that field into."""
    kind = family(audio)
    return kind is not None and field in kind.fields


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
        audio.tags.setall(key, [_frame(key, field, value)])


def drop(audio: Any, field: str) -> None:
    """Take the tag away again that ``put`` sets."""
    kind = family(audio)
    if kind is None or audio.tags is None:
        return
    key = kind.fields[field][0]
    if kind.name == "id3":
        audio.tags.delall(key)
    elif key in audio.tags:
        del audio.tags[key]


def _shown(key: str) -> str:
    return key.replace("\xa9", "©")


def _raw(kind: Family, tags: Any, key: str, field: str) -> list[str]:
    if kind.name == "vorbis":
        return [str(text) for text in tags.get(key, [])]
    if kind.name == "mp4":
        return [_of_atom(part) for part in tags.get(key, [])]
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
        return str(part[0]) if part[0] else ""
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
