"""A failed build explained: category with confidence, cause lines, failing tests, evidence pack, fingerprint."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from banana_assets.core.builds.advice import next_step
from banana_assets.core.builds.calibration import calibrated
from banana_assets.core.builds.cleaning import CleanLog, clean
from banana_assets.core.builds.evidence import evidence
from banana_assets.core.builds.findings import Finding, findings
from banana_assets.core.builds.fingerprint import fingerprint, masked
from banana_assets.core.builds.hints import search, tool_hints
from banana_assets.core.builds.outcome import outcome_of
from banana_assets.core.builds.problems import Problem
from banana_assets.core.builds.ranking import Ranked, Region, chosen, ranked, regions
from banana_assets.core.builds.reported import errors_of, pack_lines, place, reported_findings
from banana_assets.core.builds.results import TestResult
from banana_assets.core.builds.saying import known_by
from banana_assets.core.builds.steps import ENDING_HINTS, endings, steps
from banana_assets.core.builds.testlogs import read_tests, test_hints
from banana_assets.core.builds.titles import telling as quotable
from banana_assets.core.builds.titles import title_of
from banana_assets.core.builds.tools import RULES_VERSION
from banana_assets.core.builds.tools.table import GUESS, SUMMARY
from banana_assets.core.builds.verdict import verdict

__all__ = ["RULES_VERSION", "Diagnosis", "diagnose"]

TAIL = 3
JOIN = 4
"""Messages with at most so many lines between them are one stretch of the cause."""
THIN = GUESS
"""A best message that explains no more than this makes thin evidence, and the pack says so."""

SAYS_NOTHING = "Evidence is thin: no tool that is known says why; these are the likeliest lines and the end of the log."
SAYS_LITTLE = "Evidence is thin: {tool} sums up that it failed; these are the likeliest lines and the end of the log."
GREEN = "Nothing in the log says that the build failed; these lines would be looked at if it had."

MOST_NAMES = 500
"""Names of failing tests that the fingerprint is made of."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why a build failed.

    ``cause`` and ``evidence`` are 1-based line ranges, both ends inclusive. ``category`` is one of
    ``vocabulary.FAILURE_CATEGORIES`` and ``confidence`` the share of diagnoses like this one that are right (0..1).
    ``status`` is how the log says the build ended; where it is ``success`` there is nothing to explain: category and
    fingerprint are empty then, and the lines are those that would be looked at if it had failed after all.
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
    reported: Sequence[Problem] = (),
    redact: Callable[[str], str] = str,
) -> Diagnosis:
    """Explain a failed build from its raw log lines, split at LF (line 1 is index 0).

    ``budget`` bounds the pack in tokens (characters / 4). ``exit_code`` is the recorded one, where known. ``against``
    is the log of the last green build of the same job: what stands there too, but for numbers, times, paths and ids,
    is no evidence. ``reported`` are the problems of analysers' reports (see ``sarif``). ``redact`` is applied to every
    line that enters the pack and the cause's text.

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
    errors = errors_of(reported)
    if errors:
        found = sorted([*found, *reported_findings(log, errors, found)], key=lambda f: f.anchor)
    rows = ranked(log, found, where)
    picked = chosen([row for row in rows if row.finding.weight > SUMMARY - 10])
    tests = read_tests(log, hits)
    echoes = {i for f in found if f.weight < SUMMARY for i in range(f.first, f.last + 1)}
    spans = _spans(log, picked, where, echoes | usual)
    region = next((row.region for row in picked if row.region), None) or (where[0] if where else None)
    if exit_code is None:
        exit_code = next((r.exit_code for r in where if r.exit_code), outcome.exit_code)
    judged = verdict(log, picked, region, outcome, errors, exit_code)
    thin = not picked or max(row.finding.weight for row in picked) <= THIN
    telling = sorted(picked, key=lambda row: -row.score)
    tool = next((row.finding.rule.tool for row in telling if row.finding.rule.tool), None)
    if thin and errors:
        tool = errors[0].tool or tool
    status = outcome.status
    if status == "success" and (exit_code or (outcome.unsaid and exit_code is None and not thin)):
        status = "failed"
    green = status == "success"
    doubt = GREEN if green else "" if errors or not thin else (SAYS_LITTLE.format(tool=tool) if tool else SAYS_NOTHING)
    notes = [redact(note) for note in [*_notes(region, doubt), *pack_lines(errors, budget)]]
    ended = [e.line for e in ends]
    cause_text = "\n".join(redact(log.texts[i][:1000]) for first, last in spans for i in range(first, last + 1))[:8000]
    told = quotable(spans, cause_text.split("\n"), title_of(judged.reason, cause_text), 1)
    saying = [line for *_, line in told if line is not None]
    pack = evidence(log, spans, picked, rows, where, ended, saying=saying, budget=budget, notes=notes, redact=redact)
    failing = _failing(tests, picked)
    category = "" if green else judged.category
    anchor = [known_by(log.texts, row.finding) for row in picked]
    if thin and errors:
        anchor = [place(problem) for problem in errors[:40]]
    anchor = anchor or cause_text.split("\n")
    return Diagnosis(
        status=status,
        category=category,
        confidence=round(calibrated(judged.score), 3),
        reason=outcome.reason if green else judged.reason,
        cause=tuple((first + 1, last + 1) for first, last in spans),
        cause_text=cause_text,
        tool=tool,
        failing_step=(region.name or None) if region else None,
        exit_code=exit_code,
        failing_tests=failing,
        tests=tests,
        evidence=pack.evidence,
        pack=pack.text,
        pack_tokens=pack.tokens,
        fingerprint="" if green else fingerprint(category, [*anchor, *sorted(failing)[:MOST_NAMES]]),
        next_step=next_step(category, tool, failing, "" if green else judged.reason),
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


def _notes(region: Region | None, doubt: str) -> list[str]:
    notes = []
    if region is not None and region.name:
        notes.append(f"Failing step: {region.name[:160]}")
    return [*notes, doubt] if doubt else notes


def _failing(tests: Iterable[TestResult], picked: Sequence[Ranked]) -> tuple[str, ...]:
    names = dict.fromkeys(test.title for test in tests if test.bad)
    if not names:
        names = dict.fromkeys(_test_name(row.finding) for row in picked)
    return tuple(name for name in names if name)


def _test_name(finding: Finding) -> str:
    return finding.groups.get("test", "") if finding.category in ("test_failure", "timeout") else ""
