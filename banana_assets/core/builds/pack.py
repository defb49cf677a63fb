"""The evidence pack: the numbered lines that explain a failure, within a token budget."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from banana_assets.core.builds.cleaning import CleanLog
from banana_assets.core.builds.fingerprint import masked

CHARACTERS_A_TOKEN = 4
LINE_CHARACTERS = (600, 300, 200, 140)
"""Lines are cut at the first of these that lets the explaining lines into the pack, at the last otherwise."""
GAP = "..."
ALIKE = 2
"""So many lines of one shape are shown before the rest is counted."""
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`|“[^”]*”|‘[^’]*’")


@dataclass(frozen=True, slots=True)
class Pack:
    """The text, the ranges of lines in it (1-based, inclusive) and its size in tokens (characters / 4)."""

    text: str
    evidence: tuple[tuple[int, int], ...]
    tokens: int


def line_width(log: CleanLog, cause: Sequence[tuple[int, int]], budget: int) -> tuple[int, bool]:
    """How long a line of the pack may be so that the whole cause fits in four fifths of it, and whether it does."""
    lengths = [len(text) for first, last in cause for i in range(first, last + 1) if (text := log.texts[i].strip())]
    room = budget * CHARACTERS_A_TOKEN * 0.8
    for width in LINE_CHARACTERS:
        if sum(min(length, width) + 9 for length in lengths) < room:
            return width, True
    return LINE_CHARACTERS[1], False


def build_pack(
    log: CleanLog,
    wanted: Iterable[tuple[float, int, int]],
    *,
    budget: int,
    width: int = LINE_CHARACTERS[0],
    whole: Sequence[tuple[int, int]] = (),
    notes: Sequence[str] = (),
    redact: Callable[[str], str] = str,
) -> Pack:
    """Lines of the ``wanted`` ranges until ``budget`` tokens are full.

    A range is (share, first, last), 0-based and inclusive, the most telling first; it is taken as long as no more than
    that share (0..1) of the pack is full. ``notes`` go first. Every line that enters the pack passes through
    ``redact`` and is cut at ``width`` characters. Where lines are left out stands ``...``. A line that repeats one
    already taken, but for numbers, names in quotes and times, is counted there instead of shown, outside ``whole``.
    """
    room = budget * CHARACTERS_A_TOKEN - sum(len(note) + 1 for note in notes)
    must = {i for first, last in whole for i in range(first, last + 1)}
    taken: dict[int, str] = {}
    shapes: dict[str, list[int]] = {}
    folded: dict[int, int] = {}
    counted: set[int] = set()
    used = 0
    for share, first, last in wanted:
        for i in range(max(0, first), min(last, len(log) - 1) + 1):
            if i in taken or i in counted or not log.texts[i].strip():
                continue
            text = shortened(redact(log.texts[i]), width)
            cost = len(text) + len(str(i + 1)) + 3 + (0 if i - 1 in taken or i + 1 in taken else len(GAP) + 1)
            if used + cost > room * share:
                continue
            shape = "" if i in must else _QUOTED.sub("<q>", masked(text[:200]))
            alike = shapes.setdefault(shape, []) if shape else []
            if len(alike) >= ALIKE and (not text[:1].isspace() or not whole):
                counted.add(i)
                folded[alike[-1]] = folded.get(alike[-1], 0) + 1
                continue
            alike.append(i)
            taken[i] = text
            used += cost
    return _written(taken, folded, notes, budget)


def shortened(text: str, width: int) -> str:
    """A line as a pack shows it: its middle left out where it is longer."""
    text = text.replace("\t", " ")
    return text if len(text) <= width else text[: width - width // 6] + " … " + text[-width // 10 :]


def _written(taken: dict[int, str], folded: dict[int, int], notes: Sequence[str], budget: int) -> Pack:
    lines, ranges, previous = list(notes), list[tuple[int, int]](), -2
    for i in sorted(taken):
        if i != previous + 1:
            if previous >= 0:
                lines.append(GAP)
            ranges.append((i + 1, i + 1))
        else:
            ranges[-1] = (ranges[-1][0], i + 1)
        more = f" [and {folded[i]} more lines like this]" if i in folded else ""
        lines.append(f"{i + 1}: {taken[i]}{more}")
        previous = i
    text = "\n".join(lines)
    limit = budget * CHARACTERS_A_TOKEN
    text = text if len(text) <= limit else text[:limit]
    return Pack(text, tuple(ranges), -(-len(text) // CHARACTERS_A_TOKEN))
