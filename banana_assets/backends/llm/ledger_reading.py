"""Reading the ledger of calls: what was asked, what it took, and which models are left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from banana_assets.backends.records.rows import Rows, among
from banana_assets.core.models.breaker import LOOKED_AT, Breaker, Past, breaker
from banana_assets.core.models.budgets import Amount
from banana_assets.core.models.types import NOT_MADE
from banana_assets.core.schema import Type
from banana_assets.core.tables.common import UTC as UTC_TYPE
from banana_assets.core.tables.models import LLM_CALLS

RESERVED = "reserved"
GRACE = timedelta(seconds=5)
"""How long after its deadline a call may still settle itself."""

_PAST: dict[str, Type] = {"started_at": UTC_TYPE, "ended_at": UTC_TYPE, "outcome": pl.String}


class LedgerReading:
    """The table ``llm_calls``, for whoever only reads it."""

    def __init__(self, records: Rows) -> None:
        self.records = records

    def breaker(self, provider: str, model: str, now: datetime) -> Breaker:
        """Whether that model is left alone."""
        these, values = among(list(NOT_MADE))
        asked = f"provider = :provider AND model = :model AND outcome NOT IN {these} AND NOT cache_hit"
        statement = f"SELECT {', '.join(_PAST)} FROM llm_calls WHERE {asked} ORDER BY id DESC LIMIT {LOOKED_AT}"
        rows = self.records.frame(pl.Schema(_PAST), statement, {**values, "provider": provider, "model": model})
        return breaker([Past(start, end, outcome == "ok") for start, end, outcome in rows.iter_rows()], now)

    def taken(self, now: datetime, run_id: str = "") -> tuple[Amount, Amount]:
        """What the run and the UTC day have taken, with what is reserved."""
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        begin, end = (self.records.moment(at) for at in (midnight, midnight + timedelta(days=1)))
        day = self._sum("started_at >= :begin AND started_at < :end", {"begin": begin, "end": end})
        return self._sum("run_id = :run_id", {"run_id": run_id}), day

    def calls(self, since: datetime | None = None) -> pl.DataFrame:
        """The calls (LLM_CALLS), all or those from a moment on, in their order."""
        columns = ", ".join("id" if name == "call_id" else name for name in LLM_CALLS.dtypes)
        where, values = "", dict[str, Any]()
        if since is not None:
            where, values = " WHERE started_at >= :since", {"since": self.records.moment(since)}
        schema = pl.Schema(LLM_CALLS.dtypes)
        return LLM_CALLS.conform(
            self.records.frame(schema, f"SELECT {columns} FROM llm_calls{where} ORDER BY id", values)
        )

    def lost(self, now: datetime) -> bool:
        """Whether processes ended without saying how their calls did (``Ledger.settle_lost``)."""
        values = {"reserved": RESERVED, "at": self.records.moment(now - GRACE)}
        where = "outcome = :reserved AND deadline_at < :at LIMIT 1"
        return bool(self.records.rows(f"SELECT 1 FROM llm_calls WHERE {where}", values))

    def _sum(self, where: str, values: dict[str, Any]) -> Amount:
        dollars = "CASE WHEN outcome = :reserved THEN reserved_cost ELSE cost END"
        tokens = "CASE WHEN outcome = :reserved THEN reserved_tokens ELSE input_tokens + output_tokens END"
        statement = f"SELECT sum({dollars}), sum({tokens}) FROM llm_calls WHERE {where}"
        spent, taken = self.records.rows(statement, {**values, "reserved": RESERVED})[0]
        return Amount(float(spent or 0.0), int(taken or 0))
