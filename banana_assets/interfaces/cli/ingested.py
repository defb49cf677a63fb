"""What an ingestion did, for people: each odd file as it comes, the sums at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from banana_assets.interfaces.cli.output import Format, say, write_object, write_rows

if TYPE_CHECKING:
    from banana_assets.backends.ingest.report import Item, Report

_ALWAYS = ("new", "known", "failed", "lines", "readings", "items")
_LABELS = {
    "known": "already known",
    "aside": "left aside",
    "invalid_utf8_lines": "lines with invalid UTF-8",
    "nul_lines": "lines with NUL bytes",
    "long_lines": "lines over 64 KiB",
}


def write_report(what: str, report: Report, form: Format) -> None:
    """Write the sums of a report, or with jsonl an item a line."""
    if form is Format.jsonl:
        write_rows([_row(item) for item in report.items], form)
        return
    summary = _summary(what, report)
    write_object(_for_people(summary) if form is Format.table else summary, form)


def _for_people(summary: dict[str, object]) -> dict[str, object]:
    return {_LABELS.get(name, name): count for name, count in summary.items() if count or name in _ALWAYS}


def files_of(paths: Sequence[str]) -> int | None:
    """How many files these paths lead to; None where one is no file of this machine."""
    from pathlib import Path

    from banana_assets.backends.ingest.paths import expand

    if any(path == "-" or "://" in path for path in paths):
        return None
    return sum(1 for _ in expand(map(Path, paths)))


def tell(item: Item, shown: Callable[[str], None], command: str = "ingest") -> None:
    """Say what is odd about a file, and show which one it is."""
    if item.outcome == "failed":
        say(f"banana {command}: {item.message}")
    elif item.outcome == "empty":
        say(f"banana {command}: {item.path} is empty; there is nothing to take in.")
    elif item.message and item.outcome != "aside":
        say(f"banana {command}: {item.path}: {item.message}.")
    shown(item.path)


def _row(item: Item) -> dict[str, object]:
    return {
        "path": item.path,
        "outcome": item.outcome,
        "name": item.name,
        **vars(item.oddities),
        "message": item.message,
    }


def _summary(what: str, report: Report) -> dict[str, object]:
    odd = report.oddities
    counts: dict[str, object] = {
        "new": report.count("new"),
        "grown": report.count("grown"),
        "changed": report.count("changed"),
        "known": report.known,
        "empty": report.count("empty"),
        "aside": report.count("aside"),
        "failed": report.failed,
    }
    if what == "resources":
        return {**counts, "readings": odd.lines}
    if what == "media":
        return {**counts, "items": odd.lines}
    return {
        **counts,
        "lines": odd.lines,
        "bytes": odd.bytes,
        "invalid_utf8_lines": odd.invalid_utf8_lines,
        "nul_lines": odd.nul_lines,
        "long_lines": odd.long_lines,
    }
