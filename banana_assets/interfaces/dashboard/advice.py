"""Recommendations, the weightiest first, with what each rests on and what people decided; and what holds things up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import polars as pl
from fastapi import APIRouter, Form, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from banana_assets.backends.listings import outward
from banana_assets.backends.observing import observe
from banana_assets.backends.tables import Tables
from banana_assets.core.advice.confidence import with_confidence
from banana_assets.core.advice.standing import with_states
from banana_assets.core.tables import (
    BOTTLENECKS,
    BUILD_FAILURES,
    OPTIMIZATION_RECOMMENDATIONS,
    RESOURCE_USAGE_PREDICTIONS,
)
from banana_assets.core.vocabulary import RECOMMENDATION_STATES, RECOMMENDATION_TYPES, SEVERITY_RANK
from banana_assets.interfaces.api.answering import service_of
from banana_assets.interfaces.api.problems import ProblemError
from banana_assets.interfaces.dashboard.reading import paged, returning, table_page, versions
from banana_assets.interfaces.dashboard.viewing import Acting, Looking

router = APIRouter()
SIZE = 25


@router.get("/recommendations")
async def recommendations(
    request: Request,
    viewer: Looking,
    status: Annotated[str, Query(max_length=20)] = "open",
    kind: Annotated[str, Query(max_length=40)] = "",
    only: Annotated[str, Query(max_length=100)] = "",
    start: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> Response:
    """Recommendations by weight, impact times how sure the finding is that it rests on; or the one of that id."""
    service = service_of(request)
    states = await run_in_threadpool(service.store.recommendation_states)

    def values() -> dict[str, Any]:
        stored = service.tables.read(OPTIMIZATION_RECOMMENDATIONS).drop_nulls("created_at")
        known = _weighed(service.tables, with_states(stored, states, lambda: observe(service.tables)))
        found = known if status in ("", "all") else known.filter(pl.col("status") == status)
        found = found.filter(pl.col("recommendation_type") == kind) if kind else found
        found = found.filter(pl.col("recommendation_id") == only) if only else found
        rows, following = paged(found, start, SIZE)
        for row in rows:
            row["about"] = _about(row["target"])
        held = service.tables.read(BOTTLENECKS)
        worst = pl.col("severity").replace_strict(SEVERITY_RANK, return_dtype=pl.Int8)
        return {
            "rows": outward(rows),
            "following": following,
            "total": found.height,
            "known": known.height,
            "counts": dict(known.group_by("status").len().iter_rows()),
            "told": {"status": status, "kind": kind},
            "only": only,
            "statuses": (*RECOMMENDATION_STATES, "all"),
            "kinds": RECOMMENDATION_TYPES,
            "bottlenecks": held.sort(worst, "kind", "subject", descending=[True, False, False]).head(30).to_dicts(),
        }

    tables = (OPTIMIZATION_RECOMMENDATIONS, BOTTLENECKS, BUILD_FAILURES, RESOURCE_USAGE_PREDICTIONS)
    rests_on = (*await versions(request, *tables), tuple(states.iter_rows()))
    return await table_page(request, rests_on, "recommendations.html", values)


@router.post("/recommendations/{recommendation_id}")
async def decide(
    request: Request,
    viewer: Acting,
    recommendation_id: Annotated[str, Path(max_length=100)],
    status: Annotated[Literal["open", "implemented", "dismissed"], Form()],
    note: Annotated[str, Form(max_length=2000)] = "",
    back: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Keep a decision: from ``implemented`` on the effect is measured."""
    service = service_of(request)

    def keep() -> None:
        mine = pl.col("recommendation_id") == recommendation_id
        if not service.tables.scan(OPTIMIZATION_RECOMMENDATIONS).filter(mine).collect().height:
            detail = f"There is no recommendation {recommendation_id}."
            raise ProblemError(404, detail, "The page of recommendations lists them.")
        now = datetime.now(UTC)
        service.store.set_recommendation_state(
            recommendation_id, status, set_by=viewer.caller.name, set_at=now, note=note.strip() or None,
            implemented_at=now if status == "implemented" else None,
        )  # fmt: skip

    await run_in_threadpool(keep)
    return returning(back, "/recommendations")


def _weighed(tables: Tables, known: pl.DataFrame) -> pl.DataFrame:
    """With ``confidence`` and ``weight``, impact times confidence (1 where it was counted); the weightiest first."""
    found = with_confidence(known, tables.read(BUILD_FAILURES), tables.read(RESOURCE_USAGE_PREDICTIONS))
    weight = pl.col("impact_score") * pl.col("confidence").fill_null(1.0)
    return found.with_columns(weight=weight).sort("weight", "recommendation_id", descending=[True, False])


def _about(target: dict[str, Any]) -> tuple[str, str] | None:
    """The page of what it is about: the first and second part of its address."""
    parts = {"fingerprint_rate": "failure", "pattern_rate": "pattern"}
    part = parts.get(target["measure"])
    return (part, target["item"]) if part and target["item"] else None
