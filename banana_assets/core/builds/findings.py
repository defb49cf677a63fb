"""Where the table of tools finds something in a cleaned log."""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache

import polars as pl

from banana_assets.core.builds.blocks import BLOCKS
from banana_assets.core.builds.cleaning import CleanLog
from banana_assets.core.builds.hints import Hits, in_order, matching, search, tool_hints
from banana_assets.core.builds.steps import Ending
from banana_assets.core.builds.tools import REFINEMENTS, RULES
from banana_assets.core.builds.tools.table import EXCEPTION, MESSAGE, Refinement, Rule

MOST_FINDINGS = 20_000
"""Findings looked at in one log. A log with more says the same thing over and over."""
MOST_OF_A_KIND = 1_000
"""Lines looked at of those that hold the same literals: the first and the last of them."""


_ENDS = ("error", "group", "endgroup", "section", "command")
"""A message does not go on past these marks of the CI system."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A message of a tool: lines ``first`` to ``last`` (0-based, inclusive), known by line ``anchor``."""

    rule: Rule
    anchor: int
    first: int
    last: int
    category: str
    groups: dict[str, str] = field(default_factory=dict)

    @property
    def weight(self) -> int:
        """How much it explains (see ``tools.table``)."""
        return self.rule.weight


@cache
def _by_hint() -> dict[str, list[int]]:
    table: dict[str, list[int]] = defaultdict(list)
    for order, rule in enumerate(RULES):
        for hint in rule.hints:
            table[hint].append(order)
    return table


@lru_cache(4096)
def _orders(words: tuple[str, ...]) -> tuple[int, ...]:
    """The entries whose hints are among the words: the most telling first, then in the table's order.

    What a tool that is known says of its own line stands before any guess at words.
    """
    table = _by_hint()
    orders = {order for word in words for order in table.get(word, ())}
    return tuple(sorted(orders, key=lambda order: (not RULES[order].tool, -RULES[order].weight, order)))


# Lines that hold error words and say that nothing is wrong, or only name things so.
_HARMLESS = re.compile(
    r"(?i)^\s*(?:0 (?:failures?|errors?|failed)\b|no errors?\b|.*\b0 (?:error|failure|problem)s?\b(?!.*[1-9]\d* (?:error|failure|problem|failed))"
    r"|ok \d+ |ok\s+\S|--- PASS|PASS[: ]|\[ +OK +\]|\[       OK \]|test \S.* \.\.\. ok|✓|✔|√|remote: |\s*(?:Compiling|Downloading|Downloaded|Collecting|Installing|Fetching|Unpacking|Selecting|Setting up|Get:\d+|Hit:\d+|Preparing to unpack|Requirement already|Building|Checking|Adding|Using|Linking|Copying|Extracting|Receiving|Resolving) "
    r"|export |CFLAGS=|\+ ?(?:echo|set|export|\[|test|if) |\$ |npm WARN|npm warn|warning[: ]|.{0,40}\bwarning: |\s*\[?warn(?:ing)?\]?[: ]|DEBUG|\[debug\]|WARN\b|INFO\b.{0,30}\bretry|gcc |g\+\+ |cc |clang |/usr/bin/c|\[ *\d+%\] |\S+\.o: |(?:create|delete) mode \d+|checking (?:for|whether|how|if) )"
)


def findings(log: CleanLog, ends: Sequence[Ending] = (), hits: Hits | None = None) -> list[Finding]:
    """Everything the table finds, in order of lines; of several entries for one line the most telling one.

    No message goes on past one of the ``ends`` (see ``steps.endings``). ``hits`` spares the search for the table's
    literals where somebody did it already.
    """
    candidates = _candidates(log, search(log.series, *tool_hints()) if hits is None else hits)
    found: list[Finding] = []
    covered = traced = -1
    barriers = sorted({i for i, m in log.markers.items() if m in _ENDS}.union(e.line for e in ends))
    for i, orders in candidates:
        finding = _at(log, i, orders, covered)
        if finding is None or (i == traced and not finding.rule.category and finding.weight < EXCEPTION):
            continue
        if finding.last > finding.anchor:
            at = bisect_right(barriers, finding.anchor)
            if at < len(barriers) and barriers[at] <= finding.last:
                finding = replace(finding, last=max(finding.anchor, barriers[at] - 1))
        found.append(finding)
        if finding.weight >= MESSAGE:
            covered = max(covered, finding.last)
        if finding.rule.block == "traceback":
            # Its last line is the exception, which is no message of its own.
            traced = finding.last
        if len(found) >= MOST_FINDINGS:
            break
    return found


def _candidates(log: CleanLog, hits: Hits) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The lines that may be known by an entry of the table, in order, with those entries.

    Of more than ``MOST_OF_A_KIND`` lines that hold the same literals, those that cannot match are left out first, then
    those in the middle: of what tools that are known say, and of error words, each for itself.
    """
    parts: list[tuple[tuple[int, ...], pl.Series]] = []
    for kind, lines in zip(hits.kinds, hits.lines, strict=True):
        orders = _orders(kind)
        if orders and len(lines) > MOST_OF_A_KIND:
            told = [order for order in orders if RULES[order].tool and RULES[order].weight >= MESSAGE]
            said = matching(log.series, lines, [RULES[order].wide for order in told])
            rest = lines.filter(~lines.is_in(said.implode()))
            guessed = matching(log.series, rest, [RULES[order].wide for order in orders if order not in told])
            parts += [(orders, _ends_of(said)), (orders, _ends_of(guessed))]
        elif orders:
            parts.append((orders, lines))
    return in_order(parts)


def _ends_of(lines: pl.Series) -> pl.Series:
    half = MOST_OF_A_KIND // 2
    return lines if len(lines) <= 2 * half else pl.concat([lines.head(half), lines.tail(half)])


def _at(log: CleanLog, i: int, orders: Sequence[int], covered: int) -> Finding | None:
    text = log.texts[i]
    for order in orders:
        rule = RULES[order]
        match = rule.regex.search(text)
        if match is None:
            continue
        if (rule.weight < MESSAGE or not rule.tool) and i <= covered:
            return None
        if rule.weight < MESSAGE and _HARMLESS.match(text):
            return None
        span = BLOCKS[rule.block](log.texts, i)
        if span is not None:
            groups = {name: value for name, value in match.groupdict().items() if value is not None}
            return Finding(rule, i, *span, _category(rule, log.texts[span[0] : span[1] + 1]), groups)
    return None


def _category(rule: Rule, block: Sequence[str]) -> str:
    """The entry's own class, or the one that the rest of the message shows."""
    refinements = _refinements().get(rule.tool, ())
    text = "\n".join(block) if refinements else ""
    for refinement in refinements:
        if refinement.regex.search(text):
            return refinement.category
    return rule.category


@cache
def _refinements() -> dict[str, list[Refinement]]:
    table: dict[str, list[Refinement]] = defaultdict(list)
    for refinement in REFINEMENTS:
        for tool in refinement.tools:
            table[tool].append(refinement)
    return table
