"""Reading where the planning of failed builds stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from banana_assets.backends.records.rows import Rows, among
from banana_assets.core.schema import Type
from banana_assets.core.tables.common import UTC

_TYPES: dict[str, Type] = {
    "build_id": pl.String,
    "seq": pl.Int64,
    "arrival_day": pl.Date,
    "log_sha256": pl.String,
    "state": pl.String,
    "attempts": pl.Int64,
    "plan_id": pl.String,
    "cluster_id": pl.String,
    "error": pl.String,
    "claimed_by": pl.String,
    "claimed_until": UTC,
    "changed_at": UTC,
}
STATES = pl.Schema(_TYPES)
"""Columns of ``PlannedReading.states``; ``state`` is waiting, claimed, planned or given_up."""

_FAILURES = (
    "builds b LEFT JOIN planned_failures p ON b.build_id = p.build_id AND b.log_sha256 = p.log_sha256"
    " WHERE b.status IN ('failed', 'error') AND b.log_sha256 IS NOT NULL"
)
_OF_BUILD = ("build_id", "seq", "arrival_day", "log_sha256")
_OWN = {"state": "coalesce(p.state, 'waiting')", "attempts": "coalesce(p.attempts, 0)"}


class PlannedReading:
    """The records of planned failures, for whoever only reads them."""

    def __init__(self, records: Rows) -> None:
        self.records = records

    def counts(self) -> dict[str, int]:
        """How many failed builds that have a log are waiting, claimed, planned and given up."""
        rows = self.records.rows(f"SELECT {_OWN['state']}, count(*) FROM {_FAILURES} GROUP BY {_OWN['state']}")
        return {str(name): n for name, n in rows}

    def states(self, build_ids: Sequence[str] | None = None) -> pl.DataFrame:
        """Where planning stands (STATES) for every failed build that has a log, or for those; oldest first."""
        columns = ", ".join(_OWN.get(n, f"{'b' if n in _OF_BUILD else 'p'}.{n}") for n in STATES)
        where, values = "", dict[str, Any]()
        if build_ids is not None:
            these, values = among(build_ids)
            where = f" AND b.build_id IN {these}"
        return self.records.frame(STATES, f"SELECT {columns} FROM {_FAILURES}{where} ORDER BY b.seq", values)
