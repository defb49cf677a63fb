"""What coding agents ask and report, under the paths of the published interface (``/llm/learning``)."""

from __future__ import annotations

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

MOST_BUILDS = 200
"""Builds in one page; a larger ``limit`` is lowered to it, as the answer's own ``limit`` says."""

router = APIRouter(tags=["learning"])


@router.get(
    "/builds",
    summary="Builds, the newest first",
    response_model=BuildsAnswer,
    responses=declared(400, 401, 403, 404, 422, 429, 503),
)
async def builds(
    request: Request,
    caller: Reader,
    limit: Annotated[int, Query(ge=0, description=f"Builds in the page; {MOST_BUILDS} at most.")] = 20,
    skip: Annotated[int, Query(ge=0, le=2**31, description="Builds left out at the beginning.")] = 0,
    cursor: Annotated[str | Absent, Query(max_length=2000, description="Of the page before (`next`).")] = None,
    status: Annotated[BuildStatus | Absent, Query(description="Only those that stand so.")] = None,
) -> Response:
    """The newest builds with the end of each log and, for those that failed, why.

    `log` holds the last whole lines of at most 4,096 bytes. Ask again with `If-None-Match`: 304 costs next to nothing.
    """
    service = service_of(request)
    most = min(limit, MOST_BUILDS)

    def render() -> tuple[bytes, dict[str, str]]:
        page = service.feed.page(most, skip, cursor, status)
        rest = {"count": len(page.items), "total": page.total, "skip": skip, "limit": most, "next": page.following}
        body = b'{"status":"ok","builds":[' + b",".join(page.items) + b"]," + orjson.dumps(rest)[1:]
        further = link(request, "next", limit=most, cursor=page.following, status=status) if page.following else None
        return body, {"link": further} if further else {}

    return await kept_answer(request, (most, skip, cursor, status, service.feed.stamp()), render)


@router.get(
    "/build/{build_id:path}",
    summary="One build in full",
    response_model=BuildAnswer,
    responses=declared(400, 401, 403, 404, 422, 429, 503),
)
async def build(request: Request, build_id: Annotated[str, Path(max_length=1000)], caller: Reader) -> Response:
    """A build with its log (up to 1 MiB, of a longer one the end), what stands out in it, why it failed, the pack of
    lines that explain it, and what coding agents reported."""
    service = service_of(request)

    def render() -> tuple[bytes, dict[str, str]]:
        found = service.feed.build(build_id)
        if found is None:
            raise ProblemError(404, "build not found", "GET builds lists them.")
        ready = found["diagnosis"] is not None or found["status"] not in ("failed", "error")
        return orjson.dumps({"status": "ok", "build": found, "analysis_ready": ready}), {}

    return await kept_answer(request, (build_id, service.feed.stamp()), render)


@router.post(
    "/report",
    summary="Say what was learned about a build",
    response_model=ReportAnswer,
    responses=declared(400, 401, 403, 404, 409, 413, 422, 429, 503),
)
async def report(
    request: Request,
    body: ReportRequest,
    caller: Reporter,
    idempotency_key: Annotated[str | Absent, Header(min_length=1, max_length=255)] = None,
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
