"""Search: one box over texts and their meaning; every hit with what helped."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from banana_assets.backends.search import open_search, there_is_an_index
from banana_assets.core.errors import InputError
from banana_assets.core.search.types import Document, Filters, Hit
from banana_assets.core.vocabulary import SEARCH_KINDS, SEVERITIES
from banana_assets.interfaces.api.answering import service_of
from banana_assets.interfaces.dashboard.frame import page
from banana_assets.interfaces.dashboard.reading import choices
from banana_assets.interfaces.dashboard.viewing import Looking
from banana_assets.interfaces.dashboard.wording import address, cut, shown

router = APIRouter()
LIMIT = 20
HOW = ("both", "words", "meaning")
_WORD = re.compile(r"\w{2,}")


@router.get("/search")
async def search(
    request: Request,
    viewer: Looking,
    q: Annotated[str, Query(max_length=20_000)] = "",
    how: Annotated[str, Query(max_length=10)] = "both",
    kind: Annotated[str, Query(max_length=20)] = "",
    severity: Annotated[str, Query(max_length=20)] = "",
    source: Annotated[str, Query(max_length=500)] = "",
    since: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """Nearest first. Without a question, only the box."""
    service = service_of(request)
    question = q.strip()
    if how not in HOW or kind not in ("", *SEARCH_KINDS) or severity not in ("", *SEVERITIES):
        raise InputError("That cannot be searched for.", "Choose from the lists of the page.")
    filters = Filters((kind,) if kind else (), severity or None, source or None, _day(since), None)

    def values() -> dict[str, Any]:
        told = {"q": q, "how": how, "kind": kind, "severity": severity, "source": source, "since": since}
        ready = there_is_an_index(service.settings)
        hits: list[Hit] = []
        mode, sources, notes = "", [], []
        if ready:
            with open_search(service.settings, meaning=bool(question) and how != "words") as opened:
                sources = opened.sources()
                if question:
                    hits = opened.by(how)(question, filters, LIMIT)
                mode, notes = opened.mode, list(opened.notes)
        return {
            "told": told,
            "ready": ready,
            "question": question,
            "hits": [(hit, _place(hit.document)) for hit in hits],
            "mode": mode,
            "notes": notes,
            "sources": choices(sources),
            "kinds": SEARCH_KINDS,
            "severities": SEVERITIES,
            "hows": HOW,
            "marked": marker(question),
        }

    return page(request, "search.html", **await run_in_threadpool(values))


def marker(question: str) -> Callable[..., Markup]:
    """What shows a text with the words of the question marked: masked and escaped like every text of a page."""
    words = sorted({word.lower() for word in _WORD.findall(question)}, key=len, reverse=True)[:40]
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})", re.IGNORECASE) if words else None

    def marked(text: str, most: int = 400) -> Markup:
        told = cut(str(shown(text)), most)
        if pattern is None:
            return Markup("{}").format(told)
        parts, at = [], 0
        for found in pattern.finditer(told):
            parts += [Markup("{}").format(told[at : found.start()]), Markup("<mark>{}</mark>").format(found[0])]
            at = found.end()
        return Markup("").join([*parts, Markup("{}").format(told[at:])])

    return marked


def _place(document: Document) -> Markup:
    """The page that tells more of a document."""
    if document.kind in ("pattern", "failure", "plan"):
        return address(document.kind, document.key)
    if document.kind == "resource":
        source, _, metric = document.key.partition("/")
        return address("forecasts", source=source, metric=metric)
    return Markup("/plans#templates")


def _day(told: str) -> datetime | None:
    if not told:
        return None
    try:
        found = date.fromisoformat(told)
    except ValueError as error:
        raise InputError("That is no day.", "Write it as 2026-01-31.") from error
    return datetime(found.year, found.month, found.day, tzinfo=UTC)
