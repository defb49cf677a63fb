"""What an analyser's report (SARIF) adds to the log of a failed build: the places in the log, a class, lines for the pack."""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from banana_assets.core.builds.cleaning import CleanLog
from banana_assets.core.builds.findings import Finding
from banana_assets.core.builds.hints import search
from banana_assets.core.builds.problems import Problem
from banana_assets.core.builds.tools.table import FAILURE, Rule

MOST_SEARCHED = 500
"""Problems whose lines are searched for in the log."""
SHARE = 0.25
"""The share of the pack that a report's problems may take."""
_TELLING = 12
"""A message shorter than this stands in a log by chance."""

_COMPILERS = re.compile(
    r"(?i)\b(?:gcc|g\+\+|gnu c|clang(?!-tidy)|msvc|microsoft.* (?:c/c\+\+|c#|compiler)|javac|rustc|swiftc|roslyn)\b|^cl$"
)
_TYPES = re.compile(r"(?i)\b(?:mypy|pyright|basedpyright|pyre|pytype|ty|tsc|typescript|flow|sorbet|phpstan|psalm)\b")
_SYNTAX = re.compile(r"(?i)^(?:invalid-syntax|syntax-?error|parse-?error|parsing-error|E999|E0001)$")


def errors_of(problems: Iterable[Problem]) -> list[Problem]:
    """The problems that can fail a build."""
    return [problem for problem in problems if problem.severity == "error"]


def category_of(problem: Problem) -> str:
    """The class of failure that such a problem is, by its rule and its tool."""
    if _SYNTAX.match(problem.code):
        return "syntax_error"
    if _COMPILERS.search(problem.tool):
        return "compile_error"
    return "type_error" if _TYPES.search(problem.tool) else "lint_error"


def place(problem: Problem) -> str:
    """``file:line:column: error rule: message`` as far as it is known."""
    where = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part)
    what = " ".join(part for part in (problem.severity, problem.code) if part)
    return ": ".join(part for part in (where, what, problem.message.split("\n", 1)[0]) if part)


def reported_findings(log: CleanLog, problems: Sequence[Problem], found: Sequence[Finding]) -> list[Finding]:
    """The lines of the log that say what the report says, where the table of tools did not find them already."""
    by_literal: dict[str, Problem] = {}
    for problem in problems[:MOST_SEARCHED]:
        name = re.split(r"[\\/]", problem.file)[-1]
        if name and problem.line:
            by_literal.setdefault(f"{name}:{problem.line}:".lower(), problem)
            by_literal.setdefault(f"{name}({problem.line},".lower(), problem)
        message = problem.message.split("\n", 1)[0].lower()
        if len(message) >= _TELLING:
            by_literal.setdefault(message, problem)
    if not by_literal:
        return []
    known = {f.anchor for f in found if f.weight >= FAILURE - 12}
    result = []
    for i, literals in search(log.series, list(by_literal)).of(lambda kind: kind):
        if i in known:
            continue
        problem = by_literal[literals[0]]
        rule = Rule(problem.tool, category_of(problem), FAILURE - 4, "line", (literals[0],), re.escape(literals[0]))
        result.append(Finding(rule, i, i, i, rule.category))
    return result


def pack_lines(problems: Sequence[Problem], budget: int) -> list[str]:
    """Lines for the head of the pack, at most ``SHARE`` of ``budget`` tokens, the rest counted."""
    lines, room = list[str](), budget * 4 * SHARE
    for number, problem in enumerate(problems):
        text = f"{problem.tool or 'A tool'} reports: {place(problem)}"[:300]
        if room < len(text) + 40:
            return [*lines, f"[and {len(problems) - number} more errors reported]"] if lines else []
        lines.append(text)
        room -= len(text) + 1
    return lines
