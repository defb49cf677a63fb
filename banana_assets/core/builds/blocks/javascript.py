"""How far the messages of JavaScript's test runners, linters and package managers go.

Each function takes the cleaned lines and the 0-based anchor and returns the first and last line, as in ``span``.
"""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import re

from banana_assets.core.builds.blocks.span import Lines, Span, down_while, until

_JEST_NEXT = re.compile(
    r"^\s*(?:● |(?:PASS|FAIL|RUNS)\s|Test Suites:|Tests:|Snapshots?:|Snapshot Summary|Summary of all failing tests|-+\|-+|› \d+ snapshot|=+ Coverage)"
)


def jest(texts: Lines, i: int) -> Span:
    """One failure of jest, to the next one or the summary."""
    return until(texts, i, _JEST_NEXT, 80)


_VITEST_NEXT = re.compile(r"^\s*(?:FAIL {2}|⎯{4,}|Test Files |❯ .*\d+ failed)")


def vitest(texts: Lines, i: int) -> Span:
    """One failure of vitest, to the ruler below it."""
    last = i
    while last + 1 < len(texts) and texts[last + 1].lstrip().startswith("FAIL  "):
        last += 1
    return i, until(texts, last, _VITEST_NEXT, 60)[1]


_JASMINE_END = re.compile(
    r"^(?:\d+ (?:specs?|examples?|tests?), |Finished in |Executed \d+|Ran \d+ of|Failed examples:|Pending:|Randomized )"
)


def jasmine(texts: Lines, i: int) -> Span:
    """The ``Failures:`` section of jasmine, hspec and RSpec."""
    return until(texts, i, _JASMINE_END, 400, blanks=3)


def eslint(texts: Lines, i: int) -> Span:
    """A stylish-format message with the file's name above it."""
    first = i
    while first > 0 and i - first < 200 and re.match(r"^\s+\d+:\d+\s", texts[first - 1]):
        first -= 1
    if first > 0 and texts[first - 1].strip() and not texts[first - 1][0].isspace() and i - first < 200:
        first -= 1
    if i - first > 1 and not re.match(r"^\s+\d+:\d+\s+error", texts[i - 1] or ""):
        # Another error stands between only as a warning: name the file, skip the warnings.
        return i, i
    return first, i


def npm(texts: Lines, i: int) -> Span:
    """npm's error lines, without the advice about its debug log."""
    first = i
    while first > 0 and i - first < 10 and texts[first - 1].startswith(("npm ERR!", "npm error")):
        first -= 1
    last = down_while(texts, i, lambda t: t.startswith(("npm ERR!", "npm error")), 40)[1]
    while last > i and re.search(r"complete log of this run|_logs/|^npm (?:ERR!|error)\s*$", texts[last]):
        last -= 1
    return first, last
