"""The ledger of calls: each is written before it is made, with what it may cost, and settled when it ended.

Reserving looks at the budgets and at the circuit breaker in the same write transaction in which the call is written, so
that processes that ask at once can neither overspend together nor all try a model that is down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from banana_assets.backends.llm.ledger_reading import GRACE, RESERVED, LedgerReading
from banana_assets.backends.records.engine import ConnectionRows, EngineRows, writing
from banana_assets.backends.records.model_tables import llm_calls
from banana_assets.core.models.budgets import Amount, Budgets, exceeded
from banana_assets.core.models.types import ModelError, Usage
from banana_assets.core.text import cut

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


class Ledger(LedgerReading):
    """The table ``llm_calls``. Safe to be used by several processes at once."""

    def __init__(self, engine: sa.Engine, budgets: Budgets) -> None:
        super().__init__(EngineRows(engine))
        self.engine = engine
        self.budgets = budgets

    def reserve(self, entry: Entry, asked: Amount, *, now: datetime, seconds: float) -> int:
        """Write a call that is about to be made; its id.

        Raises ModelError: over_budget, or circuit_open where the model failed again and again. Both are written too.
        """
        refused: ModelError | None = None
        with writing(self.engine) as connection:
            _settle_lost(connection, now)
            held = LedgerReading(ConnectionRows(connection))
            state, (run, day) = held.breaker(entry.provider, entry.model, now), held.taken(now, entry.run_id)
            over = exceeded(self.budgets, asked, run, day)
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


def _brief(text: str) -> str:
    flat = " ".join(text.split())
    return cut(flat, LONGEST_ERROR)
