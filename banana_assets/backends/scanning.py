"""Scanning the files of a Delta table with polars alone.

``polars.scan_delta`` does the same after turning the schema to Arrow, for which it imports pyarrow and numpy: longer
than most commands that look at a table take. What it can do beyond that (deletion vectors) our tables do not use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from banana_assets.core.schema import Type

if TYPE_CHECKING:
    from deltalake import DeltaTable

_PRIMITIVES: dict[str, Type] = {
    "string": pl.String,
    "long": pl.Int64,
    "integer": pl.Int32,
    "short": pl.Int16,
    "byte": pl.Int8,
    "float": pl.Float32,
    "double": pl.Float64,
    "boolean": pl.Boolean,
    "binary": pl.Binary,
    "date": pl.Date,
    "timestamp": pl.Datetime("us", "UTC"),
    "timestamp_ntz": pl.Datetime("us"),
}
"""Types of Delta (https://github.com/delta-io/delta/blob/master/PROTOCOL.md#primitive-types) as polars reads them."""


def scan(opened: DeltaTable, storage_options: dict[str, str] | None = None) -> tuple[pl.LazyFrame, pl.Schema]:
    """The rows of a table as a lazy frame, and its stored columns with their types."""
    stored = _schema(opened)
    if stored is None or _has_deletions(opened):
        frame = pl.scan_delta(opened, storage_options=storage_options)
        return frame, frame.collect_schema()
    files = opened.file_uris()
    if not files:
        return pl.DataFrame(schema=stored).lazy(), stored
    parts = opened.metadata().partition_columns
    frame = pl.scan_parquet(
        files,
        schema=stored,
        hive_schema={name: stored[name] for name in parts} if parts else None,
        hive_partitioning=bool(parts),
        missing_columns="insert",
        extra_columns="ignore",
        storage_options=storage_options,
        glob=False,
    )
    return frame, stored


def _schema(opened: DeltaTable) -> pl.Schema | None:
    """The stored columns; None where one has a type that has to be left to Arrow."""
    types = {field.name: _type(field.type) for field in opened.schema().fields}
    known = {name: kind for name, kind in types.items() if kind is not None}
    return pl.Schema(known) if len(known) == len(types) else None


def _type(told: Any) -> Type | None:
    from deltalake.schema import ArrayType, PrimitiveType, StructType

    if isinstance(told, PrimitiveType):
        return _PRIMITIVES.get(told.type)
    if isinstance(told, ArrayType):
        inner = _type(told.element_type)
        return None if inner is None else pl.List(inner)
    if isinstance(told, StructType):
        fields = {field.name: _type(field.type) for field in told.fields}
        known = {name: kind for name, kind in fields.items() if kind is not None}
        return pl.Struct(known) if len(known) == len(fields) else None
    return None


def _has_deletions(opened: DeltaTable) -> bool:
    return "deletionVectors" in (opened.protocol().reader_features or ())
