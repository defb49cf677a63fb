"""How long each step of a build took, read from the times that the CI system wrote into the log."""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from banana_assets.core.builds.cleaning import clean
from banana_assets.core.builds.steps import Step, endings, steps
from banana_assets.core.logs.masks import mask

RULES_VERSION = 1

_STAMP = re.compile(
    # GitHub Actions, Azure Pipelines, GitLab with timestamps; Taskcluster puts a word before
    r"^(?:\ufeff|ï»¿)?\[?(?:[a-z-]+(?::[a-z-]+)? )?(?P<day>\d{4}-\d\d-\d\d)[T ](?P<time>\d\d:\d\d:\d\d)(?:[.,](?P<fraction>\d{1,9}))?(?P<zone>Z|[+-]\d\d:?\d\d)?"
)
_SECTION = re.compile(r"section_(?P<edge>start|end):(?P<time>\d{9,11}):(?P<name>[\w.-]+)")
_TRAVIS = re.compile(r"travis_time:end:[\w.:-]*?start=(?P<start>\d{16,20}),finish=(?P<finish>\d{16,20})")
LINES_SEARCHED = 200
"""How far a time is looked for below a step's first line: output of a tool may run over many lines without one."""
LONGEST_NAME = 200


@dataclass(frozen=True)
class TimedStep:
    """A step with its lines (1-based, both ends inclusive), when it began and how long it took (s), where known."""

    name: str
    step: str
    first_line: int
    last_line: int
    started_at: datetime | None
    duration_seconds: float | None
    heading: str


def timed_steps(lines: Sequence[str]) -> list[TimedStep]:
    """The steps of a log (its lines as split at LF), in order; the whole log as one step where none is marked.

    These are the steps directly below the build, or, where there is one alone, the ones in it. A step lasts until the
    next one begins, and the last one until the log's last time. GitLab's sections and Travis' commands carry their own
    times, which are used before those of lines.
    """
    log = clean(lines)
    root = steps(log, endings(log))
    level = root
    while len(level.steps) == 1:
        level = level.steps[0]
    chosen = level.steps or [level]
    begins = [_own_begin(lines, step) or _first_time(lines, step.first, step.last) for step in chosen]
    end = _last_time(lines)
    names = [
        "" if step is root else " ".join((step.name or log.texts[step.first - 1]).split())[:LONGEST_NAME]
        for step in chosen
    ]
    masked = mask(pl.Series("name", names, dtype=pl.String)).to_list()
    found = []
    for k, step in enumerate(chosen):
        begin = begins[k]
        after = next((b for b in begins[k + 1 :] if b is not None), end)
        seconds = _own_seconds(lines, step)
        if seconds is None and begin is not None and after is not None:
            seconds = max(0.0, (after - begin).total_seconds())
        heading = log.texts[step.first - 1][:LONGEST_NAME] if len(log) else ""
        name = names[k] or "whole log"
        found.append(TimedStep(name, masked[k] or name, step.first, step.last, begin, seconds, heading))
    return found


def step_rows(lines: Sequence[str], build_id: str, log_sha256: str) -> list[dict[str, object]]:
    """Rows of BUILD_STEPS for one build."""
    return [
        {
            "build_id": build_id,
            "position": k,
            "name": step.name,
            "step": step.step,
            "first_line": step.first_line,
            "last_line": step.last_line,
            "started_at": step.started_at,
            "duration_seconds": step.duration_seconds,
            "heading": step.heading,
            "log_sha256": log_sha256,
            "rules_version": RULES_VERSION,
        }
        for k, step in enumerate(timed_steps(lines), 1)
    ]


def _time(line: str) -> datetime | None:
    match = _STAMP.match(line)
    if match is None:
        return None
    fraction = (match["fraction"] or "0")[:6].ljust(6, "0")
    zone = "+00:00" if match["zone"] in (None, "Z") else match["zone"]
    try:
        return datetime.fromisoformat(f"{match['day']}T{match['time']}.{fraction}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _first_time(lines: Sequence[str], first: int, last: int) -> datetime | None:
    for line in lines[first - 1 : min(last, first - 1 + LINES_SEARCHED)]:
        found = _time(line[:80])
        if found is not None:
            return found
    return None


def _last_time(lines: Sequence[str]) -> datetime | None:
    for line in reversed(lines[-LINES_SEARCHED:]):
        found = _time(line[:80])
        if found is not None:
            return found
    return None


def _own_begin(lines: Sequence[str], step: Step) -> datetime | None:
    for match in _SECTION.finditer(_at(lines, step.first)):
        if match["edge"] == "start":
            return datetime.fromtimestamp(int(match["time"]), UTC)
    return None


def _own_seconds(lines: Sequence[str], step: Step) -> float | None:
    begin = _own_begin(lines, step)
    last = _at(lines, step.last)
    if begin is not None:
        ends = [m for m in _SECTION.finditer(last) if m["edge"] == "end"]
        if ends:
            return max(0.0, int(ends[-1]["time"]) - begin.timestamp())
    commands = [
        m for line in lines[step.first - 1 : step.last] if "travis_time:end" in line for m in _TRAVIS.finditer(line)
    ]
    if commands:
        return max(0.0, sum(int(m["finish"]) - int(m["start"]) for m in commands) / 1e9)
    return None


def _at(lines: Sequence[str], number: int) -> str:
    return lines[number - 1][:4000] if 0 < number <= len(lines) else ""
