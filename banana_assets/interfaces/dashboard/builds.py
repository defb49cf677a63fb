"""The first page: builds, the newest first, with why they failed at one glance."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.background import BackgroundTask
from starlette.responses import Response

from banana_assets.backends.glance import Asked, Glance, Shown
from banana_assets.core.vocabulary import BUILD_STATUSES, FAILURE_CATEGORIES
from banana_assets.interfaces.api.answering import service_of
from banana_assets.interfaces.dashboard.frame import kept_page
from banana_assets.interfaces.dashboard.viewing import Looking

router = APIRouter()
PAGE = 40


def glance_of(request: Request) -> Glance:
    """The glance of this server."""
    state = request.app.state
    if not hasattr(state, "glance"):
        state.glance = Glance(service_of(request).feed)
    found: Glance = state.glance
    return found


@router.get("/")
async def builds(
    request: Request,
    viewer: Looking,
    status: Annotated[str, Query(max_length=20)] = "",
    job: Annotated[str, Query(max_length=500)] = "",
    branch: Annotated[str, Query(max_length=500)] = "",
    category: Annotated[str, Query(max_length=40)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    """Builds with status, cause and whether it was seen before; empty questions are none."""
    glance = glance_of(request)
    asked = Asked(status or None, job or None, branch or None, category or None, q.strip() or None)
    waiting: list[Shown] = []

    def values() -> dict[str, Any]:
        shown = glance.builds(asked, PAGE, cursor)
        waiting.append(shown)
        told = {"status": status, "job": job, "branch": branch, "category": category, "q": q}
        return {
            "builds": shown.builds,
            "following": shown.following,
            "told": told,
            "asked": any(told.values()),
            "counts": glance.counts(),
            "statuses": BUILD_STATUSES,
            "categories": FAILURE_CATEGORIES,
            "jobs": glance.words("job"),
            "branches": glance.words("branch"),
        }

    answer = await kept_page(request, (glance.feed.stamp(), glance.explained), "builds.html", values)
    if waiting and waiting[0].unexplained:
        answer.background = BackgroundTask(glance.explain, waiting[0].unexplained)
    return answer
