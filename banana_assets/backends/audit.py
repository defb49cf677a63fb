"""The audit log: what was changed or refused through an interface."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from banana_assets.backends.records.api_tables import audit_log
from banana_assets.backends.records.engine import reading, writing
from banana_assets.core.schema import Type
from banana_assets.core.tables.common import UTC

_TYPES: dict[str, Type] = {
    "at": UTC,
    "actor": pl.String,
    "action": pl.String,
    "target": pl.String,
    "status": pl.Int64,
    "address": pl.String,
    "request_id": pl.String,
}
AUDIT = pl.Schema(_TYPES)
"""Columns and types of ``entries``."""


@dataclass(frozen=True)
class Entry:
    """One thing that was done, or refused: ``status`` is the HTTP status with which it ended."""

    at: datetime
    actor: str
    action: str
    target: str
    status: int
    address: str
    request_id: str


def note(engine: sa.Engine, entry: Entry) -> None:
    """Keep an entry."""
    with writing(engine) as connection:
        connection.execute(sa.insert(audit_log).values(asdict(entry)))


def entries(engine: sa.Engine, *, limit: int = 100) -> pl.DataFrame:
    """The latest entries (AUDIT), the newest first."""
    query = sa.select(*(audit_log.c[n] for n in AUDIT)).order_by(audit_log.c.id.desc()).limit(limit)
    with reading(engine) as connection:
        return pl.DataFrame([tuple(row) for row in connection.execute(query)], schema=AUDIT, orient="row")
