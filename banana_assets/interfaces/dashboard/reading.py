"""What the pages of tables share: what they rest on, how long lists are cut, where a button leads back to."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import polars as pl
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from banana_assets.core.schema import Table
from banana_assets.core.text import visible
from banana_assets.interfaces.api.answering import service_of

PAGE = 50


async def versions(request: Request, *tables: Table) -> tuple[int | None, ...]:
    """The state of these tables: another one, another page."""
    known = service_of(request).tables
    return await run_in_threadpool(lambda: tuple(known.version(table) for table in tables))


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
