"""Search, and what coding agents have contributed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from banana_assets.backends.learned import learned_page, unreported
from banana_assets.core.safety.serving import served
from banana_assets.core.vocabulary import SEARCH_KINDS, SEVERITIES
from banana_assets.interfaces.api.access import Reader, Reporter
from banana_assets.interfaces.api.answering import link, service_of, tagged
from banana_assets.interfaces.api.learning import Cursor
from banana_assets.interfaces.api.listing import MOST_ROWS
from banana_assets.interfaces.api.models import Absent, Moment
from banana_assets.interfaces.api.problems import ProblemError, declared

router = APIRouter(tags=["look"], responses=declared(400, 401, 403, 422, 429, 503))

Kind = Literal[SEARCH_KINDS]  # type: ignore[valid-type]
Severity = Literal[SEVERITIES]  # type: ignore[valid-type]
How = Literal["both", "words", "meaning"]

LONGEST_QUERY = 3_000
"""Characters: an address holds no more than 64 KiB, and a character may take twelve of them."""


class Hit(BaseModel):
    """Something that was found; ``helped`` says what made it go away, or what is proposed."""

    document_id: str
    kind: str
    key: str
    title: str
    text: str
    helped: str | None
    severity: str | None
    sources: list[str]
    first_seen: str | None
    last_seen: str | None
    build_id: str | None
    place: str | None = Field(description="Where an example of it stands: LOG:LINE.")
    score: float
    words: float | None = Field(description="Share of what was asked that it has, by how telling each word is.")
    cosine: float | None = Field(description="How near its meaning is; 1 is the same.")


class Found(BaseModel):
    """What was found, the nearest first. ``mode`` says by what: words, or words and meaning."""

    status: Literal["ok"]
    mode: str
    items: list[Hit]
    count: int


@router.get("/api/search", summary="Seen something like this?", response_model=Found, responses=declared(409))
async def search(
    request: Request,
    caller: Reader,
    q: Annotated[str, Query(min_length=1, max_length=LONGEST_QUERY, description="Words, or lines of a log.")],
    how: Annotated[How, Query(description="By words, by meaning, or both.")] = "both",
    kind: Annotated[list[Kind] | Absent, Query(description="Only these kinds.")] = None,
    severity: Annotated[Severity | Absent, Query(description="At least that severe.")] = None,
    source: Annotated[str | Absent, Query(max_length=500, description="Only of that source or job.")] = None,
    since: Annotated[Moment | Absent, Query(description="Seen since then.")] = None,
    until: Annotated[Moment | Absent, Query(description="Seen before then.")] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="Hits at most.")] = 10,
) -> Response:
    """Find patterns, failures, resource usage, plans and templates by words and by meaning."""
    service = service_of(request)

    def find() -> dict[str, Any]:
        from banana_assets.backends.search import open_search, there_is_an_index
        from banana_assets.core.search.types import Filters

        if not there_is_an_index(service.settings):
            raise ProblemError(409, "There is no search index yet.", "Run `banana materialize`.")
        filters = Filters(tuple(kind or ()), severity, source, since, until)
        with open_search(service.settings, meaning=how != "words") as opened:
            hits = opened.by(how)(q, filters, limit)
            items = [
                {name: value for name, value in hit.document.row().items() if name in Hit.model_fields}
                | {"place": hit.document.told_place, "score": hit.score, "words": hit.words, "cosine": hit.cosine}
                for hit in hits
            ]
            return {"status": "ok", "mode": opened.mode, "items": served(items), "count": len(items)}

    return tagged(request, orjson.dumps(await run_in_threadpool(find)))


class Unreported(BaseModel):
    """A failed build to look at; ``waiting`` counts the builds of its cluster, for all of which it stands."""

    build_id: str
    cluster_id: str | None
    waiting: int


class UnreportedAnswer(BaseModel):
    """What the caller has not reported on."""

    status: Literal["ok"]
    items: list[Unreported]
    count: int


@router.get("/api/unreported", summary="What the caller has not reported on", response_model=UnreportedAnswer)
async def to_do(
    request: Request, caller: Reporter, limit: Annotated[int, Query(ge=1, le=1000, description="Builds at most.")] = 20
) -> Response:
    """Failed builds that this key has said nothing about: one for each new cluster, then builds that are in none."""
    service = service_of(request)
    items = await run_in_threadpool(unreported, service.store, service.tables, caller.name, limit)
    return tagged(request, orjson.dumps({"status": "ok", "items": items, "count": len(items)}))


class Learned(BaseModel):
    """A failure that was reported on. ``outcomes`` counts what became of plans for it, as later builds decided."""

    pattern: str
    title: str
    category: str | None
    state: str | None
    count: int
    first_seen: str
    last_seen: str
    reports: int
    confidence: float
    recommendations: list[str]
    outcomes: dict[str, int]


class LearnedAnswer(BaseModel):
    """A page of what reports have taught; their words are unverified. `next` is the cursor of the following one."""

    status: Literal["ok"]
    items: list[Learned]
    count: int
    total: int
    limit: int
    next: str | None


@router.get("/api/learned", summary="What reports have taught", response_model=LearnedAnswer, responses=declared(404))
async def learned(
    request: Request,
    caller: Reader,
    limit: Annotated[int, Query(ge=0, le=MOST_ROWS, description="Rows in the page.")] = 100,
    cursor: Cursor = None,
) -> Response:
    """A row a failure, the one seen last first: how often, what was recommended, and what came of it."""
    service = service_of(request)
    page = await run_in_threadpool(learned_page, service.store, service.tables, limit, cursor)
    body = {"items": served(page.items), "count": len(page.items), "total": page.total, "limit": limit}
    answer = tagged(request, orjson.dumps({"status": "ok", **body, "next": page.following}))
    if page.following:
        answer.headers["link"] = link(request, "next", limit=limit, cursor=page.following)
    return answer
