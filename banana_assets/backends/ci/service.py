"""Asking the interface of a CI service: only the hosts that are allowed, with a token from the settings, bounded."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpx

from banana_assets.core.errors import InputError

TIMEOUT = 30.0
MOST_REDIRECTS = 3
MOST_JSON_BYTES = 32 << 20
LONGEST_WAIT = 60.0
ATTEMPTS = 4
_AGAIN = frozenset({429, 502, 503, 504})


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
        self._http = httpx.Client(timeout=TIMEOUT, follow_redirects=False, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def pages(self, path: str, params: dict[str, Any]) -> Iterator[Any]:
        """The answers of a list, page by page (Link headers, RFC 8288). Raises InputError when the service refuses."""
        address: str | None = self.url + path
        asked: dict[str, Any] | None = params
        while address is not None:
            answer = self._get(address, asked)
            if len(answer.content) > MOST_JSON_BYTES:
                raise InputError(f"{self.host} answers with more than {MOST_JSON_BYTES:,} bytes.", "Ask for less.")
            try:
                yield answer.json()
            except ValueError as error:
                raise InputError(
                    f"{self.host} answers with something that is no JSON.", "Check the address."
                ) from error
            following = answer.links.get("next", {}).get("url")
            address, asked = following, None
            if address is not None and urlsplit(address).netloc != self.host:
                raise InputError(f"{self.host} names a next page of another host.", "Check the address.")

    def download(self, path: str, to: Path, most_bytes: int) -> bool:
        """A log, written to a file; False where the service has it no more (404, 410).

        Raises InputError when it is too large, or comes from a host that is not allowed.
        """
        address = self.url + path
        for _ in range(MOST_REDIRECTS + 1):
            own = urlsplit(address).netloc == self.host
            if not own:
                self._allowed(address)
            try:
                with self._http.stream("GET", address, headers=self._headers if own else {}) as answer:
                    if answer.is_redirect:
                        address = urljoin(address, answer.headers["location"])
                        continue
                    if answer.status_code in (404, 410):
                        return False
                    if not answer.is_success:
                        raise _refused(self.host, answer.status_code)
                    _write(answer, to, most_bytes)
                    return True
            except httpx.TransportError as error:
                raise InputError(
                    f"The log cannot be fetched from {urlsplit(address).netloc}: {error}.", "Try again."
                ) from error
        raise InputError(f"{self.host} sends us on more than {MOST_REDIRECTS} times.", "Check the address.")

    def _get(self, address: str, params: dict[str, Any] | None) -> httpx.Response:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._http.get(address, params=params, headers=self._headers)
            except httpx.TransportError as error:
                if attempt == ATTEMPTS:
                    raise InputError(f"{self.host} cannot be reached: {error}.", "Check the address.") from error
                time.sleep(0.5 * attempt)
                continue
            if answer.is_success:
                return answer
            limited = answer.status_code == 403 and answer.headers.get("x-ratelimit-remaining") == "0"
            if attempt == ATTEMPTS or not (limited or answer.status_code in _AGAIN):
                raise _refused(self.host, answer.status_code, limited=limited)
            wait = _wait(answer)
            if wait > LONGEST_WAIT:
                raise _refused(self.host, answer.status_code, limited=True)
            time.sleep(wait)
        raise AssertionError("every attempt ends above")

    def _allowed(self, address: str) -> None:
        parts = urlsplit(address)
        name = (parts.hostname or "").lower()
        known = any(name.endswith(host) if host.startswith(".") else name == host for host in self.log_hosts)
        if parts.scheme != "https" or not known:
            raise InputError(
                f"{self.host} sends us on to {parts.netloc}, which is not allowed.", "BANANA_LOG_HOSTS lists the hosts."
            )


def _write(answer: httpx.Response, to: Path, most_bytes: int) -> None:
    size = 0
    with to.open("wb") as file:
        for chunk in answer.iter_bytes(1 << 16):
            size += len(chunk)
            if size > most_bytes:
                raise InputError(f"The log has more than {most_bytes:,} bytes.", "Raise BANANA_MAX_LOG_BYTES.")
            file.write(chunk)


def _wait(answer: httpx.Response) -> float:
    told = answer.headers.get("retry-after", "")
    if told.isdigit():
        return float(told)
    reset = answer.headers.get("x-ratelimit-reset", "")
    return max(1.0, float(reset) - time.time()) if reset.isdigit() else 1.0


def _refused(host: str, status: int, *, limited: bool = False) -> InputError:
    if limited or status == 429:
        return InputError(f"{host} asks to slow down.", "Wait, or set a token, which may ask more often.")
    if status in (401, 403):
        return InputError(
            f"{host} refuses ({status}).", "Set a token that may read actions (GITHUB_TOKEN, GITLAB_TOKEN)."
        )
    if status == 404:
        return InputError(f"{host} knows no such project.", "Check its name; private ones need a token.")
    return InputError(f"{host} answers {status}.", "Try again later.")
