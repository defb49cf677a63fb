"""Quotes of application logs, and whether a quote still stands where it was read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from banana_assets.core.builds.cleaning import clean
from banana_assets.core.evidence import Citation
from banana_assets.core.text import short_path

LONGEST = 1500
"""An example is stored up to 2,000 characters; one that may be cut is quoted up to here."""


def example_place(example: dict[str, Any]) -> str:
    """Where an example of LOG_PATTERNS stands, for people and for whoever they show it to."""
    file = short_path(example["path"]) if example["path"] else f"file {example['file_id']}"
    return f"{file}, line {example['line']}"


def example_citation(example: dict[str, Any], files: pl.DataFrame) -> Citation | None:
    """The citation of a pattern's example line, whose message is quoted; None where its file is not known.

    ``example`` as in LOG_PATTERNS.examples, ``files`` rows of LOG_FILES. Lines count from the first stored one.
    """
    mine = files.filter(pl.col("file_id") == example["file_id"])
    text = example["text"].strip()[:LONGEST]
    if not mine.height or not text:
        return None
    line = example["line"] - mine["first_line"][0] + 1
    return {
        "build_id": None,
        "sha256": mine["sha256"][0],
        "first_line": line,
        "last_line": line,
        "quote": text,
    }


def _says(line: str, message: str) -> bool:
    """Whether a line carries the message: as it is, or escaped as JSON writes it."""
    return any(form in line for form in (message, *(json.dumps(message, ensure_ascii=a)[1:-1] for a in (False, True))))


def holds(citation: Citation, lines: Sequence[str]) -> bool:
    """Whether the quote is what stands there, in a log of these lines (as split at LF).

    A build's log is read as the diagnosis reads it, without prefixes and colours, and each quoted line must be the
    whole of its line. Of an application's log the message is quoted, so that it must stand in its line.
    """
    first, last = citation["first_line"], citation["last_line"]
    quoted = citation["quote"].split("\n")
    if first < 1 or last > len(lines) or last - first + 1 != len(quoted):
        return False
    if citation["build_id"] is None:
        return all(_says(line, quote) for quote, line in zip(quoted, lines[first - 1 : last], strict=True))
    return clean(lines).texts[first - 1 : last] == quoted
