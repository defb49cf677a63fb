"""Answers that many ask for again: kept as bytes, with a weak entity tag (RFC 9110), and links to further pages."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from banana_assets.interfaces.api.service import Service

JSON = "application/json"


def service_of(request: Request) -> Service:
    """The service of the server that got this request."""
    found: Service = request.app.state.service
    return found


def entity_tag(*parts: object) -> str:
    """The weak tag of an answer that rests on these."""
    return f'W/"{hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()}"'


def known_already(request: Request, tag: str) -> bool:
    """Whether the caller has the answer of that tag (If-None-Match, compared weakly)."""
    told = request.headers.get("if-none-match", "")
    return told.strip() == "*" or tag[2:] in [one.strip().removeprefix("W/") for one in told.split(",")]


def tagged(request: Request, body: bytes, tag: str | None = None) -> Response:
    """An answer that is worked out each time; 304 where the caller has it. The tag is the body's own unless told."""
    tag = entity_tag(body) if tag is None else tag
    if known_already(request, tag):
        return Response(status_code=304, headers=_headers(tag))
    return Response(body, headers=_headers(tag), media_type=JSON)


async def kept_answer(
    request: Request, rests_on: tuple[Any, ...], render: Callable[[], tuple[bytes, Mapping[str, str]]]
) -> Response:
    """The answer that rests on these parts: 304 where the caller has it, else the kept bytes, else rendered now.

    ``render`` works in a thread, and gives the body and headers of its own.
    """
    key = (request.url.path, *rests_on)
    tag = entity_tag(*key)
    if known_already(request, tag):
        return Response(status_code=304, headers=_headers(tag))
    answers = service_of(request).answers
    packed = answers.get(key)
    if packed is None:
        # Who asks for the same at the same time waits for one rendering.
        rendering = service_of(request).rendering
        task = rendering.get(key)
        if task is None:
            task = rendering[key] = asyncio.ensure_future(run_in_threadpool(render))
            task.add_done_callback(lambda _: rendering.pop(key, None))
        body, more = await asyncio.shield(task)
        # Headers stand before the body in one value, so that both are kept together.
        packed = orjson.dumps(dict(more)) + b"\n" + body
        answers.put(key, packed, len(packed))
    head, _, body = packed.partition(b"\n")
    return Response(body, headers=_headers(tag) | orjson.loads(head), media_type=JSON)


def _headers(tag: str) -> dict[str, str]:
    return {"etag": tag, "cache-control": "private, no-cache", "vary": "authorization, x-api-key"}


def link(request: Request, rel: str, **query: object) -> str:
    """A Link header (RFC 8288) to the same place with another query."""
    told = {name: value for name, value in query.items() if value is not None}
    return f'<{request.url.path}?{urlencode(told)}>; rel="{rel}"'
