"""The asynchronous client: the same calls, awaited."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from banana_assets.interfaces.client import _calls as calls
from banana_assets.interfaces.client._blocking import TIMEOUT, headers_of, unreachable
from banana_assets.interfaces.client._calls import PART_BYTES, Call
from banana_assets.interfaces.client._errors import ConflictError, UnreachableError, error_of
from banana_assets.interfaces.client._retrying import Retry
from banana_assets.interfaces.client._types import Build, BuildPage, ReportReceipt, Unreported

T = TypeVar("T")


class AsyncBananaClient:
    """``BananaClient`` for asyncio: every method is awaited, ``builds`` is iterated with ``async for``."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        key: str | None = None,
        timeout: float = TIMEOUT,
        retry: Retry | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(base_url=url, headers=headers_of(key), timeout=timeout, transport=transport)
        self._retry = retry or Retry()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def page(
        self, limit: int = 20, *, cursor: str | None = None, status: str | None = None, skip: int = 0
    ) -> BuildPage:
        """A page of builds, the newest first."""
        return await self._do(calls.builds(limit, cursor, status, skip))

    async def builds(self, *, status: str | None = None, page_size: int = 50) -> AsyncIterator[Build]:
        """All builds, the newest first, asked for page by page as they are taken."""
        cursor = None
        while True:
            found = await self.page(page_size, cursor=cursor, status=status)
            for build in found.builds:
                yield build
            cursor = found.next
            if cursor is None:
                return

    async def build(self, build_id: str) -> Build:
        """One build in full."""
        return await self._do(calls.build(build_id))

    async def codebase(self) -> dict[str, Any]:
        """The code base that the server shows."""
        return await self._do(calls.codebase())

    async def changes(self, build_id: str) -> dict[str, Any]:
        """What changed in the code base before a build failed, the suspects first."""
        return await self._do(calls.changes(build_id))

    async def unreported(self, limit: int = 20) -> list[Unreported]:
        """Failed builds that this key has said nothing about: one for each new cluster, then those in none."""
        return await self._do(calls.unreported(limit))

    async def rows(self, name: str, *, page_size: int = 200, **asked: Any) -> AsyncIterator[dict[str, Any]]:
        """All rows of a derived table (patterns, failures, clusters, plans...) that fit what is asked."""
        cursor = None
        while True:
            found = await self._do(calls.rows(name, page_size, cursor, asked))
            for row in found.rows:
                yield row
            cursor = found.next
            if cursor is None:
                return

    async def report(
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
        return await self._do(
            calls.report(build_id, type, analysis, recommendations, confidence, ident, findings, model_version, plan_id)
        )

    async def put_build(self, build_id: str, **facts: Any) -> str:
        """Say what is known of a build (see ``BananaClient.put_build``)."""
        return await self._do(calls.facts(build_id, facts))

    async def put_log(self, build_id: str, log: bytes | str | Path) -> str:
        """Bring in a log (see ``BananaClient.put_log``)."""
        if isinstance(log, Path):
            size = (await asyncio.to_thread(log.stat)).st_size
            if size > PART_BYTES:
                return await self._upload(build_id, log, size)
            log = await asyncio.to_thread(log.read_bytes)
        content = log.encode() if isinstance(log, str) else log
        return await self._do(calls.piece(build_id, "log", content, "text/plain"))

    async def put_junit(self, build_id: str, xml: bytes) -> str:
        """Bring in a test report in JUnit's form."""
        return await self._do(calls.piece(build_id, "junit", xml, "application/xml"))

    async def put_sarif(self, build_id: str, sarif: bytes) -> str:
        """Bring in an analyser's report in SARIF 2.1.0."""
        return await self._do(calls.piece(build_id, "sarif", sarif, "application/sarif+json"))

    async def put_resources(self, build_id: str, csv: bytes) -> str:
        """Bring in what the build used, as CSV."""
        return await self._do(calls.piece(build_id, "resources", csv, "text/csv"))

    async def _upload(self, build_id: str, path: Path, size: int) -> str:
        offset, stuck = 0, 0
        while True:
            content = await asyncio.to_thread(_read, path, offset)
            last = offset + len(content) >= size
            try:
                offset, stuck = await self._do(calls.part(build_id, offset, content, last=last)), 0
            except ConflictError as error:
                if error.offset is None or stuck >= self._retry.attempts:
                    raise
                offset, stuck = error.offset, stuck + 1
                continue
            except UnreachableError:
                if stuck >= self._retry.attempts:
                    raise
                stuck += 1
                await asyncio.sleep(self._retry.wait(1, None) or 0)
                continue
            if last:
                return "changed"

    async def _do(self, call: Call[T]) -> T:
        attempt = 0
        while True:
            attempt += 1
            try:
                answer = await self._http.request(
                    call.method,
                    call.path,
                    params=dict(call.params),
                    json=call.json,
                    content=call.content,
                    headers=dict(call.headers),
                )
            except httpx.TransportError as error:
                wait = self._retry.wait(attempt, None) if call.again else None
                if wait is None:
                    raise unreachable(self._http.base_url, error) from error
            else:
                if answer.is_success:
                    return call.read(answer.json())
                wait = self._retry.wait(attempt, answer) if call.again else None
                if wait is None:
                    raise error_of(answer)
            await asyncio.sleep(wait)


def _read(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(PART_BYTES)
