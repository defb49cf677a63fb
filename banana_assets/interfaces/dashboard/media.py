"""Media: how complete and valid metadata are, by field; what is proposed for what is missing, to accept or reject."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import polars as pl
from fastapi import APIRouter, Form, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from banana_assets.backends.media.proposals import Proposals
from banana_assets.backends.media.records import MediaRecords
from banana_assets.core.tables import METADATA_QUALITY
from banana_assets.interfaces.api.answering import service_of
from banana_assets.interfaces.api.problems import ProblemError
from banana_assets.interfaces.dashboard.reading import choices, returning, table_page, versions
from banana_assets.interfaces.dashboard.viewing import Acting, Looking

router = APIRouter()
PROPOSALS = 25
PARTS = 3
LARGEST = (1 << 31) - 1
State = Literal["proposed", "accepted", "rejected", "applied", "undone", "withdrawn"]


@router.get("/media")
async def media(
    request: Request,
    viewer: Looking,
    collection: Annotated[str, Query(max_length=500)] = "",
    state: Annotated[State, Query()] = "proposed",
    after: Annotated[int, Query(ge=0, le=LARGEST)] = 0,
) -> Response:
    """All collections, or one: fields, what is wrong, and proposals."""
    service = service_of(request)
    cursor = await run_in_threadpool(MediaRecords(service.store.engine).cursor)

    def values() -> dict[str, Any]:
        table = service.tables.read(METADATA_QUALITY)
        mine = table.filter(pl.col("collection") == collection)
        whole = table.filter((pl.col("field") == "") & (pl.col("measure") == "missing"))
        missing = mine.filter((pl.col("measure") == "missing") & (pl.col("field") != ""))
        wrong = mine.filter((pl.col("measure") != "missing") & (pl.col("affected") > 0))
        wrong = wrong.filter((pl.col("field") != "") | pl.col("measure").str.starts_with("duplicate"))
        ranked = whole.filter(pl.col("collection") != "").sort("share", "collection", descending=[True, False])
        kept = Proposals(service.store.engine)
        found = kept.rows(states=[state], collection=collection or None, after=after, limit=PROPOSALS + 1)
        rows = found.head(PROPOSALS).to_dicts()
        return {
            "known": table.height,
            "names": choices(name for name in table["collection"].unique() if name),
            "told": {"collection": collection, "state": state},
            "whole": whole.filter(pl.col("collection") == collection).to_dicts(),
            "collections": ranked.head(PROPOSALS).to_dicts(),
            "fields": missing.sort("share", "field", descending=[True, False]).to_dicts(),
            "wrong": wrong.sort("share", "field", "measure", descending=[True, False, False]).to_dicts(),
            "proposals": [row | {"said": "; ".join(row["value"]), "place": _place(row["uri"])} for row in rows],
            "counts": kept.counts(),
            "following": rows[-1]["proposal_id"] if found.height > PROPOSALS else None,
        }

    rests_on = (*await versions(request, METADATA_QUALITY), cursor)
    return await table_page(request, rests_on, "media.html", values)


@router.post("/media/proposals/{number}")
async def decide(
    request: Request,
    viewer: Acting,
    number: Annotated[int, Path(ge=1, le=LARGEST)],
    state: Annotated[Literal["accepted", "rejected", "proposed"], Form()],
    back: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Accept or reject a value, or take that back. Files are written on the command line alone."""
    service = service_of(request)

    def keep() -> None:
        kept = Proposals(service.store.engine)
        if kept.rows(ids=[number]).is_empty():
            raise ProblemError(404, f"There is no proposal {number}.", "The page of media lists them.")
        _, refused = kept.decide([number], state, by=viewer.caller.name)
        if refused:
            raise ProblemError(409, f"{refused[0].capitalize()}.", "The page of media shows how it stands.")

    await run_in_threadpool(keep)
    return returning(back, "/media")


def _place(uri: str) -> str:
    """The end of a path, which says which item it is; an address as it is."""
    parts = uri.split("/")
    return uri if "://" in uri or len(parts) <= PARTS else "…/" + "/".join(parts[-PARTS:])
