"""What the pages of tables share: what they rest on, how long lists are cut, where a button leads back to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import polars as pl
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from banana_assets.core.safety.serving import served
from banana_assets.core.schema import Table
from banana_assets.core.text import visible
from banana_assets.interfaces.api.answering import service_of
from banana_assets.interfaces.dashboard.frame import kept_page

PAGE = 50


async def versions(request: Request, *tables: Table) -> tuple[int | None, ...]:
    """The state of these tables: another one, another page."""
    known = service_of(request).tables
    return await run_in_threadpool(lambda: tuple(known.version(table) for table in tables))


def choices(names: Iterable[str]) -> list[str]:
    """The names that a filter offers, in order: those that can be shown, and sent back, just as they are."""
    return sorted(name for name in set(names) if served(visible(name)) == name)


async def table_page(
    request: Request, rests_on: tuple[Any, ...], template: str, values: Callable[[], Mapping[str, Any]]
) -> Response:
    """``frame.kept_page`` of values without secrets: also where a name becomes part of an address or of a choice."""
    return await kept_page(request, rests_on, template, lambda: served(values()))


def paged(frame: pl.DataFrame, start: int, size: int = PAGE) -> tuple[list[dict[str, Any]], int | None]:
    """The rows from ``start`` on, and where the following ones begin; None at the end."""
    following = start + size if start + size < frame.height else None
    return frame.slice(start, size).to_dicts(), following


def returning(told: str, otherwise: str) -> RedirectResponse:
    """To the page that a button was pressed on; only ever to one of ours."""
    parts = urlsplit(told)
    ours = told.startswith("/") and not told.startswith("//") and not parts.netloc and not parts.scheme
    plain = ours and "\\" not in told and visible(told) == told
    return RedirectResponse(told if plain else otherwise, 303)
