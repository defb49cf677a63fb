"""Checks of the records database: there, of this version, whole, as declared, and writable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from banana_assets.backends.checkup.check import Found, Place, failed, ok, skipped, warning
from banana_assets.backends.records.engine import open_engine, reading, translated
from banana_assets.backends.records.migration import HEAD, REVISIONS, current_revision
from banana_assets.backends.settings import SQLITE_NAME, Settings, mask_password
from banana_assets.core.evidence import plural

if TYPE_CHECKING:
    from sqlalchemy import Engine

PROBE = "banana.checkup"
MOST_TOLD = 12


def records(place: Place) -> Found:
    """There, of the schema of this program, and undamaged; nothing in it is from the future."""
    settings = place.settings
    where = mask_password(settings.records_url)
    if settings.database_url is None and not (settings.home / SQLITE_NAME).exists():
        return skipped("nothing was brought in yet", "Run `banana ingest builds PATH`, or `banana demo`.")
    with _engine(settings) as engine:
        found = current_revision(engine)
        if found is None:
            return warning(f"{where} is empty", "Run `banana migrate`.")
        if found not in REVISIONS:
            return failed(
                f"{where} has the schema {found}, which is newer than this program knows ({HEAD})",
                "Install the newer version of banana-assets.",
            )
        if found != HEAD:
            return failed(f"{where} has the older schema {found}; this program needs {HEAD}", "Run `banana migrate`.")
        if damage := _damage(engine, whole=place.whole):
            return failed(f"{where} is damaged: {damage[0]}", "Restore it from a backup.", *damage[1:MOST_TOLD])
        return _counted(engine, f"{where}, schema {found}")


def schema(place: Place) -> Found:
    """Every table and column that this program declares is there."""
    from banana_assets.backends.records.schema import metadata

    lacking = []
    with _engine(place.settings) as engine, translated(engine):
        looked = sa.inspect(engine)
        there = set(looked.get_table_names())
        for table in metadata.sorted_tables:
            columns = {c["name"] for c in looked.get_columns(table.name)} if table.name in there else set()
            if table.name not in there:
                lacking.append(f"the table {table.name}")
            else:
                lacking += [f"{table.name}.{c.name}" for c in table.columns if c.name not in columns]
    if lacking:
        return failed(
            f"{', '.join(lacking[:4])} {'is' if len(lacking) == 1 else 'are'} missing",
            "Restore it from a backup: its version says that it has them, so it was changed by hand.",
            *lacking[:MOST_TOLD],
        )
    return ok(plural(len(metadata.tables), "table"))


def write(place: Place) -> Found:
    """A row can be written and read back; it is rolled back, so nothing of it stays."""
    from banana_assets.backends.records.tables import baselines

    row = {"metric": PROBE, "value": 1.0, "set_at": datetime.now(UTC), "set_by": PROBE}
    with _engine(place.settings) as engine, translated(engine), engine.connect() as plain:
        connection = plain.execution_options(banana_writes=True)
        with connection.begin() as transaction:
            connection.execute(sa.insert(baselines).values(row))
            back = connection.execute(sa.select(baselines.c.value).where(baselines.c.metric == PROBE)).scalar()
            transaction.rollback()
    if back != row["value"]:
        return failed(f"what was written came back as {back!r}", "Restore the records from a backup.")
    return ok("a row was written, read back and rolled back")


@contextmanager
def _engine(settings: Settings) -> Iterator[Engine]:
    engine = open_engine(settings.records_url)
    try:
        yield engine
    finally:
        engine.dispose()


def _damage(engine: Engine, *, whole: bool) -> list[str]:
    """What SQLite finds wrong with its file; Postgres looks after its own."""
    if engine.dialect.name != "sqlite":
        return []
    with reading(engine) as connection:
        said = connection.exec_driver_sql(f"PRAGMA {'integrity_check' if whole else 'quick_check'}({MOST_TOLD})")
        found = [str(line) for (line,) in said if line != "ok"]
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(MOST_TOLD)
    return found + [f"a row of {table} belongs to none of {parent}" for table, _, parent, _ in orphans]


def _counted(engine: Engine, said: str) -> Found:
    from banana_assets.backends.records import tables as t

    with reading(engine) as connection:
        counts = [
            connection.execute(sa.select(sa.func.count()).select_from(x)).scalar() for x in (t.builds, t.log_files)
        ]
        latest = connection.execute(sa.select(sa.func.max(t.builds.c.arrived_at))).scalar()
    said = f"{said}, {plural(counts[0] or 0, 'build')}, {plural(counts[1] or 0, 'log file')}"
    if latest is not None and latest > datetime.now(UTC):
        return warning(
            f"{said}, the latest of which arrived in the future: {latest:%Y-%m-%d %H:%M} UTC", "Set the clock."
        )
    return ok(said)
