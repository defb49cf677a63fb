"""How far the messages of Python and its test runners, linters and installers go.

Each function takes the cleaned lines and the 0-based anchor and returns the first and last line, as in ``span``.
"""

from __future__ import annotations

import re

from banana_assets.core.builds.blocks.general import run, stack
from banana_assets.core.builds.blocks.span import MOST, Lines, Span, down_while, indent, trim, until


def traceback(texts: Lines, i: int) -> Span:
    """A Python traceback to the exception's line, with chained ones."""
    depth = indent(texts[i])
    last = i
    for j in range(i + 1, min(len(texts), i + 400)):
        text = texts[j]
        if not text.strip():
            # Only between chained tracebacks does a blank line stand inside.
            if any(
                "exception was the direct cause" in t or "another exception occurred" in t for t in texts[j + 1 : j + 2]
            ):
                continue
            if texts[j - 1].strip().startswith(("During handling", "The above exception")):
                continue
            break
        last = j
        if indent(text) <= depth and not text.strip().startswith(
            ("Traceback", "During handling", "The above exception")
        ):
            following = texts[j + 1 : j + 3]
            if not any("During handling" in t or "The above exception" in t for t in following):
                break
    first = i if last - i < MOST else last - MOST
    return trim(texts, max(first, i), last)


def syntax(texts: Lines, i: int) -> Span:
    """A syntax error as Python and Node print it: file and line, source, caret, message, and Node's frames below."""
    first = i
    for j in range(i - 1, max(-1, i - 7), -1):
        if texts[j].lstrip().startswith("File ") or re.match(r"^\S+:\d+$", texts[j]):
            first = j
            break
    return first, stack(texts, i)[1]


_PYTEST_NEXT = re.compile(r"^(?:_{3,} .* _{3,}|={3,}.*={3,}|_ (?!_ ).{50,} _)$")

_PYTEST_PLACE = re.compile(r"^\S.*:\d+: (?:\w+|in .*)?$")

_PYTEST_SECTION = re.compile(r"^-+ Captured .* -+$")


_RAISED = re.compile(
    r"^(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Failed|Failure|Exit|Interrupt|Warning)\b(?:: .*)?$"
)


def pytest(texts: Lines, i: int) -> Span:
    """A test's section of pytest's FAILURES, from its title to the last line of the assertion (``E``)."""
    last, final = i, i
    native = "".join(texts[i + 1 : i + 2]).startswith("Traceback (most recent call last)")
    for j in range(i + 1, min(len(texts), i + 2_000)):
        if _PYTEST_NEXT.match(texts[j]):
            break
        if _PYTEST_SECTION.match(texts[j]) and final > i:
            break
        last = j
        if texts[j].startswith("E  ") or (native and _RAISED.match(texts[j])):
            final = j
    if final == i:
        return trim(texts, i, min(last, i + 40))
    for j in range(final + 1, min(final + 3, last + 1)):
        if _PYTEST_PLACE.match(texts[j]):
            final = j
    if final - i > MOST:
        start = final
        while start > i and texts[start].startswith("E  "):
            start -= 1
        return max(start - 12, i), final
    return i, final


_UNITTEST_NEXT = re.compile(r"^(?:={20,}|Ran \d+ tests?\b.*)$")


def unittest(texts: Lines, i: int) -> Span:
    """A failure of unittest: from its name to the next ruler."""
    first, last = until(texts, i, _UNITTEST_NEXT, 120)
    while last > i and (not texts[last].strip() or re.match(r"^-{20,}$", texts[last])):
        last -= 1
    return first, last


def notes(texts: Lines, i: int) -> Span:
    """A message with mypy's notes and ``--pretty`` source lines below it."""
    return down_while(texts, i, lambda t: ": note: " in t or t.startswith("    "), 20)


def lint(texts: Lines, i: int) -> Span:
    """A linter's message and the source excerpt that ruff and pycodestyle may show below it."""
    return down_while(texts, i, lambda t: bool(re.match(r"^(?:\s*\d* *\||\s*=|\s{4,}\S)", t)), 12)


def pip_conflict(texts: Lines, i: int) -> Span:
    """pip's conflict with the list of who wants what."""
    return until(texts, i, re.compile(r"^(?:To fix this|ERROR: ResolutionImpossible)"), 30)


def pip_version(texts: Lines, i: int) -> Span:
    """pip's word that no version is to be had, with the failed connections above that may be why."""
    first = i
    while first > 0 and i - first < 10 and texts[first - 1].startswith("WARNING: Retrying "):
        first -= 1
    return first, run(texts, i)[1]


def pip_box(texts: Lines, i: int) -> Span:
    """pip's boxed report of a failed subprocess."""
    return until(texts, i, re.compile(r"^\s*(?:note: This error originates|hint: )"), 80, blanks=1)
