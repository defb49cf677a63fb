"""Bringing the records database to a version of the schema, up and down, with Alembic.

Alembic is only imported when there is something to migrate: reading the version is one query.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from banana_assets.backends.records.engine import reading, translated, writing
from banana_assets.backends.records.revisions import HEAD as HEAD
from banana_assets.backends.records.revisions import REVISIONS as REVISIONS
from banana_assets.backends.records.revisions import refuse_newer, refuse_other
from banana_assets.core.errors import InputError

if TYPE_CHECKING:
    from alembic.config import Config


@dataclass(frozen=True)
class Migrated:
    """From which revision to which; ``None`` is an empty database."""

    before: str | None
    after: str | None


def current_revision(engine: sa.Engine) -> str | None:
    """The revision of the database, None when it is empty."""
    with reading(engine) as connection:
        return _revision(connection)


def ensure_current(engine: sa.Engine) -> None:
    """Make an empty database ready; refuse one of another version.

    Raises StoreError when the database is newer than the program, or older (which `banana migrate` mends).
    """
    found = current_revision(engine)
    if found is None:
        migrate(engine)
        return
    refuse_other(found)


def migrate(engine: sa.Engine, revision: str = "head") -> Migrated:
    """Bring the database to that revision (``head``, ``base`` or one of REVISIONS), in one transaction.

    Two processes may do it at once: the second waits and finds it done. Raises InputError for an unknown revision and
    StoreError when the database is newer than the program.
    """
    if revision not in ("head", "base", *REVISIONS):
        raise InputError(f"There is no revision {revision}.", f"Use head, base or one of {', '.join(REVISIONS)}.")
    with writing(engine) as connection:
        before = _revision(connection)
        refuse_newer(before)
        target = _target(revision)
        if before != target:
            _run(connection, before, target)
        return Migrated(before, _revision(connection))


def _run(connection: sa.Connection, before: str | None, target: str | None) -> None:
    from alembic import command

    config = alembic_config()
    config.attributes["connection"] = connection
    upwards = target is not None and (before is None or REVISIONS.index(before) < REVISIONS.index(target))
    with translated(connection.engine):
        if upwards:
            command.upgrade(config, target or "base")
        else:
            command.downgrade(config, target or "base")


def alembic_config() -> Config:
    """Alembic's configuration: the scripts inside this package, no file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def goes_down(found: str | None, revision: str) -> bool:
    """Whether going from the found revision to that one drops something."""
    order = [None, *REVISIONS]
    if found not in order or revision not in ("head", "base", *REVISIONS):
        return False
    return order.index(_target(revision)) < order.index(found)


def _target(revision: str) -> str | None:
    return {"head": HEAD, "base": None}.get(revision, revision)
