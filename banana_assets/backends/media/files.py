"""Media files: their tags and length by mutagen, video and what mutagen does not know by ffprobe."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from banana_assets.backends.media.tags import DAMAGE, read_tags
from banana_assets.core.errors import InputError
from banana_assets.core.media.records import AUDIO, VIDEO, Read, kind_of
from banana_assets.core.media.schema import RecordSchema
from banana_assets.core.media.values import Value, value_of

PROBE_SECONDS = 20
CHUNK = 1 << 20
_DESCRIBED = "format_tags:format=duration:stream=codec_type,duration:stream_tags"


def is_media(path: Path) -> bool:
    """Whether its name is that of a media file."""
    return path.suffix.lower() in AUDIO or path.suffix.lower() in VIDEO


def sha256_of(path: Path) -> str:
    """The hash of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def read_media(path: Path, schema: RecordSchema, sha256: str) -> Read:
    """What a media file says of itself. Raises InputError when neither mutagen nor ffprobe knows it."""
    values = _by_mutagen(path, schema) if path.suffix.lower() in AUDIO else None
    if values is None:
        values = _by_ffprobe(path, schema)
    if values is None:
        why = "no audio that is known" if ffprobe() else "no audio that is known, and ffprobe is not installed"
        raise InputError(f"{path} is {why}.", "Install ffprobe (ffmpeg) for video, or check the file.")
    own = tuple(values)
    return Read(str(path), kind_of(schema, own, str(path)), own, sha256, path.stat().st_size)


def opened(path: Path) -> Any:
    """The file as mutagen sees it; None where it does not know it.

    Raises InputError for a damaged one.
    """
    import mutagen

    try:
        return mutagen.File(path)
    except (mutagen.MutagenError, *DAMAGE) as error:
        said = str(error) or type(error).__name__
        raise InputError(f"{path} cannot be read as audio: {said}.", "Check whether it plays.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Check its permissions.") from error


def _by_mutagen(path: Path, schema: RecordSchema) -> list[Value] | None:
    audio = opened(path)
    if audio is None:
        return None
    values = read_tags(audio, schema)
    length = getattr(audio.info, "length", 0) or 0
    return _with_length(values, schema, length if length > 0 else None, "length of the audio stream")


def _with_length(values: list[Value], schema: RecordSchema, seconds: Any, source: str) -> list[Value]:
    """What is measured goes before what is said."""
    field = schema.by_name.get("duration")
    measured = value_of(field, seconds, "stream", source) if field and seconds else None
    return [*(v for v in values if measured is None or v.field != "duration"), *([measured] if measured else [])]


@cache
def ffprobe() -> str:
    """Where ffprobe is; empty where it is not installed."""
    return shutil.which("ffprobe") or ""


def probed(path: Path) -> dict[str, Any] | None:
    """What ffprobe says of a file, within PROBE_SECONDS; None where it is not installed or says nothing."""
    program = ffprobe()
    if not program:
        return None
    command = [program, "-v", "error", "-of", "json", "-show_entries", _DESCRIBED, "-protocol_whitelist", "file"]
    process = subprocess.Popen(
        [*command, "-i", f"file:{path}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=PROBE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None
    if process.returncode or len(said) > CHUNK:
        return None
    try:
        told = json.loads(said)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _by_ffprobe(path: Path, schema: RecordSchema) -> list[Value] | None:
    told = probed(path)
    return None if told is None else values_of(told, schema)


def values_of(told: dict[str, Any], schema: RecordSchema) -> list[Value]:
    """The values in what ffprobe wrote as JSON (https://ffmpeg.org/ffprobe.html)."""
    form = told.get("format") or {}
    tags = {str(k).lower(): v for k, v in (form.get("tags") or {}).items()}
    streams = [s for s in told.get("streams") or [] if isinstance(s, dict)]
    for stream in streams:
        # Ogg keeps its tags with the stream.
        tags = {str(k).lower(): v for k, v in (stream.get("tags") or {}).items() if str(k).lower() != "language"} | tags
    spoken = [str((s.get("tags") or {}).get("language", "")) for s in streams if s.get("codec_type") == "audio"]
    if len({word for word in spoken if word and word != "und"}) == 1 and "language" not in tags:
        tags["language"] = next(word for word in spoken if word and word != "und")
    found = []
    for name, field in schema.by_name.items():
        for key in (name, *field.aliases, name.replace("_", "")):
            value = value_of(field, tags.get(key), "tag", f"tag {key}")
            if value is not None:
                found.append(value)
                break
    seconds = form.get("duration") or next((s["duration"] for s in streams if s.get("duration")), None)
    return _with_length(found, schema, seconds, "length, by ffprobe")
