"""Two builds compared over HTTP."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from banana_assets.backends.comparing import compared, wire_comparison
from banana_assets.backends.quotes import Compared
from banana_assets.core.safety.serving import served
from banana_assets.interfaces.api.access import Reader
from banana_assets.interfaces.api.answering import service_of, tagged
from banana_assets.interfaces.api.code import ChangesBody, root_of
from banana_assets.interfaces.api.models import Absent, Lines
from banana_assets.interfaces.api.problems import ProblemError, declared

router = APIRouter(prefix="/api", tags=["look"], responses=declared(400, 401, 403, 404, 409, 422, 429, 503))


class Side(BaseModel):
    """One of the two builds; ``tests`` counts its test results by status."""

    build_id: str
    pipeline: str
    job: str
    branch: str | None
    commit: str | None
    status: str
    exit_code: int | None
    command: str | None
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    arrived_at: datetime
    duration_seconds: float | None
    log_sha256: str | None
    log_lines: int
    category: str | None
    cause: str | None
    tests: dict[str, int]


class Step(BaseModel):
    """A step; lines are null where that build has no such step."""

    name: str
    base_seconds: float | None
    head_seconds: float | None
    longer_seconds: float | None
    base_lines: Lines | None
    head_lines: Lines | None


class Test(BaseModel):
    """A test that ended otherwise, ran in one of them alone, or took much longer."""

    title: str
    base: str | None
    head: str | None
    base_seconds: float | None
    head_seconds: float | None
    message: str | None


class Place(BaseModel):
    """Lines of a stored log, secrets masked."""

    build_id: str
    sha256: str
    first_line: int
    last_line: int
    quote: str


class Stretch(BaseModel):
    """Lines that one log has and the other has not; ``citation`` holds the first of them."""

    first_line: int
    last_line: int
    kinds: int
    repeats: int
    citation: Place


class ComparisonAnswer(BaseModel):
    """What differs: ``base`` is compared with, ``head`` looked at; tests that fail now come first, as does the cause of
    a failure among the lines. ``changes`` is that of `/api/builds/{id}/changes` without its lines of code."""

    status: Literal["ok"]
    base: Side
    head: Side
    steps: list[Step]
    tests: list[Test]
    tests_total: int
    new_lines: list[Stretch]
    new_lines_total: int
    missing_lines: list[Stretch]
    missing_lines_total: int
    changes: ChangesBody
    notes: list[str]


Name = Path(min_length=1, max_length=500, description="Its id.")


@router.get("/builds/{build_id}/comparison", summary="What differs between two builds", response_model=ComparisonAnswer)
async def comparison(
    request: Request,
    caller: Reader,
    build_id: Annotated[str, Name],
    against: Annotated[
        str | Absent,
        Query(min_length=1, max_length=500, description="The other's id; the last green one of the job unless told."),
    ] = None,
) -> Response:
    """Status, time and steps, tests that ended otherwise, what only one log says, commits and files in between."""
    service = service_of(request)

    def compare(root: FilePath) -> dict[str, Any]:
        known = set(service.store.builds()["build_id"])
        if not {build_id, against or build_id} <= known:
            raise ProblemError(404, "build not found", "GET builds lists them.")
        found = compared(service.store, service.tables, Compared(service.store), build_id, against, root)
        return {"status": "ok", **served(wire_comparison(found))}

    return tagged(request, orjson.dumps(await run_in_threadpool(compare, root_of(service))))
