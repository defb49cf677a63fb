"""Reading the records with plain SQL: one statement for every way to the database.

Importing SQLAlchemy takes longer than most commands that look need for everything else, so that a SQLite file is read
through its driver; ``engine.EngineRows`` is the same over an engine. Values stand in a statement as ``:name``.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from banana_assets.backends.records.refusals import BUSY_SECONDS, refused
from banana_assets.backends.sqlite import sqlite_module

Value = TypeVar("Value")
IN_ONE = 500
"""Values in one statement: a database takes so many and not many more."""

_FILE = re.compile(r"sqlite:///(?!file:|:memory:)([^?]+)", re.DOTALL)


class Rows(ABC):
    """Answers of a records database."""

    address: str
    """The address of the database, without a password."""

    text_times: bool
    """Whether dates and times come as text, as SQLite keeps them, the times in UTC, and truth as 0 and 1."""

    @abstractmethod
    def rows(self, statement: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a SELECT. Raises StoreError when the database cannot be read."""

    @abstractmethod
    def close(self) -> None:
        """Give the connections back."""

    def frame(self, schema: pl.Schema, statement: str, values: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """The rows of a SELECT whose columns are those of the schema, in its order.

        Raises TypeError or PolarsError where a value has another type.
        """
        found = self.rows(statement, values)
        if not found:
            return pl.DataFrame(schema=schema)
        if not self.text_times:
            return pl.DataFrame(found, schema=schema, orient="row")
        given = {name: _KEPT_AS.get(dtype.base_type(), dtype) for name, dtype in schema.items()}
        return pl.DataFrame(found, schema=given, orient="row").with_columns(
            _READ_AS[dtype.base_type()](name) for name, dtype in schema.items() if dtype.base_type() in _READ_AS
        )

    def beginning(self, told: str, table: str, column: str, where: str = "1 = 1") -> list[str]:
        """The ids in a column of a table that begin so, the shortest first: the very one is among them."""
        literal = told.replace("/", "//").replace("%", "/%").replace("_", "/_")
        like = f"{column} LIKE :so ESCAPE '/' AND {where} ORDER BY length({column}), {column} LIMIT 9"
        return [ident for (ident,) in self.rows(f"SELECT {column} FROM {table} WHERE {like}", {"so": f"{literal}%"})]

    def moment(self, at: datetime) -> datetime | str:
        """A moment as the value of a statement."""
        return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}" if self.text_times else at


def _day(name: str) -> pl.Expr:
    return pl.col(name).str.to_date("%Y-%m-%d")


def _moment(name: str) -> pl.Expr:
    return pl.col(name).str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us").dt.replace_time_zone("UTC")


def _truth(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Boolean)


_KEPT_AS: dict[Any, Any] = {pl.Date: pl.String, pl.Datetime: pl.String, pl.Boolean: pl.Int64}
_READ_AS: dict[Any, Callable[[str], pl.Expr]] = {pl.Date: _day, pl.Datetime: _moment, pl.Boolean: _truth}
"""What SQLite has no type for."""


def among(values: Sequence[Any], name: str = "in") -> tuple[str, dict[str, Any]]:
    """What stands behind IN for these values, and the values by name, each of which begins so."""
    named = {f"{name}_{n}": value for n, value in enumerate(values)}
    # Nothing is in an empty list, which Postgres does not take.
    return f"({', '.join(f':{each}' for each in named) or 'NULL'})", named


def in_parts(values: Sequence[Value], size: int | None = None) -> Iterator[Sequence[Value]]:
    """The values in parts of that size, or of as many as one statement takes, in order."""
    step = size or IN_ONE
    return (values[first : first + step] for first in range(0, len(values), step))


def sqlite_file(address: str) -> Path | None:
    """The file that an address of the records names, None where it is no plain address of one."""
    found = _FILE.fullmatch(address)
    return Path(found[1]) if found else None


class SqliteRows(Rows):
    """Answers of a SQLite file, which it never changes."""

    text_times = True

    def __init__(self, path: Path) -> None:
        self.address = f"sqlite:///{path}"
        self._path = path
        self._driver = sqlite_module()
        with self._reported():
            address = f"{path.absolute().as_uri()}?mode=ro"
            self._connection = self._driver.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)

    def rows(self, statement: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a SELECT. Raises StoreError when the file cannot be read."""
        with self._reported():
            return list(self._connection.execute(statement, values or {}))

    def revision(self) -> str | None:
        """The revision of the schema, None where there is none yet."""
        if not self.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"):
            return None
        found = self.rows("SELECT version_num FROM alembic_version")
        return found[0][0] if found else None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except self._driver.Error as error:
            said = str(error).strip().splitlines()
            raise refused(str(self._path), said[0] if said else "no reason given") from error
