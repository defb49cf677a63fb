"""Tasks as the records hold them."""

from __future__ import annotations

import polars as pl

from banana_assets.backends.records.rows import Rows
from banana_assets.core.tables.scheduling import TASKS


def stored_tasks(records: Rows) -> pl.DataFrame:
    """All tasks (TASKS), by queue, arrival and id."""
    stored = pl.Schema({name: pl.String if name == "after" else dtype for name, dtype in TASKS.dtypes.items()})
    columns = ", ".join(f'"{name}"' for name in stored)
    order = "queue, coalesce(queued_at, started_at), task_id"
    found = records.frame(stored, f"SELECT {columns} FROM tasks ORDER BY {order}")
    return TASKS.conform(found.with_columns(pl.col("after").str.json_decode(TASKS.dtypes["after"])))
