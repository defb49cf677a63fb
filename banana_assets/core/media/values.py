"""Values as they are read: what a tag, a column or an entry of a feed says, in the form that its field asks for.

What is surely meant is brought into the one form (ISO 8601, seconds, single words); what is not stays as it was
written, to be judged by ``core.media.validity``. Nothing is ever made up.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from banana_assets.core.media.schema import Field

LONGEST = 20_000
"""Characters of one value that are kept."""

MOST_WORDS = 200
_PARTS = re.compile(r"[;|,\n\0]+")
_SPACES = re.compile(r"[ \t]+")
_CLOCK = re.compile(r"(?:(\d{1,3}):)?([0-5]?\d):([0-5]\d(?:[.,]\d+)?)")
_LONG_CLOCK = re.compile(r"(\d{1,4}):([0-5]\d)")
_ISO_SPAN = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_WORDY = re.compile(
    r"(?:(\d+(?:\.\d+)?) ?h(?:ours?|rs?)?\.?)? ?(?:(\d+(?:\.\d+)?) ?m(?:in(?:utes?|s)?)?\.?)? ?"
    r"(?:(\d+(?:\.\d+)?) ?s(?:ec(?:onds?|s)?)?\.?)?",
    re.IGNORECASE,
)
_MILLISECONDS = re.compile(r"(\d+(?:\.\d+)?) ?(?:ms|msec|milliseconds?)", re.IGNORECASE)
_COMPACT = re.compile(r"((?:18|19|20)\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
_SLASHED = re.compile(r"((?:18|19|20)\d{2})[/.](\d{1,2})[/.](\d{1,2})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)? ([A-Za-z]{3,9})\.?,? ((?:18|19|20)\d{2})")
_MONTH_DAY = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? ((?:18|19|20)\d{2})")


@dataclass(frozen=True)
class Value:
    """A value of an item, where it comes from (``vocabulary.VALUE_ORIGINS``) and, in words, where exactly."""

    field: str
    value: tuple[str, ...]
    origin: str
    source: str
    confidence: float | None = None

    def told(self) -> dict[str, Any]:
        """As it is kept."""
        return vars(self) | {"value": list(self.value)}


def value_of(field: Field, raw: Any, origin: str, source: str) -> Value | None:
    """The value that ``raw`` (a text, a number, a moment or a list of them) is for the field; None where it is none."""
    texts = tuple(dict.fromkeys(t for one in _each(raw) for t in _read(field, one) if t))
    if not texts:
        return None
    kept = texts[:MOST_WORDS] if field.multiple else ("; ".join(texts)[:LONGEST],)
    return Value(field.name, tuple(t[:LONGEST] for t in kept), origin, source[:200])


def _each(raw: Any) -> Iterable[Any]:
    if raw is None or isinstance(raw, bool | bytes | Mapping):
        return ()
    return raw if isinstance(raw, list | tuple | set) else (raw,)


def _read(field: Field, raw: Any) -> Iterable[str]:
    if raw is None or isinstance(raw, bool | bytes | Mapping):
        return ()
    if isinstance(raw, float) and not math.isfinite(raw):
        return ()
    if field.kind == "duration":
        return (seconds_of(raw),)
    if field.kind == "date":
        return (date_of(raw),)
    text = f"{raw:g}" if isinstance(raw, float) else str(raw)
    if field.multiple:
        return (_SPACES.sub(" ", part.strip()) for part in _PARTS.split(text))
    if field.kind == "number":
        return (text.strip().removesuffix(".0"),)
    text = "\n".join(_SPACES.sub(" ", line).strip() for line in text.replace("\r\n", "\n").split("\n"))
    return (text.strip("\n\0 "),)


def seconds_of(raw: Any) -> str:
    """A duration in seconds: numbers as they are, ``1:02:03``, ``3:20``, ``PT3M20S``, ``3 min 20 s``, ``200000 ms``.

    What is none of these comes back as it is.
    """
    if isinstance(raw, int | float):
        return _figure(float(raw))
    text = str(raw).strip()
    if re.fullmatch(r"\d+(?:\.\d+)?", text):
        return _figure(float(text))
    if found := _CLOCK.fullmatch(text) or _LONG_CLOCK.fullmatch(text):
        parts = [float(p.replace(",", ".")) if p else 0.0 for p in found.groups()]
        return _figure(sum(p * 60**n for n, p in enumerate(reversed(parts))))
    if found := _MILLISECONDS.fullmatch(text):
        return _figure(float(found[1]) / 1000)
    if len(text) > 1 and (found := _ISO_SPAN.fullmatch(text)) and any(found.groups()):
        days, hours, minutes, seconds = (float(p or 0) for p in found.groups())
        return _figure(days * 86_400 + hours * 3600 + minutes * 60 + seconds)
    if (found := _WORDY.fullmatch(text)) and any(found.groups()):
        hours, minutes, seconds = (float(p or 0) for p in found.groups())
        return _figure(hours * 3600 + minutes * 60 + seconds)
    return text


def _figure(seconds: float) -> str:
    return f"{round(seconds, 3):.3f}".rstrip("0").rstrip(".")


def date_of(raw: Any) -> str:
    """A date in ISO 8601: moments, ISO itself, RFC 2822 (feeds), ``20260131``, ``2026/1/31``, ``31 January 2026``.

    Where the order of day and month is not told (``3/4/2026``), and for what is no date, the text stays as it is.
    """
    if isinstance(raw, datetime):
        return (raw if raw.tzinfo is None else raw.astimezone(UTC)).date().isoformat()
    if isinstance(raw, date):
        return raw.isoformat()
    if isinstance(raw, int | float):
        return str(int(raw)) if raw == int(raw) else str(raw)
    text = str(raw).strip()
    if re.match(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}", text):
        try:
            return date_of(datetime.fromisoformat(text.replace("Z", "+00:00")))
        except ValueError:
            return text
    for pattern in (_COMPACT, _SLASHED):
        if found := pattern.fullmatch(text):
            return _day(int(found[1]), int(found[2]), int(found[3])) or text
    if found := _DAY_MONTH.fullmatch(text):
        return _day(int(found[3]), _month(found[2]), int(found[1])) or text
    if found := _MONTH_DAY.fullmatch(text):
        return _day(int(found[3]), _month(found[1]), int(found[2])) or text
    if re.match(r"(?:[A-Za-z]{3,9}, *)?\d{1,2} [A-Za-z]{3} \d{4} \d{2}:\d{2}", text):
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return text
        return date_of(moment)
    return text


def _month(word: str) -> int:
    low = word.lower()[:3]
    return _MONTHS.index(low) + 1 if low in _MONTHS else 0


def _day(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""
