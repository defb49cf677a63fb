"""Each call of the interface as a value: what is sent and how the answer is read. The clients only carry it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import quote

import httpx

from banana_assets.interfaces.client._library import MetadataQuality, Proposal, ProposalPage
from banana_assets.interfaces.client._types import Build, BuildPage, ReportReceipt, RowPage, Unreported

T = TypeVar("T")
P = TypeVar("P", bound="Page")
TAKEN_IN = 4 << 20
"""Bytes of a log that a server takes in in a second at the least; it answers the last part when all is at rest."""


class Page(Protocol):
    """A page of answers; ``next`` is the cursor of the following one."""

    @property
    def next(self) -> str | None: ...


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request, which may be sent again without doing anything twice. ``patience`` is how many seconds longer than
    usual its answer may take."""

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    patience: float = 0


def builds(limit: int, cursor: str | None, status: str | None, skip: int = 0) -> Call[BuildPage]:
    """A page of builds."""
    asked = {"limit": limit, "cursor": cursor, "status": status, "skip": skip or None}
    return Call("GET", "/llm/learning/builds", _body(_page), params={n: v for n, v in asked.items() if v is not None})


def state(known: str | None) -> Call[str]:
    """The tag of what is known of builds; asked for by the one that is known, the answer is empty while it holds."""
    headers = {"If-None-Match": known} if known else {}
    return Call(
        "GET", "/llm/learning/builds", lambda answer: answer.headers["etag"], params={"limit": 0}, headers=headers
    )


def build(build_id: str) -> Call[Build]:
    """One build in full."""
    return Call("GET", f"/llm/learning/build/{_name(build_id)}", _body(lambda told: Build.of(told["build"])))


def report(
    build_id: str,
    type: str,  # noqa: A002 - the field's name in the published interface
    analysis: str,
    recommendations: Sequence[str],
    confidence: float,
    key: str,
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
        _body(lambda told: ReportReceipt(told["report_id"], bool(told["insights_updated"]))),
        json=body,
        headers={"Idempotency-Key": key},
    )


def facts(build_id: str, told: Mapping[str, Any]) -> Call[str]:
    """What is known of a build."""
    body = {n: v.isoformat() if isinstance(v, datetime) else v for n, v in told.items() if v is not None}
    return Call("PUT", f"/builds/{_name(build_id)}", _body(_outcome), json=body)


def piece(build_id: str, kind: str, content: bytes, media_type: str) -> Call[str]:
    """A log, report or table of readings, whole."""
    path = f"/builds/{_name(build_id)}/{kind}"
    return Call("PUT", path, _body(_outcome), content=content, headers={"Content-Type": media_type})


def part(build_id: str, offset: int, content: bytes, *, last: bool) -> Call[int]:
    """A part of a log. Sent again after a lost answer it is refused with the place where the upload stands."""
    headers = {"Upload-Offset": str(offset), "Upload-Complete": "?1" if last else "?0"}
    headers["Content-Type"] = "application/octet-stream"
    patience = (offset + len(content)) / TAKEN_IN if last else 0
    reads = _body(lambda told: int(told["offset"]))
    return Call("PATCH", _log(build_id), reads, content=content, headers=headers, patience=patience)


def upload_digest(build_id: str) -> Call[str]:
    """What the parts of an unfinished upload are: a SHA-256 as in RFC 9530."""
    return Call("HEAD", _log(build_id), lambda answer: answer.headers.get("repr-digest", ""))


def forget_upload(build_id: str) -> Call[None]:
    """Give up an unfinished upload."""
    return Call("DELETE", f"{_log(build_id)}/upload", lambda _: None)


def codebase() -> Call[dict[str, Any]]:
    """The code base that the server shows."""
    return Call("GET", "/llm/learning/codebase", _body(lambda told: dict(told["codebase"])))


def changes(build_id: str) -> Call[dict[str, Any]]:
    """What changed before a build failed."""
    return Call("GET", f"/api/builds/{_name(build_id)}/changes", _body(lambda told: dict(told["changes"])))


def comparison(build_id: str, against: str | None) -> Call[dict[str, Any]]:
    """What differs between two builds."""
    params = {"against": against} if against is not None else {}
    return Call("GET", f"/api/builds/{_name(build_id)}/comparison", _body(dict), params=params)


def unreported(limit: int) -> Call[list[Unreported]]:
    """Failed builds that the caller has said nothing about."""
    return Call(
        "GET",
        "/api/unreported",
        _body(lambda told: [Unreported(one["build_id"], one["cluster_id"], one["waiting"]) for one in told["items"]]),
        params={"limit": limit},
    )


def metadata_quality(collection: str | None) -> Call[MetadataQuality]:
    """How complete metadata are."""
    params = {"collection": collection} if collection is not None else {}
    return Call("GET", "/api/metadata/quality", _body(MetadataQuality.of), params=params)


def proposals(limit: int, cursor: str | None, state: str | None, collection: str | None) -> Call[ProposalPage]:
    """A page of values proposed for what is missing."""
    asked = {"limit": limit, "cursor": cursor, "state": state, "collection": collection}
    return Call(
        "GET",
        "/api/metadata/proposals",
        _body(lambda told: ProposalPage(tuple(map(Proposal.of, told["items"])), told["next"])),
        params={n: v for n, v in asked.items() if v is not None},
    )


def decide_proposal(proposal_id: int, state: str, note: str | None) -> Call[str]:
    """What is decided about a proposed value."""
    body = {"state": state} | ({"note": note} if note is not None else {})
    path = f"/api/metadata/proposals/{proposal_id}/state"
    return Call("PUT", path, _body(lambda told: str(told["state"])), json=body)


def decide_recommendation(recommendation_id: str, status: str, note: str | None) -> Call[str]:
    """What is decided about a recommendation."""
    body = {"status": status} | ({"note": note} if note is not None else {})
    path = f"/api/recommendations/{_name(recommendation_id)}/status"
    return Call("PUT", path, _body(lambda told: str(told["decision"])), json=body)


def rows(name: str, limit: int, cursor: str | None, asked: Mapping[str, Any]) -> Call[RowPage]:
    """A page of a derived table."""
    params = {"limit": limit, "cursor": cursor, **asked}
    return Call(
        "GET",
        f"/api/{quote(name, safe='')}",
        _body(lambda told: RowPage(tuple(told["items"]), told["total"], told["next"])),
        params={n: v.isoformat() if isinstance(v, datetime) else v for n, v in params.items() if v is not None},
    )


def _body(read: Callable[[Any], T]) -> Callable[[httpx.Response], T]:
    """How an answer is read whose body is JSON."""
    return lambda answer: read(answer.json())


def _page(told: Any) -> BuildPage:
    return BuildPage(tuple(Build.of(one) for one in told["builds"]), told["total"], told["next"])


def _outcome(told: Any) -> str:
    return str(told["outcome"])


def _log(build_id: str) -> str:
    return f"/builds/{_name(build_id)}/log"


def _name(build_id: str) -> str:
    return quote(build_id, safe="")
