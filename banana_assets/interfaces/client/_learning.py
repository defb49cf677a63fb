"""The original's client: its method names, its dataclasses, against this server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from banana_assets.interfaces.client._blocking import Carrier
from banana_assets.interfaces.client._calls import Call, codebase
from banana_assets.interfaces.client._retrying import Retry
from banana_assets.interfaces.client._steps import TIMEOUT


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

    ``session_id`` is sent as a bearer key. Answers are the original's; a refusal raises ApiError, a server that gives
    no answer UnreachableError.
    """

    def __init__(
        self,
        backend_url: str = "http://127.0.0.1:8000",
        session_id: str | None = None,
        *,
        timeout: float = TIMEOUT,
        retry: Retry | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.backend_url = backend_url.rstrip("/")
        self.session_id = session_id
        self._carrier = Carrier(self.backend_url, session_id, timeout, retry, transport)

    def close(self) -> None:
        """Give the connections back."""
        self._carrier.http.close()

    def get_builds(self, limit: int = 20, skip: int = 0) -> BuildSummary:
        """The newest builds."""

        def read(answer: httpx.Response) -> BuildSummary:
            body = answer.json()
            builds = [LearnedBuild(one["id"], one["status"], one.get("log", "")) for one in body["builds"]]
            return BuildSummary(body["total"], builds, body.get("skip", skip), body.get("limit", limit))

        return self._carrier.call(Call("GET", "/llm/learning/builds", read, params={"limit": limit, "skip": skip}))

    def get_build(self, build_id: str) -> dict[str, Any]:
        """One build with ``log_summary``."""
        path = f"/llm/learning/build/{quote(build_id, safe='')}"
        return self._carrier.call(Call("GET", path, lambda answer: dict(answer.json()["build"])))

    def get_codebase(self) -> dict[str, Any]:
        """The code base."""
        return self._carrier.call(codebase())

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
        # The server keeps the same report of the same sender once, so that a lost answer may be asked for again.
        return self._carrier.call(Call("POST", "/llm/learning/report", lambda answer: dict(answer.json()), json=body))
