"""Transports for tests: the client speaks to an application in this process, without a port."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal


class AsyncAppTransport(httpx.ASGITransport):
    """For ``AsyncBananaClient``: calls an ASGI application whose lifespan the caller runs."""

    def __init__(self, app: Any) -> None:
        super().__init__(app=app, client=("127.0.0.1", 50000))


class AppTransport(httpx.BaseTransport):
    """For ``BananaClient``: runs an ASGI application and its lifespan in a thread of its own. Close it."""

    def __init__(self, app: Any) -> None:
        self._inner = AsyncAppTransport(app)
        self._stack = ExitStack()
        self._portal: BlockingPortal = self._stack.enter_context(start_blocking_portal())
        self._stack.enter_context(self._portal.wrap_async_context_manager(app.router.lifespan_context(app)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Call the application."""
        content = request.read()
        inner = httpx.Request(request.method, request.url, headers=request.headers, content=content)

        async def call() -> httpx.Response:
            answer = await self._inner.handle_async_request(inner)
            body = await answer.aread()
            return httpx.Response(answer.status_code, headers=answer.headers, content=body)

        return self._portal.call(call)

    def close(self) -> None:
        """End the application's lifespan."""
        self._stack.close()
