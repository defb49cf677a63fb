"""What coding agents have contributed and what it taught, and what language models cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from banana_assets.backends.learned import learned_patterns, learning_metrics
from banana_assets.backends.llm.configured import budgets
from banana_assets.backends.llm.ledger import Ledger
from banana_assets.backends.llm.standing import budget_rows
from banana_assets.backends.standing_rows import report_rows
from banana_assets.core.models.costs import costs
from banana_assets.core.safety.serving import served
from banana_assets.interfaces.api.answering import service_of
from banana_assets.interfaces.dashboard.frame import page
from banana_assets.interfaces.dashboard.viewing import Looking

router = APIRouter()
DAYS = 30
MOST = 50


@router.get("/learning")
async def learning(request: Request, viewer: Looking) -> Response:
    """Figures that are counted, words that nobody checked, and money."""
    service = service_of(request)

    def values() -> dict[str, Any]:
        now = datetime.now(UTC)
        ledger = Ledger(service.store.engine, budgets(service.settings))
        calls = ledger.calls(now - timedelta(days=DAYS))
        spent = costs(calls, ["day", "model"]).sort("day", "model", descending=[True, False]) if calls.height else calls
        learned = learned_patterns(service.store, service.tables)
        day = next(row for row in budget_rows(service.settings, ledger, now) if row["budget"] == "day")
        return {
            "metrics": learning_metrics(service.store, service.tables),
            "learned": learned[:MOST],
            "learned_total": len(learned),
            "reports": report_rows(service.store.engine, limit=MOST),
            "spent": spent.head(MOST).to_dicts() if calls.height else [],
            "total_cost": calls.select(pl.col("cost").sum()).item() if calls.height else 0.0,
            "budget": day,
            "days": DAYS,
        }

    return page(request, "learning.html", **served(await run_in_threadpool(values)))
