"""The evidence pack: the numbered lines that explain a failure, within a token budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from banana_assets.core.builds.cleaning import CleanLog
from banana_assets.core.builds.fingerprint import masked

CHARACTERS_A_TOKEN = 4
LINE_CHARACTERS = (600, 300, 200, 140)
"""Lines are cut at the first of these that lets the explaining lines into the pack, at the last otherwise."""
GAP = "..."


@dataclass(frozen=True, slots=True)
class Pack:
    """The text, the ranges of lines in it (1-based, inclusive) and its size in tokens (characters / 4)."""

    text: str
    evidence: tuple[tuple[int, int], ...]
    tokens: int


def build_pack(
    log: CleanLog,
    wanted: Iterable[tuple[int, int]],
    *,
    cause: Sequence[tuple[int, int]] = (),
    budget: int,
    notes: Sequence[str] = (),
    redact: Callable[[str], str] = str,
) -> Pack:
    """Lines of the ``wanted`` ranges (0-based, inclusive, the most telling first) until ``budget`` tokens are full.

    ``cause`` names the ranges that decide how long a line may be. ``notes`` go first. Every line that enters the pack passes through ``redact``. Where lines are left out stands
    ``...``; lines that repeat one already taken, but for numbers and times, are counted instead of shown once the
    pack is half full.
    """
    room = budget * CHARACTERS_A_TOKEN - sum(len(note) + 1 for note in notes)
    must = {i for first, last in cause for i in range(first, last + 1)}
    width = LINE_CHARACTERS[-1]
    fits = False
    for wide in LINE_CHARACTERS:
        if sum(min(len(log.texts[i]), wide) + 8 for i in must if log.texts[i].strip()) < room * 0.8:
            width, fits = wide, True
            break
    taken: dict[int, str] = {}
    shapes: dict[str, int] = {}
    folded: dict[int, int] = {}
    used = 0
    for first, last in wanted:
        for i in range(max(0, first), min(last, len(log) - 1) + 1):
            if i in taken or not log.texts[i].strip():
                continue
            text = _cut(redact(log.texts[i]), width)
            cost = len(text) + len(str(i + 1)) + 2 + (0 if i - 1 in taken or i + 1 in taken else len(GAP) + 1)
            folds = used * 2 > room and not (fits and i in must)
            shape = masked(text[:200]) if folds else ""
            if shape and shape in shapes and not log.texts[i][:1].isspace():
                folded[shapes[shape]] = folded.get(shapes[shape], 0) + 1
                continue
            if used + cost > room:
                continue
            taken[i] = text
            shapes.setdefault(masked(text[:200]), i)
            used += cost
    return _written(taken, folded, notes, budget)


def _cut(text: str, width: int) -> str:
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
