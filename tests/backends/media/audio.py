"""Audio files for tests: copies of the bundled sample, and tones that the standard library writes."""

from __future__ import annotations

import math
import shutil
import struct
import wave
from pathlib import Path

SAMPLE = Path(__file__).resolve().parents[3] / "banana_assets" / "samples" / "media"
FORMS = ("mp3", "opus", "ogg", "m4a", "flac", "wav")


def sample(form: str) -> Path:
    """A file of the sample in that form."""
    return sorted((SAMPLE / "music").rglob(f"*.{form}"))[0]


def library(folder: Path) -> Path:
    """The music of the sample, to be written to."""
    shutil.copytree(SAMPLE / "music", folder)
    return folder


def tone(path: Path, seconds: float = 0.05) -> Path:
    """A WAV file without tags."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        samples = (int(9000 * math.sin(k / 3)) for k in range(int(8000 * seconds)))
        out.writeframes(b"".join(struct.pack("<h", s) for s in samples))
    return path
