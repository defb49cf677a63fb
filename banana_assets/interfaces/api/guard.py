"""What every request passes before anything else looks at it: name of the host, size, and a number of its own.

Written against ASGI itself, since it stands in front of every answer. Sources: OWASP cheat sheets on HTTP headers and
DNS rebinding; RFC 9110 (Host, Content-Length).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from banana_assets.interfaces.api.problems import MEDIA_TYPE, BodyTooLargeError, body

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # Other hosts are told nothing. Without any referrer browsers send `Origin: null` with our own forms (Fetch, 3.1).
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
POLICY = (
    b"content-security-policy",
    b"default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
)
MOST_HEAD_BYTES = 64 << 10
_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Guard:
    """Refuses foreign host names and bodies that are too large; numbers requests; sets the headers of every answer.

    ``hosts`` are the names by which this server may be called beside those of this machine; ``*`` means any, for a
    server that asks for keys and stands behind a proxy.
    """

    def __init__(self, app: ASGIApp, *, hosts: Collection[str], most_bytes: int) -> None:
        self.app = app
        self.hosts = LOCAL_NAMES | {name.lower() for name in hosts}
        self.most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        told = headers.get(b"x-request-id") or headers.get(b"x-correlation-id") or b""
        ident = request_number(told)
        scope.setdefault("state", {})["request_id"] = ident.decode()
        body = _Bounded(receive, self.most_bytes)
        started = refused = False

        async def answer(message: Message) -> None:
            nonlocal started, refused
            if body.over and not started:
                # Whatever the routes made of half a body, this is what was wrong with it.
                started = refused = True
                await _answer(headed, 413, *self._too_large())
            elif not refused:
                started = True
                await headed(message)

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name.lower() for name, _ in message["headers"]}
                added = [(b"x-request-id", ident), *HEADERS, *([] if POLICY[0] in there else [POLICY])]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        if refusal := self._refusal(headers, scope["headers"]):
            await _answer(headed, *refusal)
            return
        try:
            await self.app(scope, body.receive, answer)
        except BodyTooLargeError:
            if not started:
                await _answer(headed, 413, *self._too_large())

    def _refusal(
        self, headers: dict[bytes, bytes], fields: Collection[tuple[bytes, bytes]]
    ) -> tuple[int, str, str] | None:
        host = headers.get(b"host", b"").decode("latin-1").lower()
        name = host.rsplit(":", 1)[0] if re.search(r":\d*$", host) and not host.endswith("]") else host
        if "*" not in self.hosts and name not in self.hosts:
            return 421, "This server does not answer to that host name.", "BANANA_ALLOWED_HOSTS lists the names it has."
        if sum(len(name) + len(value) + 4 for name, value in fields) > MOST_HEAD_BYTES:
            return 431, f"The headers have more than {MOST_HEAD_BYTES:,} bytes.", "Send fewer or shorter ones."
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self.most_bytes:
            return 413, *self._too_large()
        return None

    def _too_large(self) -> tuple[str, str]:
        return (
            f"The body has more than {self.most_bytes:,} bytes.",
            "Send a log in parts, or raise BANANA_MAX_REQUEST_BYTES.",
        )


def request_number(told: bytes) -> bytes:
    """The number of a request: the one its sender gave it where that is a plain word, else a new one."""
    return told if _ID.fullmatch(told) else secrets.token_hex(8).encode()


class _Bounded:
    """A body of which no more than so many bytes are handed on."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._left = most
        self.over = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                self.over = True
                raise BodyTooLargeError
        return message


async def _answer(send: Send, status: int, detail: str, remedy: str) -> None:
    content = body(status, detail, remedy)
    headers: list[tuple[bytes, bytes]] = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(content)).encode()),
    ]
    start: dict[str, Any] = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": content})
