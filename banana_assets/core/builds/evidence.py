"""Which lines the pack is made of, the most telling first, and what it says at its head."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from banana_assets.core.builds.cleaning import CleanLog
from banana_assets.core.builds.pack import Pack, build_pack, line_width
from banana_assets.core.builds.ranking import Ranked, Region
from banana_assets.core.builds.tools.table import GUESS, MESSAGE, SUMMARY

OF_A_TOOL = 4
"""Messages of every tool that go into the pack before more of any."""
FARTHEST = 5_000
"""Lines above the cause among which the command that failed is looked for."""

_PASSED = re.compile(r"\bPASS(?:ED)?\b|^ *(?:ok \d+ |[✓✔√] |\[ +OK +\])|^test \S.* \.\.\. ok$")
_SHELL = re.compile(r"\++ [\w./~-]+(?: |$)|(?:##\[command\]|\$ )\S")


def evidence(
    log: CleanLog,
    spans: Sequence[tuple[int, int]],
    picked: Sequence[Ranked],
    rows: Sequence[Ranked],
    where: Sequence[Region],
    ends: Sequence[int],
    *,
    saying: Sequence[int] = (),
    budget: int,
    notes: Sequence[str],
    redact: Callable[[str], str],
) -> Pack:
    """The pack of a failure whose cause is ``spans`` (0-based ranges), within ``budget`` tokens; never empty.

    The lines ``saying`` the reason go before any other.
    """
    width, fits = line_width(log, spans, budget)
    wanted = chain(_saying(saying, fits), _wanted(log, spans, picked, rows, where, ends, fits))
    pack = build_pack(log, wanted, width=width, whole=spans if fits else (), budget=budget, notes=notes, redact=redact)
    return pack if pack.evidence else _whole_tail(log, budget, notes, redact)


def _saying(lines: Sequence[int], fits: bool) -> Iterator[tuple[float, int, int]]:
    """The error itself, whatever the budget; with the lines around where the whole of its cause has no place."""
    for line in lines[:1]:
        yield 1.0, line, line
        if not fits:
            yield 0.5, line - 2, line + 2


def _wanted(
    log: CleanLog,
    spans: Sequence[tuple[int, int]],
    picked: Sequence[Ranked],
    rows: Sequence[Ranked],
    where: Sequence[Region],
    ends: Sequence[int],
    fits: bool,
) -> Iterable[tuple[float, int, int]]:
    """Ranges (0-based) for the pack, the most telling first, each with the share of the pack up to which it may go."""
    for line in ends[:6]:
        yield 1.0, line, line
    summaries = [r.finding.anchor for r in rows if SUMMARY - 4 <= r.finding.weight < GUESS and r.score >= SUMMARY]
    kinds: dict[str, list[int]] = {}
    for line in summaries:
        kinds.setdefault(log.texts[line].lstrip(" =[").split(" ", 1)[0], []).append(line)
    for line in [*summaries[-3:], *(line for lines in kinds.values() for line in lines[:2])][:12]:
        yield 1.0, line, line
    if fits:
        for first, last in spans:
            yield 0.82, first, last
    else:
        # Something of every failure before the whole of any, so that one long trace does not push out the others.
        for row in picked:
            yield 0.3, row.finding.anchor, row.finding.anchor
        for row in picked:
            yield 0.5, max(row.finding.first, row.finding.last - 3), row.finding.last
        for row in picked:
            yield 0.7, row.finding.first, min(row.finding.last, row.finding.first + 12)
    others = sorted((r for r in rows if r.finding.weight >= GUESS), key=lambda r: -r.score)
    # Another tool speaks of another failure, or says which check the messages belong to.
    of_tool = Counter[str]()
    for row in others:
        of_tool[row.finding.rule.tool] += 1
        if row.finding.weight >= MESSAGE and of_tool[row.finding.rule.tool] <= OF_A_TOOL:
            yield 0.85, row.finding.anchor, row.finding.anchor
    for row in others[:30]:
        yield 0.85, row.finding.anchor, row.finding.anchor
    for line in summaries[:8]:
        yield 0.9, line, line
    for first, last in spans:
        yield 1.0, first, last
    for line in summaries[:400]:
        yield 1.0, line, line
    for row in others[:12]:
        yield 1.0, row.finding.first, min(row.finding.last, row.finding.anchor + 12)
    if spans and (shell := _command(log, spans[0][0])) is not None:
        yield 1.0, shell, shell
    for first, last in spans[:4]:
        yield from _unpassed(log, first - 4, last + 4)
    for region in where[:3]:
        yield 1.0, region.first, region.first
        yield from _unpassed(log, region.last - 15, region.last)
    yield 1.0, len(log) - 12, len(log) - 1
    for row in others[12:400]:
        yield 1.0, row.finding.anchor, min(row.finding.last, row.finding.anchor + 6)
    for first, last in spans[:4]:
        yield from _unpassed(log, first - 20, last + 12)
    for region in where[:3]:
        yield from _unpassed(log, max(region.first, region.last - 80), region.last)


def _unpassed(log: CleanLog, first: int, last: int) -> Iterator[tuple[float, int, int]]:
    """What stands there besides tests that passed: they say nothing of why another failed."""
    for line in range(max(0, first), min(last, len(log) - 1) + 1):
        if not _PASSED.search(log.texts[line]):
            yield 1.0, line, line


def _command(log: CleanLog, line: int) -> int | None:
    """The last command that a shell was seen to begin at or above a line."""
    return next((i for i in range(line, max(-1, line - FARTHEST), -1) if _SHELL.match(log.texts[i])), None)


def _whole_tail(log: CleanLog, budget: int, notes: Sequence[str], redact: Callable[[str], str]) -> Pack:
    filled = [i for i, text in enumerate(log.texts) if text.strip()][-20:]
    pack = build_pack(log, [(1.0, i, i) for i in reversed(filled)], budget=budget, notes=notes, redact=redact)
    if pack.text:
        return pack
    text = "The log is empty: there is no evidence in it."[: budget * 4]
    return Pack(text, (), -(-len(text) // 4))
