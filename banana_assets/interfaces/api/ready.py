"""Whole answers of what is polled, given again without the routes while all that they rest on is as it was.

Front ends ask for the newest builds every few seconds, each. Working such an answer out costs less than finding out
what was asked: so the answer itself is kept, by the address, the headers and who asks, and given while nothing has
changed. It stands before everything else: who sends the same headers from the same address was let through just now.
A head that comes again byte for byte need not even be parsed (``protocol.py``).
"""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property

from starlette.datastructures import State
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from banana_assets.backends.kept import Kept
from banana_assets.core.errors import BananaError
from banana_assets.interfaces.api.guard import request_number
from banana_assets.interfaces.api.service import Service
from banana_assets.interfaces.api.telemetry import Requests

MOST_BYTES = 32 << 20
MOST_HEADS = 4 << 20
LONGEST_SECONDS = 0.5
"""So much older an answer may be that rests on files: they are looked at every few seconds anyway."""

RECORDS = ("/llm/learning/builds", "/llm/learning/build/")
FILES = ("/llm/learning/codebase",)
BESIDE = 1_000
"""Bytes that an answer takes in memory beside its body and its key."""

HEAD = "banana.head"
"""Under this name an extension of ASGI's scope tells the bytes of a head that came alone and whole."""

_NUMBER = (b"x-request-id", b"x-correlation-id")
_ALIKE = frozenset({b"user-agent", b"accept-encoding", b"accept-language", b"connection", *_NUMBER})
"""Headers that no answer depends on."""

_OTHER = frozenset({b"content-length", b"cookie", b"expect", b"range", b"transfer-encoding", b"upgrade"})
"""Headers of requests that are not for here."""

Pairs = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks and for what: the address, the keys that were shown, the number that the sender gave, whether a tag was
    shown, whether the answer rests on files; and all that an answer depends on as a key of so many bytes."""

    host: str
    keys: tuple[bytes | None, bytes | None]
    number: bytes
    tagged: bool
    files: bool
    key: Hashable
    size: int


@dataclass(frozen=True)
class Answer:
    """A whole answer, without the number of its request."""

    rests_on: Hashable
    until: float
    status: int
    headers: Pairs
    body: bytes
    operation: str

    @cached_property
    def fields(self) -> bytes:
        """The headers as they are sent."""
        return b"".join(b"%b: %b\r\n" % pair for pair in self.headers)


class Answers:
    """The kept answers of one application, whose ``state`` holds the service. Callers are admitted and counted as the
    routes do it, each time."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._kept: Kept[Answer] = Kept(MOST_BYTES)
        self._heads: Kept[Asked] = Kept(MOST_HEADS)

    def rests_on(self, asked: Asked) -> Hashable:
        """What an answer given now would rest on. Raises a BananaError when the records cannot be read."""
        service: Service = self._state.service
        return None if asked.files else service.feed.stamp()

    def given(self, asked: Asked, rests_on: Hashable, begun: float) -> Answer | None:
        """The answer to that, counted, if it is kept, still holds and may be given; ``begun`` is when it was asked
        for, by ``time.perf_counter``."""
        answer = self._kept.get(asked.key)
        if answer is None or answer.rests_on != rests_on or time.monotonic() >= answer.until:
            return None
        service: Service = self._state.service
        if service.access.admitted(asked.keys, asked.host) is None:
            return None
        requests: Requests = self._state.requests
        requests.answered(answer.operation, "GET", answer.status, time.perf_counter() - begun)
        return answer

    def again(self, host: str, head: bytes) -> Answer | None:
        """The answer to a head that came before byte for byte from that address, if it may be given once more."""
        asked = self._heads.get((host, head))
        if asked is None:
            return None
        begun = time.perf_counter()
        try:
            return self.given(asked, self.rests_on(asked), begun)
        except BananaError:
            # The route meets it as well, and answers with what is wrong.
            return None

    def keep(self, asked: Asked, answer: Answer) -> None:
        """Keep an answer."""
        self._kept.put(asked.key, answer, len(answer.body) + asked.size + BESIDE)

    def know(self, asked: Asked, head: bytes) -> None:
        """Remember what those bytes ask for."""
        if not asked.number:
            self._heads.put((asked.host, head), asked, len(head) + asked.size + BESIDE)


class Ready:
    """Stands before all else."""

    def __init__(self, app: ASGIApp, answers: Answers) -> None:
        self.app = app
        self.answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give a kept answer, or pass the request on and keep what it brings."""
        begun = time.perf_counter()
        asked = asked_for(scope)
        if asked is None:
            await self.app(scope, receive, send)
            return
        try:
            rests_on = self.answers.rests_on(asked)
        except BananaError:
            await self.app(scope, receive, send)
            return
        if head := scope.get("extensions", {}).get(HEAD):
            self.answers.know(asked, head)
        answer = self.answers.given(asked, rests_on, begun)
        if answer is not None:
            headers = [*answer.headers, (_NUMBER[0], request_number(asked.number))]
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            await send({"type": "http.response.body", "body": answer.body})
            return
        until = time.monotonic() + LONGEST_SECONDS if asked.files else float("inf")
        # Who shows a tag learns whether it still holds; any other asks for the whole.
        status = 304 if asked.tagged else 200
        start: Message | None = None

        async def keep(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message if message["status"] == status else None
            elif start is not None:
                # What comes in pieces is not kept.
                if not message.get("more_body"):
                    headers = tuple((name, value) for name, value in start["headers"] if name != _NUMBER[0])
                    operation = getattr(scope.get("route"), "name", "none")
                    made = Answer(rests_on, until, status, headers, message.get("body", b""), operation)
                    self.answers.keep(asked, made)
                start = None
            await send(message)

        await self.app(scope, receive, keep)


def asked_for(scope: Scope) -> Asked | None:
    """What a request asks for; None where the answer is not kept."""
    if scope["type"] != "http" or scope["method"] != "GET" or not scope.get("client"):
        return None
    path, query = scope["path"].removeprefix("/api"), scope["query_string"]
    if not (path in FILES or path.startswith(RECORDS)) or b"session_id" in query or b"show_root" in query:
        return None
    told: dict[bytes, bytes] = {}
    fields = []
    for name, value in scope["headers"]:
        if name in _OTHER:
            return None
        told[name] = value
        if name not in _ALIKE:
            fields.append((name, value))
    host = scope["client"][0]
    return Asked(
        host=host,
        keys=(told.get(b"authorization"), told.get(b"x-api-key")),
        number=told.get(_NUMBER[0]) or told.get(_NUMBER[1], b""),
        tagged=b"if-none-match" in told,
        files=path in FILES,
        key=(scope.get("raw_path") or scope["path"].encode(), query, host, *fields),
        size=sum(len(name) + len(value) for name, value in fields) + len(path) + len(query),
    )
