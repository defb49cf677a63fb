"""Asking the interface of a CI service: only the hosts that are allowed, with a token from the settings, bounded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx
import orjson

from banana_assets.core.errors import InputError
from banana_assets.core.models.waiting import retry_after

T = TypeVar("T")
TIMEOUT = 30.0
MOST_REDIRECTS = 3
MOST_JSON_BYTES = 32 << 20
MOST_SECONDS = 600.0
"""The longest that one answer may take to come in: one that trickles would keep an import for ever."""
LONGEST_WAIT = 60.0
ATTEMPTS = 4
_AGAIN = frozenset({429, 500, 502, 503, 504})
_ENCODINGS = frozenset({"", "identity", "gzip", "deflate"})
"""How a body may be packed on its way. What others (br, zstd) unpack to at once has no bound."""


class _LaterError(Exception):
    """The service asks to come again, or the connection broke: after ``wait`` seconds, else ``refusal`` holds."""

    def __init__(self, wait: float, refusal: InputError) -> None:
        super().__init__()
        self.wait = wait
        self.refusal = refusal


class CiService:
    """One interface. ``token`` goes to its own host alone; a log may be fetched from ``log_hosts`` too (a name that
    begins with a dot stands for the hosts below it). ``transport`` stands in for the network in tests."""

    def __init__(
        self,
        url: str,
        *,
        headers: dict[str, str],
        log_hosts: tuple[str, ...],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        parts = urlsplit(url)
        local = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if parts.scheme not in ("https", "http") or not parts.netloc or (parts.scheme == "http" and not local):
            raise InputError(f"{url} is no address of a CI service.", "Write it as https://HOST/PATH.")
        self.url = url.rstrip("/")
        self.host = parts.netloc
        self.log_hosts = log_hosts
        self._headers = headers
        # Redirects are followed by hand: each host is checked, and the token stays at the first.
        self._http = httpx.Client(
            timeout=TIMEOUT, follow_redirects=False, transport=transport, headers={"Accept-Encoding": "gzip"}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def pages(self, path: str, params: dict[str, Any]) -> Iterator[Any]:
        """The answers of a list, page by page (Link headers, RFC 8288). Raises InputError when the service refuses."""
        address: str | None = str(httpx.URL(self.url + path, params=params))
        while address is not None:
            told, following = self._tried(partial(self._json, address))
            yield told
            address = urljoin(address, following) if following else None
            if address is not None and not self._own(address):
                raise InputError(f"{self.host} names a next page of another host.", "Check the address.")

    def download(self, path: str, to: Path, most_bytes: int) -> bool:
        """A log, written to a file; False where the service has it no more (404, 410).

        Raises InputError when it is too large, or comes from a host that is not allowed.
        """

        def fetch() -> bool:
            with self._opened(self.url + path, self._may_have_logs) as answer:
                if answer.status_code in (404, 410):
                    return False
                self._checked(answer)
                with to.open("wb") as file:
                    for chunk in _chunks(answer, most_bytes, "The log", "Raise BANANA_MAX_LOG_BYTES."):
                        file.write(chunk)
                return True

        return self._tried(fetch)

    def _tried(self, act: Callable[[], T]) -> T:
        """Do it, and again after a while where that may help: asking changes nothing at the service."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return act()
            except _LaterError as later:
                if attempt == ATTEMPTS or later.wait > LONGEST_WAIT:
                    raise later.refusal from later.__cause__
                time.sleep(max(later.wait, 0.5 * attempt))
        raise AssertionError("every attempt ends above")

    def _json(self, address: str) -> tuple[Any, str | None]:
        """The value of a page, and the address of the next one."""
        with self._opened(address, self._own) as answer:
            self._checked(answer)
            body = b"".join(_chunks(answer, MOST_JSON_BYTES, f"{self.host}'s answer", "Ask for less."))
            try:
                return orjson.loads(body), answer.links.get("next", {}).get("url")
            except orjson.JSONDecodeError as error:
                raise InputError(
                    f"{self.host} answers with something that is no JSON.", "Check the address."
                ) from error

    @contextmanager
    def _opened(self, address: str, allowed: Callable[[str], bool]) -> Iterator[httpx.Response]:
        """The answer of an address, or of where it sends us on to. Raises _LaterError when the connection breaks."""
        for _ in range(MOST_REDIRECTS + 1):
            if not allowed(address):
                raise InputError(
                    f"{self.host} sends us on to {urlsplit(address).netloc}, which is not allowed.",
                    "BANANA_LOG_HOSTS lists the hosts that may have logs.",
                )
            try:
                with self._http.stream("GET", address, headers=self._headers if self._own(address) else {}) as answer:
                    if not answer.has_redirect_location:
                        yield answer
                        return
                    address = urljoin(address, answer.headers["location"])
            except (httpx.RequestError, httpx.InvalidURL) as error:
                raise _LaterError(
                    0.5,
                    InputError(
                        f"{urlsplit(address).netloc} cannot be asked: {error}.", "Check the address, or try again."
                    ),
                ) from error
        raise InputError(f"{self.host} sends us on more than {MOST_REDIRECTS} times.", "Check the address.")

    def _checked(self, answer: httpx.Response) -> None:
        if answer.is_success:
            return
        # GitHub says with 403, too, that it was asked too often.
        limited = answer.status_code == 429 or (
            answer.status_code == 403
            and ("retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0")
        )
        refusal = _refused(self.host, answer.status_code, limited=limited)
        if limited or answer.status_code in _AGAIN:
            raise _LaterError(_wait(answer), refusal)
        raise refusal

    def _own(self, address: str) -> bool:
        """Whether an address is of the service itself, which alone gets the token: never over a plainer connection."""
        return urlsplit(address)[:2] == urlsplit(self.url)[:2]

    def _may_have_logs(self, address: str) -> bool:
        parts = urlsplit(address)
        name = (parts.hostname or "").lower()
        known = any(name.endswith(host) if host.startswith(".") else name == host for host in self.log_hosts)
        return self._own(address) or (parts.scheme == "https" and known)


def _chunks(answer: httpx.Response, most_bytes: int, name: str, remedy: str) -> Iterator[bytes]:
    """The body, unpacked, as long as it stays within the bounds."""
    encoding = answer.headers.get("content-encoding", "").lower()
    if encoding not in _ENCODINGS:
        raise InputError(f"{name} is packed with {encoding[:20]}, which was not asked for.", "Check the address.")
    size, until = 0, time.monotonic() + MOST_SECONDS
    for chunk in answer.iter_bytes(1 << 16):
        size += len(chunk)
        if size > most_bytes:
            raise InputError(f"{name} has more than {most_bytes:,} bytes.", remedy)
        if time.monotonic() > until:
            raise InputError(f"{name} takes longer than {MOST_SECONDS:.0f} s.", "Try again later.")
        yield chunk


def _wait(answer: httpx.Response) -> float:
    now = datetime.now(UTC)
    told = retry_after(answer.headers.get("retry-after"), now)
    if told is not None:
        return told
    reset = answer.headers.get("x-ratelimit-reset") or answer.headers.get("ratelimit-reset") or ""
    return float(reset) - now.timestamp() if reset.isdecimal() and reset.isascii() else 0.0


def _refused(host: str, status: int, *, limited: bool) -> InputError:
    if limited:
        return InputError(f"{host} asks to slow down.", "Wait, or set a token, which may ask more often.")
    if status in (401, 403):
        return InputError(
            f"{host} refuses ({status}).", "Set a token that may read actions (GITHUB_TOKEN, GITLAB_TOKEN)."
        )
    if status == 404:
        return InputError(f"{host} knows no such project.", "Check its name; private ones need a token.")
    return InputError(f"{host} answers {status}.", "Try again later.")
