"""One build: why it failed, what is known of that failure, and its log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Request
from markupsafe import Markup
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from banana_assets.backends.codebase import build_changes, wire_changes
from banana_assets.backends.glance import Glance
from banana_assets.backends.kept import Kept
from banana_assets.backends.listings import outward
from banana_assets.backends.log_pages import LogPages
from banana_assets.backends.lookup import BuildDetail, build_detail
from banana_assets.backends.plan_records import PlanRecords
from banana_assets.backends.records import tables as t
from banana_assets.backends.records.engine import reading
from banana_assets.core.builds.titles import telling, title_of
from banana_assets.core.plans.types import Plan
from banana_assets.interfaces.api.answering import service_of
from banana_assets.interfaces.api.code import root_of
from banana_assets.interfaces.api.problems import ProblemError
from banana_assets.interfaces.api.service import Service
from banana_assets.interfaces.dashboard.builds import glance_of
from banana_assets.interfaces.dashboard.frame import kept_page
from banana_assets.interfaces.dashboard.log_lines import (
    MOST_LINES,
    WINDOW,
    Window,
    markup,
    quoted,
    spans_of,
    window_at,
)
from banana_assets.interfaces.dashboard.viewing import Looking
from banana_assets.interfaces.dashboard.wording import address

router = APIRouter()
KEPT_DETAILS = 32
QUOTED = 16
"""Lines of a cause that are quoted above the log."""

MOST_QUOTES = 4

MOST_FOUND = 200
"""Lines found in the log that are linked."""

OTHERS = 12
"""Builds named that failed alike, the newest first."""

BuildId = Annotated[str, Path(min_length=1, max_length=1000)]


@router.get("/build/{build_id:path}")
async def build(
    request: Request,
    viewer: Looking,
    build_id: BuildId,
    line: Annotated[int | None, Query(ge=1, description="Line of the log to be shown.")] = None,
    find: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """A build, with the part of its log around a line: around the cause unless told."""
    service = service_of(request)
    glance = glance_of(request)
    stands = await run_in_threadpool(_stands, service, glance, build_id)
    waiting: list[tuple[str, str]] = []

    def values() -> dict[str, Any]:
        detail = _detail(request, build_id, stands)
        if detail.failure is None and detail.build["status"] in ("failed", "error") and detail.build["log_sha256"]:
            waiting.append((build_id, detail.build["log_sha256"]))
        return _told(service, detail, logs_of(request), line, find.strip())

    answer = await kept_page(request, stands, "build.html", values)
    if waiting:
        answer.background = BackgroundTask(glance.explain, tuple(waiting), wait=True)
    return answer


@router.get("/log/{build_id:path}")
async def log(
    request: Request,
    viewer: Looking,
    build_id: BuildId,
    first: Annotated[int, Query(ge=1)] = 1,
    last: Annotated[int, Query(ge=1)] = WINDOW,
) -> Response:
    """Lines of a log, to be put before or after those that are shown."""
    service = service_of(request)
    stands = await run_in_threadpool(_stands, service, glance_of(request), build_id)

    def values() -> dict[str, Any]:
        detail = _detail(request, build_id, stands)
        window = Window(first, min(last, first + MOST_LINES - 1, detail.build["log_lines"]), detail.build["log_lines"])
        return {"build": detail.build, "window": window, "lines": _lines(logs_of(request), detail, window)}

    return await kept_page(request, stands, "log.html", values)


@router.get("/raw/{build_id:path}")
async def raw(request: Request, viewer: Looking, build_id: BuildId) -> Response:
    """The whole log as plain text, without its secrets."""
    row = await run_in_threadpool(_row, service_of(request), build_id)
    if row.log_sha256 is None:
        return PlainTextResponse("")
    text = logs_of(request).masked(row.log_sha256, row.log_bytes)
    return StreamingResponse(
        text, media_type="text/plain; charset=utf-8", headers={"cache-control": "private, no-cache"}
    )


@router.get("/changes/{build_id:path}")
async def changes(request: Request, viewer: Looking, build_id: BuildId) -> Response:
    """What changed before a build failed, those files first that meet its cause."""
    service = service_of(request)
    stands = await run_in_threadpool(_stands, service, glance_of(request), build_id)

    def values() -> dict[str, Any]:
        found = build_changes(service.store, service.tables, build_id, root_of(service))
        return {"build": found.build, "green": found.green, "changes": wire_changes(found.changes, lines=False)}

    return await kept_page(request, (*stands, datetime.now(UTC).timestamp() // 60), "changes.html", values)


def logs_of(request: Request) -> LogPages:
    """What looks into the logs of this server."""
    state = request.app.state
    if not hasattr(state, "logs"):
        state.logs = LogPages(service_of(request).store)
    found: LogPages = state.logs
    return found


def _detail(request: Request, build_id: str, stands: tuple[Any, ...]) -> BuildDetail:
    """What is known of a build; kept while it rests on the same, since one reads on in a log."""
    state, service = request.app.state, service_of(request)
    if not hasattr(state, "details"):
        state.details = Kept(KEPT_DETAILS)
    kept: Kept[BuildDetail] = state.details
    found = kept.get((build_id, stands))
    if found is None:
        found = build_detail(service.store, service.tables, build_id, glance_of(request).late)
        kept.put((build_id, stands), found, 1)
    return found


def _row(service: Service, build_id: str) -> Any:
    with reading(service.store.engine) as connection:
        row = connection.execute(sa.select(t.builds).where(t.builds.c.build_id == build_id)).one_or_none()
    if row is None:
        raise ProblemError(404, "There is no such build.", "The builds are listed on the first page.")
    return row


def _stands(service: Service, glance: Glance, build_id: str) -> tuple[Any, ...]:
    """What the page of a build rests on."""
    row = _row(service, build_id)
    stamp = service.feed.stamp()
    plans = PlanRecords(service.store.engine).cursor()
    return row.seq, stamp.report, stamp.tables, plans, glance.knows(build_id, row.log_sha256)


def _told(service: Service, detail: BuildDetail, logs: LogPages, line: int | None, find: str) -> dict[str, Any]:
    build, failure, cluster = detail.build, detail.failure, detail.cluster
    total = build["log_lines"] if build["log_sha256"] else 0
    causes = spans_of(failure)
    begin = line or (causes[0][0] if causes else 1 if build["status"] == "success" else total)
    window = window_at(min(begin, max(1, total)), total)
    title = title_of(failure["reason"], failure["cause_text"]) if failure else ""
    latest = PlanRecords(service.store.engine).latest("failure", cluster["cluster_id"]) if cluster else None
    plan = Plan.of_row(outward(latest.row())) if latest else None
    found = logs.find(build["log_sha256"], build["log_bytes"], find) if find and total else None
    return {
        "build": build,
        "url": _row(service, build["build_id"]).url,
        "detail": detail,
        "failure": failure,
        "title": title,
        "causes": causes,
        "cause_lines": cause_quotes(logs, build, failure, title) if failure else [],
        "cluster": cluster,
        "others": [one for one in reversed(cluster["builds"]) if one != build["build_id"]][:OTHERS] if cluster else [],
        "plan": plan,
        "reports": service.reports.of([build["build_id"]]).get(build["build_id"], []),
        "window": window,
        "lines": _lines(logs, detail, window) if total else "",
        "line": line,
        "find": find,
        "hits": None if found is None else (found[:MOST_FOUND], len(found)),
        "longest": max((step.duration_seconds or 0 for step in detail.steps), default=0),
    }


def _lines(logs: LogPages, detail: BuildDetail, window: Window) -> Any:
    build = detail.build
    found = logs.lines(build["log_sha256"], build["log_bytes"], window.first, window.last)
    return markup(found, spans_of(detail.failure), detail.steps)


def cause_quotes(logs: LogPages, build: Mapping[str, Any], failure: Mapping[str, Any], title: str) -> list[Markup]:
    """The lines of a failure's causes (a row of BUILD_FAILURES) as its log has them, around what the title says."""
    ident, sha256, size = build["build_id"], build["log_sha256"], build["log_bytes"]
    parts = telling(spans_of(failure), failure["cause_text"].split("\n"), title, QUOTED)[:MOST_QUOTES]
    page = address("build", ident)
    return [quoted(logs.lines(sha256, size, first, last), page, told) for first, last, told in parts]
