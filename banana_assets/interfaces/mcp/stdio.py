"""The MCP server on standard input and output. Nothing but the protocol is ever written to standard output."""

from __future__ import annotations

import getpass
import json
import logging
import os
import re
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import anyio
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from mcp_types import (
    INVALID_REQUEST,
    PARSE_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
)
from pydantic import ValidationError

from banana_assets.backends.keys import Caller
from banana_assets.backends.settings import load
from banana_assets.backends.store import open_store
from banana_assets.interfaces.mcp.calls import sources_of
from banana_assets.interfaces.mcp.server import create_server

STDOUT = 1
_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def serve(scopes: Iterable[str]) -> None:
    """Answer until the input ends and all of it is answered. Whoever starts the process is the caller, with those
    scopes."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="banana mcp: %(message)s", force=True)
    settings = load()
    caller = Caller(f"local {getpass.getuser()}", frozenset(scopes))
    with open_store(settings) as store:
        sources = sources_of(settings, store)
        server = create_server(lambda: sources, lambda context: caller)
        try:
            anyio.run(_on_standard_streams, server.serve)
        except* (BrokenPipeError, anyio.BrokenResourceError):
            # The second where an answer was on its way to the writer that the first ended.
            logging.getLogger(__name__).warning("nobody reads the answers any more")
        finally:
            # What libraries printed lies in buffers, some of them not Python's, until the process ends.
            os.dup2(sys.stderr.fileno(), STDOUT)
            sources.feed.close()


async def _on_standard_streams(run: Callable[[Any, Any], Awaitable[None]]) -> None:
    async with stdio_server() as (read, write):
        await all_answered(read, write, run)


async def all_answered(read: Any, write: Any, run: Callable[[Any, Any], Awaitable[None]]) -> None:
    """Run a server on a pair of streams, which sees the end of the first only when what came in before is answered.

    The SDK gives up what it works on when its input ends, so that the last calls of a script would get no answer. What
    is no message is answered too, as JSON-RPC 2.0 asks for (section 5.1).
    """
    waiting = _Waiting()
    to_server, received = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    answers, from_server = anyio.create_memory_object_stream[SessionMessage](0)

    async def bring() -> None:
        async with to_server:
            async for item in read:
                waiting.came(item)
                if isinstance(item, SessionMessage):
                    await to_server.send(item)
                elif error := _refusal(item):
                    await write.send(SessionMessage(error))
            await waiting.none()

    async def take() -> None:
        async with from_server, write:
            async for item in from_server:
                await write.send(item)
                waiting.went(item)

    async with anyio.create_task_group() as group:
        group.start_soon(bring)
        group.start_soon(take)
        await run(received, answers)


class _Waiting:
    """The requests that have no answer yet."""

    def __init__(self) -> None:
        self._ids: Counter[str] = Counter()
        self._fewer = anyio.Event()

    def came(self, item: SessionMessage | Exception) -> None:
        message = item.message if isinstance(item, SessionMessage) else None
        if isinstance(message, JSONRPCRequest):
            self._ids[repr(message.id)] += 1
        elif isinstance(message, JSONRPCNotification) and message.method == "notifications/cancelled":
            # What is cancelled gets no answer.
            self._done(repr((message.params or {}).get("requestId")))

    def went(self, item: SessionMessage) -> None:
        if isinstance(item.message, JSONRPCResponse | JSONRPCError):
            self._done(repr(item.message.id))

    def _done(self, name: str) -> None:
        self._ids[name] -= 1
        self._ids = +self._ids
        self._fewer.set()

    async def none(self) -> None:
        while self._ids:
            self._fewer = anyio.Event()
            await self._fewer.wait()


def _refusal(error: Exception) -> JSONRPCError | None:
    """The answer to a line that is no message, with the request's id where it tells one; None for an empty line."""
    details: list[Any] = error.errors(include_url=False) if isinstance(error, ValidationError) else []
    if not any(detail["type"] == "json_invalid" for detail in details):
        # What was taken apart stands where a kind of message lacks a part of its own.
        whole = next((one["input"] for one in details if one["type"] == "missing" and len(one["loc"]) == 2), None)
        return _error(INVALID_REQUEST, "The line is no message.", whole)
    line = str(details[0]["input"])
    if not line.strip():
        return None
    if not _HALF.search(line):
        return _error(PARSE_ERROR, "The line is no JSON.", None)
    try:
        whole = json.loads(line)
    except (ValueError, RecursionError):
        return _error(PARSE_ERROR, "The line is no JSON.", None)
    return _error(INVALID_REQUEST, "A text in it has half a character, a surrogate such as \\ud83d alone.", whole)


def _error(code: int, told: str, whole: Any) -> JSONRPCError:
    key = whole.get("id") if isinstance(whole, dict) and "method" in whole else None
    if isinstance(key, bool) or not isinstance(key, int | str) or any("\ud800" <= c <= "\udfff" for c in str(key)):
        key = None
    return JSONRPCError(jsonrpc="2.0", id=key, error=ErrorData(code=code, message=told))
