"""What a failure is called, in one line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from banana_assets.core.text import cut

LONGEST = 200

_PLACE = re.compile(r"^line \d+: ")


def title_of(reason: str, cause_text: str) -> str:
    """The reason of a diagnosis without the line number of its log; the first line of the cause where it names none."""
    title = " ".join(_PLACE.sub("", reason).split())
    if title == " ".join(reason.split()):
        cause = next((" ".join(line.split()) for line in cause_text.split("\n") if line.strip()), "")
        title = cause or title
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
