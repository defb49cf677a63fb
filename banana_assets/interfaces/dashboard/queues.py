"""Queues: what another order saves, what should begin next, how many at once, and when there is room."""

from __future__ import annotations

from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from banana_assets.backends.scheduling import latest
from banana_assets.core.scheduling.asked import overtaken
from banana_assets.core.tables import EXECUTION_WINDOWS, QUEUE_SCHEDULES
from banana_assets.interfaces.api.answering import service_of
from banana_assets.interfaces.dashboard.reading import choices, table_page, versions
from banana_assets.interfaces.dashboard.viewing import Looking

router = APIRouter()
QUEUES = 12
PLACES = 15
WINDOWS = 24


@router.get("/queues")
async def queues(
    request: Request,
    viewer: Looking,
    queue: Annotated[str, Query(max_length=500)] = "",
    start: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> Response:
    """A card for each queue, those that wait most first."""
    tables = service_of(request).tables

    def values() -> dict[str, Any]:
        known = tables.read(QUEUE_SCHEDULES).sort("first_come_wait", "queue", descending=[True, False])
        found = known.filter(pl.col("queue") == queue) if queue else known
        shown = found.slice(start, QUEUES)
        windows = tables.read(EXECUTION_WINDOWS).sort("begins_at", "kind", "host")
        return {
            "cards": [_card(row, windows, start + n) for n, row in enumerate(shown.iter_rows(named=True))],
            "known": known.height,
            "overtaken": overtaken(windows, latest(tables)),
            "names": choices(known["queue"]),
            "told": {"queue": queue},
            "following": start + QUEUES if start + QUEUES < found.height else None,
        }

    return await table_page(request, await versions(request, QUEUE_SCHEDULES, EXECUTION_WINDOWS), "queues.html", values)


def _card(row: dict[str, Any], windows: pl.DataFrame, number: int) -> dict[str, Any]:
    mine = windows.filter(pl.col("queue_id") == row["queue_id"])
    waits = [
        ("as it was", row["seen_wait"]),
        ("run again by arrival", row["first_come_wait"]),
        ("by weight over expected time", row["ordered_wait"]),
        ("had run times been known", row["perfect_wait"]),
    ]
    return {
        "row": row,
        "number": number,
        "waits": waits if row["first_come_wait"] > 0 else [],
        "waiting": row["waiting"][:PLACES],
        "waiting_total": len(row["waiting"]),
        "windows": mine.head(WINDOWS).to_dicts(),
        "windows_total": mine.height,
        "batches": row["batches"],
        "kinds": row["kinds"],
    }
