"""Who may ask what: keys with scopes, and the one open mode, which is this machine without any key."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from banana_assets.backends.keys import Caller, Key, Keys
from banana_assets.core.vocabulary import SCOPES
from banana_assets.interfaces.api.models import Absent
from banana_assets.interfaces.api.problems import ProblemError

REMEMBER_SECONDS = 2.0
"""So long a key is believed without asking the records again; a revoked one may work as long."""

MOST_REMEMBERED = 10_000
MOST_FAILURES = 20
"""Wrong keys from one address within a minute, after which it has to wait."""

bearer = HTTPBearer(auto_error=False, description="A key of `banana keys create`.")
header_key = APIKeyHeader(name="X-API-Key", auto_error=False, description="The same key, for clients without bearer.")


class Window:
    """Counts events a minute for each name, in this process (sliding by weighing the minute before)."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self._clock = clock
        self._counts: OrderedDict[str, list[float]] = OrderedDict()

    def count(self, name: str) -> float:
        """Add one; answers the seconds to wait, 0 while there is room."""
        self._add(name)
        return self.wait(name)

    def _add(self, name: str) -> None:
        now = self._clock()
        minute = now // 60
        entry = self._counts.setdefault(name, [minute, 0, 0])
        if entry[0] != minute:
            entry[:] = [minute, 0, entry[1] if entry[0] == minute - 1 else 0]
        entry[1] += 1
        self._counts.move_to_end(name)
        while len(self._counts) > MOST_REMEMBERED:
            self._counts.popitem(last=False)

    def wait(self, name: str) -> float:
        """The seconds until there is room again, without adding one."""
        entry = self._counts.get(name)
        now = self._clock()
        if entry is None or now // 60 - entry[0] > 1:
            return 0.0
        left = 1 - (now % 60) / 60
        recent = entry[1] + entry[2] * left if entry[0] == now // 60 else entry[1] * left
        return 60 * left + 1 if recent > self.most else 0.0


class Access:
    """Decides who a request comes from. ``open_here`` is the open mode: bound to this machine alone."""

    def __init__(self, keys: Keys, *, open_here: bool, per_minute: int, session_id_is_key: bool) -> None:
        self.keys = keys
        self.open_here = open_here
        self.session_id_is_key = session_id_is_key
        self.requests = Window(per_minute)
        self.failures = Window(MOST_FAILURES)
        self._remembered: OrderedDict[str, tuple[float, Key]] = OrderedDict()
        self._keyed, self._looked = False, -REMEMBER_SECONDS

    def caller(self, request: Request, told: str | None) -> Caller:
        """Who asks, or a ProblemError: 401 without a key that holds, 429 when there are too many requests."""
        address = request.client.host if request.client else "unknown"
        if told is not None:
            return self._with_key(told, address)
        if self.open_here and self.keyless() and is_local(address):
            self.same_site(request)
            return Caller(f"local {address}", frozenset(SCOPES))
        raise ProblemError(
            401,
            "This needs a key.",
            "Send `Authorization: Bearer KEY`; `banana keys create NAME` makes one.",
            headers={"WWW-Authenticate": 'Bearer realm="banana"'},
        )

    def admitted(self, asker: tuple[bytes | None, bytes | None], address: str) -> str | None:
        """The name of a reader who needs no further look: of the open mode, or with a key that held just now.

        ``asker`` are the two headers that carry keys. None sends the request to ``caller``, which says what is wrong.
        """
        bearer_told, key_told = asker
        if bearer_told is None and key_told is None:
            return f"local {address}" if self.open_here and self.keyless() and is_local(address) else None
        told = (bearer_told[7:] if bearer_told[:7].lower() == b"bearer " else b"") if bearer_told else key_told
        at, key = self._remembered.get((told or b"").decode("latin-1"), (0.0, None))
        if key is None or time.monotonic() - at > REMEMBER_SECONDS or not {"read", "admin"} & key.scopes:
            return None
        if self.requests.count(key.key_id):
            return None
        return f"key {key.key_id} {key.name}"

    def keyless(self) -> bool:
        """Whether no key was ever made; asked of the records at most every two seconds."""
        now = time.monotonic()
        if not self._keyed and now - self._looked >= REMEMBER_SECONDS:
            self._keyed, self._looked = self.keys.any(), now
        return not self._keyed

    def _with_key(self, told: str, address: str) -> Caller:
        now = time.monotonic()
        at, key = self._remembered.get(told, (0.0, None))
        if key is None:
            # Who has shown a key that holds is not kept out by another's guesses from the same address.
            self.may_try(address)
        if key is None or now - at > REMEMBER_SECONDS:
            key = self.keys.check(told, datetime.now(UTC))
            self._remembered.pop(told, None)
            if key is None:
                if not self.keyless():
                    self.failures.count(address)
                raise ProblemError(
                    401,
                    "That key does not hold.",
                    "It may be revoked or over; `banana keys list` shows which hold.",
                    headers={"WWW-Authenticate": 'Bearer realm="banana", error="invalid_token"'},
                )
            self._remembered[told] = (now, key)
            while len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        self.admit(key.key_id)
        return Caller(f"key {key.key_id} {key.name}", key.scopes)

    def may_try(self, address: str) -> None:
        """Raise a ProblemError (429) for an address that brought too many wrong keys."""
        if wait := self.failures.wait(address):
            raise _slow_down(wait)

    def admit(self, name: str) -> None:
        """Count a request of that name. Raises a ProblemError (429) when there are too many within a minute."""
        if wait := self.requests.count(name):
            raise _slow_down(wait)

    @staticmethod
    def same_site(request: Request) -> None:
        """Raise a ProblemError (403) for a change that a page of another site asks for."""
        # A page of another site can make the browser of somebody here send a request, but not read the answer, nor
        # hide where it comes from (Fetch Metadata, W3C; OWASP on cross-site request forgery).
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return
        site = request.headers.get("sec-fetch-site")
        if site not in (None, "same-origin", "none") and request.headers.get("origin") not in _origins(request):
            raise _foreign()
        own_origin(request)


def own_origin(request: Request) -> None:
    """Raise a ProblemError (403) for a request that names an origin which is neither the server's own nor allowed."""
    origin = request.headers.get("origin")
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    if origin not in (None, own) and origin not in _origins(request):
        raise _foreign()


def _origins(request: Request) -> tuple[str, ...]:
    origins: tuple[str, ...] = request.app.state.service.origins
    return origins


def _foreign() -> ProblemError:
    return ProblemError(403, "A page of another site may not do this.", "BANANA_ALLOWED_ORIGINS lists those that may.")


@lru_cache(maxsize=1000)
def is_local(address: str) -> bool:
    """Whether an address is this machine's own."""
    try:
        return ipaddress.ip_address(address.split("%")[0]).is_loopback
    except ValueError:
        return address == "testclient"


def _slow_down(wait: float) -> ProblemError:
    return ProblemError(
        429, "Too many requests.", f"Wait {wait:.0f} s.", headers={"Retry-After": str(max(1, round(wait)))}
    )


def permitted(request: Request, told: str | None, *scopes: str) -> Caller:
    """Who asks with the key that was told, noted for the audit; any of the scopes will do. Raises a ProblemError where
    they hold none."""
    found: Caller = request.app.state.service.access.caller(request, told)
    request.state.caller = found.name
    if not any(map(found.may, scopes)):
        raise ProblemError(
            403,
            f"The key lacks the scope {scopes[0]}.",
            f"`banana keys create NAME --scope {scopes[0]}` makes one that has it.",
        )
    return found


def key_in(request: Request) -> str | None:
    """The key in the headers of a request: a bearer's or X-API-Key. Credentials of another kind are an empty key."""
    told = request.headers.get("authorization")
    if told is None:
        return request.headers.get("x-api-key")
    kind, _, credentials = told.partition(" ")
    return credentials.strip() if kind.lower() == "bearer" else ""


def needs(scope: str) -> Any:
    """The dependency of an operation that asks for that scope; gives the Caller."""

    async def caller(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)] = None,
        key: Annotated[str | None, Security(header_key)] = None,
        session_id: Annotated[
            str | Absent, Query(description="As the original's clients send it; only where the server allows it.")
        ] = None,
    ) -> Caller:
        access: Access = request.app.state.service.access
        told = credentials.credentials if credentials else key
        if told is None and access.session_id_is_key:
            told = session_id
        if told is None and "authorization" in request.headers:
            # Credentials of another kind are wrong ones, not none.
            told = ""
        return permitted(request, told, scope)

    return Depends(caller)


Reader = Annotated[Caller, needs("read")]
Bringer = Annotated[Caller, needs("ingest")]
Reporter = Annotated[Caller, needs("report")]
"""Who an operation is for: annotate a parameter ``caller`` with one of them."""
