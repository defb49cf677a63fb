"""Exports of media libraries and other records: JSON, JSON lines, CSV, Parquet, SQLite.

The original's table ``media_metadata`` is one of them: what its ``metadata_json`` holds is read as if it were columns.
"""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from banana_assets.backends.sqlite import sqlite_module
from banana_assets.core.errors import InputError
from banana_assets.core.evidence import plural
from banana_assets.core.media.records import Read, item_of
from banana_assets.core.media.schema import RecordSchema

EXPORTS = {
    ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet",
    ".sqlite": "sqlite", ".sqlite3": "sqlite", ".db": "sqlite",
}  # fmt: skip
MOST_BYTES = 1 << 30
MOST_ROWS = 5_000_000
ORIGINAL = "media_metadata"
OLD = "cp1252"
OLD_NOTE = "text that is no UTF-8 is read as Windows-1252"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_ROOTS = ("items", "records", "rows", "data", "media", "entries", "tracks", "episodes", "results")


def read_export(path: Path, schema: RecordSchema, *, table: str = "", notes: list[str] | None = None) -> list[Read]:
    """The items of an export. ``table`` names that of a SQLite file, where it has several; ``notes`` takes what had to
    be guessed.

    Raises InputError for what cannot be read, says nothing of any field, or is too large.
    """
    form = EXPORTS[path.suffix.lower()]
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path} is larger than {MOST_BYTES:,} bytes.", "Split it into smaller files.")
        rows = _rows(path, form, table, [] if notes is None else notes)
        found = [
            item_of(row, schema, at=f"row {number} of {path.name}", fallback=f"{path}#{number}")
            for number, row in enumerate(rows, 1)
        ]
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Check its permissions and the disk.") from error
    found = _by_title(found, schema, path)
    if len(found) > MOST_ROWS:
        raise InputError(f"{path} has more than {MOST_ROWS:,} rows.", "Split it into smaller files.")
    if found and not any(read.values for read in found):
        raise InputError(
            f"{path} has {plural(len(found), 'row')}, and none says anything of {', '.join(list(schema.by_name)[:6])}.",
            "Name its columns so, or bring a schema of your own (--schema).",
        )
    return found


def _by_title(found: list[Read], schema: RecordSchema, path: Path) -> list[Read]:
    """Call rows that nothing names by their title: by its number each would be another once a row comes between."""
    times: Counter[str] = Counter()
    named = []
    for number, read in enumerate(found, 1):
        title = next((v.value[0] for v in read.values if v.field == schema.title), "")
        if title and read.uri == f"{path}#{number}":
            times[title] += 1
            again = f" ({times[title]})" if times[title] > 1 else ""
            named.append(replace(read, uri=f"{path}#{title}{again}"))
        else:
            named.append(read)
    return named


def _rows(path: Path, form: str, table: str, notes: list[str]) -> Iterator[Mapping[str, Any]]:
    if form == "json":
        return _json(path)
    if form == "jsonl":
        return _json_lines(path)
    if form == "sqlite":
        return _sqlite(path, table, notes)
    return _frame(path, form, notes)


def _json(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        told = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON: {error}.", "Check that it was written completely.") from error
    if isinstance(told, dict):
        inner = next((told[name] for name in _ROOTS if isinstance(told.get(name), list)), None)
        told = [told] if inner is None else inner
    if not isinstance(told, list) or not all(isinstance(row, dict) for row in told):
        raise InputError(f"{path} holds no list of objects.", "Write a list, an object an item.")
    yield from told


def _json_lines(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InputError(f"{path} has on line {number} no JSON: {error}.", "Mend that line.") from error
            if not isinstance(row, dict):
                raise InputError(f"{path} has on line {number} no object.", "Write an object a line.")
            yield row


def _frame(path: Path, form: str, notes: list[str]) -> Iterator[Mapping[str, Any]]:
    try:
        if form == "parquet":
            frame = pl.read_parquet(path, n_rows=MOST_ROWS + 1)
        else:
            text = _decoded(path.read_bytes(), notes)
            separator = "\t" if path.suffix.lower() == ".tsv" else _separator(text.partition("\n")[0])
            frame = pl.read_csv(text.encode(), separator=separator, infer_schema=False, n_rows=MOST_ROWS + 1)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{path} cannot be read: {str(error).splitlines()[0]}.", "Check the file.") from error
    for row in frame.iter_rows(named=True):
        yield {name: _opened(value) for name, value in row.items()}


def _decoded(data: bytes, notes: list[str]) -> str:
    """The text: by its byte order mark, as UTF-8, or as the encoding of Windows in western countries, and that told."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode(name, "replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        if OLD_NOTE not in notes:
            notes.append(OLD_NOTE)
        return data.decode(OLD, "replace")


def _separator(header: str) -> str:
    """What stands between the names of columns: a comma, or what spreadsheets write where a comma is in numbers."""
    plain = re.sub(r'"[^"]*"', "", header)
    return max(",;\t|", key=plain.count)


def _opened(value: Any) -> Any:
    """A column may hold JSON: objects and lists written as text."""
    if isinstance(value, str) and value[:1] in "[{" and value[-1:] in "]}":
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _sqlite(path: Path, table: str, notes: list[str]) -> Iterator[Mapping[str, Any]]:
    sqlite3 = sqlite_module()
    address = f"file:{str(path).replace('%', '%25').replace('?', '%3f').replace('#', '%23')}?mode=ro"
    try:
        connection = sqlite3.connect(address, uri=True)
    except sqlite3.Error as error:
        raise InputError(f"{path} cannot be opened: {error}.", "Check the file.") from error
    try:
        connection.row_factory = sqlite3.Row
        connection.text_factory = lambda data: _decoded(data, notes)
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
        chosen = _table(path, names, table)
        for row in connection.execute(f'SELECT * FROM "{chosen}" LIMIT {MOST_ROWS + 1}'):
            yield {name: _opened(row[name]) for name in row.keys()}  # noqa: SIM118 - a row is no mapping
    except sqlite3.Error as error:
        raise InputError(f"{path} cannot be read: {error}.", "Check that it is a SQLite database.") from error
    finally:
        connection.close()


def _table(path: Path, names: list[str], told: str) -> str:
    there = [name for name in names if '"' not in name and not name.startswith("sqlite_")]
    if told:
        if told not in there:
            raise InputError(f"{path} has no table {told}.", f"It has {', '.join(sorted(there)[:20])}.")
        return told
    if ORIGINAL in there:
        return ORIGINAL
    if len(there) != 1:
        raise InputError(
            f"{path} has {plural(len(there), 'table')}: {', '.join(sorted(there)[:20])}.", "Say which with --table."
        )
    return there[0]
