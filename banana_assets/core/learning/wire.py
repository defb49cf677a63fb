"""The shapes in which coding agents read builds: those of the published interface, with more beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from banana_assets.core.builds.problems import Problem, find_problems
from banana_assets.core.builds.titles import title_of
from banana_assets.core.safety.secrets import mask, mask_lines
from banana_assets.core.safety.serving import served

TAIL_BYTES = 4_096
"""Of a log in a list (UTF-8 bytes): its last whole lines."""

DETAIL_BYTES = 1 << 20
"""Of a log in full; of a longer one the last whole lines of so many bytes."""

KEY_BYTES = 32 << 10
"""No private key is longer, so that one that begins so far before a tail is known in it."""

MOST_LINES = 10
"""Errors and warnings that a summary quotes, as in the published interface."""


@dataclass(frozen=True)
class Tail:
    """The end of a log: its text, the number of its first line (from 1), and whether lines are missing before it."""

    text: str
    first_line: int
    truncated: bool


def tail(lines: Sequence[str], most_bytes: int) -> Tail:
    """The last whole lines that fit; of one line that alone is too long its end."""
    size, first = 0, len(lines)
    while first > 0:
        length = len(lines[first - 1].encode("utf-8", "replace")) + 1
        if size + length > most_bytes:
            break
        size, first = size + length, first - 1
    if first == len(lines) and lines:
        cut = lines[-1].encode("utf-8", "replace")[-most_bytes:].decode("utf-8", "ignore")
        return Tail(cut, len(lines), truncated=True)
    return Tail("\n".join(lines[first:]), first + 1, truncated=first > 0)


def masked_tail(lines: Sequence[str], most_bytes: int) -> Tail:
    """The last whole lines that fit, without their secrets; a key over several lines is known also when it is cut."""
    before = tail(lines, most_bytes + KEY_BYTES)
    end = tail(mask_lines(before.text.split("\n")).lines, most_bytes)
    return Tail(end.text, before.first_line + end.first_line - 1, before.truncated or end.truncated)


def known_failures(failures: pl.DataFrame, clusters: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """What is served of each failure (BUILD_FAILURES, FAILURE_CLUSTERS), by build_id."""
    members: dict[str, dict[str, Any]] = {}
    for row in clusters.select("cluster_id", "title", "state", "is_new", "first_seen", "builds").iter_rows(named=True):
        about = {
            "cluster_id": row["cluster_id"],
            "title": _masked(row["title"]),
            "state": row["state"],
            "is_new": row["is_new"],
            "first_seen": _iso(row["first_seen"]),
            "failures": len(row["builds"]),
        }
        members |= {build_id: about | {"nth": n} for n, build_id in enumerate(row["builds"], 1)}
    columns = "build_id", "log_sha256", "category", "confidence", "reason", "cause", "cause_text", "tool", "fingerprint"
    rest = "failing_step", "exit_code", "failing_tests", "pack", "pack_tokens"
    return {
        row["build_id"]: served_failure(row, members.get(row["build_id"]))
        for row in failures.select(*columns, *rest).iter_rows(named=True)
    }


def served_failure(row: Mapping[str, Any], cluster: dict[str, Any] | None) -> dict[str, Any]:
    """What is served of one failure (row of BUILD_FAILURES), its texts without secrets."""
    cause = [{"first_line": s["first"], "last_line": s["last"]} for s in row["cause"]]
    found: dict[str, Any] = served(
        {
            "log_sha256": row["log_sha256"],
            "pack": row["pack"],
            "pack_tokens": row["pack_tokens"],
            "diagnosis": {
                "category": row["category"],
                "confidence": row["confidence"],
                "title": title_of(row["reason"], row["cause_text"]),
                "reason": row["reason"],
                "cause": cause,
                "cause_text": row["cause_text"],
                "tool": row["tool"],
                "failing_step": row["failing_step"],
                "exit_code": row["exit_code"],
                "failing_tests": list(row["failing_tests"]),
                "fingerprint": row["fingerprint"],
            },
        }
    )
    return found | {"cluster": cluster}


def wire_build(
    build: Mapping[str, Any], log: Tail, *, failure: dict[str, Any] | None, reports: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """A build (row of the records) as it is served: ``id, status, log`` and ``llm_reports`` as published, and more."""
    told = served({name: build[name] for name in ("pipeline", "job", "branch", "command", "url")})
    return {
        "id": build["build_id"],
        "status": build["status"],
        "log": log.text,
        "log_truncated": log.truncated,
        "log_first_line": log.first_line,
        "log_lines": build["log_lines"],
        "log_bytes": build["log_bytes"],
        "pipeline": told["pipeline"],
        "job": told["job"],
        "branch": told["branch"],
        "commit": build["commit_sha"],
        "command": told["command"],
        "url": told["url"],
        "exit_code": build["exit_code"],
        "timestamp": _iso(build["at"]),
        "started_at": _iso(build["started_at"]),
        "finished_at": _iso(build["finished_at"]),
        "arrived_at": _iso(build["arrived_at"]),
        "duration_seconds": build["duration_seconds"],
        "diagnosis": failure["diagnosis"] if failure else None,
        "cluster": failure["cluster"] if failure else None,
        "llm_reports": list(reports),
    }


def log_summary(
    lines: Sequence[str], failure: dict[str, Any] | None, status: str, reported: Sequence[Problem] = ()
) -> dict[str, Any]:
    """What stands out in a log, in the published shape: counts, and the first ten errors and warnings as plain lines.

    An error is a line of the failure's cause, or one that a compiler, linter or test runner reports as an error; so
    ``0 errors`` counts as none, and a failed build whose log says only ``not found`` has one.
    """
    found = [*find_problems(lines), *reported]
    errors = list(dict.fromkeys(_cause_lines(failure["diagnosis"] if failure else None)))
    told = set(errors)
    for problem in found:
        if problem.severity == "error" and status != "success":
            line = lines[problem.at - 1] if problem.at else f"{problem.file}:{problem.line or 1}: {problem.message}"
            if line not in told:
                told.add(line)
                errors.append(line)
    warnings = list(
        dict.fromkeys(
            lines[p.at - 1] if p.at else f"{p.file}:{p.line or 1}: {p.message}"
            for p in found
            if p.severity == "warning"
        )
    )
    return {
        "total_lines": len(lines),
        "error_count": len(errors),
        "warning_count": len(warnings),
        "errors": [_masked(line) for line in errors[:MOST_LINES]],
        "warnings": [_masked(line) for line in warnings[:MOST_LINES]],
    }


_TELLING = re.compile(
    r"(?i)\b(?:errors?|failed|failures?|fatal|exception|panic\w*|abort\w*|killed|denied|refused|timed? ?out|not found|"
    r"cannot|could not|no such|undefined|unresolved|missing|invalid|unexpected|expected)\b|\w(?:Error|Exception)\b|^E  "
)


def telling_lines(diagnosis: Mapping[str, Any] | None) -> list[str]:
    """The first lines of a failure's cause that say what is wrong, and all of them where none does: code around them is
    no error."""
    return _cause_lines(diagnosis)[:MOST_LINES]


def _cause_lines(diagnosis: Mapping[str, Any] | None) -> list[str]:
    lines = [line for line in diagnosis["cause_text"].split("\n") if line.strip()] if diagnosis else []
    return [line for line in lines if _TELLING.search(line)] or lines


def _masked(text: str) -> str:
    return mask(text).text


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
