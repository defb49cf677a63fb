"""Each call of the interface as a value: what is sent and how the answer is read. The clients only carry it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from banana_assets.interfaces.client._types import Build, BuildPage, ReportReceipt, RowPage, Unreported

T = TypeVar("T")
PART_BYTES = 8 << 20
"""A log larger than this is uploaded in parts of this size."""


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request. ``again`` tells that it may be sent a second time without doing anything twice."""

    method: str
    path: str
    read: Callable[[Any], T]
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    again: bool = True


def builds(limit: int, cursor: str | None, status: str | None, skip: int = 0) -> Call[BuildPage]:
    """A page of builds."""
    asked = {"limit": limit, "cursor": cursor, "status": status, "skip": skip or None}
    return Call("GET", "/llm/learning/builds", _page, params={n: v for n, v in asked.items() if v is not None})


def build(build_id: str) -> Call[Build]:
    """One build in full."""
    return Call("GET", f"/llm/learning/build/{_name(build_id)}", lambda body: Build.of(body["build"]))


def report(
    build_id: str,
    type: str,  # noqa: A002 - the field's name in the published interface
    analysis: str,
    recommendations: Sequence[str],
    confidence: float,
    key: str | None,
    findings: Mapping[str, Any] | None,
    model_version: str | None,
    plan_id: str | None,
) -> Call[ReportReceipt]:
    """A report about a build."""
    body: dict[str, Any] = {
        "build_id": build_id,
        "type": type,
        "analysis": analysis,
        "recommendations": list(recommendations),
        "confidence": confidence,
    }
    more = {"findings": findings and dict(findings), "model_version": model_version, "plan_id": plan_id}
    body |= {name: value for name, value in more.items() if value is not None}
    return Call(
        "POST",
        "/llm/learning/report",
        lambda answer: ReportReceipt(answer["report_id"], bool(answer["insights_updated"])),
        json=body,
        headers={"Idempotency-Key": key} if key else {},
    )


def facts(build_id: str, told: Mapping[str, Any]) -> Call[str]:
    """What is known of a build."""
    body = {n: v.isoformat() if isinstance(v, datetime) else v for n, v in told.items() if v is not None}
    return Call("PUT", f"/builds/{_name(build_id)}", _outcome, json=body)


def piece(build_id: str, kind: str, content: bytes, media_type: str) -> Call[str]:
    """A log, report or table of readings, whole."""
    return Call(
        "PUT", f"/builds/{_name(build_id)}/{kind}", _outcome, content=content, headers={"Content-Type": media_type}
    )


def part(build_id: str, offset: int, content: bytes, *, last: bool) -> Call[int]:
    """A part of a log. Sent again after a lost answer it is refused with the place where the upload stands."""
    headers = {"Upload-Offset": str(offset), "Upload-Complete": "?1" if last else "?0"}
    headers["Content-Type"] = "application/octet-stream"
    path = f"/builds/{_name(build_id)}/log"
    return Call("PATCH", path, lambda body: int(body["offset"]), content=content, headers=headers, again=False)


def codebase() -> Call[dict[str, Any]]:
    """The code base that the server shows."""
    return Call("GET", "/llm/learning/codebase", lambda body: dict(body["codebase"]))


def changes(build_id: str) -> Call[dict[str, Any]]:
    """What changed before a build failed."""
    return Call("GET", f"/api/builds/{_name(build_id)}/changes", lambda body: dict(body["changes"]))


def unreported(limit: int) -> Call[list[Unreported]]:
    """Failed builds that the caller has said nothing about."""
    return Call(
        "GET",
        "/api/unreported",
        lambda body: [Unreported(one["build_id"], one["cluster_id"], one["waiting"]) for one in body["items"]],
        params={"limit": limit},
    )


def rows(name: str, limit: int, cursor: str | None, asked: Mapping[str, Any]) -> Call[RowPage]:
    """A page of a derived table."""
    params = {"limit": limit, "cursor": cursor, **asked}
    return Call(
        "GET",
        f"/api/{quote(name, safe='')}",
        lambda body: RowPage(tuple(body["items"]), body["total"], body["next"]),
        params={n: v.isoformat() if isinstance(v, datetime) else v for n, v in params.items() if v is not None},
    )


def _page(body: Any) -> BuildPage:
    return BuildPage(tuple(Build.of(one) for one in body["builds"]), body["total"], body["next"])


def _outcome(body: Any) -> str:
    return str(body["outcome"])


def _name(build_id: str) -> str:
    return quote(build_id, safe="")
