"""The blocking client."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from banana_assets.interfaces.client import _calls as calls
from banana_assets.interfaces.client._calls import Call, P
from banana_assets.interfaces.client._library import MetadataQuality, Proposal, Queue, Room
from banana_assets.interfaces.client._retrying import Retry
from banana_assets.interfaces.client._steps import (
    TIMEOUT,
    Steps,
    address,
    exchange,
    headers_of,
    sent,
    sent_log,
    unreachable,
)
from banana_assets.interfaces.client._types import Build, BuildPage, ReportReceipt, Unreported

T = TypeVar("T")


class Carrier:
    """Carries steps out, one after the other."""

    def __init__(
        self, url: str, key: str | None, timeout: float, retry: Retry | None, transport: httpx.BaseTransport | None
    ) -> None:
        self.retry = retry or Retry()
        self.timeout = timeout
        self.http = httpx.Client(base_url=address(url), headers=headers_of(key), transport=transport)

    def do(self, steps: Steps[T]) -> T:
        """Carry them out to the end."""
        told: Any = None
        while True:
            try:
                step = steps.send(told)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            if isinstance(step, Call):
                try:
                    told = self.http.request(**sent(step, self.timeout))
                except httpx.RequestError as error:
                    told = unreachable(error)
            elif callable(step):
                told = step()
            else:
                time.sleep(step)

    def call(self, call: Call[T]) -> T:
        """One request until it is answered for good."""
        return self.do(exchange(call, self.retry))

    def pages(self, ask: Callable[[str | None], Call[P]]) -> Iterator[P]:
        """The page without a cursor, and those that follow, each asked for when it is taken."""
        cursor = None
        while True:
            found = self.call(ask(cursor))
            yield found
            cursor = found.next
            if cursor is None:
                return


class BananaClient:
    """Asks a Banana server. Close it, or use it as a context manager.

    ``key`` is one of `banana keys create`; ``timeout`` is in seconds a request; ``transport`` stands in for the network
    (``AppTransport`` calls an application in this process). Every method raises ApiError when the server refuses and
    UnreachableError when no answer comes; what may be sent twice is tried again first (``retry``).
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        key: str | None = None,
        timeout: float = TIMEOUT,
        retry: Retry | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._carrier = Carrier(url, key, timeout, retry, transport)
        self._do, self._pages = self._carrier.call, self._carrier.pages

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._carrier.http.close()

    def page(
        self, limit: int = 20, *, cursor: str | None = None, status: str | None = None, skip: int = 0
    ) -> BuildPage:
        """A page of builds, the newest first."""
        return self._do(calls.builds(limit, cursor, status, skip))

    def builds(self, *, status: str | None = None, page_size: int = 50) -> Iterator[Build]:
        """All builds, the newest first, asked for page by page as they are taken."""
        for found in self._pages(lambda cursor: calls.builds(page_size, cursor, status, 0)):
            yield from found.builds

    def build(self, build_id: str) -> Build:
        """One build in full."""
        return self._do(calls.build(build_id))

    def state(self, known: str | None = None) -> str:
        """A word that is another once a build or a report came, or the tables of failures changed. Asking again with
        the one that is ``known`` costs next to nothing."""
        return self._do(calls.state(known))

    def codebase(self) -> dict[str, Any]:
        """The code base that the server shows."""
        return self._do(calls.codebase())

    def changes(self, build_id: str) -> dict[str, Any]:
        """What changed in the code base before a build failed, the suspects first."""
        return self._do(calls.changes(build_id))

    def comparison(self, build_id: str, against: str | None = None) -> dict[str, Any]:
        """What differs between a build and another, the last green one of its job unless told: tests, steps, lines of
        the logs, commits and files."""
        return self._do(calls.comparison(build_id, against))

    def unreported(self, limit: int = 20) -> list[Unreported]:
        """Failed builds that this key has said nothing about: one for each new cluster, then those in none."""
        return self._do(calls.unreported(limit))

    def rows(self, name: str, *, page_size: int = 200, **asked: Any) -> Iterator[dict[str, Any]]:
        """All rows of a derived table (patterns, failures, clusters, plans...) that fit what is asked."""
        for found in self._pages(lambda cursor: calls.rows(name, page_size, cursor, asked)):
            yield from found.rows

    def metadata_quality(self, collection: str | None = None) -> MetadataQuality:
        """How complete the metadata of all media are, or those of a collection."""
        return self._do(calls.metadata_quality(collection))

    def proposals(
        self, *, state: str | None = None, collection: str | None = None, page_size: int = 200
    ) -> Iterator[Proposal]:
        """All values proposed for what is missing, the oldest first."""
        for found in self._pages(lambda cursor: calls.proposals(page_size, cursor, state, collection)):
            yield from found.proposals

    def decide_proposal(self, proposal_id: int, state: str, *, note: str | None = None) -> str:
        """Make a proposed value ``accepted``, ``rejected`` or ``proposed`` again; no file is written."""
        return self._do(calls.decide_proposal(proposal_id, state, note))

    def decide_recommendation(self, recommendation_id: str, status: str, *, note: str | None = None) -> str:
        """Say that a recommendation is ``implemented``, ``dismissed`` or ``open`` again."""
        return self._do(calls.decide_recommendation(recommendation_id, status, note))

    def queues(self, **asked: Any) -> Iterator[Queue]:
        """Queues and what waits in them, those first in which another order saves most (``verdict="saves"``)."""
        for row in self.rows("queues", **asked):
            yield Queue.of(row)

    def room(self, **asked: Any) -> Iterator[Room]:
        """When there is room for work, the next first (``queue="encoder"``)."""
        for row in self.rows("windows", **asked):
            yield Room.of(row)

    def report(
        self,
        build_id: str,
        analysis: str,
        *,
        type: str = "failure_analysis",  # noqa: A002 - the field's name in the published interface
        recommendations: Sequence[str] = (),
        confidence: float = 0.5,
        findings: Mapping[str, Any] | None = None,
        model_version: str | None = None,
        plan_id: str | None = None,
        key: str | None = None,
    ) -> ReportReceipt:
        """Say what was learned about a build. ``key`` makes it once; one is drawn unless told."""
        ident = key or uuid.uuid4().hex
        return self._do(
            calls.report(build_id, type, analysis, recommendations, confidence, ident, findings, model_version, plan_id)
        )

    def put_build(self, build_id: str, **facts: Any) -> str:
        """Say what is known of a build (pipeline, job, branch, commit, status, exit_code, command, url, queued_at,
        started_at, finished_at): ``new``, ``changed`` or ``known``."""
        return self._do(calls.facts(build_id, facts))

    def put_log(self, build_id: str, log: bytes | str | Path) -> str:
        """Bring in a log: its bytes or text, or the path of a file (plain, gzip or zstd), which goes in parts when it
        is large. An upload that broke off goes on where it ended."""
        return self._carrier.do(sent_log(build_id, log, self._carrier.retry))

    def put_junit(self, build_id: str, xml: bytes) -> str:
        """Bring in a test report in JUnit's form."""
        return self._do(calls.piece(build_id, "junit", xml, "application/xml"))

    def put_sarif(self, build_id: str, sarif: bytes) -> str:
        """Bring in an analyser's report in SARIF 2.1.0."""
        return self._do(calls.piece(build_id, "sarif", sarif, "application/sarif+json"))

    def put_resources(self, build_id: str, csv: bytes) -> str:
        """Bring in what the build used, as CSV."""
        return self._do(calls.piece(build_id, "resources", csv, "text/csv"))
