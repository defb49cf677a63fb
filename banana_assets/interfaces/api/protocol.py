"""What a connection may cost: heads bounded in size and time, bodies and answers in slowness, connections in number.
The parser that uvicorn takes where it is installed bounds none of it. And the shortest way to a kept answer, for a head
that came before byte for byte.

Sources: RFC 6585 (431), RFC 9110 (408), RFC 9112 (framing, closing), CWE-400, CWE-772.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from banana_assets.interfaces.api.guard import MOST_HEAD_BYTES, request_number
from banana_assets.interfaces.api.ready import HEAD, Answers

HEAD_SECONDS = 30.0
"""A head is whole by then."""

LOOK_SECONDS = 20.0
LEAST_BYTES = 4 << 10
"""So much of a body comes, and of an answer is taken, between two looks at it."""

LINGER_SECONDS = 10.0
"""So long an answer may take to leave once its connection was closed."""

MOST_UNREAD = 64 << 20
"""Bytes of a body that are let go by after its answer: most clients read the answer only when they have sent all."""

SPARE = 100
"""Connections past the limit that are told so; further ones are closed as they come."""

LONGEST_KNOWN = 4 << 10
"""Bytes of a head that is recognized when it comes again."""

_END = b"\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """Ends connections whose request head is larger than MOST_HEAD_BYTES or not whole within HEAD_SECONDS, whose body
    comes too slowly or goes on after its answer, or whose answer is not taken.

    ``answers`` are those that may be given again, where there are any.
    """

    _head = _body = _unread = 0
    _unsent = 0
    _in_body = False
    _whole_head_by: asyncio.TimerHandle | None = None
    _look_at_body_at: asyncio.TimerHandle | None = None
    _look_at_answer_at: asyncio.TimerHandle | None = None
    _came: bytes | None = None

    def __init__(self, *told: Any, answers: Answers | None = None, **named: Any) -> None:
        super().__init__(*told, **named)
        self._answers = answers

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a head, if there is room."""
        super().connection_made(transport)
        if self.limit_concurrency is not None and len(self.connections) > self.limit_concurrency + SPARE:
            transport.abort()
            return
        self._whole_head_by = self.loop.call_later(HEAD_SECONDS, self._leave)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._in_body = False
        self._wait_for_no_head()
        self._wait_for_no_body()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Answer what is known; count what comes."""
        if self._in_body:
            self._body += len(data)
        else:
            self._came = None
            if not self._head and self._answers is not None and _alone(data):
                if self._given_again(self._answers, data):
                    return
                self._came = data
            self._head += len(data)
            if self._whole_head_by is None:
                self._whole_head_by = self.loop.call_later(HEAD_SECONDS, self._leave)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_body:
            if self._look_at_body_at is None:
                self._look_at_body_at = self.loop.call_later(LOOK_SECONDS, self._look_at_body)
            if self.cycle.response_complete:
                self._unread += len(data)
                if self._unread > MOST_UNREAD:
                    self._leave()
        elif self._head > MOST_HEAD_BYTES:
            self._refuse(431)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_body, self._head, self._body, self._unread = True, 0, 0, 0
        self._wait_for_no_head()
        super().on_headers_complete()
        came, self._came = self._came, None
        if came is not None and self.cycle.keep_alive:
            # The task that answers has not run yet.
            scope: dict[str, Any] = self.scope  # type: ignore[assignment]
            scope.setdefault("extensions", {})[HEAD] = came

    def on_message_complete(self) -> None:
        """The next head may begin."""
        self._in_body = False
        self._wait_for_no_body()
        super().on_message_complete()

    def pause_writing(self) -> None:
        """The answer is not taken as fast as it is made: look whether it is taken at all."""
        super().pause_writing()
        if self._look_at_answer_at is None:
            self._unsent = self.transport.get_write_buffer_size()
            self._look_at_answer_at = self.loop.call_later(LOOK_SECONDS, self._look_at_answer)

    def resume_writing(self) -> None:
        """It is taken."""
        super().resume_writing()
        if self._look_at_answer_at is not None:
            self._look_at_answer_at.cancel()
            self._look_at_answer_at = None

    def timeout_keep_alive_handler(self) -> None:
        """Nothing more was asked."""
        if not self.transport.is_closing():
            self._leave()

    def _look_at_body(self) -> None:
        self._look_at_body_at = None
        if not self._in_body or self.transport.is_closing():
            return
        if self.cycle.response_complete:
            self._leave()
        elif self._body < LEAST_BYTES and not self.flow.read_paused:
            if self.cycle.response_started:
                self._leave()
            else:
                self._refuse(408)
        else:
            # It comes, or it is we who do not take it.
            self._body = 0
            self._look_at_body_at = self.loop.call_later(LOOK_SECONDS, self._look_at_body)

    def _look_at_answer(self) -> None:
        self._look_at_answer_at = None
        unsent = self.transport.get_write_buffer_size()
        if self._unsent - unsent < LEAST_BYTES:
            self.transport.abort()
        else:
            self._unsent = unsent
            self._look_at_answer_at = self.loop.call_later(LOOK_SECONDS, self._look_at_answer)

    def _refuse(self, status: int) -> None:
        self.transport.write(STATUS_LINE[status] + b"content-length: 0\r\nconnection: close" + _END)
        self._leave()

    def _leave(self) -> None:
        """Close, for what was written to leave yet, but not wait for that for ever."""
        self.transport.close()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

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
        self._wait_for_no_head()
        self._unset_keepalive_if_required()
        parts = [STATUS_LINE[answer.status]]
        for pair in self.server_state.default_headers:
            parts.append(b"%b: %b\r\n" % pair)
        parts += [answer.fields, b"x-request-id: ", request_number(b""), _END]
        self.transport.writelines([b"".join(parts), answer.body])
        self.server_state.total_requests += 1
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
        return True

    def _wait_for_no_head(self) -> None:
        if self._whole_head_by is not None:
            self._whole_head_by.cancel()
            self._whole_head_by = None

    def _wait_for_no_body(self) -> None:
        if self._look_at_body_at is not None:
            self._look_at_body_at.cancel()
            self._look_at_body_at = None


def _alone(data: bytes) -> bool:
    """Whether these bytes are the head of one GET and nothing else."""
    return len(data) <= LONGEST_KNOWN and data.startswith(b"GET ") and data.find(_END) == len(data) - len(_END)
