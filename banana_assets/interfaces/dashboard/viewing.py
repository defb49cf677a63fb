"""Who looks at a page, and whether they may do what they ask."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from banana_assets.backends.keys import Caller
from banana_assets.interfaces.api.answering import service_of
from banana_assets.interfaces.api.problems import ProblemError

SAFE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Viewer:
    """Who looks: the name that the audit shows, what they may do, and the token that their forms carry (``csrf``).

    ``session`` is the id of their session; none on this machine alone without any key.
    """

    caller: Caller
    csrf: str = ""
    session: str | None = None

    def may(self, scope: str) -> bool:
        """Whether that scope is theirs."""
        return self.caller.may(scope)


def sees(scope: str) -> Any:
    """The dependency of a page, or a form, that asks for that scope; gives the Viewer.

    Raises ProblemError: 401 without a session that holds, 403 for a scope that is not theirs or a form of another site.
    """

    async def viewer(request: Request) -> Viewer:
        found = await _viewer(request)
        request.state.caller = found.caller.name
        request.state.viewer = found
        if request.method not in SAFE and found.session is not None:
            await _ours(request, found.csrf)
        if not found.may(scope):
            raise ProblemError(403, f"That needs the scope {scope}.", f"`banana keys login --scope {scope}` gives it.")
        return found

    return Depends(viewer)


async def _viewer(request: Request) -> Viewer:
    service = service_of(request)
    cookie = request.cookies.get(service.sessions.cookie_name)
    if cookie is not None:
        session = await run_in_threadpool(service.sessions.check, cookie, datetime.now(UTC))
        if session is not None:
            service.access.admit(f"session {session.session_id}")
            name = f"session {session.session_id} {session.name}"
            token = service.sessions.token(session.session_id)
            return Viewer(Caller(name, session.scopes), token, session.session_id)
    try:
        return Viewer(service.access.caller(request, None))
    except ProblemError as error:
        if error.status != 401:
            raise
        remedy = "Run `banana keys login` where the server runs, and open the address that it prints."
        raise ProblemError(401, "Please sign in.", remedy, headers=error.headers) from error


async def _ours(request: Request, token: str) -> None:
    """Raise ProblemError for a change that was not sent by a page of ours."""
    service_of(request).access.same_site(request)
    told = request.headers.get("x-csrf-token")
    if told is None:
        field = (await request.form()).get("csrf")
        told = field if isinstance(field, str) else ""
    if not hmac.compare_digest(told.encode(), token.encode()):
        raise ProblemError(403, "The form does not belong to your session.", "Load the page anew and send it again.")


Looking = Annotated[Viewer, sees("read")]
Acting = Annotated[Viewer, sees("report")]
Keeping = Annotated[Viewer, sees("admin")]
"""Who a page or a form is for: annotate a parameter ``viewer`` with one of them."""
