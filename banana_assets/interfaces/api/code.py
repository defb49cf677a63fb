"""The code base that coding agents may read: what it is made of, outlines, and what changed before a build failed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from banana_assets.backends.codebase import Rendered, build_changes, outline, wire_changes
from banana_assets.backends.keys import Caller
from banana_assets.core.errors import MissingError
from banana_assets.interfaces.api.access import Reader
from banana_assets.interfaces.api.answering import service_of, tagged
from banana_assets.interfaces.api.models import Lines
from banana_assets.interfaces.api.problems import ProblemError, declared
from banana_assets.interfaces.api.service import Service

DEEPEST = 32

learning = APIRouter(tags=["learning"], responses=declared(400, 401, 403, 404, 422, 429, 503))
"""For the published paths."""

router = APIRouter(prefix="/api", tags=["look"], responses=declared(400, 401, 403, 422, 429, 503))


class Node(BaseModel):
    """A file with its size in bytes, or a folder with its children."""

    model_config = ConfigDict(extra="allow")

    type: Literal["file", "directory"]
    name: str
    path: str


class Summary(BaseModel):
    """What the code base has."""

    has_backend: bool
    has_frontend: bool
    has_tests: bool


class CodeBaseBody(BaseModel):
    """The published shape, with languages, frameworks, tests, programs and dependencies beside it."""

    model_config = ConfigDict(extra="allow")

    workspace_root: str
    file_tree: list[Node]
    key_config_files: dict[str, str]
    backend_files: list[dict[str, Any]]
    structure_summary: Summary


class CodeBaseAnswer(BaseModel):
    """The code base."""

    model_config = ConfigDict(extra="allow")

    status: Literal["ok"]
    codebase: CodeBaseBody


Depth = Annotated[int, Query(ge=1, le=DEEPEST, description="Levels of the tree.")]
ShowRoot = Annotated[bool, Query(description="Tell the absolute path of its folder; asks for `admin`.")]


@learning.get("/codebase", summary="The code base", response_model=CodeBaseAnswer)
async def codebase(request: Request, caller: Reader, depth: Depth = 3, show_root: ShowRoot = False) -> Response:
    """What the code base is made of: tree, languages, configuration, sources, tests, dependencies.

    Ignored files are left out, nothing outside the folder is read, and secrets are masked.
    """
    found = await read_codebase(request, caller, depth, show_root)
    return tagged(request, found.body, f'W/"{found.etag}"')


async def read_codebase(request: Request, caller: Caller, depth: int, show_root: bool) -> Rendered:
    """The code base as this server shows it to that caller."""
    service = service_of(request)
    if show_root and not caller.may("admin"):
        raise ProblemError(403, "The absolute path is told to administrators alone.", "Leave show_root away.")
    return await run_in_threadpool(service.codebases.get, root_of(service), depth=depth, show_root=show_root)


class OutlineAnswer(BaseModel):
    """The outline of one file."""

    model_config = ConfigDict(extra="allow")

    status: Literal["ok"]


@router.get(
    "/codebase/outline",
    summary="Outline of a source file",
    response_model=OutlineAnswer,
    responses=declared(404),
)
async def outlined(
    request: Request,
    caller: Reader,
    path: Annotated[
        str,
        Query(min_length=1, max_length=1000, pattern=r"^[^\x00]+$", description="Relative to the code base."),
    ],
) -> Response:
    """Classes, functions and methods with their signatures and lines."""
    from dataclasses import asdict

    found = await run_in_threadpool(outline, root_of(service_of(request)), path)
    return tagged(request, orjson.dumps({"status": "ok", "outline": asdict(found)}))


class SuspectBody(BaseModel):
    """A changed file that may have broken the build, from 0 to 1."""

    path: str
    score: float
    reasons: list[str]
    lines: list[Lines]


class HunkBody(BaseModel):
    """Lines of a file that changed, with their text where it is asked for."""

    model_config = ConfigDict(extra="allow")

    first: int
    last: int
    old_first: int
    old_last: int
    heading: str


class ChangedFileBody(BaseModel):
    """A changed file."""

    path: str
    status: str
    old_path: str | None
    added: int | None
    removed: int | None
    authors: list[str]
    commits: list[str]
    hunks: list[HunkBody]


class CommitBody(BaseModel):
    """A commit; ``files`` counts those that it changed."""

    sha: str
    author: str
    at: datetime
    subject: str
    files: int


class ChangesBody(BaseModel):
    """What changed; where ``known`` is false, ``why`` says why that is. ``omitted`` counts files not listed."""

    known: bool
    why: str | None
    base: str | None
    head: str | None
    suspects: list[SuspectBody]
    files: list[ChangedFileBody]
    files_total: int
    commits: list[CommitBody]
    commits_total: int
    omitted: int
    notes: list[str]


class ChangesAnswer(BaseModel):
    """What changed since the last green build of the same job."""

    status: Literal["ok"]
    build_id: str
    last_green_build: str | None
    changes: ChangesBody


@router.get(
    "/builds/{build_id}/changes",
    summary="What changed before a build failed",
    response_model=ChangesAnswer,
    responses=declared(404),
)
async def changes(
    request: Request,
    caller: Reader,
    build_id: Annotated[str, Path(min_length=1, max_length=500, description="Its id.")],
) -> Response:
    """Commits and files since the last green build of the same job, those first that meet the cause."""
    service = service_of(request)

    def compare() -> dict[str, Any]:
        if service.feed.build(build_id) is None:
            raise ProblemError(404, "build not found", "GET builds lists them.")
        found = build_changes(service.store, service.tables, build_id, root_of(service))
        return {
            "status": "ok",
            "build_id": build_id,
            "last_green_build": found.green["build_id"] if found.green else None,
            "changes": wire_changes(found.changes),
        }

    return tagged(request, orjson.dumps(await run_in_threadpool(compare)))


def root_of(service: Service) -> FilePath:
    """The folder of the code base: that of the settings, else where the server was started.

    Raises MissingError where there is none, without telling where it would be.
    """
    root = service.settings.code_root or FilePath.cwd()
    if not root.is_dir():
        raise MissingError("The code base is not there.", "BANANA_CODE_ROOT names its folder.")
    return root
