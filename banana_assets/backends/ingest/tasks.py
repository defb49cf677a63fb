"""Taking in tasks of queues: CSV, JSON, JSON lines, and databases (SQLite, DuckDB) with ``tasks`` or ``task_logs``."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from banana_assets.backends.ingest.content import Content, check_text, from_path
from banana_assets.backends.ingest.naming import source_name, without_endings
from banana_assets.backends.ingest.paths import expand
from banana_assets.backends.ingest.report import Item, Progress, Report
from banana_assets.backends.ingest.times import parse_moment
from banana_assets.backends.lines import Oddities
from banana_assets.backends.records.engine import writing
from banana_assets.backends.records.rows import in_parts
from banana_assets.backends.records.task_tables import tasks as table
from banana_assets.backends.scratch import scratch_folder
from banana_assets.backends.sqlite import sqlite_module
from banana_assets.backends.store import Store
from banana_assets.core.errors import InputError
from banana_assets.core.evidence import plural
from banana_assets.core.text import cut

ENDINGS = (".csv", ".json", ".jsonl", ".ndjson", ".sqlite", ".sqlite3", ".db", ".duckdb")
SQLITE_MAGIC = b"SQLite format 3\x00"
DUCKDB_MAGIC = b"DUCK"
"""Behind a checksum of eight bytes."""

TABLES = ("tasks", "task_logs")
LONGEST_ID = 200
LONGEST_ERROR = 2_000
MOST_COMPLAINTS = 3
COMMIT_ROWS = 5_000

_NAMES: dict[str, tuple[str, ...]] = {
    "task_id": ("task_id", "id"),
    "queue": ("queue",),
    "kind": ("kind", "type", "task_type"),
    "status": ("status", "state"),
    "queued_at": ("queued_at", "created_at", "submitted_at"),
    "started_at": ("started_at", "begun_at"),
    "finished_at": ("finished_at", "completed_at", "ended_at"),
    "duration_seconds": ("duration_seconds",),
    "duration_ms": ("duration_ms",),
    "weight": ("weight",),
    "items": ("items", "batch_size"),
    "memory_bytes": ("memory_bytes", "peak_memory_bytes"),
    "cpu_cores": ("cpu_cores",),
    "after": ("after", "dependencies", "depends_on"),
    "retries": ("retries",),
    "error": ("error", "error_message", "error_reason"),
}
_STATUSES = {
    "pending": "queued",
    "queued": "queued",
    "waiting": "queued",
    "running": "running",
    "completed": "success",
    "success": "success",
    "succeeded": "success",
    "done": "success",
    "error": "failed",
    "failed": "failed",
    "failure": "failed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "skipped": "cancelled",
}
_ENDED = ("success", "failed", "cancelled")
_FORMS = "Write the columns task_id,kind,status,queued_at,started_at,finished_at; the last three as ISO 8601 times."


@dataclass
class Told:
    """The rows of one file: as records, and what was wrong with others."""

    rows: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    refused: int = 0
    repeated: int = 0


def ingest_tasks(
    store: Store, paths: Iterable[Path | str], *, queue: str | None = None, progress: Progress | None = None
) -> Report:
    """Take in tasks. ``queue`` names the queue of rows that name none; told from the file's name unless given.

    A task that is there already takes the new facts; rows that cannot be used are counted and told, the others come
    in. Raises StoreError when the store itself fails.
    """
    report = Report(progress=progress)
    with scratch_folder(store.settings.home) as scratch:
        for found in expand(map(Path, paths)):
            if isinstance(found, InputError):
                report.refuse("", found)
                continue
            path = found.path
            if not found.named and not path.name.lower().endswith(ENDINGS):
                report.add(Item(str(path), "aside", message="its name is not that of tasks (.csv, .json, .sqlite)"))
                continue
            try:
                _take(store, path, scratch, queue or _name(path), report)
            except InputError as error:
                report.refuse(str(path), error)
    return report


def _name(path: Path) -> str:
    if str(path) == "-":
        return "stdin"
    stem = without_endings(path.name)
    for ending in ENDINGS:
        stem = stem.removesuffix(ending)
    return source_name(Path(stem))


def _take(store: Store, path: Path, scratch: Path, queue: str, report: Report) -> None:
    content = from_path(path, store.settings, scratch)
    if not content.head():
        report.add(Item(str(path), "empty", queue, message="it is empty"))
        return
    told = Told()
    for row in _rows(content, scratch):
        _tell(row, queue, told)
    if not told.rows and told.refused:
        raise InputError(f"{path} holds no task: {'; '.join(told.complaints)}.", _FORMS)
    new, changed = _store(store, told, str(path))
    notes = [f"{plural(told.refused, 'row')} left out: {'; '.join(told.complaints)}"] if told.refused else []
    notes += [f"{plural(told.repeated, 'task')} told again, the last counts"] if told.repeated else []
    notes += [f"{plural(changed, 'task')} changed"] if changed else []
    outcome = "new" if new else "changed" if changed else "known" if told.rows else "empty"
    report.add(Item(str(path), outcome, queue, Oddities(lines=new + changed), "; ".join(notes)))  # type: ignore[arg-type]


def _rows(content: Content, scratch: Path) -> Iterator[Mapping[str, Any]]:
    head = content.head()
    if head.startswith(SQLITE_MAGIC) or head[8:12] == DUCKDB_MAGIC:
        yield from _of_database(content, scratch)
        return
    check_text(content)
    text = content.whole().decode("utf-8-sig", "replace")
    if text.lstrip().startswith(("[", "{")):
        yield from _of_json(text, content.name)
        return
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = {name.strip().lower() for name in reader.fieldnames or ()}
    if not columns & set(_NAMES["task_id"]) or not columns & set(_NAMES["kind"]):
        raise InputError(f"{content.name} is no table of tasks.", _FORMS)
    for row in reader:
        yield {str(name).strip().lower(): value for name, value in row.items() if value not in (None, "")}


def _of_json(text: str, name: str) -> Iterator[Mapping[str, Any]]:
    try:
        whole = json.loads(text)
        rows = whole if isinstance(whole, list) else whole.get("tasks", [whole])
    except ValueError:
        try:
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise InputError(f"{name} is neither JSON nor JSON lines: {error}.", "Mend the file.") from error
    for row in rows:
        yield {str(k).lower(): v for k, v in row.items() if v is not None} if isinstance(row, dict) else {}


def _of_database(content: Content, scratch: Path) -> Iterator[Mapping[str, Any]]:
    """Rows of ``tasks``, completed by the latest row of ``task_logs`` for each, and logs of tasks that are not there.

    A copy is read, with the log of what was written last where the database is in use.
    """
    duck = content.head()[8:12] == DUCKDB_MAGIC
    copy = scratch / "tasks.db"
    ending = ".wal" if duck else "-wal"
    with content.reading() as stream, copy.open("wb") as out:
        shutil.copyfileobj(stream, out)
    ahead = Path(f"{content.name}{ending}")
    if ahead.is_file():
        shutil.copyfile(ahead, f"{copy}{ending}")
    try:
        found = (_duckdb_tables if duck else _sqlite_tables)(copy, content.name)
    finally:
        for name in (copy, *(Path(f"{copy}{end}") for end in (ending, "-shm"))):
            name.unlink(missing_ok=True)
    if not found:
        raise InputError(f"{content.name} has neither a table tasks nor task_logs.", "Export one of them.")
    logs, rows = found.get("task_logs", []), found.get("tasks", [])
    kept = {str(row["task_id"]): row for row in logs if "task_id" in row}
    for known in rows:
        log = kept.pop(str(known.get("id", known.get("task_id"))), {})
        # What the log says of the end is when it was written; the task's own times and words come first.
        yield {k: v for k, v in log.items() if k in ("duration_ms", "retries", "error_reason")} | known
    for log in kept.values():
        ended = log.pop("created_at", None)
        yield log | {"finished_at": ended}


def _sqlite_tables(copy: Path, name: str) -> dict[str, list[dict[str, Any]]]:
    module = sqlite_module()
    try:
        with closing(module.connect(copy)) as connection:
            connection.execute("PRAGMA trusted_schema=OFF")
            there = {r[0] for r in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            return {table: _rows_of(connection.execute(f"SELECT * FROM {table}")) for table in TABLES if table in there}
    except module.DatabaseError as error:
        raise InputError(f"{name} cannot be read as SQLite: {error}.", "Export it again.") from error


def _duckdb_tables(copy: Path, name: str) -> dict[str, list[dict[str, Any]]]:
    import duckdb

    try:
        # What is in the file may not reach for other files.
        with duckdb.connect(str(copy), config={"enable_external_access": "false"}) as connection:
            query = "SELECT table_name FROM duckdb_tables() WHERE NOT internal"
            there = {r[0] for r in connection.execute(query).fetchall()}
            return {table: _rows_of(connection.execute(f"SELECT * FROM {table}")) for table in TABLES if table in there}
    except duckdb.Error as error:
        raise InputError(f"{name} cannot be read as DuckDB: {error}.", "Export it again.") from error


def _rows_of(answer: Any) -> list[dict[str, Any]]:
    names = [str(column[0]).lower() for column in answer.description]
    return [
        {name: value for name, value in zip(names, row, strict=True) if value not in (None, "")}
        for row in answer.fetchall()
    ]


def _tell(row: Mapping[str, Any], queue: str, told: Told) -> None:
    try:
        made = _record(row, queue)
    except InputError as error:
        told.refused += 1
        if len(told.complaints) < MOST_COMPLAINTS:
            told.complaints.append(error.message)
        return
    key = made["queue"], made["task_id"]
    told.repeated += key in told.rows
    told.rows[key] = made


def _record(row: Mapping[str, Any], queue: str) -> dict[str, Any]:
    def get(name: str) -> Any:
        return next((row[n] for n in _NAMES[name] if n in row), None)

    task_id = "" if get("task_id") is None else str(get("task_id")).strip()
    if not task_id or len(task_id) > LONGEST_ID:
        raise InputError("a row has no id" if not task_id else f"the id {cut(task_id, 40)} is too long")
    word = str(get("status") or "").strip().lower()
    times = {name: _moment(get(name), task_id, name) for name in ("queued_at", "started_at", "finished_at")}
    status = _STATUSES.get(word)
    if status is None:
        if word:
            raise InputError(f"task {cut(task_id, 40)} has the unknown status {cut(word, 40)!r}")
        status = "success" if times["finished_at"] else "running" if times["started_at"] else "queued"
    seconds = _number(get("duration_seconds"), task_id, "duration_seconds")
    if seconds is None and (milliseconds := _number(get("duration_ms"), task_id, "duration_ms")) is not None:
        seconds = milliseconds / 1000
    begun, ended = times["started_at"], times["finished_at"]
    if begun is None and ended is not None and seconds is not None:
        times["started_at"] = begun = ended - timedelta(seconds=seconds)
    if begun is not None and ended is not None:
        if ended < begun:
            raise InputError(f"task {cut(task_id, 40)} ended before it began")
        seconds = seconds if seconds is not None else (ended - begun).total_seconds()
    weight = _number(get("weight"), task_id, "weight")
    items, retries = _number(get("items"), task_id, "items"), _number(get("retries"), task_id, "retries")
    error = get("error")
    return {
        "queue": cut(str(get("queue") or queue).strip(), LONGEST_ID),
        "task_id": task_id,
        "kind": str(get("kind") or "unknown").strip(),
        "status": status,
        **times,
        "duration_seconds": seconds if status in _ENDED else None,
        "weight": 1.0 if weight is None else weight,
        "items": None if items is None else int(items),
        "memory_bytes": _number(get("memory_bytes"), task_id, "memory_bytes"),
        "cpu_cores": _number(get("cpu_cores"), task_id, "cpu_cores"),
        "after": json.dumps(_ids(get("after")), ensure_ascii=False),
        "retries": int(retries or 0),
        "error": None if error is None else cut(str(error), LONGEST_ERROR),
    }


def _moment(value: Any, task_id: str, name: str) -> datetime | None:
    if value is None:
        return None
    moment = parse_moment(value)
    if moment is None:
        raise InputError(f"{name} of task {cut(task_id, 40)} is no time: {cut(str(value), 40)!r}")
    return moment


def _number(value: Any, task_id: str, name: str) -> float | None:
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise InputError(f"{name} of task {cut(task_id, 40)} is no amount: {cut(str(value), 40)!r}")
    return number


def _ids(value: Any) -> list[str]:
    """Ids as a list, a JSON list in a text, or with commas or blanks between."""
    if isinstance(value, str) and value.strip().startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            value = value.strip().strip("[]")
    if isinstance(value, str):
        value = value.replace(",", " ").split()
    if isinstance(value, int | float):
        value = [value]
    return list(dict.fromkeys(str(v).strip() for v in value)) if isinstance(value, list) else []


def _store(store: Store, told: Told, path: str) -> tuple[int, int]:
    """How many tasks are new and how many took other facts."""
    now = datetime.now(UTC)
    rows = list(told.rows.values())
    also = {"path": path, "arrived_at": now, "arrival_day": now.date()}
    new = changed = 0
    facts = [c for c in table.c.keys() if c not in ("path", "arrived_at", "arrival_day")]  # noqa: SIM118
    for part in in_parts(rows, COMMIT_ROWS):
        queues = sorted({row["queue"] for row in part})
        ids = [row["task_id"] for row in part]
        known_query = sa.select(*(table.c[f] for f in facts)).where(table.c.queue.in_(queues))
        # Writers go one after the other: what is looked at here is what is written upon.
        with writing(store.engine) as connection:
            known = {
                (r.queue, r.task_id): dict(r._mapping)
                for some in in_parts(ids)
                for r in connection.execute(known_query.where(table.c.task_id.in_(some)))
            }
            fresh = [row for row in part if (row["queue"], row["task_id"]) not in known]
            other = [
                row
                for row in part
                if (before := known.get((row["queue"], row["task_id"]))) and any(before[f] != row[f] for f in facts)
            ]
            for row in other:
                same = sa.and_(table.c.queue == row["queue"], table.c.task_id == row["task_id"])
                connection.execute(sa.update(table).where(same).values(row | also))
            if fresh:
                connection.execute(sa.insert(table), [row | also for row in fresh])
        new, changed = new + len(fresh), changed + len(other)
    return new, changed
