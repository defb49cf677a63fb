"""The documents and their words: ``planning_index`` in SQLite's FTS5, a file of its own beside the records.

It is derived from the tables and can be made again at any time, so a damaged or older file is simply replaced. Words
are told apart here (``core.search.words``), not by SQLite, so that identifiers are found by their parts. FTS5 knows no
slips of the finger: a word that stands nowhere is looked up among those that do, by runs of three letters.
Ranking: BM25, with the title counting four times (https://sqlite.org/fts5.html#the_bm25_function).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from banana_assets.backends.search.derived import open_derived, throw_away
from banana_assets.backends.sqlite import sqlite_module
from banana_assets.core.errors import StoreError
from banana_assets.core.search.types import Document, Filters, Hit
from banana_assets.core.search.words import asked, coverage, near, trigrams, words
from banana_assets.core.vocabulary import SEVERITIES

FILE = "index.sqlite"
VERSION = 1
"""Version of the schema below and of the words that are indexed; a file of another one is made anew."""

MOST_WORDS = 48
"""Of longer questions the most telling words are asked."""
LEAST_COVERAGE = 0.15
"""Hits that have less than this of what was asked are chance."""
NEAR_WORDS, CANDIDATES = 5, 60

_SCHEMA = """
CREATE TABLE documents (
    number INTEGER PRIMARY KEY, document_id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, severity INTEGER,
    first_seen REAL, last_seen REAL, content_hash TEXT NOT NULL, row BLOB NOT NULL);
CREATE TABLE sources (number INTEGER NOT NULL, source TEXT NOT NULL, PRIMARY KEY (source, number)) WITHOUT ROWID;
CREATE INDEX sources_by_number ON sources (number);
CREATE VIRTUAL TABLE planning_index USING fts5 (
    title, text, tokenize="unicode61 remove_diacritics 2 tokenchars '_'", prefix='3');
CREATE VIRTUAL TABLE vocabulary USING fts5vocab (planning_index, row);
CREATE VIRTUAL TABLE spellings USING fts5 (word, tokenize='trigram');
"""


class FullText:
    """The index of words in one file. Any number of processes may use it at once; writers wait for each other."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._sqlite = sqlite_module()
        with self._translated():
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = self._open()

    @staticmethod
    def there_is_one(folder: Path) -> bool:
        """Whether an index has been made in that folder."""
        return (folder / FILE).is_file()

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def hashes(self) -> dict[str, str]:
        """The content hash of each document, by its id."""
        with self._translated():
            return dict(self._connection.execute("SELECT document_id, content_hash FROM documents"))

    def change(self, put: Sequence[Document], remove: Iterable[str]) -> None:
        """Add or replace these documents and remove those ids, all or nothing."""
        with self._writing() as cursor:
            _remove(cursor, [*remove, *(document.document_id for document in put)])
            for document in put:
                _add(cursor, document)
            cursor.execute(
                "INSERT INTO spellings (word) SELECT term FROM vocabulary WHERE length(term) BETWEEN 4 AND 64 "
                "AND term NOT IN (SELECT word FROM spellings)"
            )

    def clear(self) -> None:
        """Remove everything; a damaged file is thrown away for a new one."""
        try:
            with self._writing() as cursor:
                for table in ("documents", "sources", "planning_index", "spellings"):
                    cursor.execute(f"DELETE FROM {table}")
                sound = cursor.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
        except StoreError as error:
            if isinstance(error.__cause__, self._sqlite.OperationalError | OSError):
                raise
            sound = False
        if not sound:
            with self._translated():
                self._connection.close()
                throw_away(self.path)
                self._connection = self._open()

    def get(self, ids: Sequence[str]) -> dict[str, Document]:
        """Those of the documents that there are, by id."""
        with self._translated():
            rows = self._connection.execute(
                "SELECT row FROM documents WHERE document_id IN (SELECT value FROM json_each(?))",
                (orjson.dumps(list(ids)).decode(),),
            ).fetchall()
        documents = [_document(row) for (row,) in rows]
        return {document.document_id: document for document in documents}

    def find(self, question: str, filters: Filters, limit: int) -> list[Hit]:
        """The documents that have most of the question's words, the best first. Any text is a question."""
        with self._translated():
            return self._find(question, filters, limit)

    def sources(self) -> list[str]:
        """The sources that documents are about."""
        with self._translated():
            return [source for (source,) in self._connection.execute("SELECT DISTINCT source FROM sources ORDER BY 1")]

    def latest(self) -> datetime | None:
        """The latest moment of what happened: of a failure or of events that tell their time.

        Only where there is none, when the latest of anything came in or was made, which may be long after.
        """
        with self._translated():
            (at,) = self._connection.execute(
                "SELECT coalesce(max(last_seen) FILTER (WHERE kind IN ('pattern', 'failure') AND first_seen IS NOT NULL"
                "), max(last_seen)) FROM documents"
            ).fetchone()
        return None if at is None else datetime.fromtimestamp(at, UTC)

    def _find(self, question: str, filters: Filters, limit: int) -> list[Hit]:
        telling = self._telling(asked(question))
        if not telling:
            return []
        spelled = {word: self._spelled(word, last=word == list(telling)[-1]) for word in telling}
        quoted = " OR ".join(f'"{form}"{star}' for forms in spelled.values() for form, star in forms)
        where, values = _conditions(filters)
        rows = self._connection.execute(
            "SELECT d.row, bm25(planning_index, 4.0, 1.0) AS rank FROM planning_index "
            f"JOIN documents d ON d.number = planning_index.rowid WHERE planning_index MATCH ?{where} "
            "ORDER BY rank, d.document_id LIMIT ?",
            (quoted, *values, limit),
        ).fetchall()
        hits = []
        for row, rank in rows:
            document = _document(row)
            have = set(words(f"{document.title}\n{document.text}"))
            share = coverage({word for word in telling if _has(have, spelled[word])}, telling)
            if share >= LEAST_COVERAGE:
                hits.append(Hit(document, -rank, words=share))
        return hits

    def _telling(self, found: Sequence[str]) -> dict[str, float]:
        """The words with their weight, ``ln(1 + (N - n + .5) / (n + .5))`` for n of N documents: the most telling."""
        (total,) = self._connection.execute("SELECT count(*) FROM documents").fetchone()
        known = dict(
            self._connection.execute(
                "SELECT term, doc FROM vocabulary WHERE term IN (SELECT value FROM json_each(?))",
                (orjson.dumps(list(found)).decode(),),
            )
        )
        weights = {w: math.log(1 + (total - known.get(w, 0) + 0.5) / (known.get(w, 0) + 0.5)) for w in found}
        # Words that stand nowhere tell least of all when there are too many to ask.
        order = sorted(weights, key=lambda word: (word not in known, -weights[word]))
        chosen = set(order[:MOST_WORDS])
        return {word: weights[word] for word in found if word in chosen}

    def _spelled(self, word: str, *, last: bool) -> list[tuple[str, str]]:
        """How a word is asked for: as it is, the last also as a beginning; one that stands nowhere, by what is near."""
        known = self._connection.execute("SELECT 1 FROM vocabulary WHERE term = ?", (word,)).fetchone()
        forms = [(word, "*" if last and len(word) > 2 else "")]
        if known or not (parts := trigrams(word)):
            return forms
        alike = self._connection.execute(
            "SELECT word FROM spellings WHERE spellings MATCH ? ORDER BY rank LIMIT ?",
            (" OR ".join(f'"{part}"' for part in parts), CANDIDATES),
        )
        return forms + [(other, "") for other in near(word, (w for (w,) in alike))[:NEAR_WORDS]]

    def _open(self) -> Any:
        connection = open_derived(self.path)
        try:
            if self._version(connection) == VERSION:
                return connection
            connection.execute("BEGIN IMMEDIATE")
            # Another process may have made it while this one waited.
            if self._version(connection) != VERSION:
                for table in ("spellings", "vocabulary", "planning_index", "sources", "documents"):
                    connection.execute(f"DROP TABLE IF EXISTS {table}")
                for statement in _SCHEMA.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        return connection

    @staticmethod
    def _version(connection: Any) -> int:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        with self._translated():
            cursor = self._connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (self._sqlite.Error, OSError) as error:
            raise StoreError(
                f"The search index {self.path} cannot be used: {error}.",
                "Free some room or mend its permissions; one that is damaged may be deleted: "
                "`banana search --rebuild` makes it anew.",
            ) from error


def _remove(cursor: Any, ids: Sequence[str]) -> None:
    listed = orjson.dumps(list(ids)).decode()
    numbers = "SELECT number FROM documents WHERE document_id IN (SELECT value FROM json_each(?))"
    cursor.execute(f"DELETE FROM planning_index WHERE rowid IN ({numbers})", (listed,))
    cursor.execute(f"DELETE FROM sources WHERE number IN ({numbers})", (listed,))
    cursor.execute("DELETE FROM documents WHERE document_id IN (SELECT value FROM json_each(?))", (listed,))


def _add(cursor: Any, document: Document) -> None:
    severity = SEVERITIES.index(document.severity) if document.severity else None
    cursor.execute(
        "INSERT INTO documents (document_id, kind, severity, first_seen, last_seen, content_hash, row) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            document.document_id,
            document.kind,
            severity,
            _number(document.first_seen),
            _number(document.last_seen),
            document.content_hash,
            orjson.dumps(document.row()),
        ),
    )
    number = cursor.lastrowid
    cursor.executemany("INSERT INTO sources VALUES (?, ?)", [(number, s) for s in dict.fromkeys(document.sources)])
    cursor.execute(
        "INSERT INTO planning_index (rowid, title, text) VALUES (?, ?, ?)",
        (number, " ".join(words(document.title)), " ".join(words(document.text))),
    )


def _number(at: datetime | None) -> float | None:
    return at.timestamp() if at else None


def _document(row: bytes) -> Document:
    values = orjson.loads(row)
    for name in ("first_seen", "last_seen"):
        values[name] = datetime.fromisoformat(values[name]).astimezone(UTC) if values[name] else None
    return Document.of_row(values)


def _conditions(filters: Filters) -> tuple[str, list[Any]]:
    parts: list[str] = []
    values: list[Any] = []
    if filters.kinds:
        parts.append(f"d.kind IN ({', '.join('?' * len(filters.kinds))})")
        values += filters.kinds
    if filters.severity:
        parts.append("d.severity >= ?")
        values.append(SEVERITIES.index(filters.severity))
    if filters.source is not None:
        parts.append("d.number IN (SELECT number FROM sources WHERE source = ?)")
        values.append(filters.source)
    if filters.since:
        parts.append("d.last_seen >= ?")
        values.append(filters.since.timestamp())
    if filters.until:
        parts.append("d.first_seen <= ?")
        values.append(filters.until.timestamp())
    return "".join(f" AND {part}" for part in parts), values


def _has(have: set[str], forms: Sequence[tuple[str, str]]) -> bool:
    return any(form in have or (star and any(w.startswith(form) for w in have)) for form, star in forms)
