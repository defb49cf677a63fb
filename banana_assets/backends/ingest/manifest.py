"""Manifests: a file beside CI logs that says which builds they are of."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from reprlib import repr as short
from typing import Any

from banana_assets.backends.ingest.times import parse_moment
from banana_assets.core.errors import ContradictionError, InputError
from banana_assets.core.vocabulary import BUILD_STATUSES

NAMES = ("manifest.json", "manifest.yaml", "manifest.yml", "manifest.jsonl", "manifest.csv")

FIELDS = (
    "build_id",
    "log",
    "pipeline",
    "job",
    "branch",
    "commit",
    "status",
    "exit_code",
    "command",
    "queued_at",
    "started_at",
    "finished_at",
    "url",
    "junit",
    "sarif",
    "resources",
)
"""What a manifest may say of a build."""

_STATUSES = {
    "passed": "success",
    "pass": "success",
    "succeeded": "success",
    "successful": "success",
    "ok": "success",
    "failure": "failed",
    "fail": "failed",
    "errored": "error",
    "timed_out": "error",
    "startup_failure": "error",
    "canceled": "cancelled",
    "aborted": "cancelled",
    "in_progress": "running",
    "pending": "queued",
    "waiting": "queued",
}
"""Words of CI systems for the statuses of BUILD_STATUSES."""


@dataclass(frozen=True)
class Row:
    """One build of a manifest. ``where`` names its place for messages; paths are relative to the manifest."""

    where: str
    build_id: str | None = None
    log: str | None = None
    pipeline: str | None = None
    job: str | None = None
    branch: str | None = None
    commit: str | None = None
    status: str | None = None
    exit_code: int | None = None
    command: str | None = None
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    url: str | None = None
    junit: tuple[str, ...] = field(default=())
    sarif: tuple[str, ...] = field(default=())
    resources: str | None = None

    @property
    def reports(self) -> tuple[str, ...]:
        """The patterns of all its reports, of tests and of analysers."""
        return (*self.junit, *self.sarif)


def find_manifest(folder: Path) -> Path | None:
    """The manifest of a folder, None where it has none. Raises InputError when it has several."""
    found = [folder / name for name in NAMES if (folder / name).is_file()]
    if len(found) > 1:
        raise InputError(f"{folder} has several manifests: {', '.join(p.name for p in found)}.", "Keep one of them.")
    return found[0] if found else None


def read_manifest(path: Path, data: bytes) -> list[Row]:
    """The builds that a manifest lists: a list, or an object with the list under ``builds``.

    Raises InputError naming the field and place that is wrong; a manifest is taken wholly or not at all.
    """
    parsed = _parse(path, data)
    defaults: Mapping[str, Any] = {}
    if isinstance(parsed, dict):
        defaults = {k: v for k, v in parsed.items() if k != "builds"}
        parsed = parsed.get("builds")
    if not isinstance(parsed, list):
        raise InputError(f"{path} lists no builds.", "Write a list of objects, or {builds: [...]}.")
    rows = []
    for number, entry in enumerate(parsed, 1):
        where = f"{path}, build {number}"
        if not isinstance(entry, dict):
            raise InputError(f"{where}, is no object.", f"Give it fields such as {', '.join(FIELDS[:4])}.")
        rows.append(_row(where, {**defaults, **entry}))
    if not rows:
        raise InputError(f"{path} lists no builds.", "Write one object for each build.")
    told = [row.build_id for row in rows if row.build_id]
    if len(set(told)) != len(told):
        twice = next(i for i in told if told.count(i) > 1)
        raise InputError(f"{path} lists the build_id {twice!r} twice.", "Give each build its own.")
    return rows


def is_of_builds(path: Path, data: bytes) -> bool:
    """Whether the file is meant as a manifest of builds: other programs have files of that name, which are one object.

    Raises InputError for what cannot be parsed.
    """
    parsed = _parse(path, data)
    return not isinstance(parsed, dict) or "builds" in parsed


def _parse(path: Path, data: bytes) -> Any:
    import yaml

    kind = path.suffix.lower()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8.", "Save it as UTF-8.") from error
    try:
        if kind == ".json":
            return json.loads(text)
        if kind == ".jsonl":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        if kind == ".csv":
            return _parse_csv(path, text)
        # The base loader leaves scalars as they are written: a branch 1.10 is no number.
        return yaml.load(text, Loader=yaml.BaseLoader)
    except (ValueError, RecursionError, csv.Error, yaml.YAMLError) as error:
        said = " ".join(str(error).split())
        raise InputError(f"{path} is no valid {kind[1:].upper()}: {said}.", "Mend that place.") from error


def _parse_csv(path: Path, text: str) -> list[dict[str, Any]]:
    rows = []
    for number, row in enumerate(csv.DictReader(io.StringIO(text, newline=""), strict=True), 2):
        if None in row or None in row.values():
            raise InputError(f"{path} has on line {number} another number of cells than its header.", "Mend that line.")
        rows.append({str(k).strip(): v for k, v in row.items() if str(v).strip()})
    return rows


def _row(where: str, entry: Mapping[str, Any]) -> Row:
    row = row_of(where, entry)
    if row.log is None and row.status is None and row.exit_code is None:
        raise InputError(f"{where}, has neither log nor status.", "Name its log, or say how it ended.")
    return row


def row_of(where: str, entry: Mapping[str, Any]) -> Row:
    """What an object says of a build; ``where`` names it for messages. Raises InputError naming the wrong field."""
    unknown = [str(name) for name in entry if name not in FIELDS]
    if unknown:
        raise InputError(
            f"{where}, has the unknown field {', '.join(map(repr, unknown))}.", f"The fields are {', '.join(FIELDS)}."
        )
    told = {name: value for name, value in entry.items() if value not in (None, "", "null", "~")}
    values: dict[str, Any] = {}
    for name in ("build_id", "log", "pipeline", "job", "branch", "commit", "command", "url", "resources"):
        if name in told:
            values[name] = _text(where, name, told[name])
    for name in ("queued_at", "started_at", "finished_at"):
        if name in told:
            values[name] = parse_moment(told[name])
            if values[name] is None:
                raise InputError(f"{where}, has no time in {name}: {short(told[name])}.", "Write it as ISO 8601.")
    if "exit_code" in told:
        values["exit_code"] = _code(where, told["exit_code"])
    if "status" in told:
        values["status"] = _status(where, told["status"])
    for name in ("junit", "sarif"):
        if name in told:
            reports = told[name] if isinstance(told[name], list) else [told[name]]
            values[name] = tuple(_text(where, name, report) for report in reports)
    row = Row(where, **values)
    if row.started_at and row.finished_at and row.finished_at < row.started_at:
        raise ContradictionError(f"{where}, finished before it started.", "Mend started_at or finished_at.")
    return row


def _text(where: str, name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InputError(f"{where}, has no text in {name}: {short(value)}.", "Write it as a text.")
    return str(value).strip()


def _code(where: str, value: object) -> int:
    text = str(value).strip()
    digits = text.removeprefix("-")
    if isinstance(value, bool) or not (digits.isascii() and digits.isdigit()) or int(text[:12]) >= 1 << 32:
        raise InputError(f"{where}, has no exit status in exit_code: {short(value)}.", "Write it as a whole number.")
    # Windows writes the negative ones as unsigned numbers.
    return int(text[:12]) - (1 << 32) if int(text[:12]) >= 1 << 31 else max(int(text[:12]), -(1 << 31))


def _status(where: str, value: object) -> str:
    word = str(value).strip().lower().replace(" ", "_").replace("-", "_")
    word = _STATUSES.get(word, word)
    if word not in BUILD_STATUSES:
        raise InputError(f"{where}, has the unknown status {short(value)}.", f"Use one of {', '.join(BUILD_STATUSES)}.")
    return word


def claimed(folder: Path, rows: Iterable[Row]) -> set[Path]:
    """The logs that a manifest of that folder lists."""
    return {(folder / row.log).resolve() for row in rows if row.log}
