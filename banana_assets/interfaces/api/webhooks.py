"""Webhooks of CI services: signed, kept before they are acknowledged, taken in afterwards."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Header, Request
from pydantic import BaseModel
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from banana_assets.backends.ci.signatures import UnsignedError, check_age, check_github, check_gitlab
from banana_assets.backends.ci.taking import job_of_event, read_payload, take_event
from banana_assets.backends.deliveries import Deliveries
from banana_assets.core.ci.types import Job
from banana_assets.core.errors import BananaError
from banana_assets.interfaces.api.answering import JSON, service_of
from banana_assets.interfaces.api.problems import ProblemError, declared
from banana_assets.interfaces.api.service import Service

router = APIRouter(prefix="/webhooks", tags=["bring in"], responses=declared(400, 401, 403, 413, 422, 503))

MOST_BYTES = 25 << 20
"""GitHub sends no more than 25 MB."""

_BODY = {"requestBody": {"required": True, "content": {JSON: {"schema": {"type": "object"}}}}}


_GITLAB = [
    {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": about}
    for name, about in (
        ("x-gitlab-token", "The secret token, where no signing token is set."),
        ("webhook-signature", "The signature under the signing token (Standard Webhooks)."),
        ("webhook-timestamp", "When it was signed: seconds since 1970, at most five minutes ago."),
        ("idempotency-key", "Its id where `webhook-id` is none."),
    )
]


class Kept(BaseModel):
    """The delivery is at rest; ``known`` when it came before."""

    status: Literal["ok"]
    delivery: int
    outcome: Literal["kept", "known"]


@router.post("/github", summary="A webhook of GitHub", status_code=202, response_model=Kept, openapi_extra=_BODY)
async def github(
    request: Request,
    x_github_event: Annotated[str, Header(max_length=64, description="What happened; jobs are `workflow_job`.")],
    x_github_delivery: Annotated[str, Header(min_length=1, max_length=128, description="Its id, new for each.")],
    x_hub_signature_256: Annotated[
        str, Header(max_length=200, description="`sha256=` and the HMAC-SHA-256 of the body under the secret.")
    ] = "",
) -> Response:
    """Take the jobs of GitHub Actions in (event `workflow_job`, content type application/json, with a secret).

    Logs are fetched where GITHUB_TOKEN is set. A delivery is kept once, and can be taken in again with
    `banana deliveries replay`.
    """
    service = service_of(request)
    secret = service.settings.github_webhook_secret
    if secret is None:
        raise ProblemError(403, "This server takes no webhooks of GitHub.", "Set BANANA_GITHUB_WEBHOOK_SECRET.")
    body = await _body(request)
    _signed(partial(check_github, secret.get_secret_value(), request.headers, body))
    return await _kept(service, "github", x_github_delivery, x_github_event, body)


@router.post(
    "/gitlab",
    summary="A webhook of GitLab",
    status_code=202,
    response_model=Kept,
    openapi_extra=_BODY | {"parameters": _GITLAB},
)
async def gitlab(
    request: Request,
    x_gitlab_event: Annotated[str, Header(max_length=64, description="What happened; jobs are `Job Hook`.")],
    x_gitlab_event_uuid: Annotated[str, Header(max_length=128, description="Its id where `webhook-id` is none.")] = "",
    webhook_id: Annotated[str, Header(max_length=128, description="Its id (Standard Webhooks).")] = "",
) -> Response:
    """Take the jobs of GitLab in (trigger "Job events", with a secret token or a signing token).

    Logs are fetched where GITLAB_TOKEN is set.
    """
    service = service_of(request)
    secret = service.settings.gitlab_webhook_secret
    if secret is None:
        raise ProblemError(403, "This server takes no webhooks of GitLab.", "Set BANANA_GITLAB_WEBHOOK_SECRET.")
    body = await _body(request)
    _signed(partial(check_gitlab, secret.get_secret_value(), request.headers, body, datetime.now(UTC)))
    ident = webhook_id or request.headers.get("idempotency-key", "") or x_gitlab_event_uuid
    if not ident:
        raise ProblemError(400, "The delivery has no id.", "GitLab sends one as X-Gitlab-Event-UUID.")
    return await _kept(service, "gitlab", ident[:128], x_gitlab_event, body)


def take(service: Service, number: int) -> None:
    """Take a kept delivery in; what is wrong with it is kept with it and goes to stderr."""
    try:
        Deliveries(service.store).process(number, partial(take_event, service.store))
    except BananaError as error:
        # Nobody waits for an answer any more.
        sys.stderr.write(f"banana serve: delivery {number}: {error}\n")


async def _body(request: Request) -> bytes:
    body = await request.body()
    if len(body) > MOST_BYTES:
        raise ProblemError(413, f"The body has more than {MOST_BYTES:,} bytes.", "No service sends so much.")
    return body


def _signed(check: partial[None]) -> None:
    try:
        check()
    except UnsignedError as error:
        raise ProblemError(401, error.message, error.remedy) from error


async def _kept(service: Service, provider: str, ident: str, event: str, body: bytes) -> Response:
    job = job_of_event(provider, event, read_payload(body))
    if isinstance(job, Job):
        hours = service.settings.webhook_window_hours
        _signed(partial(check_age, job.at, datetime.now(UTC), hours))
    number, new = await run_in_threadpool(Deliveries(service.store).keep, provider, ident, event, body)
    answer = {"status": "ok", "delivery": number, "outcome": "kept" if new else "known"}
    task = BackgroundTask(take, service, number) if new else None
    return Response(orjson.dumps(answer), 202, media_type=JSON, background=task)
