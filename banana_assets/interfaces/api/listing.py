"""Ways out: every derived table as a list, described by its own declaration, and the states that people set."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, get_args

import orjson
import polars as pl
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, create_model
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from banana_assets.backends.listings import LISTINGS, Filter, Listing, one, read
from banana_assets.core.errors import ContradictionError
from banana_assets.core.schema import Column
from banana_assets.core.vocabulary import RECOMMENDATION_DECISIONS
from banana_assets.interfaces.api.access import Reader, Reporter
from banana_assets.interfaces.api.answering import JSON, kept_answer, link, service_of
from banana_assets.interfaces.api.models import Absent, Moment
from banana_assets.interfaces.api.problems import ProblemError, declared

MOST_ROWS = 1000
ABOUT = {
    "patterns": "Log patterns, the most severe first",
    "failures": "Diagnoses of failed builds, the newest first",
    "clusters": "Failures over builds and jobs, the one seen last first",
    "flaky-tests": "Tests that fail by chance, the flakiest first",
    "tests": "Tests: how often each fails and how long it takes",
    "steps": "Steps of builds with their times",
    "metrics": "Metrics by hour and day, the newest first",
    "health": "Health of each pipeline, and of all",
    "changes": "Jobs whose duration or failure rate has changed, the newest first",
    "usage": "Resource usage on a regular grid, the newest first",
    "forecasts": "Forecasts of resources with their intervals, and what was read since",
    "anomalies": "Readings that stand out, the newest first",
    "bottlenecks": "What holds things up, the most severe first",
    "recommendations": "What is worth doing, the weightiest first",
    "tasks": "Tasks of queues, the newest first",
    "queues": "Queues: what another order saves, how many at once, how large batches, what to begin now",
    "windows": "When there is room for each kind of work, the next first",
    "media": "Media and other records: every value with its provenance, the newest first",
    "metadata-quality": "What is missing, invalid, short, boilerplate or there twice, the worst first",
    "plans": "Plans with their steps, citations and scores, the newest first",
    "outcomes": "What became of plans, beside what failures do without one",
    "templates": "Reusable shapes of plans, the most reliable first",
    "costs": "What language models were asked, and what it cost",
}

router = APIRouter(prefix="/api", tags=["look"], responses=declared(400, 401, 403, 404, 422, 429, 503))

Decision = Literal["open", "implemented", "dismissed"]
assert get_args(Decision) == RECOMMENDATION_DECISIONS


class Answered(BaseModel):
    """What every answer begins with."""

    status: Literal["ok"]


def _python_type(dtype: Any) -> Any:
    """The type of a column's values in JSON."""
    if isinstance(dtype, pl.List):
        return list[_python_type(dtype.inner)]  # type: ignore[misc]
    if isinstance(dtype, pl.Struct):
        return dict[str, Any]
    if isinstance(dtype, pl.Datetime) or dtype == pl.Datetime:
        return datetime
    for of, kind in ((pl.Date, date), (pl.Boolean, bool), (pl.Float64, float), (pl.String, str)):
        if dtype == of:
            return kind
    return int


def _field(column: Column) -> tuple[Any, Any]:
    kind = _python_type(column.dtype)
    # A list or an inner value may be null in stored rows even where the column itself may not.
    kind = list[Any] if str(kind).startswith("list") else kind
    meaning = column.meaning + (f" [{column.unit}]" if column.unit and column.unit != "1" else "")
    more: dict[str, Any] = {"description": meaning}
    if column.allowed:
        kind = Literal[column.allowed]
    return (kind | None if column.nullable else kind), Field(**more)


def _row_model(listing: Listing) -> type[BaseModel]:
    columns = {c.name: _field(c) for c in listing.table.columns if c.name not in listing.hidden}
    name = f"{''.join(word.title() for word in listing.name.split('-'))}Row"
    return create_model(name, __doc__=listing.table.meaning, **columns)  # type: ignore[call-overload,no-any-return]


def _answer_model(listing: Listing, row: type[BaseModel]) -> type[BaseModel]:
    return create_model(
        f"{row.__name__}s",
        __doc__="A page of rows; `next` is the cursor of the following one.",
        __base__=Answered,
        items=(list[row], ...),  # type: ignore[valid-type]
        count=(int, ...),
        total=(int, ...),
        limit=(int, ...),
        next=(str | None, ...),
    )


def _query_model(listing: Listing) -> type[BaseModel]:
    fields: dict[str, Any] = {
        "limit": (int, Field(100, ge=0, le=MOST_ROWS, description="Rows in the page.")),
        "cursor": (str | Absent, Field(None, max_length=2000, description="`next` of the page before.")),
        # The original's clients send it with everything.
        "session_id": (str | Absent, Field(None, description="See the description of keys.")),
    }
    for name, asked in listing.filters.items():
        fields[name] = _question(listing, name, asked)
    return create_model(
        f"{''.join(word.title() for word in listing.name.split('-'))}Query",
        __config__=ConfigDict(extra="forbid"),
        **fields,
    )


def _question(listing: Listing, name: str, asked: Filter) -> tuple[Any, Any]:
    column = listing.table.column(asked.column)
    words = {
        "is": "Only rows with that",
        "holds": "Only rows that hold it in",
        "since": "At or after this moment of",
        "until": "Before this moment of",
        "least": "At least so much",
    }
    about = f"{words[asked.kind]} {asked.column}."
    if asked.kind in ("since", "until"):
        return (Moment | Absent, Field(None, description=about))
    if asked.kind == "holds":
        return (str | Absent, Field(None, max_length=500, description=about))
    kind = Literal[column.allowed] if column.allowed else _python_type(column.dtype)
    if kind is str:
        return (str | Absent, Field(None, max_length=500, description=about))
    return (kind | Absent, Field(None, description=about))


def _add(listing: Listing) -> None:
    asked = _query_model(listing)
    row = _row_model(listing)

    async def listed(request: Request, caller: Reader, query: Any) -> Response:
        service = service_of(request)
        told = query.model_dump()
        limit, cursor, _ = (told.pop(name) for name in ("limit", "cursor", "session_id"))

        def render() -> tuple[bytes, Mapping[str, str]]:
            rows = read(service.tables, listing, told, limit=limit, cursor=cursor)
            body = {
                "status": "ok",
                "items": rows.items,
                "count": len(rows.items),
                "total": rows.total,
                "limit": limit,
                "next": rows.following,
            }
            further = {"link": link(request, "next", limit=limit, cursor=rows.following, **_texts(told))}
            return orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY), further if rows.following else {}

        version = await run_in_threadpool(service.tables.version, listing.table)
        return await kept_answer(request, (version, limit, cursor, tuple(sorted(_texts(told).items()))), render)

    listed.__annotations__["query"] = Annotated[asked, Query()]
    listed.__doc__ = listing.table.meaning
    router.add_api_route(
        f"/{listing.name}",
        listed,
        summary=ABOUT[listing.name],
        response_model=_answer_model(listing, row),
        name=f"list_{listing.name.replace('-', '_')}",
    )
    if len(listing.table.key) == 1 and listing.table.key[0] not in ("pipeline", "build_id"):
        router.add_api_route(
            f"/{listing.name}/{{key}}",
            _one_of(listing),
            summary=f"One of {listing.name} by its id",
            response_model=create_model(f"{row.__name__}Answer", __base__=Answered, item=(row, ...)),
            name=f"get_{listing.name.replace('-', '_')}",
        )


def _one_of(listing: Listing) -> Callable[..., Coroutine[Any, Any, Response]]:
    async def found(
        request: Request, caller: Reader, key: Annotated[str, Path(max_length=500, description="Its id.")]
    ) -> Response:
        service = service_of(request)

        def render() -> tuple[bytes, Mapping[str, str]]:
            row = one(service.tables, listing, key)
            if row is None:
                raise ProblemError(
                    404, f"There is no {key} among {listing.name}.", f"GET /api/{listing.name} lists them."
                )
            return orjson.dumps({"status": "ok", "item": row}), {}

        version = await run_in_threadpool(service.tables.version, listing.table)
        return await kept_answer(request, (version, key), render)

    found.__doc__ = listing.table.meaning
    return found


def _texts(told: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in told.items() if value is not None}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, datetime) else str(value)


for _listing in LISTINGS.values():
    _add(_listing)


class Decided(BaseModel):
    """What somebody decides about a recommendation."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"status": "dismissed", "note": "why"}]})

    status: Decision
    note: str | None = Field(None, max_length=2_000)
    implemented_at: Moment | None = Field(None, description="When it was done; now unless told.")


class DecidedAnswer(BaseModel):
    """What holds now; the list shows it after the next computation."""

    status: Literal["ok"]
    recommendation_id: str
    decision: Decision


@router.put(
    "/recommendations/{key}/status",
    summary="Say what is decided about a recommendation",
    response_model=DecidedAnswer,
    responses=declared(409, 413),
)
async def decide(
    request: Request, caller: Reporter, key: Annotated[str, Path(max_length=64, description="Its id.")], body: Decided
) -> Response:
    """Keep a decision: implemented (its effect is measured from then on), dismissed, or open again."""
    service = service_of(request)
    now = datetime.now(UTC)

    def keep() -> None:
        if one(service.tables, LISTINGS["recommendations"], key) is None:
            raise ProblemError(404, f"There is no recommendation {key}.", "GET /api/recommendations lists them.")
        if body.implemented_at is not None and body.status != "implemented":
            raise ContradictionError(f"What is {body.status} has no implemented_at.", "Leave it away.")
        at = (body.implemented_at or now) if body.status == "implemented" else None
        service.store.set_recommendation_state(
            key, body.status, set_by=caller.name, set_at=now, note=body.note, implemented_at=at
        )

    await run_in_threadpool(keep)
    answer = {"status": "ok", "recommendation_id": key, "decision": body.status}
    return Response(orjson.dumps(answer), media_type=JSON)
