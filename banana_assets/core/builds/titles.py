"""What a failure is called, in one line."""

from __future__ import annotations

import re

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
