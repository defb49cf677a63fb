"""Whole answers of what is polled, given again without the routes while all that they rest on is as it was.

Front ends ask for the newest builds every few seconds, each. Working such an answer out costs less than finding out
what was asked: so the answer itself is kept, by the address and who asks, and given while nothing has changed.
"""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from banana_assets.backends.kept import Kept
from banana_assets.interfaces.api.service import Service

MOST_BYTES = 32 << 20
LONGEST_SECONDS = 0.5
"""So much older an answer may be that rests on files: they are looked at every few seconds anyway."""

RECORDS = ("/llm/learning/builds", "/llm/learning/build/")
FILES = ("/llm/learning/codebase",)
_ASKS = frozenset({b"if-none-match", b"range", b"cookie"})


@dataclass(frozen=True)
class _Answer:
    rests_on: Hashable
    until: float
    start: Message
    body: bytes
    route: Any


class Ready:
    """Stands before the routes. Callers are admitted as the routes admit them, each time."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._kept: Kept[_Answer] = Kept(MOST_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give a kept answer, or pass the request on and keep what it brings."""
        kind = _kind(scope)
        if kind is None:
            await self.app(scope, receive, send)
            return
        service: Service = scope["app"].state.service
        headers = dict(scope["headers"])
        asker = (headers.get(b"authorization"), headers.get(b"x-api-key"))
        client = scope.get("client")
        key = (scope["path"], scope["query_string"], *asker, client[0] if client else "")
        rests_on = service.feed.stamp() if kind == "records" else None
        answer = self._kept.get(key)
        now = time.monotonic()
        if answer is not None and answer.rests_on == rests_on and now < answer.until:
            caller = service.access.admitted(asker, key[-1])
            if caller is not None:
                scope["route"] = answer.route
                scope.setdefault("state", {})["caller"] = caller
                await send({**answer.start, "headers": list(answer.start["headers"])})
                await send({"type": "http.response.body", "body": answer.body})
                return
        begun: Message = {}

        async def keep(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = {**message, "headers": list(message["headers"])}
            elif begun.get("status") == 200 and not message.get("more_body"):
                until = now + LONGEST_SECONDS if kind == "files" else float("inf")
                made = _Answer(rests_on, until, begun, message.get("body", b""), scope.get("route"))
                self._kept.put(key, made, len(made.body) + 1_000)
            await send(message)

        await self.app(scope, receive, keep)


def _kind(scope: Scope) -> str | None:
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    path = scope["path"].removeprefix("/api")
    found = "records" if path.startswith(RECORDS) else "files" if path in FILES else None
    if found is None or b"session_id" in scope["query_string"] or b"show_root" in scope["query_string"]:
        return None
    return None if any(name in _ASKS for name, _ in scope["headers"]) else found
