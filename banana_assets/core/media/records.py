"""Rows of exports as items: which column is which field, what names the item, what sort it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from banana_assets.core.media.schema import Field, RecordSchema
from banana_assets.core.media.standard import KINDS, MEDIA
from banana_assets.core.media.values import Value, value_of

PLACES = ("uri", "path", "file_path", "filepath", "file", "filename", "url", "guid", "item_id", "id")
"""Columns that name an item, the best first."""

HASHES = ("content_sha256", "sha256", "file_hash", "hash")
AUDIO = frozenset(
    [
        ".mp3",
        ".flac",
        ".ogg",
        ".oga",
        ".opus",
        ".m4a",
        ".m4b",
        ".aac",
        ".wav",
        ".wma",
        ".aif",
        ".aiff",
        ".ape",
        ".wv",
        ".mpc",
        ".spx",
        ".alac",
    ]
)
VIDEO = frozenset(
    [".mp4", ".m4v", ".mkv", ".webm", ".avi", ".mov", ".wmv", ".flv", ".mpg", ".mpeg", ".ts", ".ogv", ".3gp"]
)
DEEPEST = 4
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORDS = {"podcast": "podcast", "audiobook": "audiobook", "movie": "video", "film": "video", "tv": "video"}


@dataclass(frozen=True)
class Read:
    """An item as a source tells it."""

    uri: str
    kind: str
    values: tuple[Value, ...]
    content_sha256: str | None = None
    bytes: int | None = None


def item_of(row: Mapping[str, Any], schema: RecordSchema, *, at: str, fallback: str) -> Read:
    """The item in a row of an export, nested or flat; ``at`` says where the row is, ``fallback`` names an item that the
    row does not name."""
    flat = dict(_flattened(row))
    by_last: dict[str, tuple[str, Any]] = {}
    for path, raw in flat.items():
        by_last.setdefault(path.rpartition(".")[2], (path, raw))
    values = []
    for field in schema.fields:
        for name in _spellings(field):
            path, raw = by_last.get(name, ("", None))
            if name.endswith("_ms") and isinstance(raw, int | float):
                raw = raw / 1000
            if found := value_of(field, raw, "record", f"{path} of {at}"):
                values.append(found)
                break
    place = next((str(flat[p]) for p in PLACES if flat.get(p) not in (None, "")), "") or _known_by(schema, values)
    place = place or fallback
    told = next((str(flat[h]).lower() for h in HASHES if _sha256(flat.get(h))), None)
    size = next((int(flat[n]) for n in ("bytes", "size", "file_size") if _whole(flat.get(n))), None)
    return Read(place, kind_of(schema, tuple(values), place), tuple(values), told, size)


def _known_by(schema: RecordSchema, values: Sequence[Value]) -> str:
    """The identifier that a record says, with the name of its field; empty where it says none."""
    names = [field.name for field in schema.fields if field.kind == "identifier"]
    return next((f"{v.field}:{v.value[0]}" for name in names for v in values if v.field == name), "")


def kind_of(schema: RecordSchema, values: tuple[Value, ...], place: str, default: str = "") -> str:
    """What sort of item it is: as it says itself, for media also by its place, genre and fields."""
    told = {v.field: v for v in values}
    own = told[schema.kind_field].value[0].strip().lower() if schema.kind_field in told else ""
    if schema.name != MEDIA.name:
        return own
    if own in KINDS:
        return own
    said = [own, *(word.lower() for word in told["genre"].value)] if "genre" in told else [own]
    for word, kind in _WORDS.items():
        if any(word in text for text in said):
            return kind
    ending = PurePath(place.partition("?")[0]).suffix.lower()
    if ending == ".m4b":
        return "audiobook"
    if ending in VIDEO:
        return "video"
    if default:
        return default
    if "show" in told:
        return "podcast"
    if ending in AUDIO or "album" in told or "track" in told:
        return "music"
    return "other"


def _spellings(field: Field) -> Iterator[str]:
    for name in (field.name, *field.aliases):
        yield name
        if field.kind == "duration":
            yield f"{name}_ms"


def _flattened(row: Mapping[str, Any], above: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every value with the path of its keys, the shallow ones first."""
    inner = []
    for key, raw in row.items():
        name = above + _CAMEL.sub("_", str(key).strip()).lower().replace(" ", "_").replace("-", "_").replace(":", "_")
        if isinstance(raw, Mapping):
            inner.append((name, raw))
        else:
            yield name, raw
    if depth < DEEPEST:
        for name, raw in inner:
            yield from _flattened(raw, f"{name}.", depth + 1)


def _sha256(raw: Any) -> bool:
    return isinstance(raw, str) and re.fullmatch(r"[0-9a-fA-F]{64}", raw) is not None


def _whole(raw: Any) -> bool:
    return isinstance(raw, int) and not isinstance(raw, bool) and raw >= 0
