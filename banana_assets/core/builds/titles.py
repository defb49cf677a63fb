"""What a failure is called, in one line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from banana_assets.core.text import cut

LONGEST = 200

_WORDS = re.compile(r"[A-Za-z]{2,}\W+[A-Za-z]{2,}|\b[A-Z]\w+(?:Error|Exception)\b")
_TROUBLE = re.compile(
    r"(?i)\b(?:errors?|fail(?:ed|s|ures?)?|exception|fatal|could not|cannot|can't|unable|not found|missing|invalid"
    r"|refused|denied|unexpected)\b"
)
_PLACE = re.compile(r"^line \d+: ")


def title_of(reason: str, cause_text: str) -> str:
    """The reason of a diagnosis without the line number of its log. Where it names none, the first line of the cause
    that speaks of trouble, or the last one that says anything."""
    title = " ".join(_PLACE.sub("", reason).split())
    if title == " ".join(reason.split()):
        lines = [" ".join(line.split()) for line in cause_text.split("\n") if _WORDS.search(line)]
        title = next((line for line in lines if _TROUBLE.search(line)), lines[-1] if lines else title)
    return cut(title, LONGEST)


def telling(
    causes: Sequence[tuple[int, int]], texts: Sequence[str], title: str, most: int
) -> list[tuple[int, int, int | None]]:
    """Which lines of each cause to quote, ``most`` at most: the first, the last, and the one that the title is made of
    (None where it is in none of them), around which they lie.

    ``texts`` are the lines of all causes, one after another, as they stand.
    """
    # The whole, or the longest part that the log has: who says it, and of which test, the log tells elsewhere.
    parts = sorted({title, *title.split(": ")}, key=lambda part: (-len(part), part))
    sought = [part.strip()[:60] for part in parts if len(part.strip()) > 3]
    found, start = [], 0
    for first, last in causes:
        mine = texts[start : start + last - first + 1]
        start += len(mine)
        at = next((n for part in sought for n, text in enumerate(mine) if part in text), None)
        begin = max(0, min((at or 0) - most * 2 // 3, len(mine) - most))
        found.append((first + begin, min(last, first + begin + most - 1), None if at is None else first + at))
    return found
