"""Reports of analysers in SARIF 2.1.0 (OASIS Standard, 27 March 2020): what each run of a tool found, and where."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from banana_assets.core.builds.problems import Problem
from banana_assets.core.errors import InputError

MAXIMUM_BYTES = 256 * 1024 * 1024
MOST_PROBLEMS = 20_000
"""Problems kept of one report; ``SarifReport.more`` counts the rest."""
MESSAGE_CHARACTERS = 2_000

_SEVERITIES = {"error": "error", "warning": "warning", "note": "info", "none": "info"}
_LINK = re.compile(r"(?<!\\)\[((?:\\.|[^\]\\])*)\]\((?:\\.|[^)\\])*\)")
_DRIVE = re.compile(r"^/[A-Za-z]:/")
_TESTING = ("pass", "notApplicable", "informational")
"""Kinds of result that say that nothing is wrong."""


@dataclass(frozen=True, slots=True)
class SarifReport:
    """What stands in a report: the ``problems`` that count, with the tool, rule and place of each.

    Left out and counted are ``suppressed`` results (in the source or by somebody's decision), those that are
    ``unchanged`` against the tool's baseline or ``absent`` from this run, and the ``more`` after ``MOST_PROBLEMS``.
    """

    tools: tuple[str, ...]
    problems: tuple[Problem, ...]
    suppressed: int = 0
    unchanged: int = 0
    absent: int = 0
    more: int = 0


def parse_sarif(data: bytes) -> SarifReport:
    """The problems of one report, in the order of its runs and results.

    Severity is ``error``, ``warning`` or ``info`` (SARIF's note and none), from the result or else its rule's default.
    A message that the tool wrote about its own failure (``toolExecutionNotifications``) is a problem without a file.

    Raises:
        InputError: the bytes are no JSON, no SARIF log, or of another version.
    """
    if len(data) > MAXIMUM_BYTES:
        raise InputError(
            f"The SARIF report is {len(data):,} bytes, over {MAXIMUM_BYTES:,}.",
            "Write a report for each tool or folder.",
        )
    if not data.strip():
        raise InputError("The SARIF report is empty.", "Check that the analyser ran to its end.")
    try:
        log = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise InputError(f"The SARIF report is no JSON: {error}.", "Check that it was written completely.") from error
    version = log.get("version") if isinstance(log, dict) else None
    if not isinstance(log, dict) or not isinstance(log.get("runs"), list):
        raise InputError("The JSON file holds no `runs`, so it is no SARIF report.", "Give a file in SARIF 2.1.0.")
    if not isinstance(version, str) or not version.startswith("2.1"):
        raise InputError(f"The SARIF report is of version {version}, not 2.1.0.", "Let the tool write SARIF 2.1.0.")
    return _report([_Run.of(run) for run in log["runs"] if isinstance(run, dict)])


def _report(runs: Sequence[_Run]) -> SarifReport:
    problems: list[Problem] = []
    counts = {"suppressed": 0, "unchanged": 0, "absent": 0, "more": 0}
    for run in runs:
        for found in run.problems():
            if isinstance(found, str):
                counts[found] += 1
            elif len(problems) < MOST_PROBLEMS:
                problems.append(found)
            else:
                counts["more"] += 1
    return SarifReport(tuple(dict.fromkeys(run.tool for run in runs)), tuple(problems), **counts)


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of one tool: the properties that its results refer to."""

    tool: str
    components: Sequence[Mapping[str, Any]]
    artifacts: Sequence[Any]
    run: Mapping[str, Any]

    @classmethod
    def of(cls, run: Mapping[str, Any]) -> _Run:
        tool = _object(run.get("tool"))
        components = [_object(tool.get("driver")), *map(_object, _array(tool.get("extensions")))]
        name = _text(components[0].get("name")) or _text(components[0].get("fullName")) or "an analyser"
        return cls(name, components, _array(run.get("artifacts")), run)

    def problems(self) -> Iterator[Problem | str]:
        """The problems, and for each result that is none of them the word for why."""
        for result in map(_object, _array(self.run.get("results"))):
            if _text(result.get("kind")) in _TESTING:
                continue
            if _suppressed(result):
                yield "suppressed"
            elif result.get("baselineState") in ("unchanged", "absent"):
                yield str(result["baselineState"])
            else:
                yield self._problem(result)
        for invocation in map(_object, _array(self.run.get("invocations"))):
            for notice in map(_object, _array(invocation.get("toolExecutionNotifications"))):
                if notice.get("level") == "error":
                    yield self._problem(notice)

    def _problem(self, result: Mapping[str, Any]) -> Problem:
        reference = _object(result.get("rule") or result.get("descriptor"))
        rule = self._rule(result, reference)
        file, region = self._place(result)
        level = _text(result.get("level")) or _text(_object(rule.get("defaultConfiguration")).get("level")) or "warning"
        code = _text(result.get("ruleId")) or _text(reference.get("id")) or _text(rule.get("id"))
        return Problem(
            at=None,
            file=file,
            line=_number(region.get("startLine")),
            column=_number(region.get("startColumn")),
            severity=_SEVERITIES.get(level, "warning"),
            code=code,
            message=self._message(_object(result.get("message")), rule),
            tool=self.tool,
        )

    def _rule(self, result: Mapping[str, Any], reference: Mapping[str, Any]) -> Mapping[str, Any]:
        """The rule's own description: by its index in the component, or by its id (``A/B`` is a kind of ``A``)."""
        at = _number(_object(reference.get("toolComponent")).get("index"), least=0)
        component = self.components[at + 1] if at is not None and at + 1 < len(self.components) else self.components[0]
        rules = _array(component.get("rules"))
        index = next(
            (n for v in (result.get("ruleIndex"), reference.get("index")) if (n := _number(v, 0)) is not None), -1
        )
        if 0 <= index < len(rules):
            return _object(rules[index])
        name = _text(result.get("ruleId")) or _text(reference.get("id"))
        known = {_text(_object(rule).get("id")): _object(rule) for rule in rules[:5_000]} if name else {}
        return known.get(name) or known.get(name.rpartition("/")[0]) or {}

    def _place(self, result: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        for location in map(_object, _array(result.get("locations"))):
            physical = _object(location.get("physicalLocation"))
            artifact = _object(physical.get("artifactLocation"))
            index = _number(artifact.get("index"), least=0)
            if not artifact.get("uri") and index is not None and index < len(self.artifacts):
                artifact = _object(_object(self.artifacts[index]).get("location"))
            if uri := _text(artifact.get("uri")):
                return _path(uri), _object(physical.get("region"))
        return "", {}

    def _message(self, message: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
        text = _text(message.get("text")) or _text(message.get("markdown"))
        if not text and (name := _text(message.get("id"))):
            strings = [rule.get("messageStrings"), self.components[0].get("globalMessageStrings")]
            text = next((t for s in strings if (t := _text(_object(_object(s).get(name)).get("text")))), name)
        for number, argument in enumerate(_array(message.get("arguments"))[:20]):
            text = text.replace(f"{{{number}}}", _text(argument))
        text = text or _text(_object(rule.get("shortDescription")).get("text"))
        return _LINK.sub(r"\1", text).strip()[:MESSAGE_CHARACTERS]


def _suppressed(result: Mapping[str, Any]) -> bool:
    """Section 3.27.23: some suppression, and none of them still under review or rejected."""
    states = [_object(suppression).get("status") for suppression in _array(result.get("suppressions"))]
    return bool(states) and not any(state in ("underReview", "rejected") for state in states)


def _path(uri: str) -> str:
    """A path as people write it: without the scheme ``file`` and with percent signs decoded."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri
    if parts.scheme not in ("", "file"):
        return uri
    path = unquote(parts.path)
    return path[1:] if _DRIVE.match(path) else path


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _array(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any, least: int = 1) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and least <= value < 2**31 else None
