"""What coding agents ask and report, under the paths of the published interface (``/llm/learning``)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from banana_assets.backends.reports import ConflictError
from banana_assets.core.errors import InputError
from banana_assets.core.learning.reports import report_of
from banana_assets.interfaces.api.access import Reader, Reporter
from banana_assets.interfaces.api.answering import kept_answer, link, service_of
from banana_assets.interfaces.api.models import (
    Absent,
    BuildAnswer,
    BuildsAnswer,
    BuildStatus,
    ReportAnswer,
    ReportRequest,
)
from banana_assets.interfaces.api.problems import ProblemError, declared
from banana_assets.interfaces.api.service import Service

MOST_BUILDS = 200
"""Builds in one page; a larger ``limit`` is lowered to it, as the answer's own ``limit`` says."""

router = APIRouter(tags=["learning"], responses=declared(400, 401, 403, 404, 422, 429, 503))

Limit = Annotated[int, Query(ge=0, description=f"Builds in the page; {MOST_BUILDS} at most.")]
Skip = Annotated[int, Query(ge=0, le=2**31, description="Builds left out at the beginning.")]
Cursor = Annotated[str | Absent, Query(max_length=2000, description="Of the page before (`next`).")]
Stands = Annotated[BuildStatus | Absent, Query(description="Only those that stand so.")]
BuildId = Annotated[str, Path(max_length=1000, description="Its id; slashes may stand in it.")]


@router.get("/builds", summary="Builds, the newest first", response_model=BuildsAnswer)
async def builds(
    request: Request, caller: Reader, limit: Limit = 20, skip: Skip = 0, cursor: Cursor = None, status: Stands = None
) -> Response:
    """The newest builds with the end of each log and, for those that failed, why.

    `log` holds the last whole lines of at most 4,096 bytes. Ask again with `If-None-Match`: 304 costs next to nothing.
    """
    return await page_of(request, limit, skip, cursor, status)


@router.get("/build/{build_id:path}", summary="One build in full", response_model=BuildAnswer)
async def build(request: Request, build_id: BuildId, caller: Reader) -> Response:
    """A build with its log (up to 1 MiB, of a longer one the end), what stands out in it, why it failed, the pack of
    lines that explain it, and what coding agents reported."""
    return await one_of(request, build_id)


Items = tuple[bytes, ...]


async def page_of(
    request: Request,
    limit: int,
    skip: int,
    cursor: str | None,
    status: str | None,
    more: Callable[[Service, Items], tuple[Items, dict[str, Any]]] = lambda _, items: (items, {}),
) -> Response:
    """A page of builds; ``more`` adds to its items, and members beside them."""
    service = service_of(request)
    most = min(limit, MOST_BUILDS)

    def render() -> tuple[bytes, dict[str, str]]:
        page = service.feed.page(most, skip, cursor, status)
        items, beside = more(service, page.items)
        rest = {"count": len(items), "total": page.total, "skip": skip, "limit": most, "next": page.following} | beside
        body = b'{"status":"ok","builds":[' + b",".join(items) + b"]," + orjson.dumps(rest)[1:]
        further = link(request, "next", limit=most, cursor=page.following, status=status) if page.following else None
        return body, {"link": further} if further else {}

    return await kept_answer(request, (most, skip, cursor, status, service.feed.stamp()), render)


async def one_of(
    request: Request,
    build_id: str,
    more: Callable[[Service, dict[str, Any]], dict[str, Any]] = lambda _, found: found,
) -> Response:
    """A build in full; ``more`` adds to it. Raises ProblemError (404) where there is none."""
    service = service_of(request)

    def render() -> tuple[bytes, dict[str, str]]:
        found = service.feed.build(build_id)
        if found is None:
            raise ProblemError(404, "build not found", "GET builds lists them.")
        ready = found["diagnosis"] is not None or found["status"] not in ("failed", "error")
        return orjson.dumps({"status": "ok", "build": more(service, found), "analysis_ready": ready}), {}

    return await kept_answer(request, (build_id, service.feed.stamp()), render)


@router.post(
    "/report",
    summary="Say what was learned about a build",
    response_model=ReportAnswer,
    responses=declared(409, 413),
)
async def report(
    request: Request,
    body: ReportRequest,
    caller: Reporter,
    idempotency_key: Annotated[
        str | Absent, Header(min_length=1, max_length=255, description="The same with the same report: kept once.")
    ] = None,
) -> Response:
    """Keep a report about a build, as the unverified words of its sender.

    The same `Idempotency-Key`, or without one the same report of the same sender, is kept once and answered alike.
    """
    service = service_of(request)

    def keep() -> dict[str, Any]:
        told = report_of(body.model_dump(exclude_unset=True))
        try:
            cluster = service.feed.cluster_of(told.build_id)
            stored = service.reports.submit(
                told, by=caller.name, at=datetime.now(UTC), key=idempotency_key, cluster_id=cluster
            )
        except ConflictError as error:
            raise ProblemError(409, error.message, error.remedy) from error
        except InputError as error:
            if error.message == "build not found":
                raise ProblemError(404, error.message, error.remedy) from error
            raise
        return {
            "status": "ok",
            "message": "report stored",
            "report_id": stored.position,
            "insights_updated": not stored.known,
        }

    return Response(orjson.dumps(await run_in_threadpool(keep)), media_type="application/json")
