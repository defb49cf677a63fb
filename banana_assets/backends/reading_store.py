"""The store for whoever only reads it, without what writing needs: it opens in a fraction of the time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Self

import polars as pl

from banana_assets.backends.records.revisions import refuse_other
from banana_assets.backends.records.rows import Rows, SqliteRows, among, sqlite_file
from banana_assets.backends.settings import Settings
from banana_assets.backends.stored_blobs import StoredBlobs
from banana_assets.core.advice.states import BASELINES
from banana_assets.core.advice.states import STATES as RECOMMENDATION_STATES
from banana_assets.core.builds.quarantine import QUARANTINES
from banana_assets.core.errors import InputError, StoreError
from banana_assets.core.logs.states import STATES
from banana_assets.core.schema import Table
from banana_assets.core.tables.raw import BUILDS, LOG_FILES, RESOURCE_SAMPLES, TEST_RESULTS

if TYPE_CHECKING:
    from banana_assets.core.builds.problems import Problem

Kind = Literal["log_files", "builds", "resource_series"]

SERIES = pl.Schema(
    {
        "series_id": pl.Int64,
        "source": pl.String,
        "build_id": pl.String,
        "sha256": pl.String,
        "arrival_day": pl.Date,
        "samples": pl.Int64,
    }
)
"""Columns of ``ReadingStore.resource_series``."""

_OF_BUILD = ("arrival_day", "arrived_at")


def open_reading(settings: Settings) -> ReadingStore:
    """Open the store of these settings for reading: a SQLite file through its driver, else as ``open_store`` does.

    Raises StoreError when it cannot be reached, or holds the schema of another version.
    """
    path = sqlite_file(settings.records_url)
    if path is not None and path.is_file():
        rows = SqliteRows(path)
        try:
            found = rows.revision()
            if found is not None:
                refuse_other(found)
                return ReadingStore(settings, rows)
        except BaseException:
            rows.close()
            raise
        rows.close()
    # It is in Postgres, or empty and has to be made.
    from banana_assets.backends.store import open_store

    return open_store(settings)


class ReadingStore:
    """The records and blobs of an open store. Use it as a context manager, or call ``close``. Every frame is in a
    settled order."""

    def __init__(self, settings: Settings, records: Rows) -> None:
        self.settings = settings
        self.records = records
        self.blobs = StoredBlobs(records, settings.blobs_root)
        self._builds = 0, BUILDS.empty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self.records.close()

    def log_files(self, day: date | None = None) -> pl.DataFrame:
        """The ingested application logs (LOG_FILES), all or those that arrived on that day, by file_id."""
        columns = _listed("id" if name == "file_id" else name for name in LOG_FILES.dtypes)
        where, values = _on(day)
        return self._table(LOG_FILES, f"SELECT {columns} FROM log_files{where} ORDER BY id", values)

    def builds(self, *, after: int = 0) -> pl.DataFrame:
        """The builds (BUILDS) in the order in which they arrived or last changed; those past the cursor ``after``.

        All of them are kept, so that asking again reads only what has come or changed since.
        """
        if after:
            return self._builds_after(after)[1]
        cursor, known = self._builds
        if self.builds_cursor() != cursor:
            newest, news = self._builds_after(cursor)
            changed = known.join(news, on="build_id", how="anti", maintain_order="left")
            self._builds = newest, pl.concat([changed, news])
        return self._builds[1]

    def _builds_after(self, cursor: int) -> tuple[int, pl.DataFrame]:
        statement = f"SELECT seq, {_listed(BUILDS.dtypes)} FROM builds WHERE seq > :after ORDER BY seq"
        schema = pl.Schema([("seq", pl.Int64), *BUILDS.dtypes.items()])
        found = self._typed(BUILDS, schema, statement, {"after": cursor})
        if found.is_empty():
            return cursor, BUILDS.empty()
        return found["seq"][-1], BUILDS.conform(found.drop("seq"))

    def builds_cursor(self) -> int:
        """The cursor past the newest build: give it to ``builds(after=...)`` later."""
        return self.records.rows("SELECT max(seq) FROM builds")[0][0] or 0

    def test_results(self, day: date | None = None) -> pl.DataFrame:
        """The test results (TEST_RESULTS) of all builds or of those that arrived on that day."""
        return self._results(*_on(day, "b."))

    def test_results_of(self, build_ids: Sequence[str]) -> pl.DataFrame:
        """The test results (TEST_RESULTS) of these builds."""
        these, values = among(build_ids)
        return self._results(f" WHERE r.build_id IN {these}", values)

    def _results(self, where: str, values: dict[str, Any]) -> pl.DataFrame:
        columns = ", ".join(f'{"b" if name in _OF_BUILD else "r"}."{name}"' for name in TEST_RESULTS.dtypes)
        joined = "test_results r JOIN builds b ON b.build_id = r.build_id"
        order = "b.seq, r.suite, r.classname, r.name"
        return self._table(TEST_RESULTS, f"SELECT {columns} FROM {joined}{where} ORDER BY {order}", values)

    def resource_series(self, day: date | None = None) -> pl.DataFrame:
        """The ingested resource series (SERIES), all or those that arrived on that day, by series_id."""
        where, values = _on(day)
        statement = f"SELECT {_listed(SERIES)} FROM resource_series{where} ORDER BY series_id"
        return self.records.frame(SERIES, statement, values)

    def arrival_days(self, kind: Kind) -> list[date]:
        """The days on which log files, builds or resource series arrived, in order."""
        schema = pl.Schema({"arrival_day": pl.Date})
        statement = f'SELECT DISTINCT arrival_day FROM "{kind}" ORDER BY arrival_day'
        return self.records.frame(schema, statement)["arrival_day"].to_list()

    def problems_of(self, build_id: str) -> tuple[Problem, ...]:
        """What the reports of analysers beside the build's log say, in their order."""
        from banana_assets.core.builds.problems import Problem

        columns = _listed(("file", "line", "col", "severity", "code", "message", "tool"))
        statement = f"SELECT {columns} FROM reported_problems WHERE build_id = :build_id ORDER BY position"
        return tuple(Problem(None, *row) for row in self.records.rows(statement, {"build_id": build_id}))

    def read_samples(self, series_id: int) -> pl.DataFrame:
        """The readings of one series (RESOURCE_SAMPLES), by metric and time. Raises InputError for an unknown one."""
        from banana_assets.backends.ingest.samples import decode

        statement = f"SELECT {_listed(SERIES)} FROM resource_series WHERE series_id = :series_id"
        found = self.records.frame(SERIES, statement, {"series_id": series_id})
        if found.is_empty():
            raise InputError(f"There is no resource series {series_id}.", "`resource_series()` lists them.")
        row = found.row(0, named=True)
        return RESOURCE_SAMPLES.conform(
            decode(self.blobs.read(row["sha256"])).with_columns(
                pl.lit(row["arrival_day"], dtype=pl.Date).alias("arrival_day"),
                pl.lit(series_id, dtype=pl.Int64).alias("series_id"),
                pl.lit(row["source"]).alias("source"),
                pl.lit(row["build_id"], dtype=pl.String).alias("build_id"),
            )
        )

    def open_log(self, file_id: int) -> BinaryIO:
        """The stored bytes of a log file. Raises InputError when there is none of that id."""
        rows = self.records.rows("SELECT sha256 FROM log_files WHERE id = :file_id", {"file_id": file_id})
        if not rows:
            raise InputError(f"There is no log file {file_id}.", "`log_files()` lists them.")
        return self.blobs.open(rows[0][0])

    def open_build_log(self, build_id: str) -> BinaryIO:
        """The log of a build. Raises InputError when there is no such build, or it has no log."""
        statement = "SELECT log_sha256 FROM builds WHERE build_id = :build_id"
        rows = self.records.rows(statement, {"build_id": build_id})
        if not rows or rows[0][0] is None:
            what = f"There is no build {build_id}." if not rows else f"The build {build_id} came without a log."
            raise InputError(what, "`builds()` lists them.")
        return self.blobs.open(rows[0][0])

    def pattern_states(self) -> pl.DataFrame:
        """What people decided about log patterns (``states.STATES``), by pattern_id."""
        return self._decisions("pattern_states", "pattern_id", STATES)

    def recommendation_states(self) -> pl.DataFrame:
        """What people decided about recommendations (``advice.states.STATES``), by recommendation_id."""
        return self._decisions("recommendation_states", "recommendation_id", RECOMMENDATION_STATES)

    def baselines(self) -> pl.DataFrame:
        """What people set metrics to be compared with (``advice.states.BASELINES``), by metric."""
        return self._decisions("baselines", "metric", BASELINES)

    def quarantines(self) -> pl.DataFrame:
        """The last quarantine of each test (``quarantine.QUARANTINES``), over or not, by test_id."""
        return self._decisions("test_quarantines", "test_id", QUARANTINES)

    def _decisions(self, table: str, key: str, schema: pl.Schema) -> pl.DataFrame:
        return self.records.frame(schema, f'SELECT {_listed(schema)} FROM {table} ORDER BY "{key}"')

    def _table(self, table: Table, statement: str, values: dict[str, Any]) -> pl.DataFrame:
        return table.conform(self._typed(table, table.dtypes, statement, values))

    def _typed(self, table: Table, schema: pl.Schema, statement: str, values: dict[str, Any]) -> pl.DataFrame:
        try:
            return self.records.frame(schema, statement, values)
        except (TypeError, pl.exceptions.PolarsError) as error:
            raise StoreError(f"The records of {table.name} hold values of another type: {error}.") from error


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _on(day: date | None, of: str = "") -> tuple[str, dict[str, Any]]:
    """The condition that something arrived on that day, and its value."""
    # Both databases compare a day with its ISO 8601 text.
    return ("", {}) if day is None else (f" WHERE {of}arrival_day = :day", {"day": day.isoformat()})
