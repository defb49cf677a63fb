"""The original's client: its method names, its dataclasses, against this server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from banana_assets.interfaces.client._blocking import TIMEOUT
from banana_assets.interfaces.client._errors import error_of


@dataclass(frozen=True)
class LearnedBuild:
    """A build as the original's client knows it."""

    id: str
    status: str
    log: str = ""


@dataclass(frozen=True)
class BuildSummary:
    """A page of builds as the original's client knows it."""

    total: int
    builds: list[LearnedBuild]
    skip: int
    limit: int


class LLMClient:
    """``get_builds``, ``get_build``, ``get_codebase`` and ``submit_report`` as coding agents call them already.

    ``session_id`` is sent as a bearer key. Answers are the original's; a refusal raises ApiError.
    """

    def __init__(
        self,
        backend_url: str = "http://127.0.0.1:8000",
        session_id: str | None = None,
        *,
        timeout: float = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.backend_url = backend_url.rstrip("/")
        self.session_id = session_id
        headers = {"Authorization": f"Bearer {session_id}"} if session_id else {}
        self._http = httpx.Client(base_url=self.backend_url, headers=headers, timeout=timeout, transport=transport)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def get_builds(self, limit: int = 20, skip: int = 0) -> BuildSummary:
        """The newest builds."""
        body = self._ask("GET", "/llm/learning/builds", params={"limit": limit, "skip": skip})
        builds = [LearnedBuild(one["id"], one["status"], one.get("log", "")) for one in body.get("builds", [])]
        return BuildSummary(body.get("total", 0), builds, body.get("skip", skip), body.get("limit", limit))

    def get_build(self, build_id: str) -> dict[str, Any]:
        """One build with ``log_summary``."""
        return dict(self._ask("GET", f"/llm/learning/build/{quote(build_id, safe='')}")["build"])

    def get_codebase(self) -> dict[str, Any]:
        """The code base."""
        return dict(self._ask("GET", "/llm/learning/codebase")["codebase"])

    def submit_report(
        self,
        build_id: str,
        report_type: str | None = None,
        analysis: str = "",
        recommendations: list[str] | None = None,
        confidence: float = 0.5,
        *,
        type: str | None = None,  # noqa: A002 - the spelling of the original's own guide
    ) -> dict[str, Any]:
        """Keep a report; its kind is ``report_type``, or ``type`` as the original's guide has it.

        Raises TypeError without either.
        """
        kind = report_type or type
        if kind is None:
            raise TypeError("submit_report() needs report_type")
        body = {
            "build_id": build_id,
            "type": kind,
            "analysis": analysis,
            "recommendations": recommendations or [],
            "confidence": confidence,
        }
        return self._ask("POST", "/llm/learning/report", json=body)

    def _ask(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        answer = self._http.request(method, path, **sent)
        if not answer.is_success:
            raise error_of(answer)
        return dict(answer.json())
