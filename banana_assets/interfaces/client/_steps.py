"""What a client does step by step, without doing it: which request goes out next, how long to wait, what to read.

Each generator here yields steps and is sent what came of them; the two clients only carry the steps out, one blocking,
one awaiting. Source of the form: https://sans-io.readthedocs.io.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Generator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import httpx

from banana_assets.core.errors import BananaError, InputError
from banana_assets.interfaces.client import _calls as calls
from banana_assets.interfaces.client._calls import Call
from banana_assets.interfaces.client._errors import ApiError, ConflictError, UnreachableError, error_of
from banana_assets.interfaces.client._retrying import Retry

T = TypeVar("T")
TIMEOUT = 30.0
PART_BYTES = 8 << 20
"""A log larger than this is uploaded in parts of this size."""

Step = Call[Any] | float | Callable[[], Any]
"""A request (answered by its response, or by the UnreachableError that says why there is none), a wait in seconds, or
something to do with a file."""
Steps = Generator[Step, Any, T]


def address(url: str) -> httpx.URL:
    """The address of a server. Raises InputError for what is none."""
    try:
        found = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise InputError(f"{url!r} is no address: {error}.", "Write it as http://HOST:PORT.") from error
    if found.scheme not in ("http", "https") or not found.host:
        raise InputError(f"{url!r} is no address of a server.", "Write it as http://HOST:PORT.")
    return found


def headers_of(key: str | None) -> dict[str, str]:
    """The headers of every request. Raises InputError for a key that no header can carry."""
    if key is not None and not (key.isascii() and key.isprintable()):
        raise InputError("The key holds characters that no key has.", "Use one of `banana keys create`.")
    return {"User-Agent": "banana-client"} | ({"Authorization": f"Bearer {key}"} if key else {})


def sent(call: Call[Any], timeout: float) -> dict[str, Any]:
    """What httpx is asked for a call."""
    return {
        "method": call.method,
        "url": call.path,
        "params": dict(call.params),
        "json": call.json,
        "content": call.content,
        "headers": dict(call.headers),
        "timeout": timeout + call.patience,
    }


def exchange(call: Call[T], retry: Retry) -> Steps[T]:
    """Send a request until it is answered for good. Raises ApiError and UnreachableError."""
    for attempt in count(1):
        answer: httpx.Response | UnreachableError = yield call
        if isinstance(answer, UnreachableError):
            error: BananaError = answer
            wait = retry.wait(attempt, None)
        elif answer.is_success or answer.status_code == httpx.codes.NOT_MODIFIED:
            return _read(call, answer)
        else:
            wait, error = retry.wait(attempt, answer), error_of(answer)
        if wait is None:
            raise error
        yield wait
    raise AssertionError("every attempt ends above")


def sent_log(build_id: str, log: bytes | str | Path, retry: Retry) -> Steps[str]:
    """Bring in a log: in one piece, or a large file in parts."""
    if isinstance(log, Path):
        size = (yield log.stat).st_size
        if size > PART_BYTES:
            return (yield from _uploaded(build_id, log, size, retry))
        content: bytes = yield log.read_bytes
    else:
        content = log.encode() if isinstance(log, str) else log
    return (yield from exchange(calls.piece(build_id, "log", content, "text/plain"), retry))


def _uploaded(build_id: str, path: Path, size: int, retry: Retry) -> Steps[str]:
    """Send a file of that size part by part, from where an earlier upload of the same bytes broke off."""
    offset, setbacks = 0, 0
    while True:
        content: bytes = yield partial(_part, path, offset, size)
        end = offset + len(content)
        part = calls.part(build_id, offset, content, last=end == size)
        try:
            offset = yield from exchange(part, retry)
        except ConflictError as error:
            if error.offset is None:
                raise
            if error.offset == end:
                # The part came in and its answer was lost.
                offset = end
                continue
            setbacks += 1
            if setbacks > retry.attempts:
                raise
            offset = yield from _resumed(build_id, path, size, error.offset, retry)
            continue
        if end == size:
            return "changed"


def _resumed(build_id: str, path: Path, size: int, there: int, retry: Retry) -> Steps[int]:
    """Where the upload goes on: behind the bytes that are there, or at 0 when they are not this file's."""
    if 0 < there <= size:
        at_rest = yield from exchange(calls.upload_digest(build_id), retry)
        if at_rest == (yield partial(_digest, path, there)):
            return there
    if there:
        yield from exchange(calls.forget_upload(build_id), retry)
    return 0


def _part(path: Path, offset: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        content = file.read(min(PART_BYTES, size - offset))
    if offset + len(content) < size and len(content) < PART_BYTES:
        raise InputError(f"{path} became shorter while it was uploaded.", "Send it again when it is whole.")
    return content


def _digest(path: Path, size: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while size and (chunk := file.read(min(size, 1 << 20))):
            digest.update(chunk)
            size -= len(chunk)
    return f"sha-256=:{b64encode(digest.digest()).decode()}:"


def _read(call: Call[T], answer: httpx.Response) -> T:
    try:
        return call.read(answer)
    except (ValueError, LookupError, TypeError) as error:
        raise ApiError(
            answer.status_code,
            f"{answer.request.url} answers something that is no answer of Banana's.",
            "Check the address, and that server and client are of one version.",
        ) from error


def unreachable(error: httpx.RequestError) -> UnreachableError:
    """Why no answer came, as what the carriers hand to ``exchange``."""
    url = error.request.url
    where = f"{url.scheme}://{url.netloc.decode()}"
    if isinstance(error, httpx.TimeoutException):
        found = UnreachableError(f"{where} did not answer in time.", "Try again, or give it more time.")
    else:
        remedy = "Start it with `banana serve`, or mend the address."
        found = UnreachableError(f"{where} cannot be reached: {error}.", remedy)
    found.__cause__ = error
    return found
