"""The ledger of calls: each is written before it is made, with what it may cost, and settled when it ended.

Reserving looks at the budgets and at the circuit breaker in the same write transaction in which the call is written, so
that processes that ask at once can neither overspend together nor all try a model that is down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import sqlalchemy as sa

from banana_assets.backends.records.engine import reading, writing
from banana_assets.backends.records.model_tables import llm_calls
from banana_assets.core.models.breaker import LOOKED_AT, Breaker, Past, breaker
from banana_assets.core.models.budgets import Amount, Budgets, exceeded
from banana_assets.core.models.types import NOT_MADE, ModelError, Usage
from banana_assets.core.tables.models import LLM_CALLS
from banana_assets.core.text import cut

RESERVED = "reserved"
GRACE = timedelta(seconds=5)
"""How long after its deadline a call may still settle itself."""

LONGEST_ERROR = 400


@dataclass(frozen=True)
class Entry:
    """What is known of a call before it is made."""

    task: str
    subject: str
    category: str
    run_id: str
    provider: str
    model: str
    prompt_version: str
    request_key: str
    masked: int
    retries: int = 0


class Ledger:
    """The table ``llm_calls``. Safe to be used by several processes at once."""

    def __init__(self, engine: sa.Engine, budgets: Budgets) -> None:
        self.engine = engine
        self.budgets = budgets

    def reserve(self, entry: Entry, asked: Amount, *, now: datetime, seconds: float) -> int:
        """Write a call that is about to be made; its id.

        Raises ModelError: over_budget, or circuit_open where the model failed again and again. Both are written too.
        """
        refused: ModelError | None = None
        with writing(self.engine) as connection:
            _settle_lost(connection, now)
            state = breaker(_past(connection, entry.provider, entry.model), now)
            over = exceeded(self.budgets, asked, _run(connection, entry.run_id), _day(connection, now))
            if state.state == "open":
                refused = ModelError(
                    "circuit_open",
                    f"{entry.provider}/{entry.model} failed {state.failures} times in a row and is left alone "
                    f"until {state.until:%H:%M:%S} UTC.",
                )
            elif over:
                refused = ModelError("over_budget", over, "`banana costs` shows what was spent on what.")
            values = _values(entry) | {"started_at": now, "deadline_at": now + timedelta(seconds=seconds)}
            if refused:
                values |= {"outcome": refused.kind, "ended_at": now, "seconds": 0.0, "error": _brief(refused.message)}
            else:
                values |= {"reserved_cost": asked.dollars, "reserved_tokens": asked.tokens}
            call_id = _insert(connection, values)
        if refused:
            raise refused
        return call_id

    def settle(
        self, call_id: int, outcome: str, *, usage: Usage | None, cost: float, now: datetime, error: str | None = None
    ) -> float:
        """Write how a call ended; the dollars it is counted with.

        Without a ``usage`` nobody knows what it took: it counts with all that was reserved for it.
        """
        with writing(self.engine) as connection:
            row = connection.execute(sa.select(llm_calls).where(llm_calls.c.id == call_id)).mappings().one()
            taken = _taken(row, usage, cost)
            connection.execute(
                sa.update(llm_calls)
                .where(llm_calls.c.id == call_id)
                .values(
                    outcome=outcome,
                    ended_at=now,
                    seconds=max((now - row["started_at"]).total_seconds(), 0.0),
                    error=_brief(error) if error else None,
                    **taken,
                )
            )
        return float(taken["cost"])

    def hit(self, entry: Entry, *, now: datetime) -> int:
        """Write that an answer came from the cache, at no cost; its id."""
        values = _values(entry) | {
            "started_at": now, "deadline_at": now, "ended_at": now, "outcome": "ok", "seconds": 0.0, "cache_hit": True,
        }  # fmt: skip
        with writing(self.engine) as connection:
            return _insert(connection, values)

    def settle_lost(self, now: datetime) -> None:
        """Settle the calls whose processes ended without a word."""
        with writing(self.engine) as connection:
            _settle_lost(connection, now)

    def breaker(self, provider: str, model: str, now: datetime) -> Breaker:
        """Whether that model is left alone."""
        with reading(self.engine) as connection:
            return breaker(_past(connection, provider, model), now)

    def taken(self, now: datetime, run_id: str = "") -> tuple[Amount, Amount]:
        """What the run and the UTC day have taken, with what is reserved."""
        with reading(self.engine) as connection:
            return _run(connection, run_id), _day(connection, now)

    def calls(self, since: datetime | None = None) -> pl.DataFrame:
        """The calls (LLM_CALLS), all or those from a moment on, in their order."""
        c = llm_calls.c
        query = sa.select(*(c[_COLUMNS.get(n, n)] for n in LLM_CALLS.dtypes)).order_by(c.id)
        if since is not None:
            query = query.where(c.started_at >= since)
        with reading(self.engine) as connection:
            rows = [tuple(row) for row in connection.execute(query)]
        return LLM_CALLS.conform(pl.DataFrame(rows, schema=LLM_CALLS.dtypes, orient="row"))


_COLUMNS = {"call_id": "id"}


def _values(entry: Entry) -> dict[str, Any]:
    return {
        **vars(entry),
        "outcome": RESERVED,
        "input_tokens": 0,
        "output_tokens": 0,
        "tokens_estimated": False,
        "cost": 0.0,
        "reserved_cost": 0.0,
        "reserved_tokens": 0,
        "cache_hit": False,
    }


def _insert(connection: sa.Connection, values: dict[str, Any]) -> int:
    key = connection.execute(sa.insert(llm_calls).values(values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def _taken(row: sa.RowMapping, usage: Usage | None, cost: float) -> dict[str, Any]:
    if usage is None:
        return {"input_tokens": row["reserved_tokens"], "tokens_estimated": True, "cost": row["reserved_cost"]}
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "tokens_estimated": usage.estimated,
        "cost": cost,
    }


def _settle_lost(connection: sa.Connection, now: datetime) -> None:
    """It may have been made and billed, so what was reserved counts as spent."""
    c = llm_calls.c
    connection.execute(
        sa.update(llm_calls)
        .where(c.outcome == RESERVED, c.deadline_at < now - GRACE)
        .values(
            outcome="lost",
            ended_at=c.deadline_at,
            input_tokens=c.reserved_tokens,
            tokens_estimated=True,
            cost=c.reserved_cost,
            error="the process that asked ended before the answer came",
        )
    )


def _past(connection: sa.Connection, provider: str, model: str) -> list[Past]:
    c = llm_calls.c
    query = (
        sa.select(c.started_at, c.ended_at, c.outcome)
        .where(c.provider == provider, c.model == model, c.outcome.not_in(NOT_MADE), c.cache_hit.is_(False))
        .order_by(c.id.desc())
        .limit(LOOKED_AT)
    )
    return [Past(start, end, outcome == "ok") for start, end, outcome in connection.execute(query)]


def _run(connection: sa.Connection, run_id: str) -> Amount:
    return _sum(connection, llm_calls.c.run_id == run_id)


def _day(connection: sa.Connection, now: datetime) -> Amount:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    c = llm_calls.c
    return _sum(connection, sa.and_(c.started_at >= midnight, c.started_at < midnight + timedelta(days=1)))


def _sum(connection: sa.Connection, where: sa.ColumnElement[bool]) -> Amount:
    c = llm_calls.c
    waiting = c.outcome == RESERVED
    dollars = sa.case((waiting, c.reserved_cost), else_=c.cost)
    tokens = sa.case((waiting, c.reserved_tokens), else_=c.input_tokens + c.output_tokens)
    row = connection.execute(sa.select(sa.func.sum(dollars), sa.func.sum(tokens)).where(where)).one()
    return Amount(float(row[0] or 0.0), int(row[1] or 0))


def _brief(text: str) -> str:
    flat = " ".join(text.split())
    return cut(flat, LONGEST_ERROR)
