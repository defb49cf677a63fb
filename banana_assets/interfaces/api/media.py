"""Metadata of media: how complete and valid they are, and what is proposed for what is missing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from banana_assets.backends.cursors import cursor_of, not_ours, values_of
from banana_assets.backends.listings import outward
from banana_assets.core.safety.serving import served
from banana_assets.core.vocabulary import PROPOSAL_STATES, VALUE_ORIGINS
from banana_assets.interfaces.api.access import Reader, Reporter
from banana_assets.interfaces.api.answering import link, service_of, tagged
from banana_assets.interfaces.api.learning import Cursor
from banana_assets.interfaces.api.listing import MOST_ROWS
from banana_assets.interfaces.api.models import Absent
from banana_assets.interfaces.api.problems import ProblemError, declared

router = APIRouter(prefix="/api/metadata", tags=["look"], responses=declared(400, 401, 403, 404, 422, 429, 503))

State = Literal[PROPOSAL_STATES]  # type: ignore[valid-type]
Origin = Literal[VALUE_ORIGINS]  # type: ignore[valid-type]
LARGEST = (1 << 31) - 1


class MissingField(BaseModel):
    """A field that is missing; ``percentage`` is of the items that should have it."""

    field: str
    missingCount: int  # noqa: N815 - the original's name
    percentage: float
    expectedCount: int  # noqa: N815
    derivableCount: int  # noqa: N815


class Issue(BaseModel):
    """Something that is wrong with values or items."""

    model_config = ConfigDict(extra="allow")

    type: str
    count: int
    examples: list[str]
    statement: str


class ToDo(BaseModel):
    """Something to do about it."""

    model_config = ConfigDict(extra="allow")

    action: str
    priority: Literal["low", "medium", "high"]
    estimatedImpact: str  # noqa: N815


class Quality(BaseModel):
    """How complete and valid metadata are. ``message`` says what to run where there are no media."""

    model_config = ConfigDict(extra="allow")

    status: Literal["ok"]
    completenessScore: float  # noqa: N815
    qualityIssues: list[Issue]  # noqa: N815
    recommendations: list[ToDo]
    missingFields: list[MissingField]  # noqa: N815
    itemCount: int  # noqa: N815
    expectedValues: int  # noqa: N815
    missingValues: int  # noqa: N815
    weightedCompleteness: float  # noqa: N815
    message: str | None = None


@router.get(
    "/quality",
    summary="How complete and valid metadata are",
    response_model=Quality,
)
async def quality(
    request: Request,
    caller: Reader,
    collection: Annotated[
        str | Absent, Query(max_length=500, description="Only this collection, or items with this in their path.")
    ] = None,
    min_completeness: Annotated[
        float, Query(ge=0, le=100, description="Completeness that is asked for: a share, or per cent.")
    ] = 0,
    include_recommendations: Annotated[bool, Query(description="With what to do.")] = True,
    detailed_analysis: Annotated[bool, Query(description="With every measure, field and the worst items.")] = False,
) -> Response:
    """What is missing, invalid, short, boilerplate or there twice, by what is in the records now."""
    service = service_of(request)

    def analyzed() -> dict[str, Any]:
        from banana_assets.backends.media.analysis import analyze_metadata_quality

        told = analyze_metadata_quality(
            service.store,
            collection=collection,
            min_completeness=min_completeness,
            include_recommendations=include_recommendations,
            detailed_analysis=detailed_analysis,
        )
        # An answer that carries the time of its making would never be the same.
        return {name: value for name, value in told.items() if name != "analysisTimestamp"}

    return tagged(request, orjson.dumps({"status": "ok"} | served(outward(await run_in_threadpool(analyzed)))))


class ProposalRow(BaseModel):
    """A value proposed for a field that an item lacks; ``tried`` and ``hits`` are how its rule or model did on known
    values that were hidden from it."""

    proposal_id: int
    item_id: str
    collection: str
    uri: str
    field: str
    value: list[str]
    stands: str | None
    origin: Origin
    rule: str
    source: str
    confidence: float | None
    tried: int
    hits: int
    low: float | None
    call_id: int | None
    state: State
    proposed_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    note: str | None
    write_id: int | None


class ProposalRows(BaseModel):
    """A page of proposals, the oldest first; `next` is the cursor of the following one."""

    status: Literal["ok"]
    items: list[ProposalRow]
    count: int
    limit: int
    next: str | None


@router.get("/proposals", summary="Values proposed for what is missing", response_model=ProposalRows)
async def proposals(
    request: Request,
    caller: Reader,
    state: Annotated[State | Absent, Query(description="Only in this state.")] = None,
    collection: Annotated[str | Absent, Query(max_length=500, description="Only of this collection.")] = None,
    field: Annotated[str | Absent, Query(max_length=64, description="Only for this field.")] = None,
    limit: Annotated[int, Query(ge=0, le=MOST_ROWS, description="Rows in the page.")] = 100,
    cursor: Cursor = None,
) -> Response:
    """What rules and models propose, and what became of it."""
    service = service_of(request)
    after = _number(values_of(cursor, 1)[0]) if cursor else 0

    def read() -> dict[str, Any]:
        from banana_assets.backends.media.proposals import Proposals

        found = Proposals(service.store.engine).rows(
            states=[state] if state else (), collection=collection, field=field, after=after, limit=limit + 1
        )
        rows = found.head(limit).to_dicts()
        following = cursor_of(rows[-1]["proposal_id"]) if rows and found.height > limit else None
        told = {"items": served(outward(rows)), "count": len(rows), "limit": limit}
        return {"status": "ok", **told, "next": following}

    told = await run_in_threadpool(read)
    answer = tagged(request, orjson.dumps(told, option=orjson.OPT_UTC_Z))
    if told["next"]:
        query = {"limit": limit, "cursor": told["next"], "state": state, "collection": collection, "field": field}
        answer.headers["link"] = link(request, "next", **query)
    return answer


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= LARGEST:
        raise not_ours()
    return value


class Verdict(BaseModel):
    """What is decided about a proposal."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["accepted", "rejected", "proposed"]
    note: str | None = Field(None, max_length=2_000)


class VerdictAnswer(BaseModel):
    """What holds now. An accepted value counts as known; files are written on the command line alone."""

    status: Literal["ok"]
    proposal_id: int
    state: Literal["accepted", "rejected", "proposed"]


@router.put(
    "/proposals/{key}/state",
    summary="Accept or reject a proposed value",
    response_model=VerdictAnswer,
    responses=declared(409, 413),
)
async def decide(
    request: Request,
    caller: Reporter,
    key: Annotated[int, Path(ge=1, le=LARGEST, description="Its number.")],
    body: Verdict,
) -> Response:
    """Keep a decision; accepting looks first whether the item has a value by now. No file is written."""
    service = service_of(request)

    def keep() -> None:
        from banana_assets.backends.media.proposals import Proposals

        kept = Proposals(service.store.engine)
        if kept.rows(ids=[key]).is_empty():
            raise ProblemError(404, f"There is no proposal {key}.", "GET /api/metadata/proposals lists them.")
        _, refused = kept.decide([key], body.state, by=caller.name, note=body.note)
        if refused:
            raise ProblemError(409, f"{refused[0].capitalize()}.", "GET /api/metadata/proposals shows how it stands.")

    await run_in_threadpool(keep)
    return Response(
        orjson.dumps({"status": "ok", "proposal_id": key, "state": body.state}), media_type="application/json"
    )
