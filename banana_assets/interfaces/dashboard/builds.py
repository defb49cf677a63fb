"""The first page: builds, the newest first, with why they failed at one glance."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from banana_assets.interfaces.api.answering import service_of
from banana_assets.interfaces.dashboard.frame import kept_page
from banana_assets.interfaces.dashboard.viewing import Looking

router = APIRouter()
PAGE = 40


@router.get("/")
async def builds(
    request: Request, viewer: Looking, cursor: Annotated[str | None, Query(max_length=2000)] = None
) -> Response:
    """Builds with status, cause and whether it was seen before."""
    service = service_of(request)

    def values() -> dict[str, Any]:
        found = service.feed.page(PAGE, 0, cursor, None)
        items = [orjson.loads(item) for item in found.items]
        return {"builds": items, "total": found.total, "following": found.following}

    return await kept_page(request, (service.feed.stamp(),), "builds.html", values)
