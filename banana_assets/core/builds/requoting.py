"""A pack compared with the log that it quotes, and written again without secrets."""

from __future__ import annotations

import re

from banana_assets.core.builds.pack import LINE_CHARACTERS, shortened
from banana_assets.core.plans.quotes import Log

_ROW = re.compile(r"(?P<number>\d+): (?P<text>.*?)(?P<more> \[and \d+ more lines like this\])?", re.DOTALL)


def requoted(pack: str, log: Log) -> str | None:
    """The pack with each of its numbered lines as the log says it, secrets masked; None where the log says another."""
    rows = pack.split("\n")
    quoted = {at: m for at, row in enumerate(rows) if (m := _ROW.fullmatch(row))}
    for first, last in _runs([int(m["number"]) for m in quoted.values()]):
        shown = log.quote(first, last)
        if shown is None:
            return None
        masked = dict(enumerate(shown.split("\n"), first))
        for at, match in quoted.items():
            number = int(match["number"])
            if not first <= number <= last:
                continue
            width = _width(match["text"], log.texts[number - 1], masked[number])
            if width is None and at == len(rows) - 1 and _begun(match["text"], log.texts[number - 1], masked[number]):
                # The end of a pack that is full may stand in the middle of its last line: that line is left out.
                del rows[at]
                continue
            if width is None:
                return None
            rows[at] = f"{number}: {shortened(masked[number], width)}{match['more'] or ''}"
    return "\n".join(rows)


def _width(told: str, raw: str, masked: str) -> int | None:
    """How long the pack's lines may be; None where this one is not the log's, neither as it is nor masked."""
    for width in LINE_CHARACTERS:
        if told in (shortened(raw, width), shortened(masked, width)):
            return width
    return None


def _begun(told: str, *texts: str) -> bool:
    """Whether this is the beginning of a line of a pack, or of the count of those like it."""
    lines = [shortened(text, width) + " [and " for text in texts for width in LINE_CHARACTERS]
    return any(line.startswith(told.partition(" [and ")[0]) for line in lines)


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and number <= runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs
