"""Tasks as the records hold them."""

from __future__ import annotations

import json

import polars as pl
import sqlalchemy as sa

from banana_assets.backends.records.engine import reading
from banana_assets.backends.records.task_tables import tasks
from banana_assets.core.tables import TASKS


def stored_tasks(engine: sa.Engine) -> pl.DataFrame:
    """All tasks (TASKS), by queue, arrival and id."""
    c = tasks.c
    query = sa.select(*(c[n] for n in TASKS.dtypes)).order_by(c.queue, sa.func.coalesce(c.queued_at, c.started_at))
    with reading(engine) as connection:
        rows = [dict(row) for row in connection.execute(query.order_by(c.task_id)).mappings()]
    for row in rows:
        row["after"] = json.loads(row["after"])
    return TASKS.conform(pl.DataFrame(rows, schema=TASKS.dtypes, orient="row"))
