"""Tools about failed builds: which there are, and what is behind one of them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from banana_assets.interfaces.mcp.calls import Call
from banana_assets.interfaces.mcp.paging import DEFAULT_BYTES, Cursor, MaxBytes, json_size, taken
from banana_assets.interfaces.mcp.tools import ToolSpec, tool


class FailedBuild(BaseModel):
    """A failed build in a line."""

    build_id: str
    status: str


class FailedBuilds(BaseModel):
    """Failed builds, the newest first."""

    builds: list[FailedBuild]
    total: int
    truncated: bool
    next_cursor: str | None


@tool("List failed builds")
def list_failed_builds(
    call: Call,
    limit: Annotated[int, Field(ge=1, le=200, description="Most builds.")] = 20,
    max_bytes: MaxBytes = DEFAULT_BYTES,
    cursor: Cursor = None,
) -> FailedBuilds:
    """List builds that failed, the newest first: what is known of the cause in a line, and whether it is new."""
    rows: list[dict[str, Any]] = (
        call.sources.store.builds().filter(status="failed").sort("arrived_at", descending=True).to_dicts()
    )
    made = taken(
        rows, lambda r: str(r["build_id"]), {}, cursor=cursor, limit=limit, max_bytes=max_bytes, size=json_size
    )
    return FailedBuilds(
        builds=[FailedBuild(build_id=r["build_id"], status=r["status"]) for r in made.rows],
        total=len(rows),
        truncated=made.truncated,
        next_cursor=made.next_cursor,
    )


TOOLS: tuple[ToolSpec, ...] = (list_failed_builds,)
