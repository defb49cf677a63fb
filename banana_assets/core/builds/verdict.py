"""Of what class a failure is, how sure that is, and what said so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from banana_assets.core.builds.categories import from_command, from_words
from banana_assets.core.builds.cleaning import CleanLog
from banana_assets.core.builds.findings import Finding
from banana_assets.core.builds.outcome import Outcome
from banana_assets.core.builds.problems import Problem
from banana_assets.core.builds.ranking import ASIDE, Ranked, Region
from banana_assets.core.builds.reported import category_of, place
from banana_assets.core.builds.saying import said_by
from banana_assets.core.builds.tools.table import FAILURE, MESSAGE

NOT_PROGRAMS = ("", "shell", "network", "timeout", "cloud")
"""Names of families of messages that many programs print."""
_EXITS = {
    124: ("timeout", "`timeout` ended it"),
    130: ("cancelled", "it was interrupted"),
    134: ("crash", "it aborted"),
    137: ("out_of_memory", "it was killed, most often for want of memory"),
    139: ("crash", "it was ended by a segmentation fault"),
    143: ("cancelled", "it was told to end"),
}
"""What an exit status of a shell says: 128 and the number of a signal, and that of GNU ``timeout``."""
_SIGNALLED = 0.5
"""Raw score of a verdict that rests on the exit status alone."""
_SURROUNDINGS = ("network_error", "out_of_memory", "disk_full")
"""What makes tests fail for reasons that are no fault of the code under test."""
BESIDE = 2
"""Lines between messages that speak of the same."""
MOST_SAID = 160
"""Characters of a reported problem in the reason."""
MOST_HEARD = 20
"""Messages of a kind that are looked at for one that says what went wrong."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A class of failure out of ``vocabulary.FAILURE_CATEGORIES``, the raw ``score`` (0..1) that stands for how sure it
    is (see ``calibration``), and the reason for people."""

    category: str
    score: float
    reason: str


def verdict(
    log: CleanLog,
    picked: Sequence[Ranked],
    region: Region | None,
    outcome: Outcome,
    reported: Sequence[Problem] = (),
    exit_code: int | None = None,
) -> Verdict:
    """The verdict on the messages that explain a failure best, the command that failed, the errors ``reported`` and,
    where none of them tells, the exit status."""
    said = _of_log(log, picked, region, outcome)
    if reported and said.category != "cancelled" and not any(row.finding.weight >= MESSAGE for row in picked):
        first = reported[0]
        more = f" and {len(reported) - 1} more" if len(reported) > 1 else ""
        told = f"the report of {first.tool or 'a tool'} says {place(first)[:MOST_SAID]}{more}"
        return Verdict(category_of(first), 0.7, told)
    if said.score < _SIGNALLED and exit_code in _EXITS:
        category, meaning = _EXITS[exit_code]
        return Verdict(category, _SIGNALLED, f"exit status {exit_code}: {meaning}; {said.reason}")
    return said


def _of_log(log: CleanLog, picked: Sequence[Ranked], region: Region | None, outcome: Outcome) -> Verdict:
    if outcome.status == "cancelled":
        return Verdict("cancelled", 0.9, outcome.reason)
    command = from_command(region.name) if region else ""
    failed = f"`{region.name[:80] if region else ''}` failed"
    if not picked:
        if command:
            return Verdict(command, 0.3, f"nothing in the log says why, but {failed}")
        return Verdict("unknown", 0.2, "no message of a known tool stands in the log")
    best = max(picked, key=lambda row: row.score)
    finding = best.finding
    text = "\n".join(_with_neighbours(log, picked, finding))[:4000]
    told = _speaker(log, picked, best)
    said = f"{told.rule.tool} says " if told.rule.tool not in NOT_PROGRAMS else ""
    named = f"line {told.anchor + 1}: {said}{said_by(log.texts, told)[0]}"
    sure = 0.95 if finding.weight >= FAILURE - 6 else 0.8 if finding.weight >= MESSAGE else 0.5
    sure -= 0.0 if best.region is not None else 0.1
    if finding.category == "test_failure":
        return _of_tests(log, picked, sure, named)
    if finding.category:
        return Verdict(finding.category, sure, named)
    words = from_words("\n".join([log.texts[finding.anchor], log.texts[finding.last], text]))
    if words == "crash" and command in ("test_failure", "lint_error", "type_error"):
        return Verdict(command, 0.55, named)
    if words:
        return Verdict(words, min(sure, 0.7), named)
    if command:
        return Verdict(command, 0.5, f"{named}; {failed}")
    return Verdict("unknown", 0.3, f"{named}, which is of no known class")


def _speaker(log: CleanLog, picked: Sequence[Ranked], best: Ranked) -> Finding:
    """The message to quote: the first of those of the best one's kind that says what went wrong."""
    kind = best.finding
    alike = [
        row.finding
        for row in picked
        if row.region == best.region and row.finding.rule is kind.rule and row.finding.category == kind.category
    ]
    return next((finding for finding in alike[:MOST_HEARD] if said_by(log.texts, finding)[1]), kind)


def _with_neighbours(log: CleanLog, picked: Sequence[Ranked], best: Finding) -> list[str]:
    """The lines of the best message and of those that stand right beside it."""
    lines = set(range(best.first, best.last + 1))
    for row in picked:
        near = row.finding.first <= best.last + BESIDE and row.finding.last >= best.first - BESIDE
        if near and not ASIDE.search(log.texts[row.finding.anchor]):
            lines.update(range(row.finding.first, row.finding.last + 1))
    return [log.texts[i] for i in sorted(lines)]


def _of_tests(log: CleanLog, picked: Sequence[Ranked], sure: float, named: str) -> Verdict:
    """Tests fail for reasons that are no fault of the code under test: say so when every one of them does."""
    tests = [row.finding for row in picked if row.finding.category == "test_failure"]
    kind = ""
    for this, following in zip(tests, [*tests[1:], None], strict=True):
        end = min(this.last + 25, following.first if following else len(log))
        said = from_words("\n".join(log.texts[max(this.anchor, this.last - 30) : max(end, this.last + 1)]))
        if said not in _SURROUNDINGS or (kind and said != kind):
            break
        kind = said
    else:
        if kind:
            return Verdict(kind, min(sure, 0.7), named)
    return Verdict("test_failure", sure, named)
