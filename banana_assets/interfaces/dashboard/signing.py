"""Signing in by a link that works once, and signing out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from banana_assets.backends.sessions import SESSION_DAYS
from banana_assets.interfaces.api.answering import service_of
from banana_assets.interfaces.api.problems import ProblemError
from banana_assets.interfaces.dashboard.frame import page
from banana_assets.interfaces.dashboard.viewing import Looking

router = APIRouter()


@router.get("/login")
async def link(request: Request, code: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Asks for a click: whatever else follows links, previews above all, must not use this one up."""
    return page(request, "login.html", code=code)


@router.post("/login")
async def sign_in(request: Request, code: Annotated[str, Form(max_length=200)]) -> Response:
    """Open the session of the link."""
    service = service_of(request)
    service.access.same_site(request)
    address = request.client.host if request.client else "unknown"
    service.access.may_try(address)
    session = await run_in_threadpool(service.sessions.open, code, datetime.now(UTC))
    if session is None:
        service.access.failures.count(address)
        raise ProblemError(
            403, "That link does not hold.", "It works once, within ten minutes: `banana keys login` makes a new one."
        )
    request.state.caller = f"session {session.session_id} {session.name}"
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        service.sessions.cookie_name,
        service.sessions.cookie(session.session_id),
        max_age=SESSION_DAYS * 86_400,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/logout")
async def sign_out(request: Request, viewer: Looking) -> Response:
    """End the session, here and in the records."""
    service = service_of(request)
    if viewer.session is not None:
        await run_in_threadpool(service.sessions.revoke, viewer.session, datetime.now(UTC))
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(service.sessions.cookie_name, httponly=True, samesite="strict")
    return answer
