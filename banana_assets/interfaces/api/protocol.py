"""The head of a request, bounded in size and time: the parser that uvicorn takes where it is installed bounds neither.
And the shortest way to a kept answer, for a head that came before byte for byte.

Sources: RFC 6585 (431), RFC 9112 (framing), CWE-400.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from banana_assets.interfaces.api.guard import MOST_HEAD_BYTES, request_number
from banana_assets.interfaces.api.ready import HEAD, Answers

HEAD_SECONDS = 30.0
LONGEST_KNOWN = 4 << 10
"""Bytes of a head that is recognized when it comes again."""

_END = b"\r\n\r\n"
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """Ends connections whose request head is larger than MOST_HEAD_BYTES, or not whole within HEAD_SECONDS.

    ``answers`` are those that may be given again, where there are any.
    """

    _head = 0
    _in_body = False
    _deadline: asyncio.TimerHandle | None = None
    _came: bytes | None = None

    def __init__(self, *told: Any, answers: Answers | None = None, **named: Any) -> None:
        super().__init__(*told, **named)
        self._answers = answers

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(HEAD_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Answer what is known; count what comes until a head is whole."""
        if not self._in_body:
            self._came = None
            if not self._head and self._answers is not None and _alone(data):
                if self._given_again(self._answers, data):
                    return
                self._came = data
            self._head += len(data)
            if self._deadline is None:
                self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.close)
        super().data_received(data)
        if self._head > MOST_HEAD_BYTES and not self._in_body and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_body, self._head = True, 0
        self._wait_no_more()
        super().on_headers_complete()
        if self._came is not None and self.cycle.keep_alive:
            # The task that answers has not run yet.
            scope: dict[str, Any] = self.scope  # type: ignore[assignment]
            scope.setdefault("extensions", {})[HEAD] = self._came

    def on_message_complete(self) -> None:
        """The next head may begin."""
        self._in_body = False
        super().on_message_complete()

    def _given_again(self, answers: Answers, head: bytes) -> bool:
        """Answer that head from what is kept, unless the one before is still being answered or it is too much now."""
        if (
            (self.cycle is not None and not self.cycle.response_complete)
            or self.flow.write_paused
            or self.transport.is_closing()
            or self.client is None
            or (self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency)
        ):
            return False
        answer = answers.again(self.client[0], head)
        if answer is None:
            return False
        self._wait_no_more()
        self._unset_keepalive_if_required()
        parts = [STATUS_LINE[answer.status]]
        for pair in self.server_state.default_headers:
            parts.append(b"%b: %b\r\n" % pair)
        parts += [answer.fields, b"x-request-id: ", request_number(b""), _END]
        self.transport.writelines([b"".join(parts), answer.body])
        self.server_state.total_requests += 1
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
        return True

    def _wait_no_more(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _alone(data: bytes) -> bool:
    """Whether these bytes are the head of one GET and nothing else."""
    return len(data) <= LONGEST_KNOWN and data.startswith(b"GET ") and data.find(_END) == len(data) - len(_END)
