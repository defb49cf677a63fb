"""The store and the tables, opened for a command that looks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from banana_assets.core.errors import InputError

if TYPE_CHECKING:
    from banana_assets.backends.reading_store import ReadingStore
    from banana_assets.backends.settings import Settings
    from banana_assets.backends.store import Store
    from banana_assets.backends.tables import Tables
    from banana_assets.core.schema import Table

BUILDS = "banana ingest builds PATH"


@contextmanager
def opened(bring: str = BUILDS) -> Iterator[tuple[Store, Tables]]:
    """The store of these settings and its tables. Raises InputError where nothing was ever brought in: ``bring`` is the
    command that brings in what is looked at."""
    from banana_assets.backends.settings import load
    from banana_assets.backends.store import open_store
    from banana_assets.backends.tables import Tables

    settings = load()
    _something(settings, bring)
    with open_store(settings) as store:
        yield store, Tables(settings.tables_root)


@contextmanager
def opened_reading(bring: str = BUILDS) -> Iterator[tuple[ReadingStore, Tables]]:
    """As ``opened``, for a command that changes nothing: it starts without what writing needs."""
    from banana_assets.backends.reading_store import open_reading
    from banana_assets.backends.settings import load
    from banana_assets.backends.tables import Tables

    settings = load()
    _something(settings, bring)
    with open_reading(settings) as store:
        yield store, Tables(settings.tables_root)


def opened_tables(bring: str = BUILDS) -> Tables:
    """The tables of these settings, for what needs no records. Raises InputError where nothing was ever brought in."""
    from banana_assets.backends.settings import load
    from banana_assets.backends.tables import Tables

    settings = load()
    _something(settings, bring)
    return Tables(settings.tables_root)


def _something(settings: Settings, bring: str) -> None:
    from banana_assets.backends.settings import there_is_a_store

    if not there_is_a_store(settings):
        where = settings.home if settings.database_url is None else settings.database_url
        raise InputError(f"There is no store in {where} yet.", f"Run `{bring}` first.")


def require(tables: Tables, table: Table) -> None:
    """Raises InputError where that table was never computed."""
    if tables.version(table) is None:
        raise InputError(f"The table {table.name} is not computed yet.", "Run `banana materialize` first.")
