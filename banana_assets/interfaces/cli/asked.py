"""What people write on a command line, and what stands for it: moments, days, who is asking."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from banana_assets.core.errors import InputError
from banana_assets.core.text import shortlist

LONGEST_NAME = 60
"""Longer names, as steps that are called by their command have, help nobody who mistyped one."""


class Severity(StrEnum):
    """The least severity that is told."""

    low = "low"
    medium = "medium"
    high = "high"
    critical = "critical"


_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(told: str, latest: datetime | None) -> datetime:
    """The time that a day, a time or a duration before the latest event means.

    Raises InputError for anything else.
    """
    if match := re.fullmatch(r"(\d{1,6})([mhdw])", told.strip()):
        span = timedelta(**{_UNITS[match[2]]: int(match[1])})
        start = datetime(1, 1, 2, tzinfo=UTC)
        return latest - span if latest is not None and latest - start > span else start
    try:
        at = datetime.fromisoformat(told.strip())
    except ValueError as error:
        raise InputError(
            f"{told!r} is no day and no duration.", "Write 2026-03-01, 2026-03-01T08:00, 90m, 24h, 7d or 2w."
        ) from error
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def phrases(told: Sequence[str], option: str) -> tuple[str, ...]:
    """The phrases of an option that may be given several times: each as it is, those of a JSON array (``["a", "b"]``),
    or those of a file (``@FILE``): an array too, or a phrase a line.

    Raises InputError for a file that cannot be read, other JSON, and a phrase without words.
    """
    found: list[str] = []
    for text in told:
        if text.startswith("@"):
            written = _file(text[1:], option)
            found += _array(written, option) if written[:1] in ("[", "{") else filter(None, written.splitlines())
        else:
            found += _array(text, option) if text.lstrip()[:1] in ("[", "{") else [text]
    if any(not text.strip() for text in found):
        raise InputError(f"A phrase of {option} is empty.", f"Say it in words: {option} 'no downtime'.")
    return tuple(text.strip() for text in found)


def _file(name: str, option: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise InputError(
            f"{name}, named by {option}, cannot be read: {why}.", "Name a file with a phrase a line."
        ) from error


def _array(text: str, option: str) -> list[str]:
    import json

    remedy = f"""Write {option} '["no downtime", "at most 5 steps"]', or the words alone."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InputError(f"{option} begins like JSON, and is none: {error}.", remedy) from error
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise InputError(f"{option} takes an array of texts where it is JSON.", remedy)
    return found


def day(told: str) -> date:
    """The day that is written so. Raises InputError for anything else."""
    try:
        return date.fromisoformat(told.strip())
    except ValueError as error:
        raise InputError(f"{told!r} is no day.", "Write it as 2026-03-01.") from error


def nearest(told: str, names: Sequence[str], most: int = 8) -> str:
    """The names most like what was told, at most so many, and how many others there are; commands are not named."""
    from difflib import SequenceMatcher

    sensible = sorted({n for n in names if n.strip() and len(n) <= LONGEST_NAME and "&&" not in n and "\n" not in n})
    low = told.lower()
    alike = {n: SequenceMatcher(None, low, n.lower()).ratio() + (low in n.lower()) for n in sensible}
    return shortlist(sorted(sensible, key=lambda n: (-alike[n], n)), most)


def user() -> str:
    """Who runs this."""
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):
        # A container may run a user id that has no name.
        return "unknown"
