"""The HTTP application: the guard in front, the routes behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.routing import Route

from banana_assets import __version__
from banana_assets.backends.settings import Settings
from banana_assets.interfaces.api import (
    beside,
    bringing,
    code,
    comparing,
    insight,
    learning,
    listing,
    media,
    problems,
    second,
    telemetry,
    webhooks,
)
from banana_assets.interfaces.api.answering import tagged
from banana_assets.interfaces.api.auditing import Auditing
from banana_assets.interfaces.api.describing import Description
from banana_assets.interfaces.api.guard import Guard
from banana_assets.interfaces.api.heads import Heads
from banana_assets.interfaces.api.ready import Answers, Ready
from banana_assets.interfaces.api.service import Service, listed, open_service
from banana_assets.interfaces.dashboard import pages
from banana_assets.interfaces.mcp.http import Mounted

DESCRIPTION = """\
Builds and logs as coding agents and front ends read them: what failed, why, whether it is new, and what to do.
Errors are problem documents (RFC 9457) that say what to do next. Lists are paged by cursor (`next`, and the Link
header); answers carry a weak entity tag.
"""


def create_app(
    settings: Settings, *, open_here: bool = False, hosts: Collection[str] = (), warm: bool = False
) -> FastAPI:
    """The application on those settings' store. ``open_here``: without any key, this machine may do everything.

    ``hosts`` are further names by which it is called; ``warm`` gets the search ready once the server answers. The store
    is opened when the server starts, closed when it ends.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service = open_service(settings, open_here=open_here)
        app.state.service = service
        try:
            async with beside.working(service, warm=warm), mcp.running(service):
                yield
        finally:
            service.feed.close()
            service.store.close()

    mcp = Mounted()
    app = FastAPI(
        title="Banana",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.requests = telemetry.Requests()
    description = Description(app)
    app.openapi = description.whole  # type: ignore[method-assign]
    problems.install(app, pages.problem)
    for part in (learning.router, code.learning):
        app.include_router(part, prefix="/llm/learning")
    app.include_router(second.router)
    app.include_router(bringing.router)
    app.include_router(code.router)
    app.include_router(comparing.router)
    app.include_router(media.router)
    app.include_router(listing.router)
    app.include_router(insight.router)
    app.include_router(telemetry.router)
    app.include_router(webhooks.router)
    pages.install(app)
    app.router.routes.append(Route("/mcp", mcp, include_in_schema=False))

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi(request: Request) -> Response:
        """The interface's own description, for everybody; it says whether a key is needed."""
        access = request.app.state.service.access
        open_now = access.open_here and access.keyless()
        return tagged(request, await run_in_threadpool(description.written, open_here=open_now))

    @app.get("/healthz", tags=["operation"], summary="Whether the server runs")
    async def healthz() -> dict[str, str]:
        """Answers as long as the process does."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["operation"], summary="Whether it can answer", responses=problems.declared(503))
    async def readyz(request: Request) -> dict[str, str]:
        """Answers when the records can be read."""
        service: Service = request.app.state.service
        await run_in_threadpool(service.feed.check)
        return {"status": "ok"}

    app.add_middleware(problems.Unbroken, page=pages.problem)
    app.add_middleware(Auditing)
    app.add_middleware(telemetry.Timing)
    origins = listed(settings.allowed_origins)
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=[
                "authorization",
                "content-type",
                "idempotency-key",
                "if-none-match",
                "upload-complete",
                "upload-offset",
                "x-api-key",
            ],
            expose_headers=["etag", "link", "retry-after", "upload-offset", "x-request-id"],
            max_age=600,
        )
    app.add_middleware(Guard, hosts=[*hosts, *listed(settings.allowed_hosts)], most_bytes=settings.max_request_bytes)
    app.state.answers = Answers(app.state)
    app.add_middleware(Ready, answers=app.state.answers)
    app.add_middleware(Heads, routes=app.router.routes)
    return app
