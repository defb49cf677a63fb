"""The MCP server at /mcp of the HTTP server: the same keys, the same limits, streamable HTTP without sessions.

Importing the SDK takes as long as starting the rest of the server, so it starts with the first request that needs it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from banana_assets.interfaces.api.access import key_in, own_origin, permitted
from banana_assets.interfaces.api.problems import ProblemError
from banana_assets.interfaces.api.service import Service

MOST_BYTES = 4 << 20
"""A message may have so many."""


class Mounted:
    """An ASGI application that starts the MCP server when it is first called. Enter ``running`` around its life.

    With ``sessions``, a handshake opens one in which the server may ask its client; our tools ask nothing, so that any
    process may answer any request.
    """

    def __init__(self, *, sessions: bool = False) -> None:
        self._sessions = sessions
        self._wanted = asyncio.Event()
        self._ended = asyncio.Event()
        self._ready: asyncio.Future[ASGIApp] | None = None

    @asynccontextmanager
    async def running(self, service: Service) -> AsyncIterator[None]:
        """Serve until the block ends."""
        self._ready = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._serve(service))
        try:
            yield
        finally:
            self._ended.set()
            self._wanted.set()
            await task

    async def _serve(self, service: Service) -> None:
        await self._wanted.wait()
        if self._ended.is_set() or self._ready is None:
            return
        # One task enters and leaves the session manager, as its task group asks for.
        try:
            handler, manager = await run_in_threadpool(_built, service, self._sessions)
        except BaseException as error:
            self._ready.set_exception(error)
            raise
        async with manager.run():
            self._ready.set_result(handler)
            await self._ended.wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of a caller who may read, or report."""
        request = Request(scope, receive)
        request.state.audited = None
        own_origin(request)
        key = key_in(request)
        caller = await run_in_threadpool(permitted, request, key, "read", "report")
        # What an agent changes needs a scope that somebody gave it, also where this machine needs no key.
        request.state.mcp_caller = caller if key else replace(caller, scopes=frozenset({"read"}))
        if scope["method"] != "POST" and not self._sessions:
            raise ProblemError(
                405, "Without sessions there is no stream to open and none to end.", "POST messages.",
                headers={"Allow": "POST"},
            )  # fmt: skip
        if scope["method"] == "POST":
            body = await _body(request)
            request.state.audited = _change(body)
            receive = _again(body, receive)
        self._wanted.set()
        assert self._ready is not None
        handler = await asyncio.shield(self._ready)
        await handler(scope, receive, send)


async def _body(request: Request) -> bytes:
    """The body of a request. Raises ProblemError for one that is too large for a message."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise ProblemError(413, f"A message has at most {MOST_BYTES:,} bytes.", "Send what is longer over HTTP.")
        parts.append(part)
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """The body once more, and then what still comes: that the caller has gone."""
    given = False

    async def told() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return told


def _change(body: bytes) -> str | None:
    """The tool that a message calls where it changes something; None for all else."""
    from banana_assets.interfaces.mcp.server import TOOLS

    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    calls = message if isinstance(message, list) else [message]
    named = [one["params"] for one in calls if isinstance(one, dict) and isinstance(one.get("params"), dict)]
    wanted = {params["name"] for params in named if isinstance(params.get("name"), str)}
    return next((spec.name for spec in TOOLS if spec.writes and spec.name in wanted), None)


def _built(service: Service, sessions: bool) -> tuple[ASGIApp, Any]:
    from mcp.server.mcpserver import Context
    from mcp.server.transport_security import TransportSecuritySettings

    from banana_assets.backends.keys import Caller
    from banana_assets.interfaces.mcp.calls import sources_of
    from banana_assets.interfaces.mcp.server import create_server

    sources = sources_of(service.settings, service.store, service.feed)

    def asker(context: Context[Any, Any]) -> Caller:
        request: Any = context.request_context.request
        caller: Caller = request.state.mcp_caller
        return caller

    server = create_server(lambda: sources, asker)
    # Hosts and origins are checked by the guard in front, for all routes alike.
    server.streamable_http_app(
        stateless_http=not sessions, transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False)
    )
    manager = server.session_manager
    return manager.handle_request, manager
