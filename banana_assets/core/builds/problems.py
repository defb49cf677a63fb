"""Problems that compilers and linters name with file and line: ``file:line: message`` in its many dialects."""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from banana_assets.core.builds.cleaning import CleanLog, clean

_SEVERITIES = {
    "error": "error", "fatal error": "error", "fatal": "error", "syntax error": "error", "internal compiler error": "error", "e": "error",
    "critical": "error", "high": "error", "failure": "error", "✖": "error", "×": "error", "f": "error",
    "warning": "warning", "warn": "warning", "w": "warning", "⚠": "warning", "medium": "warning",
    "note": "info", "info": "info", "hint": "info", "help": "info", "c": "info", "r": "info", "convention": "info", "refactor": "info", "style": "info", "remark": "info", "suggestion": "info", "low": "info", "weak": "info", "information": "info",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """One message about a place in a source file. ``at`` is the 1-based line of the log, None where a report says it;
    ``line`` and ``column`` are 1-based places in ``file``, None where the tool names none. ``severity`` is ``error``,
    ``warning`` or ``info``, empty where the tool gives none; ``tool`` is empty where only its dialect is known."""

    at: int | None
    file: str
    line: int | None
    column: int | None
    severity: str
    code: str
    message: str
    tool: str = ""


_WORD = r"(?:fatal |internal compiler |syntax )?[Ee]rror|ERROR|[Ww]arning|WARNING|WARN|[Nn]ote|[Ii]nfo|INFO|[Hh]elp|[Hh]int|[Ss]tyle|[Ss]uggestion|[Ff]atal|remark|information"
_FILE = r"(?P<file>(?:[A-Za-z]:)?[^\s:(\[|<>\"'][^:(\[|<>\"']*?)"
_SHAPES = tuple(
    re.compile(pattern)
    for pattern in (
        # msvc, csc, fsc, tsc, MSBuild: file(line,column): error CODE: message
        rf"^\s*(?:\d+>)?(?P<file>(?:[A-Za-z]:)?[^\s:(][^:()]*)\((?P<line>\d+)(?:[,:](?P<column>\d+))?(?:[,-]\d+)*\) ?: (?:(?P<severity>{_WORD}) (?P<code>[A-Za-z]+\d+) ?: |(?P<severity2>{_WORD}): )?(?P<message>.+)$",
        # ESLint compact, JSHint: file: line 1, col 2, Error - message
        rf"^(?P<file>(?:[A-Za-z]:)?[^:]+): line (?P<line>\d+), col (?P<column>\d+), (?:(?P<severity>{_WORD}) - )?(?P<message>.+)$",
        # TSLint: file[1, 2]: message; ERROR: file[1, 2]: message; ERROR: file:1:2 - message
        r"^(?:(?P<severity>ERROR|WARNING): )?(?P<file>\S+?)\[(?P<line>\d+), (?P<column>\d+)\]: (?P<message>.+)$",
        r"^(?P<severity>ERROR|WARNING): (?P<file>\S+?):(?P<line>\d+):(?P<column>\d+) - (?P<message>.+)$",
        # Maven's compiler plugin
        r"^\[(?P<severity>ERROR|WARNING)\] (?P<file>(?:/?[A-Za-z]:)?[^:\[]+\.\w+):\[(?P<line>\d+),(?P<column>\d+)\] (?:\[(?P<code>[\w-]+)\] )?(?P<message>.+)$",
        # tsc --pretty, pyright, mypy --pretty
        rf"^\s*{_FILE}:(?P<line>\d+):(?P<column>\d+) - (?P<severity>{_WORD})(?: (?P<code>[A-Z]+\d+))?: (?P<message>.+)$",
        # Maven with a line alone or with the message below, Error Prone, Eclipse's compiler, Kotlin
        r"^\[(?P<severity>ERROR|WARNING)\] (?P<file>(?:/?[A-Za-z]:)?[^:\[]+\.\w+):\[(?P<line>\d+)(?:,(?P<column>\d+))?\](?: \[(?P<code>[\w-]+)\])?(?P<message>.*)$",
        r"^\[(?P<severity>ERROR|WARNING)\] (?P<file>(?:/?[A-Za-z]:)?[^:\[]+\.kts?): \((?P<line>\d+), (?P<column>\d+)\) (?P<message>.+)$",
        # puppet-lint, protolint, dotenv-linter
        r"^(?P<file>\S+) - (?P<severity>ERROR|WARNING): (?P<message>.+) on line (?P<line>\d+)(?: col \d+)?$",
        r"^\[(?P<file>[^\s:\]]+\.\w+):(?P<line>\d+):(?P<column>\d+)\] (?P<message>.+)$",
        r"^(?P<file>(?:\S*/)?\.[a-z][\w.-]*):(?P<line>\d+):? (?P<message>.+)$",
        # Brakeman
        r"^(?P<file>\S+\.\w+)\t(?P<line>\d+)\t(?P<message>.+)\t(?P<severity>High|Medium|Weak)$",
        # Pylint before 1.0, with or without the module
        r"^(?P<file>[^\s:]+\.pyi?):(?:[\w.]+:)?(?P<line>\d+): \[(?P<code>[A-Z]\d{4})[^\]]*\] (?P<message>.+)$",
        # sbt, Scala: [error] file:1:2: message
        r"^\[(?P<severity>error|warn|info)\] (?P<file>(?:[A-Za-z]:)?[^\s:][^:]*\.\w+):(?P<line>\d+):(?:(?P<column>\d+):)? (?P<message>.+)$",
        # Kotlin
        r"^(?P<severity>[ew]): (?:file://)?(?P<file>/?[^:]+\.kts?):? ?\((?P<line>\d+), (?P<column>\d+)\): (?P<message>.+)$",
        r"^(?P<severity>[ew]): (?:file://)?(?P<file>/?[^:]+\.kts?):(?P<line>\d+):(?P<column>\d+):? (?P<message>.+)$",
        # CMake
        r"^CMake (?P<severity>Error|Warning|Deprecation Warning)(?: \(\w+\))? at (?P<file>[^:]+):(?P<line>\d+) (?P<message>\(.+\)|\w+):?$",
        # Perl::Critic
        r"^(?:(?P<file>\S[^:]*): )?(?P<message>.+) at line (?P<line>\d+), column (?P<column>\d+)\..*\(Severity: \d\)$",
        # Black
        r"^(?P<severity>error): cannot format (?P<file>\S+): Cannot parse: (?P<line>\d+):(?P<column>\d+): (?P<message>.+)$",
        # Scalastyle
        r"^(?P<severity>error|warning) file=(?P<file>\S+) message=(?P<message>.*?) line=(?P<line>\d+)(?: column=(?P<column>\d+))?$",
        # Black
        r"^(?P<severity>error): ?(?P<file>/\S+?):(?P<line>\d+):(?P<column>\d+): ?(?P<message>.+)$",
        # RuboCop: file:1:2: C: message
        r"^(?P<file>[^\s:][^:]*):(?P<line>\d+):(?P<column>\d+): (?P<severity>[CWEFRI]): (?P<message>.+)$",
        # gcc, clang, swiftc, ghc, javac, mypy, Go, flake8: file:1:2: severity: message
        rf"^\s*{_FILE}:(?P<line>\d+)(?:-\d+)?(?:[:.](?P<column>\d+)(?:-\d+)?)?:? ?\s*\[?(?P<severity>{_WORD})\b\]?(?:: ?| - | )(?:\[(?P<code>[\w-]+)\]:? )?(?P<message>.+)$",
        r"^\s{0,2}(?P<file>(?:[A-Za-z]:)?[^\s:\[(|<>\"'][^:|<>\"']*\.\w{1,10}|(?:\S+/)?[A-Z]\w+file|<stdin>):(?P<line>\d+)(?::(?P<column>\d+))?:? ?\s*(?:\[?(?P<code>[A-Z]{1,4}\d{1,5}|MD\d{3}/[\w/-]+)\]?:? )?(?P<message>\S.*)$",
    )
)
# Ant's task, Maven's level, a parallel stage, a clock, a percentage, a build system's label before the tool's own line
_TAG = re.compile(
    r"^\s*(?:\[[\w -]+\]\s*|\[?\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?\]? +|Exit code: \d+ - |\[? ?\d{1,3}%\]? |[\w/+]+: (?=\S+:\d+))"
)
_MOST_TAGS = 3
# Eclipse's compiler for Java writes its message below the source, up to a rule.
_ECLIPSE = re.compile(r"^\d+\. (?P<severity>ERROR|WARNING|INFO) in (?P<file>.+?) \(at line (?P<line>\d+)\)$")
_CARETS = re.compile(r"^(?:\[\w+\])?\s*\^+\s*$")
_RULE = re.compile(r"^(?:\[\w+\] )?-{4,}$")
# AspectJ's writes the place below the message.
_BELOW = re.compile(r"^\t(?P<file>(?:[A-Za-z]:)?[^\s:][^:]*\.(?:java|aj)):(?P<line>\d+)$")
_ABOVE = re.compile(r"^\[(?P<severity>ERROR|WARNING)\] (?P<message>.+)$")
_STYLISH = re.compile(
    rf"^\s+(?P<line>\d+):(?P<column>\d+)\s+(?P<severity>{_WORD}|✖|×|⚠)\s+(?P<message>\S.*?)(?:\s{{2,}}(?P<code>[\w@/.-]+))?$"
)
_STYLISH_FILE = re.compile(r"^(?P<file>(?:[A-Za-z]:)?\S.*\.\w+|\S*/\S+)$")
_RUSTC = re.compile(r"^(?P<severity>error|warning)(?:\[(?P<code>[\w:]+)\])?: (?P<message>.+)$")
_ARROW = re.compile(r"^\s*--> (?P<file>.+):(?P<line>\d+):(?P<column>\d+)$")
# A stack frame, a clock, an address, an echoed command or a key look like file:line too.
_NOT_A_FILE = re.compile(
    r"^(?:[$+>] |\[? ?\d{1,3}%\]? |(?:https?|ftp|git|ssh|file)$|at |\d+$|\d\d$|\[?\d\d?:|.*\s(?:at|from|in) )"
)


def find_problems(lines: Sequence[str]) -> tuple[Problem, ...]:
    """The problems that a log or a tool's output names, in order of lines (raw lines, split at LF)."""
    return problems_of(clean(lines))


def problems_of(log: CleanLog) -> tuple[Problem, ...]:
    """The same for a log that is cleaned already."""
    found: list[Problem] = []
    file = ""
    told: re.Match[str] | None = None
    digits = log.series.str.contains(r"[:(\[ =\t]\d").to_list()
    for i, text in enumerate(log.texts):
        if not digits[i]:
            if not text.strip():
                file = ""
            elif (heading := _STYLISH_FILE.match(text)) is not None and len(text) < 300:
                file = heading["file"]
            told = _RUSTC.match(text) or told
            continue
        if len(text) > 2_000:
            continue
        if (arrow := _ARROW.match(text)) is not None:
            if told is not None:
                found.append(_problem(i, arrow, told["severity"], told["code"] or "", told["message"]))
                told = None
            continue
        if file and (row := _STYLISH.match(text)) is not None:
            found.append(_problem(i, row, row["severity"], row["code"] or "", row["message"], file))
            continue
        told = _RUSTC.match(text) or told
        if (below := _BELOW.match(text)) is not None:
            if i and (above := _ABOVE.match(log.texts[i - 1])) is not None:
                found.append(_problem(i, below, above["severity"], "", above["message"]))
            continue
        match, refused = _matched(text)
        if match is None:
            if not refused and (heading := _STYLISH_FILE.match(text)) is not None and len(text) < 300:
                file = heading["file"]
            continue
        if match.re is _ECLIPSE:
            found.append(_problem(i, match, match["severity"], "", _below_carets(log.texts, i)))
            continue
        groups = match.groupdict()
        severity = groups.get("severity") or groups.get("severity2") or ""
        problem = _problem(i, match, severity, groups.get("code") or "", match["message"])
        if problem.column is None and severity:
            problem = replace(problem, column=_caret(log.texts, i))
        found.append(problem)
    return tuple(found)


def _matched(text: str) -> tuple[re.Match[str] | None, bool]:
    """What names a place in the line, behind what others put before it; else whether only something like it does."""
    refused = False
    for _ in range(_MOST_TAGS + 1):
        match = next((m for shape in (_ECLIPSE, *_SHAPES) if (m := shape.match(text)) is not None), None)
        if match is not None and not (match["file"] and _NOT_A_FILE.match(match["file"])):
            return match, False
        refused = refused or match is not None
        tag = _TAG.match(text)
        if tag is None:
            break
        text = text[tag.end() :]
    return None, refused


def _below_carets(texts: Sequence[str], i: int) -> str:
    """The message that stands between the line of carets and the rule."""
    said: list[str] = []
    shown = False
    for text in texts[i + 1 : i + 40]:
        body = text.removeprefix("[INFO]").strip().removeprefix("[javac]").strip()
        if _RULE.match(body):
            break
        if shown:
            said.append(body)
        shown = shown or bool(_CARETS.match(body))
    return " ".join(said)


def _caret(texts: Sequence[str], i: int) -> int | None:
    """The column that a caret below the message points at (scalac, javac), counted after the message's own prefix."""
    prefix = re.match(r"^\[\w+\] ", texts[i])
    for text in texts[i + 1 : i + 6]:
        body = text[prefix.end() :] if prefix and text.startswith(prefix[0]) else text
        if re.match(r"^\s*\^\s*$", body):
            return body.index("^") + 1
        if not body.strip() or any(shape.match(text) for shape in _SHAPES[-2:]):
            return None
    return None


def _problem(i: int, place: re.Match[str], severity: str, code: str, message: str, file: str = "") -> Problem:
    groups = place.groupdict()
    column = groups.get("column")
    return Problem(
        at=i + 1,
        file=(file or groups["file"] or "").strip(),
        line=int(groups["line"]),
        column=int(column) if column else None,
        severity=_SEVERITIES.get(severity.lower(), ""),
        code=code,
        message=message.strip(),
    )
