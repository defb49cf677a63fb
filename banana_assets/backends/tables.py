"""The analytical tables: Delta tables with the schemas of core/tables, one commit a write, readers never blocked.

Writers use optimistic concurrency. Delta refuses a commit whose rows another commit has touched meanwhile
(https://github.com/delta-io/delta/blob/master/PROTOCOL.md); such a write is tried again on the new state.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from banana_assets.backends.prefetch import Prefetched
from banana_assets.backends.scanning import scan
from banana_assets.core.errors import StoreError
from banana_assets.core.schema import Table

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

ATTEMPTS = 12
RUN_ID = "run_id"
"""Where a commit says which run wrote it."""

T = TypeVar("T")


@dataclass(frozen=True)
class Written:
    """What a write did: the table's version after it, the rows handed over, and whether anything changed."""

    version: int
    rows: int
    changed: bool


class Tables:
    """The folder (or object store) of Delta tables."""

    def __init__(self, root: str, storage_options: dict[str, str] | None = None, run_id: str | None = None) -> None:
        """``run_id``: the Dagster run that writes, kept with each commit."""
        self.root = root.rstrip("/")
        self.storage_options = storage_options
        self.run_id = run_id

    def uri(self, table: Table) -> str:
        """Where the table lives."""
        return f"{self.root}/{table.name}"

    def version(self, table: Table) -> int | None:
        """The table's Delta version, None where it was never written."""
        opened = self._open(table)
        return None if opened is None else opened.version()

    def scan(self, table: Table) -> pl.LazyFrame:
        """The table as a lazy frame of its declared columns; an empty one where it was never written."""
        opened = self._open(table)
        if opened is None:
            return table.empty().lazy()
        frame, stored = scan(opened, self.storage_options)
        return frame.select(
            pl.col(c.name).cast(c.dtype) if c.name in stored else pl.lit(None, dtype=c.dtype).alias(c.name)
            for c in table.columns
        )

    def read(self, table: Table) -> pl.DataFrame:
        """The whole table, sorted by its key."""
        return self.scan(table).collect().sort(table.key, nulls_last=True, maintain_order=True)

    def replace(self, table: Table, frame: pl.DataFrame, days: Sequence[date] | None = None) -> Written:
        """Make the frame the table's content, or that of the given arrival days.

        Writes nothing when it is already there, so that computing the same again leaves no new version.
        Raises SchemaError when the frame does not keep the schema.
        """
        rows = table.conform(frame).sort(table.key, nulls_last=True, maintain_order=True)
        where = None if days is None else _in("arrival_day", [d.isoformat() for d in days])

        def write() -> Written:
            opened = self._open(table)
            if opened is not None:
                stored = self.scan(table)
                if days is not None:
                    stored = stored.filter(pl.col("arrival_day").is_in(list(days)))
                same = stored.collect().sort(table.key, nulls_last=True, maintain_order=True).equals(rows)
                if same and self._declared(opened, table):
                    return Written(opened.version(), rows.height, changed=False)
            return Written(self._overwrite(table, [rows], where), rows.height, changed=True)

        return self._retry(table, write)

    def put(self, table: Table, column: str, missing: Callable[[], Sequence[Any]], rows_of: RowsOf) -> Written:
        """Add the rows of those values of ``column`` that the table does not hold yet, in one commit.

        ``missing()`` says which values are to be added, looking at the table as it is now; ``rows_of(values)`` yields
        their rows in frames, streamed. When another process adds some of the same values meanwhile, the commit is
        refused and the rest is tried again: nothing is added twice.
        """

        def write() -> Written:
            values = missing()
            if not values:
                return Written(self.version(table) or 0, 0, changed=False)
            frames = Prefetched(table.conform(frame) for frame in rows_of(values))
            try:
                version = self._overwrite(table, frames, _in(column, values))
            finally:
                frames.close()
                if frames.error:
                    raise frames.error
            return Written(version, frames.rows, changed=True)

        return self._retry(table, write)

    def lacking(self, table: Table, column: str, values: Sequence[Any]) -> list[Any]:
        """Those of the values that no row of the table has in that column, in the given order."""
        known = set(self.scan(table).select(pl.col(column).unique()).collect().to_series())
        return [value for value in values if value not in known]

    def query(self, sql: str, tables: Sequence[Table]) -> pl.DataFrame:
        """Run SQL over the tables with an in-memory DuckDB of this call's own."""
        import duckdb

        with duckdb.connect() as connection:
            connection.execute("SET TimeZone='UTC'")
            for table in tables:
                opened = self._open(table)
                if opened is None or self.storage_options:
                    connection.register(table.name, self.scan(table).collect().to_arrow())
                    continue
                files = opened.file_uris()
                if not files:
                    connection.register(table.name, table.empty().to_arrow())
                    continue
                names = ", ".join("'" + uri.replace("'", "''") + "'" for uri in files)
                connection.execute(
                    f'CREATE VIEW "{table.name}" AS SELECT * FROM read_parquet([{names}], hive_partitioning=true)'
                )
            frame: pl.DataFrame = connection.sql(sql).pl()
            return frame

    def file_counts(self, tables: Sequence[Table]) -> dict[str, int]:
        """How many files each of the tables has, of those that were written."""
        opened = ((table.name, self._open(table)) for table in tables)
        return {name: len(found.file_uris()) for name, found in opened if found is not None}

    def compact(self, table: Table) -> dict[str, Any]:
        """Join small files and drop those that no version of the last week needs; the figures of both."""
        opened = self._open(table)
        if opened is None:
            return {"files": 0, "joined": 0, "vacuumed": 0}
        done = self._retry(table, opened.optimize.compact)
        gone = opened.vacuum(retention_hours=168, dry_run=False)
        return {"files": len(opened.file_uris()), "joined": done.get("numFilesRemoved", 0), "vacuumed": len(gone)}

    def delta(self, table: Table, version: int | None = None) -> DeltaTable | None:
        """The Delta table itself, as it is or was; None where it was never written, or that version is not kept."""
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        if version is None:
            return self._open(table)
        try:
            return DeltaTable(self.uri(table), version=version, storage_options=self.storage_options)
        except DeltaError:
            return None

    def _open(self, table: Table) -> DeltaTable | None:
        from deltalake import DeltaTable

        uri = self.uri(table)
        if not DeltaTable.is_deltatable(uri, storage_options=self.storage_options):
            return None
        return DeltaTable(uri, storage_options=self.storage_options)

    def _declared(self, opened: DeltaTable, table: Table) -> bool:
        return {f.name for f in opened.schema().fields} == set(table.dtypes)

    def _create(self, table: Table) -> DeltaTable:
        from deltalake import DeltaTable, Schema

        return DeltaTable.create(
            self.uri(table),
            schema=Schema.from_arrow(arrow_schema(table)),
            mode="ignore",
            partition_by=list(table.partition_by),
            name=table.name,
            description=table.meaning,
            storage_options=self.storage_options,
        )

    def _overwrite(self, table: Table, frames: Iterable[pl.DataFrame], where: str | None) -> int:
        import pyarrow as pa
        from deltalake import CommitProperties, WriterProperties, write_deltalake

        opened = self._open(table) or self._create(table)
        evolved = not self._declared(opened, table)
        schema = arrow_schema(table)
        reader = pa.RecordBatchReader.from_batches(schema, _batches(frames, schema))
        write_deltalake(
            opened,
            reader,
            mode="overwrite",
            predicate=where,
            schema_mode=None if not evolved else "overwrite" if where is None else "merge",
            writer_properties=WriterProperties(compression="ZSTD", max_row_group_size=128 * 1024),
            commit_properties=CommitProperties(
                custom_metadata={RUN_ID: self.run_id} if self.run_id else None,
                # An overwrite of a whole table that held nothing conflicts with no other one in Delta's eyes, and both
                # would stay: it is committed on the version that was looked at, or tried again as a whole.
                max_commit_retries=0 if where is None else None,
            ),
        )
        return opened.version()

    def _retry(self, table: Table, write: Callable[[], T]) -> T:
        from deltalake.exceptions import CommitFailedError, DeltaError

        for attempt in range(ATTEMPTS):
            try:
                return write()
            except CommitFailedError:
                # Another writer was first. Wait a little, at random so that two losers do not meet again.
                time.sleep(random.uniform(0.01, 0.05) * 2 ** min(attempt, 6))
            except (OSError, DeltaError) as error:
                raise StoreError(
                    f"Table {table.name} at {self.uri(table)} cannot be written: {error}.",
                    "Check free space and permissions, then run the same command again.",
                ) from error
        raise StoreError(
            f"Table {table.name} is being written by others all the time; {ATTEMPTS} tries were refused.",
            "Run fewer materializations at once.",
        )


RowsOf = Callable[[Sequence[Any]], Iterable[pl.DataFrame]]


def arrow_schema(table: Table) -> pa.Schema:
    """The Arrow schema of a table, with each column's meaning and unit as field metadata."""
    import pyarrow as pa

    plain = table.empty().to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    fields = []
    for column in table.columns:
        about = {"comment": column.meaning} | ({"unit": column.unit} if column.unit else {})
        fields.append(plain.field(column.name).with_nullable(column.nullable).with_metadata(dict(about)))
    return pa.schema(fields)


def _batches(frames: Iterable[pl.DataFrame], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    for frame in frames:
        arrow = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        yield from pa.Table.from_arrays(arrow.columns, schema=schema).to_batches(max_chunksize=64 * 1024)


def _in(column: str, values: Sequence[Any]) -> str:
    quoted = ", ".join(str(v) if isinstance(v, int) else "'" + str(v).replace("'", "''") + "'" for v in values)
    return f"{column} IN ({quoted})"
