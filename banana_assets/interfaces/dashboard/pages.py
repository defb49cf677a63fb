"""The pages of the dashboard, and how they join the application."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from banana_assets.interfaces.dashboard import build, builds, files, further, signing
from banana_assets.interfaces.dashboard.frame import page

ROUTERS: tuple[APIRouter, ...] = (files.router, signing.router, builds.router, build.router, *further.ROUTERS)
"""One router for each page."""


def install(app: FastAPI) -> None:
    """Add the pages to the application; none is part of the interface's description."""
    for router in ROUTERS:
        app.include_router(router, include_in_schema=False)
    app.state.paths = {route.path for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)}


def problem(request: Request, status: int, detail: str, remedy: str) -> Response:
    """The page of a refusal or a failure."""
    title = HTTPStatus(status).phrase
    return page(request, "problem.html", status=status, code=status, title=title, detail=detail, remedy=remedy)
