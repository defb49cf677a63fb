"""A failed build explained: category with confidence, cause lines, failing tests, evidence pack, fingerprint."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from banana_assets.core.builds.advice import next_step
from banana_assets.core.builds.calibration import calibrated
from banana_assets.core.builds.categories import from_command, from_words
from banana_assets.core.builds.cleaning import CleanLog, clean
from banana_assets.core.builds.findings import Finding, findings
from banana_assets.core.builds.fingerprint import fingerprint, masked
from banana_assets.core.builds.hints import search, tool_hints
from banana_assets.core.builds.outcome import Outcome, outcome_of
from banana_assets.core.builds.pack import Pack, build_pack, line_width
from banana_assets.core.builds.ranking import Ranked, Region, chosen, ranked, regions
from banana_assets.core.builds.results import TestResult
from banana_assets.core.builds.steps import ENDING_HINTS, endings, steps
from banana_assets.core.builds.testlogs import read_tests, test_hints
from banana_assets.core.builds.tools import RULES_VERSION
from banana_assets.core.builds.tools.table import FAILURE, GUESS, MESSAGE, SUMMARY

__all__ = ["RULES_VERSION", "Diagnosis", "diagnose"]

TAIL = 3
JOIN = 4
"""Messages with at most so many lines between them are one stretch of the cause."""
THIN = GUESS
"""A best message that explains no more than this makes thin evidence, and the pack says so."""

NOT_PROGRAMS = ("", "shell", "network", "timeout", "cloud")
"""Names of families of messages that many programs print."""
MOST_SAID = 160
"""Characters of a message in the reason."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why a build failed.

    ``cause`` and ``evidence`` are 1-based line ranges, both ends inclusive. ``category`` is one of
    ``vocabulary.FAILURE_CATEGORIES`` and ``confidence`` the share of diagnoses like this one that are right (0..1).
    ``status`` is how the log says the build ended; where it is ``success`` there is nothing to explain.
    """

    status: str
    category: str
    confidence: float
    reason: str
    cause: tuple[tuple[int, int], ...]
    cause_text: str
    tool: str | None
    failing_step: str | None
    exit_code: int | None
    failing_tests: tuple[str, ...]
    tests: tuple[TestResult, ...]
    evidence: tuple[tuple[int, int], ...]
    pack: str
    pack_tokens: int
    fingerprint: str
    next_step: str


def diagnose(
    lines: Sequence[str],
    *,
    budget: int = 2000,
    exit_code: int | None = None,
    against: Sequence[str] | None = None,
    redact: Callable[[str], str] = str,
) -> Diagnosis:
    """Explain a failed build from its raw log lines, split at LF (line 1 is index 0).

    ``budget`` bounds the pack in tokens (characters / 4). ``exit_code`` is the recorded one, where known. ``against``
    is the log of the last green build of the same job: what stands there too, but for numbers, times, paths and ids,
    is no evidence. ``redact`` is applied to every line that enters the pack and the cause's text.

    Raises:
        ValueError: the budget is below 50 tokens.
    """
    if budget < 50:
        raise ValueError("a pack needs a budget of at least 50 tokens")
    log = clean(lines or [""])
    hits = search(log.series, *_hints())
    ends = endings(log, hits)
    outcome = outcome_of(log, ends)
    root = steps(log, ends)
    where = regions(log, root, ends)
    found = findings(log, ends, hits)
    usual = set[int]()
    if against is not None:
        known = {masked(text) for text in clean(against).texts}
        found = [f for f in found if masked(log.texts[f.anchor]) not in known]
        usual = {i for i, text in enumerate(log.texts) if text.strip() and masked(text) in known}
    rows = ranked(log, found, where)
    picked = chosen([row for row in rows if row.finding.weight > SUMMARY - 10])
    tests = read_tests(log, hits)
    echoes = {i for f in found if f.weight < SUMMARY for i in range(f.first, f.last + 1)}
    spans = _spans(log, picked, where, echoes | usual)
    region = next((row.region for row in picked if row.region), None) or (where[0] if where else None)
    category, sure, reason = _category(log, picked, region, outcome)
    thin = not picked or max(row.finding.weight for row in picked) <= THIN
    notes = _notes(outcome, region, thin)
    width, fits = line_width(log, spans, budget)
    wanted = _wanted(log, spans, picked, rows, where, [e.line for e in ends], fits)
    pack = build_pack(log, wanted, width=width, whole=spans if fits else (), budget=budget, notes=notes, redact=redact)
    if not pack.evidence:
        pack = _whole_tail(log, budget, notes, redact)
    cause_text = "\n".join(redact(log.texts[i][:1000]) for first, last in spans for i in range(first, last + 1))[:8000]
    telling = sorted(picked, key=lambda row: -row.score)
    tool = next((row.finding.rule.tool for row in telling if row.finding.rule.tool), None)
    failing = _failing(tests, picked)
    status = outcome.status
    if status == "success" and (exit_code or (outcome.unsaid and exit_code is None and not thin)):
        status = "failed"
    green = status == "success"
    anchor = [log.texts[row.finding.anchor] for row in picked] or cause_text.split("\n")
    return Diagnosis(
        status=status,
        category="unknown" if green else category,
        confidence=round(calibrated(sure), 3),
        reason=reason,
        cause=tuple((first + 1, last + 1) for first, last in spans),
        cause_text=cause_text,
        tool=tool,
        failing_step=(region.name or None) if region else None,
        exit_code=exit_code
        if exit_code is not None
        else next((r.exit_code for r in where if r.exit_code), outcome.exit_code),
        failing_tests=failing,
        tests=tests,
        evidence=pack.evidence,
        pack=pack.text,
        pack_tokens=pack.tokens,
        fingerprint=fingerprint(category, [*anchor, *sorted(failing)]),
        next_step=next_step(category, tool, failing, anchor[0] if anchor else ""),
    )


@cache
def _hints() -> tuple[tuple[str, ...], tuple[str, ...]]:
    literals, shapes = tool_hints()
    return tuple(sorted({*literals, *test_hints(), *ENDING_HINTS})), shapes


def _spans(
    log: CleanLog, picked: Sequence[Ranked], where: Sequence[Region], echoes: Container[int]
) -> list[tuple[int, int]]:
    """Line ranges (0-based) of the cause; the end of the failing command where nothing was found."""
    if not picked:
        return _tail(log, where, echoes)
    spans: list[tuple[int, int]] = []
    for first, last in sorted((row.finding.first, row.finding.last) for row in picked):
        if spans and first - spans[-1][1] < 30 and _filled(log, spans[-1][1] + 1, first) <= JOIN:
            spans[-1] = (spans[-1][0], max(spans[-1][1], last))
        else:
            spans.append((first, last))
    return spans


def _filled(log: CleanLog, first: int, end: int) -> int:
    return sum(bool(log.texts[i].strip()) for i in range(first, end))


def _tail(log: CleanLog, where: Sequence[Region], echoes: Container[int]) -> list[tuple[int, int]]:
    """The last lines before what only echoes the failure."""
    last = where[0].last - 1 if where else len(log) - 1
    floor = where[0].first if where else 0
    while last > floor and (not log.texts[last].strip() or last in echoes):
        last -= 1
    first = last
    most = TAIL
    if log.texts[last][:1].isspace():
        # A trace: up to the line that it belongs to.
        while first > floor + 1 and last - first < 60 and log.texts[first][:1].isspace():
            first -= 1
        most = 0
    while first > floor + 1 and last - first < most - 1 and log.texts[first - 1].strip():
        first -= 1
    return [(first, last)] if 0 <= first <= last < len(log) and log.texts[last].strip() and last not in echoes else []


def _category(
    log: CleanLog, picked: Sequence[Ranked], region: Region | None, outcome: Outcome
) -> tuple[str, float, str]:
    """Category, raw score 0..1 and the reason."""
    if outcome.status == "cancelled":
        return "cancelled", 0.9, outcome.reason
    command = from_command(region.name) if region else ""
    if not picked:
        if command:
            return command, 0.3, f"nothing in the log says why, but `{region.name[:80] if region else ''}` failed"
        return "unknown", 0.2, "no message of a known tool stands in the log"
    best = max(picked, key=lambda row: row.score)
    finding = best.finding
    number = finding.anchor + 1
    text = "\n".join(log.texts[finding.first : finding.last + 1])[:4000]
    said = f"{finding.rule.tool} says " if finding.rule.tool not in NOT_PROGRAMS else ""
    named = f"line {number}: {said}{_headline(log.texts[finding.anchor : finding.last + 1])}"
    sure = 0.95 if finding.weight >= FAILURE - 6 else 0.8 if finding.weight >= MESSAGE else 0.5
    sure -= 0.0 if best.region is not None else 0.1
    if finding.category == "test_failure":
        return _of_tests(log, picked, sure, named)
    if finding.category:
        return finding.category, sure, named
    words = from_words("\n".join([log.texts[finding.anchor], log.texts[finding.last], text]))
    if words == "crash" and command in ("test_failure", "lint_error", "type_error"):
        return command, 0.55, named
    if words:
        return words, min(sure, 0.7), named
    if command:
        return command, 0.5, f"{named}; `{region.name[:80] if region else ''}` failed"
    return "unknown", 0.3, f"{named}, which is of no known class"


def _headline(block: Sequence[str]) -> str:
    """What a message says in a line: without the rules drawn around a title, with the assertion that follows it."""
    title = block[0].strip().strip("=_-*#~ ") or block[0].strip()
    if title == block[0].strip():
        return title[:MOST_SAID]
    # pytest marks what explains a failure with a capital E in the first column.
    told = next((line[1:].strip() for line in block[1:] if line.startswith("E  ")), "")
    return f"{title}: {told}"[:MOST_SAID] if told else title[:MOST_SAID]


def _of_tests(log: CleanLog, picked: Sequence[Ranked], sure: float, named: str) -> tuple[str, float, str]:
    """Tests fail for reasons that are no fault of the code under test: say so when every one of them does."""
    tests = [row.finding for row in picked if row.finding.category == "test_failure"]
    kinds = []
    for this, following in zip(tests, [*tests[1:], None], strict=True):
        end = min(this.last + 25, following.first if following else len(log))
        kinds.append(from_words("\n".join(log.texts[max(this.anchor, this.last - 30) : max(end, this.last + 1)])))
    for kind in ("network_error", "out_of_memory", "disk_full"):
        if kinds and all(k == kind for k in kinds):
            return kind, min(sure, 0.7), named
    return "test_failure", sure, named


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
    for row in others[:30]:
        yield 0.85, row.finding.anchor, row.finding.anchor
    for line in summaries[:8]:
        yield 0.9, line, line
    for first, last in spans:
        yield 1.0, first, last
    for line in summaries:
        yield 1.0, line, line
    for row in others[:12]:
        yield 1.0, row.finding.first, min(row.finding.last, row.finding.anchor + 12)
    for first, last in spans[:4]:
        yield 1.0, first - 4, last + 4
    for region in where[:3]:
        yield 1.0, region.first, region.first
        yield 1.0, region.last - 15, region.last
    yield 1.0, len(log) - 12, len(log) - 1
    for row in others[12:]:
        yield 1.0, row.finding.anchor, min(row.finding.last, row.finding.anchor + 6)
    for first, last in spans[:4]:
        yield 1.0, first - 20, last + 12
    for region in where[:3]:
        yield 1.0, max(region.first, region.last - 80), region.last


def _notes(outcome: Outcome, region: Region | None, thin: bool) -> list[str]:
    notes = []
    if region is not None and region.name:
        notes.append(f"Failing step: {region.name[:160]}")
    if thin:
        notes.append(
            "Evidence is thin: no tool that is known says why; these are the likeliest lines and the end of the log."
        )
    return notes


def _whole_tail(log: CleanLog, budget: int, notes: Sequence[str], redact: Callable[[str], str]) -> Pack:
    filled = [i for i, text in enumerate(log.texts) if text.strip()][-20:]
    pack = build_pack(log, [(1.0, i, i) for i in reversed(filled)], budget=budget, notes=notes, redact=redact)
    if pack.text:
        return pack
    text = "The log is empty: there is no evidence in it."[: budget * 4]
    return Pack(text, (), -(-len(text) // 4))


def _failing(tests: Iterable[TestResult], picked: Sequence[Ranked]) -> tuple[str, ...]:
    names = dict.fromkeys(test.title for test in tests if test.bad)
    if not names:
        names = dict.fromkeys(_test_name(row.finding) for row in picked)
    return tuple(name for name in names if name)


def _test_name(finding: Finding) -> str:
    return finding.groups.get("test", "") if finding.category in ("test_failure", "timeout") else ""
