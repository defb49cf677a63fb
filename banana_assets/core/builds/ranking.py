"""Of everything the tools said, what explains the failure."""

# ruff: noqa: E501 - a pattern or sentence is read in one piece

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from banana_assets.core.builds.cleaning import CleanLog
from banana_assets.core.builds.findings import Finding
from banana_assets.core.builds.steps import Ending, Step
from banana_assets.core.builds.tools.table import EXCEPTION, FAILURE, GUESS, SUMMARY

CAUSE_LINES = 400
NEAR = 12
UNDERLYING = ("missing_dependency", "syntax_error")
"""What explains a tool's other messages where one of them turns out to be of these: a package that is not there, a
file that it cannot read."""
CLOSING = 3
"""Lines below a tool's messages in which its own closing line may stand."""

# An exception that only says that a command below it failed.
_RELAY = re.compile(
    r"CalledProcessError|returned non-zero exit status|SystemExit|ExecException|exited with (?:code|status)|Command failed|failed with exit (?:code|status)"
    r"|subprocess\.\w*Error|non-zero exit|ExitError|BuildException: exec returned|Process 'command .*' finished with non-zero"
)


# What builds do beside their work; when it fails, the build seldom does.
ASIDE = re.compile(
    r"(?i)\b(?:upload(?:ing)?|cache|sccache|ccache|telemetry|metrics|analytics|coverage|codecov|coveralls|report|notif\w+|cleanup|post job)\b"
)


@dataclass(frozen=True, slots=True)
class Region:
    """Lines (0-based, inclusive) of a command or step that is said to have failed."""

    first: int
    last: int
    name: str
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A finding with its place: the region that holds it and how well it explains the failure."""

    finding: Finding
    region: Region | None
    score: float


def regions(log: CleanLog, root: Step, ends: Sequence[Ending]) -> list[Region]:
    """Where what failed ran, in order. Without a word from the CI system, the whole log."""
    found = []
    for step in root.walk():
        if step.failed and step is not root:
            found.append(Region(step.first - 1, step.last - 1, step.name, step.exit_code))
    covered = [(r.first, r.last) for r in found]
    previous = 0
    for end in ends:
        if not any(first <= end.line <= last for first, last in covered) and not end.whole and not end.retried:
            start = max([previous, *(r.last + 1 for r in found if r.last < end.line)])
            found.append(Region(start, end.line, "", end.exit_code))
        previous = end.line + 1
    found.sort(key=lambda r: r.first)
    return found


def relays(log: CleanLog, finding: Finding) -> bool:
    """Whether an exception only repeats that a command failed, or a build tool that a test did."""
    tail = " ".join(log.texts[max(finding.first, finding.last - 1) : finding.last + 1])
    return finding.weight <= EXCEPTION + 4 and bool(_RELAY.search(tail) or _RELAY.search(log.texts[finding.anchor]))


def ranked(log: CleanLog, found: Sequence[Finding], where: Sequence[Region]) -> list[Ranked]:
    """The findings with their scores, in order of lines."""
    total = max(1, len(log) - 1)
    end = max((r.last for r in where), default=total)
    result = []
    for finding in found:
        region = next((r for r in where if r.first <= finding.anchor <= r.last), None)
        score = float(finding.weight)
        if relays(log, finding):
            score = SUMMARY - 6.0
        if region is not None:
            score += 10 + 8 * (finding.anchor - region.first) / max(1, region.last - region.first)
        elif where:
            score -= 30 if finding.anchor > end else 14
        else:
            score += 12 * finding.anchor / total
        if finding.weight < FAILURE - 6 and ASIDE.search(log.texts[finding.anchor]):
            score -= 16
        if log.markers.get(finding.anchor) == "error":
            score += 4
        elif log.markers.get(finding.anchor) in ("warning", "debug", "notice"):
            score -= 30
        if finding.category in UNDERLYING and finding.rule.category not in ("", *UNDERLYING):
            score += 12
        result.append(Ranked(finding, region, score))
    return result


def chosen(rows: Sequence[Ranked]) -> list[Ranked]:
    """The finding that explains best, with those that say the same kind of thing beside it, in order of lines."""
    if not rows:
        return []
    best = max(rows, key=lambda r: r.score)
    weight = best.finding.weight
    if weight >= FAILURE - 12:
        group = [r for r in rows if r.region == best.region and _alike(r.finding, best.finding)]
        if best.region is not None:
            # The same failures in another failing step are the same cause.
            group = [r for r in rows if r.region is not None and _alike(r.finding, best.finding)]
    else:
        near = [
            r
            for r in rows
            if r.region == best.region and r.finding.weight >= min(weight - 14, GUESS + 6) and r.score > SUMMARY
        ]
        group = _neighbours(near, best)
    return _bounded(_touching(rows, group), best)


def _touching(rows: Sequence[Ranked], group: Sequence[Ranked]) -> list[Ranked]:
    """The group with the weaker messages that stand right above or below one of its own.

    A tool's closing line may stand a little below its messages.
    """
    lines = {i for row in group for i in range(row.finding.first, row.finding.last + 1)}
    tools = {row.finding.rule.tool for row in group}
    joined = list(group)
    for row in rows:
        first, rule = row.finding.first, row.finding.rule
        if first in lines or row.score <= SUMMARY:
            continue
        above = CLOSING if rule.tool in tools and rule.weight >= SUMMARY - 6 else 1
        if row.finding.last + 1 in lines or any(first - back in lines for back in range(1, above + 1)):
            joined.append(row)
    return sorted(joined, key=lambda r: r.finding.anchor)


def _alike(one: Finding, best: Finding) -> bool:
    return one.weight >= best.weight - 8 and one.category == best.category


def _neighbours(rows: Sequence[Ranked], best: Ranked) -> list[Ranked]:
    group = [best]
    first, last = best.finding.first, best.finding.last
    changed = True
    while changed:
        changed = False
        for row in rows:
            if row not in group and row.finding.first <= last + NEAR and row.finding.last >= first - NEAR:
                group.append(row)
                first, last = min(first, row.finding.first), max(last, row.finding.last)
                changed = len(group) < 200
    return sorted(group, key=lambda r: r.finding.anchor)


def _bounded(group: Sequence[Ranked], best: Ranked) -> list[Ranked]:
    """As many as fit in ``CAUSE_LINES``, the best one always."""
    kept, lines, seen = list[Ranked](), 0, set[tuple[int, int]]()
    for row in sorted(group, key=lambda r: (r is not best, r.finding.anchor)):
        span = (row.finding.first, row.finding.last)
        if span in seen:
            continue
        size = span[1] - span[0] + 1
        if kept and lines + size > CAUSE_LINES:
            break
        seen.add(span)
        kept.append(row)
        lines += size
    return sorted(kept, key=lambda r: r.finding.anchor)
