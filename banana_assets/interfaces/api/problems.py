"""Errors over HTTP: problem documents (RFC 9457) with a remedy, and no word of what happened inside."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from banana_assets.core.errors import (
    BananaError,
    ContradictionError,
    InputError,
    MissingError,
    SettingsError,
    StoreError,
)
from banana_assets.core.text import visible

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 20


class BodyTooLargeError(Exception):
    """The body grew past what is taken."""


class ProblemError(Exception):
    """A refusal: an HTTP status, what was wrong, and what to do next."""

    def __init__(
        self, status: int, detail: str, remedy: str = "", *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.remedy = remedy
        self.headers = dict(headers or {})
        self.more = more


def body(status: int, detail: str, remedy: str = "", **more: Any) -> bytes:
    """The document. ``message`` says the same as ``detail``, for clients of the original that read it."""
    told = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "message": detail,
    }
    return orjson.dumps(told | ({"remedy": remedy} if remedy else {}) | more)


def answer(
    status: int, detail: str, remedy: str = "", headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """The response that carries the document."""
    return Response(body(status, detail, remedy, **more), status, dict(headers or {}), MEDIA_TYPE)


GONE = 499
"""What is noted of a request whose sender left before it was whole; nginx's number for it."""

Page = Callable[[Request, int, str, str], Response]
"""Makes the page for people: request, status, detail and remedy."""


def install(app: FastAPI, page: Page) -> None:
    """Answer every error of the app with a problem document, and with a page where a browser asks for one."""

    answered = partial(_answered, page)

    @app.exception_handler(ProblemError)
    async def refused(request: Request, error: ProblemError) -> Response:
        return answered(request, error.status, error.detail, error.remedy, error.headers, **error.more)

    @app.exception_handler(BananaError)
    async def ours(request: Request, error: BananaError) -> Response:
        status = status_of(error)
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return answered(request, status, error.message, error.remedy)
        # Where the store lies, and what its database said, is for who keeps the server.
        ident = _ident(request)
        _log(f"request {ident} failed", str(error))
        said = "The store cannot be used now." if isinstance(error, StoreError) else "The server is not set up for it."
        return answered(request, status, said, f"The server's log tells more at request {ident}.")

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        found = [{"at": "/".join(map(str, one["loc"])), "detail": one["msg"]} for one in error.errors()[:MOST_ERRORS]]
        said = f"{found[0]['at']}: {found[0]['detail']}" if found else "The request cannot be read."
        return answered(request, 422, said, "The description at /openapi.json says what may be sent.", errors=found)

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if error.status_code == 405:
            named = {*headers.pop("Allow", "").split(", "), *await run_in_threadpool(_methods, request)} - {""}
            headers["Allow"] = ", ".join(sorted(named | ({"HEAD"} if "GET" in named else set())))
        return answered(request, error.status_code, str(error.detail), headers=headers)

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, error: ClientDisconnect) -> Response:
        # Nobody reads it: it is for the audit log and the figures.
        return Response(status_code=GONE)


class Unbroken:
    """Answers what nobody foresaw with a problem document (500), next to the routes: so it has the headers of every
    answer, is counted, and stands in the audit log."""

    def __init__(self, app: ASGIApp, page: Page) -> None:
        self.app = app
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        started = False

        async def begun(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, begun)
        except BodyTooLargeError:
            raise
        except Exception as error:
            if scope["type"] != "http" or started:
                raise
            request = Request(scope)
            ident = _ident(request)
            _log(f"request {ident} failed", "".join(traceback.format_exception(error)))
            remedy = f"The server's log tells more at request {ident}."
            await _answered(self._page, request, 500, "Something went wrong here.", remedy)(scope, receive, send)


def _answered(
    page: Page,
    request: Request,
    status: int,
    detail: str,
    remedy: str = "",
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    if "text/html" not in request.headers.get("accept", ""):
        return answer(status, detail, remedy, headers, **more)
    made = page(request, status, detail, remedy)
    made.headers.update(headers or {})
    return made


def _log(what: str, said: str) -> None:
    # What callers sent may stand in it: no line of theirs begins as one of ours.
    lines = "".join(f"  | {visible(line)}\n" for line in said.rstrip("\n").splitlines())
    sys.stderr.write(f"banana serve: {what}\n{lines}")


def _ident(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", ""))


def _methods(request: Request) -> list[str]:
    """What may be asked at an address: the router itself names the methods of the first route alone."""
    path = request.url.path
    found = {
        method.upper()
        for template, operations in request.app.openapi()["paths"].items()
        if compile_path(template)[0].match(path)
        for method in operations
    }
    return sorted(found)


def status_of(error: BananaError) -> int:
    """The HTTP status for one of our errors."""
    for kind, status in ((MissingError, 404), (ContradictionError, 409), (InputError, 400)):
        if isinstance(error, kind):
            return status
    if isinstance(error, StoreError):
        return 503
    return 500 if isinstance(error, SettingsError) else 400


PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "What was wrong (RFC 9457). `message` says the same as `detail`, `remedy` what to do next.",
    "required": ["type", "title", "status", "detail", "message"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "message": {"type": "string"},
        "remedy": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}

_SAID = {
    400: ("The log is empty.", "Send its text as the body."),
    401: ("This needs a key.", "Send `Authorization: Bearer KEY`; `banana keys create NAME` makes one."),
    403: ("The key lacks the scope ingest.", "`banana keys create NAME --scope ingest` makes one that has it."),
    404: ("build not found", "GET builds lists them."),
    409: ("That Idempotency-Key came with another report.", "Use a new key for a new report."),
    413: ("The body has more than 268,435,456 bytes.", "Send a log in parts, or raise BANANA_MAX_REQUEST_BYTES."),
    422: (
        "query/limit: Input should be greater than or equal to 0",
        "The description at /openapi.json says what may be sent.",
    ),
    429: ("Too many requests.", "Wait 12 s."),
    503: ("The store cannot be used now.", "The server's log tells more at request 5d0f6c1e2b3a4958."),
}


def example(status: int) -> dict[str, Any]:
    """A document of that status, as the description shows it."""
    found: dict[str, Any] = orjson.loads(body(status, *_SAID[status]))
    return found


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The entries of an operation's description for these refusals."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }
