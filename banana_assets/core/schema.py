"""What a table is: its columns with type, unit and meaning, and the rules that a frame must keep to be stored in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl
from polars.datatypes import DataType, DataTypeClass

from banana_assets.core.errors import BananaError

Type = DataType | DataTypeClass


class SchemaError(BananaError):
    """A frame does not keep the schema of the table it should be written to."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    ``unit`` is a UCUM-like word (``s``, ``bytes``, ``lines``, ``1`` for a ratio in 0..1) or empty where none applies.
    ``allowed`` closes the set of values, ``minimum`` and ``maximum`` bound numbers (both inclusive).
    """

    name: str
    dtype: Type
    meaning: str
    unit: str = ""
    nullable: bool = False
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class Table:
    """The declaration of one stored table.

    ``key`` names the columns that together identify a row; ``partition_by`` the columns that Delta keeps in folders;
    ``sources`` maps a column to the ``table.column`` names that it is computed from (column lineage).
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partition_by: tuple[str, ...] = ()
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [c.name for c in self.columns]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.name} declares a column twice")
        unknown = {*self.key, *self.partition_by, *self.sources} - set(names)
        if unknown:
            raise ValueError(f"{self.name} refers to columns it does not declare: {sorted(unknown)}")

    @cached_property
    def dtypes(self) -> pl.Schema:
        """Column name to polars type, in declared order."""
        return pl.Schema({c.name: c.dtype for c in self.columns})

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when the table has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")

    def empty(self) -> pl.DataFrame:
        """A frame of this table's columns with no row."""
        return pl.DataFrame(schema=self.dtypes)

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with exactly the declared columns, in order and type.

        Missing nullable columns are filled with nulls. Raises SchemaError for a missing required column, an unknown
        column, a value that does not fit its type, or a null where none may be.
        """
        unknown = [c for c in frame.columns if c not in self.dtypes]
        if unknown:
            raise SchemaError(f"Table {self.name} has no column {', '.join(unknown)}.", "Declare it in core/tables.py.")
        absent = [c for c in self.columns if c.name not in frame.columns]
        required = [c.name for c in absent if not c.nullable]
        if required:
            raise SchemaError(f"Rows for {self.name} lack the column {', '.join(required)}.")
        try:
            whole = frame.with_columns(pl.lit(None, dtype=c.dtype).alias(c.name) for c in absent) if absent else frame
            if list(whole.schema.items()) != list(self.dtypes.items()):
                whole = whole.select(pl.col(c.name).cast(c.dtype) for c in self.columns)
        except pl.exceptions.PolarsError as error:
            raise SchemaError(f"Rows for {self.name} do not fit their types: {error}") from error
        bad = [c.name for c in self.columns if not c.nullable and whole[c.name].null_count()]
        if bad:
            raise SchemaError(f"Rows for {self.name} have no value in {', '.join(bad)}.")
        return whole

    def violations(self, frame: pl.DataFrame) -> dict[str, int]:
        """Count the rows that break each declared rule (closed sets, bounds, unique key); empty when all hold."""
        counts: dict[str, pl.Expr] = {}
        for c in self.columns:
            if c.allowed:
                counts[f"{c.name} outside its closed set"] = (~pl.col(c.name).is_in(c.allowed)).sum()
            if c.minimum is not None:
                counts[f"{c.name} below {c.minimum:g}"] = (pl.col(c.name) < c.minimum).sum()
            if c.maximum is not None:
                counts[f"{c.name} above {c.maximum:g}"] = (pl.col(c.name) > c.maximum).sum()
        found = frame.select(**counts).row(0, named=True) if counts else {}
        if self.key:
            found[f"repeated key ({', '.join(self.key)})"] = frame.height - frame.select(self.key).n_unique()
        return {rule: int(n) for rule, n in found.items() if n}
