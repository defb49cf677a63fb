"""Names told from paths: what writes a log, and which job a CI log belongs to.

A path mixes what stays (program, job) with what changes (dates, rotation numbers, run numbers, compression). Only the
first names things that are compared with each other over time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

LOG_ENDINGS = (".log", ".txt", ".out", ".err", ".output", ".trace")
COMPRESSED = (".gz", ".zst", ".zstd")

_DATE = (
    r"(?:19|20)\d\d[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12]\d|3[01])"
    r"(?:[-_.tT]?\d{2}[-_.:]?\d{2}(?:[-_.:]?\d{2})?Z?)?"
)
_ROTATED = re.compile(
    rf"(?:[-_.]?(?<!\d){_DATE}(?:[.]\d{{1,4}})?|(?<!\d)[.]\d{{1,4}}|[.](?:old|bak|prev|previous|current)|[-_]\d{{10,}})$",
    re.IGNORECASE,
)
_LEADING_DATE = re.compile(rf"^{_DATE}(?!\d)[-_.]?")
_VERSION = re.compile(r"(?<![\d.])v?\d{1,3}\.\d{1,3}(?:\.\d{1,3})?$")
_RUN = re.compile(
    r"(?:[-_.# ]+(?:run|build|attempt|no|nr)?[-_.#]?\d+|[-_.# ]*#\d+|[-_.# ]+(?=[0-9a-f]*\d)[0-9a-f]{7,40}"
    rf"|[-_. ]?(?<!\d){_DATE}(?!\d))$",
    re.IGNORECASE,
)
_LEADING_RUN = re.compile(r"^(?:run|build)?[-_#]?\d+(?:[-_. ]+|$)", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)

_STREAMS = {"access", "error", "errors", "out", "err", "stdout", "stderr", "console", "output", "log", "debug", "info"}
_STREAMS |= {"warn", "warning", "current", "main", "trace", "events", "app", "application", "server", "service"}
_FOLDERS = {"log", "logs", "var", "tmp", "temp", "data", "archive", "archives", "old", "rotated", "output", "out"}
OUTCOME_FOLDERS = {
    **dict.fromkeys(("failed", "failure", "failures", "failing", "broken", "red"), "failed"),
    **dict.fromkeys(("passed", "passing", "success", "successful", "successes", "ok", "green", "fixed"), "success"),
    **dict.fromkeys(("error", "errored", "errors"), "error"),
    **dict.fromkeys(("cancelled", "canceled"), "cancelled"),
}
"""Folder names that state how the builds in them ended, and the status that they mean."""

_OUTCOMES = set(OUTCOME_FOLDERS)
_CI_FOLDERS = {
    "builds",
    "build",
    "runs",
    "run",
    "jobs",
    "job",
    "raw",
    "artifacts",
    "ci",
    "console",
    *_FOLDERS,
    *_OUTCOMES,
}
_CI_FILES = {
    "log",
    "logs",
    "raw",
    "rawlog",
    "console",
    "consoletext",
    "output",
    "out",
    "stdout",
    "stderr",
    "job",
    "run",
}
_CI_FILES |= _OUTCOMES


def without_endings(name: str) -> str:
    """The file name without compression and log endings, rotation numbers and dates."""
    before = None
    while name != before:
        before = name
        lower = name.lower()
        for ending in (*COMPRESSED, *LOG_ENDINGS, ".json", ".jsonl", ".ndjson"):
            if lower.endswith(ending) and len(name) > len(ending):
                name = name[: -len(ending)]
                break
        else:
            shorter = _ROTATED.sub("", name)
            name = shorter or name
    return _LEADING_DATE.sub("", name) or name


def source_name(path: PurePath) -> str:
    """What writes the log at that path: the file name without what rotation adds; where that only names a stream
    (access, stdout) or is a number, the folder's name comes before it."""
    stem = without_endings(path.name)
    meaningful = stem.strip("-_. 0123456789")
    if meaningful and meaningful.lower() not in _STREAMS:
        return stem
    for folder in reversed(path.parent.parts):
        if folder.strip("/\\") and folder.lower() not in _FOLDERS and folder.strip("-_. 0123456789/\\"):
            return f"{folder}/{stem}" if meaningful else folder
    return stem


def without_run(name: str) -> str:
    """The name without run numbers, dates, commit hashes and UUIDs; empty where nothing else is in it."""
    name = _UUID.sub("", name)
    name = _LEADING_DATE.sub("", name)
    name = _LEADING_RUN.sub("", name)
    before = None
    while name != before:
        before = name
        if _VERSION.search(name) and not _VERSION.fullmatch(name):
            break
        name = _RUN.sub("", name)
    name = name.strip("-_. ")
    return "" if re.fullmatch(r"#?\d*|(?=[0-9a-f]*\d)[0-9a-f]{7,40}", name, re.IGNORECASE) else name


def job_names(path: PurePath) -> tuple[str, str]:
    """Pipeline and job of the CI log at that path: folder and file, without run numbers; folders and files whose names
    say nothing (logs, failed, 12, raw) are looked through."""
    folders = [_meaning(part, _CI_FOLDERS) for part in reversed(path.parent.parts)]
    pipeline = next((name for name in folders if name), "builds")
    return pipeline, _meaning(without_endings(path.name), _CI_FILES) or pipeline


def _meaning(part: str, empty: set[str]) -> str:
    name = without_run(part.strip("/\\"))
    return "" if name.lower() in empty else name


def archive_name(path: PurePath) -> PurePath:
    """The path of an archive without its ending, which stands for the folder it was made of."""
    name = path.name
    for ending in (".zip", ".tar", ".tgz", ".tar.gz", ".tar.zst", ".tar.zstd", ".tzst"):
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
            break
    return path.with_name(name or path.name)


def numbered(names: Sequence[str]) -> list[str]:
    """Names in the order people count: 2 before 10."""
    return sorted(names, key=lambda n: [(int(p), "") if p.isdigit() else (-1, p) for p in re.split(r"(\d+)", n) if p])
