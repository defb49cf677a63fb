from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from subprocess import run

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from banana_assets.backends.records import migration
from banana_assets.backends.records.engine import open_engine, reading, writing
from banana_assets.backends.records.schema import metadata
from banana_assets.core.errors import InputError, StoreError


def test_up_gives_the_declared_tables_and_down_takes_everything(database: str) -> None:
    engine = open_engine(database)
    assert migration.current_revision(engine) is None
    assert migration.migrate(engine) == migration.Migrated(None, migration.HEAD)
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    assert migration.migrate(engine, "base") == migration.Migrated(migration.HEAD, None)
    with reading(engine) as connection:
        assert set(sa.inspect(connection).get_table_names()) <= {"alembic_version", "sqlite_sequence"}
    assert migration.migrate(engine).after == migration.HEAD
    engine.dispose()


def test_each_step_goes_up_and_down(database: str) -> None:
    engine = open_engine(database)
    for revision in migration.REVISIONS:
        assert migration.migrate(engine, revision).after == revision
    for revision in (*reversed(migration.REVISIONS[:-1]), "base"):
        after = migration.migrate(engine, revision).after
        assert after == (None if revision == "base" else revision)
    engine.dispose()


def test_the_list_of_revisions_is_that_of_the_scripts() -> None:
    scripts = ScriptDirectory.from_config(migration.alembic_config())
    assert scripts.get_current_head() == migration.HEAD
    assert tuple(s.revision for s in reversed(list(scripts.walk_revisions()))) == migration.REVISIONS


def test_a_newer_database_is_refused(database: str) -> None:
    engine = open_engine(database)
    migration.migrate(engine)
    with writing(engine) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    for step in (migration.ensure_current, migration.migrate):
        with pytest.raises(StoreError, match="newer than this program"):
            step(engine)
    engine.dispose()


def test_an_older_database_says_what_to_run(database: str) -> None:
    engine = open_engine(database)
    migration.migrate(engine, migration.REVISIONS[0])
    with pytest.raises(StoreError, match="banana migrate"):
        migration.ensure_current(engine)
    migration.migrate(engine)
    migration.ensure_current(engine)
    engine.dispose()


def test_an_unknown_revision_is_refused(database: str) -> None:
    engine = open_engine(database)
    with pytest.raises(InputError, match="no revision nonsense"):
        migration.migrate(engine, "nonsense")
    assert migration.current_revision(engine) is None
    engine.dispose()


def test_a_failing_migration_leaves_nothing(database: str) -> None:
    engine = open_engine(database)
    with writing(engine) as connection:
        # The last table of the first revision is in the way.
        connection.execute(sa.text("CREATE TABLE resource_series (series_id INTEGER)"))
    with pytest.raises(StoreError, match="resource_series"):
        migration.migrate(engine)
    with reading(engine) as connection:
        assert set(sa.inspect(connection).get_table_names()) - {"sqlite_sequence"} == {"resource_series"}
    engine.dispose()


def test_processes_that_migrate_at_once_all_succeed(database: str) -> None:
    program = (
        "import sys; from banana_assets.backends.records import engine, migration; "
        "e = engine.open_engine(sys.argv[1]); migration.ensure_current(e); print(migration.current_revision(e))"
    )

    def start(_: int) -> tuple[int, str]:
        done = run([sys.executable, "-c", program, database], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.strip() or done.stderr

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(start, range(4))) == [(0, migration.HEAD)] * 4


@pytest.mark.parametrize(
    ("revision", "down"), [("head", False), ("base", True), (migration.HEAD, False), ("nonsense", False)]
)
def test_going_down_is_told_before_it_is_done(revision: str, down: bool) -> None:
    assert migration.goes_down(migration.HEAD, revision) is down
