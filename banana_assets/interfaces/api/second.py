"""The second published interface (``/api/llm/learning``): what the first one serves, with the names of the second one
beside it.

That interface was written for programs that a model generates from a specification. Builds of CI have neither, so that
``spec`` is the command that was run, and ``code`` the commit that it was run on.
"""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from banana_assets.backends.codebase import with_models
from banana_assets.backends.learned import learning_metrics, test_counts
from banana_assets.backends.llm.configured import tiers
from banana_assets.core.learning.wire import telling_lines
from banana_assets.interfaces.api import learning
from banana_assets.interfaces.api.access import Reader
from banana_assets.interfaces.api.answering import entity_tag, service_of, tagged
from banana_assets.interfaces.api.code import CodeBaseAnswer, Depth, ShowRoot, read_codebase
from banana_assets.interfaces.api.learning import BuildId, Cursor, Limit, Skip, Stands
from banana_assets.interfaces.api.models import (
    BuildAnswer,
    BuildBody,
    BuildInFull,
    BuildsAnswer,
    LearningMetrics,
    ReportAnswer,
)
from banana_assets.interfaces.api.problems import declared
from banana_assets.interfaces.api.service import Service

router = APIRouter(prefix="/api/llm/learning", tags=["learning"], responses=declared(400, 401, 403, 404, 422, 429, 503))


class TestCounts(BaseModel):
    """Tests of a build by how they ended."""

    __test__ = False  # a name that starts with "Test" is no pytest class

    total: int
    passed: int
    failed: int
    error: int
    skipped: int
    flaky: int


class SecondBuild(BuildBody):
    """A build with the second interface's names: ``spec`` is its command, ``code`` its commit."""

    spec: str | None
    code: str | None
    test_results: TestCounts | None = Field(description="null where nothing tells of tests")
    errors: list[str] = Field(description="the lines that say why it failed")


class Metadata(BaseModel):
    """What was analysed and reported so far; ``model_accuracy`` as in ``/api/llm/learning/metrics``."""

    total_analyzed: int
    learning_reports: int
    model_accuracy: float | None


class SecondBuilds(BuildsAnswer):
    """A page of builds."""

    builds: list[SecondBuild]  # type: ignore[assignment]
    metadata: Metadata


class SecondBuildInFull(BuildInFull):
    """A build in full; ``specification`` is its command, ``generated_code`` its commit."""

    specification: str | None
    generated_code: str | None
    test_results: TestCounts | None = Field(description="null where nothing tells of tests")
    error_logs: list[str]


class SecondBuildAnswer(BuildAnswer):
    """One build."""

    build: SecondBuildInFull


class Models(BaseModel):
    """Language models that are set up, and the one that is asked unless told."""

    available: list[str]
    active: str | None


class SecondCodeBase(CodeBaseAnswer):
    """The code base in both published forms."""

    structure: dict[str, Any]
    entry_points: list[dict[str, Any]]
    key_files: list[str]
    dependencies: dict[str, dict[str, str]]
    models: Models


@router.get("/builds", summary="Builds, the newest first, with the second form's names", response_model=SecondBuilds)
async def second_builds(
    request: Request, caller: Reader, limit: Limit = 20, skip: Skip = 0, cursor: Cursor = None, status: Stands = None
) -> Response:
    """As under `/llm/learning`, with `spec`, `code`, `test_results` and `errors` of each, and `metadata`."""
    return await learning.page_of(request, limit, skip, cursor, status, _with_names)


@router.get(
    "/build/{build_id:path}",
    summary="One build in full, with the second form's names",
    response_model=SecondBuildAnswer,
)
async def second_build(request: Request, build_id: BuildId, caller: Reader) -> Response:
    """As under `/llm/learning`, with `specification`, `generated_code`, `test_results` and `error_logs`."""
    return await learning.one_of(request, build_id, _in_full)


@router.get("/codebase", summary="The code base in both published forms", response_model=SecondCodeBase)
async def second_codebase(request: Request, caller: Reader, depth: Depth = 3, show_root: ShowRoot = False) -> Response:
    """As under `/llm/learning`, with `structure`, `entry_points`, `key_files`, `dependencies` and `models`."""
    found = await read_codebase(request, caller, depth, show_root)
    set_up = tiers(service_of(request).settings)
    available = [one.name for one in set_up.all()]
    active = set_up.default.name if set_up.default else None
    structure = orjson.dumps(with_models(found.structure, available, active))
    return tagged(request, found.body[:-1] + b"," + structure[1:], entity_tag(found.etag, available, active))


router.add_api_route(
    "/report",
    learning.report,
    methods=["POST"],
    summary="Say what was learned about a build",
    response_model=ReportAnswer,
    responses=declared(409, 413),
)


@router.get("/metrics", summary="What coding agents have contributed", response_model=LearningMetrics)
async def metrics(request: Request, caller: Reader) -> Response:
    """Counts of what was analysed, reported and learned, and how reports turned out."""
    service = service_of(request)
    found = await run_in_threadpool(learning_metrics, service.store, service.tables)
    return tagged(request, orjson.dumps({"status": "ok"} | found))


def _with_names(service: Service, items: learning.Items) -> tuple[learning.Items, dict[str, Any]]:
    builds = [orjson.loads(item) for item in items]
    tests = test_counts(service.store, [build["id"] for build in builds])
    named = [
        build
        | {
            "spec": build["command"],
            "code": build["commit"],
            "test_results": tests.get(build["id"]),
            "errors": telling_lines(build["diagnosis"]),
        }
        for build in builds
    ]
    told = learning_metrics(service.store, service.tables)
    metadata = {
        "total_analyzed": told["builds_analyzed"],
        "learning_reports": told["learning_reports_submitted"],
        "model_accuracy": told["model_accuracy"],
    }
    return tuple(orjson.dumps(build) for build in named), {"metadata": metadata}


def _in_full(service: Service, build: dict[str, Any]) -> dict[str, Any]:
    return build | {
        "specification": build["command"],
        "generated_code": build["commit"],
        "test_results": test_counts(service.store, [build["id"]]).get(build["id"]),
        "error_logs": build["log_summary"]["errors"],
    }
