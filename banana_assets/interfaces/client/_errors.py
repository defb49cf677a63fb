"""What a client raises."""

from __future__ import annotations

import httpx

from banana_assets.core.errors import BananaError


class UnreachableError(BananaError):
    """No answer came: the server is not there, or did not answer in time."""


class ApiError(BananaError):
    """The server refused. ``status`` is the HTTP status, ``request_id`` finds the request in the server's log."""

    def __init__(self, status: int, message: str, remedy: str = "", request_id: str = "") -> None:
        super().__init__(message, remedy)
        self.status = status
        self.request_id = request_id


class NotAllowedError(ApiError):
    """Without a key that holds, or with one that lacks the scope (401, 403)."""


class NotFoundError(ApiError):
    """There is no such thing (404)."""


class ConflictError(ApiError):
    """It does not fit what is there (409). ``offset`` is where an upload stands, in bytes."""

    offset: int | None = None


class RateLimitedError(ApiError):
    """Too many requests (429)."""


class ServerError(ApiError):
    """The server failed or is not ready (5xx)."""


_KINDS: dict[int, type[ApiError]] = {
    401: NotAllowedError,
    403: NotAllowedError,
    404: NotFoundError,
    409: ConflictError,
    429: RateLimitedError,
}


def error_of(answer: httpx.Response) -> ApiError:
    """The error that an answer is, in the words of its problem document where it has one."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    told = body if isinstance(body, dict) else {}
    message = str(told.get("detail") or told.get("message") or f"The server answered {answer.status_code}.")
    kind = _KINDS.get(answer.status_code, ServerError if answer.status_code >= 500 else ApiError)
    error = kind(answer.status_code, message, str(told.get("remedy", "")), answer.headers.get("x-request-id", ""))
    if isinstance(error, ConflictError) and isinstance(told.get("offset"), int):
        error.offset = told["offset"]
    return error
