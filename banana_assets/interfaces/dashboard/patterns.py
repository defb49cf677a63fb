"""Patterns of log lines: how severe, how often, whether new, rising or rare, and what people decided about each."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import polars as pl
from fastapi import APIRouter, Form, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from banana_assets.backends.store import Store
from banana_assets.backends.tables import Tables
from banana_assets.core.errors import InputError
from banana_assets.core.logs.states import decisions, with_states
from banana_assets.core.tables import LOG_PATTERNS, LOG_SHAPES
from banana_assets.core.vocabulary import PATTERN_STATES, SEVERITIES, SEVERITY_RANK
from banana_assets.interfaces.api.answering import service_of
from banana_assets.interfaces.api.problems import ProblemError
from banana_assets.interfaces.dashboard.plots import Line, Plot
from banana_assets.interfaces.dashboard.reading import choices, paged, returning, table_page, versions
from banana_assets.interfaces.dashboard.viewing import Acting, Looking

router = APIRouter()

RISING = 2.0
"""A rate that has so multiplied is called rising: twice as often as before."""

RARE = 0.9
"""Meeting such a pattern tells at least nine tenths of what a single event can."""

KINDS = ("new", "rising", "rare", "reopened")
MOST_HOURS = 24 * 60


@router.get("/patterns")
async def patterns(
    request: Request,
    viewer: Looking,
    severity: Annotated[str, Query(max_length=20)] = "",
    state: Annotated[str, Query(max_length=20)] = "open",
    kind: Annotated[str, Query(max_length=20)] = "",
    source: Annotated[str, Query(max_length=500)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    start: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> Response:
    """Patterns, the most severe and most frequent first; open ones unless another state is asked for."""
    service = service_of(request)
    states = await run_in_threadpool(service.store.pattern_states)

    def values() -> dict[str, Any]:
        known = _known(service.tables, states)
        found = _chosen(known, severity, state, kind, source, q.strip())
        rows, following = paged(found, start)
        counts = dict(known.filter(pl.col("state") == "open").group_by("severity").len().iter_rows())
        told = {"severity": severity, "state": state, "kind": kind, "source": source, "q": q}
        return {
            "rows": rows,
            "following": following,
            "total": found.height,
            "known": known.height,
            "counts": {word: counts[word] for word in reversed(SEVERITIES) if word in counts},
            "told": told,
            "asked": any(value for name, value in told.items() if name != "state") or state != "open",
            "severities": SEVERITIES,
            "states": (*PATTERN_STATES, "all"),
            "kinds": KINDS,
            "sources": choices(known["sources"].explode(empty_as_null=False)),
        }

    rests_on = (*await versions(request, LOG_PATTERNS), tuple(states.iter_rows()))
    return await table_page(request, rests_on, "patterns.html", values)


@router.get("/pattern/{pattern_id}")
async def pattern(request: Request, viewer: Looking, pattern_id: Annotated[str, Path(max_length=100)]) -> Response:
    """One pattern with examples, file and line, and its events by the hour."""
    service = service_of(request)
    states = await run_in_threadpool(service.store.pattern_states)

    def values() -> dict[str, Any]:
        known = _known(service.tables, states)
        row = _named(known, pattern_id)
        decided = decisions(known, states).filter(pl.col("pattern_id") == row["pattern_id"]).to_dicts()
        hours = _hours(service.tables, row)
        plot = None
        if hours.height > 1:
            line = Line("events", hours["events"].to_list(), "bars")
            plot = Plot("events-plot", "Events by the hour", "events", hours["hour"].to_list(), (line,))
        return {"row": row, "decided": decided[0] if decided else None, "hours": hours.to_dicts(), "plot": plot}

    rests_on = (*await versions(request, LOG_PATTERNS, LOG_SHAPES), tuple(states.iter_rows()))
    return await table_page(request, rests_on, "pattern.html", values)


@router.post("/pattern/{pattern_id}")
async def decide(
    request: Request,
    viewer: Acting,
    pattern_id: Annotated[str, Path(max_length=100)],
    state: Annotated[Literal["open", "resolved", "muted"], Form()],
    note: Annotated[str, Form(max_length=2000)] = "",
    until: Annotated[str, Form(max_length=10)] = "",
    back: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Keep what somebody decides about a pattern."""
    service = service_of(request)

    def keep(store: Store) -> str:
        row = _named(_known(service.tables, store.pattern_states()), pattern_id)
        now = datetime.now(UTC)
        end = _day(until, now.date()) if until and state == "muted" else None
        store.set_pattern_state(
            row["pattern_id"], state, note=note.strip() or None, until=end, changed_by=viewer.caller.name,
            changed_at=now,
        )  # fmt: skip
        return str(row["pattern_id"])

    ident = await run_in_threadpool(keep, service.store)
    return returning(back, f"/pattern/{ident}")


def _known(tables: Tables, states: pl.DataFrame) -> pl.DataFrame:
    known = with_states(tables.read(LOG_PATTERNS), states)
    rising, rare = (pl.col("trend") >= RISING).fill_null(value=False), pl.col("rarity") >= RARE
    return known.with_columns(rising=rising, rare=rare)


def _chosen(known: pl.DataFrame, severity: str, state: str, kind: str, source: str, text: str) -> pl.DataFrame:
    found = known
    if severity:
        found = found.filter(pl.col("severity") == severity)
    if state not in ("", "all"):
        found = found.filter(pl.col("state") == state)
    if kind:
        columns = {"new": "is_new", "rising": "rising", "rare": "rare", "reopened": "regressed"}
        found = found.filter(pl.col(columns[kind])) if kind in columns else found.clear()
    if source:
        found = found.filter(pl.col("sources").list.contains(source))
    if text:
        found = found.filter(pl.col("named_template").str.to_lowercase().str.contains(text.lower(), literal=True))
    order = pl.col("severity").replace_strict(SEVERITY_RANK, return_dtype=pl.Int8)
    return found.sort(order, "frequency", "pattern_id", descending=[True, True, False])


def _named(known: pl.DataFrame, told: str) -> dict[str, Any]:
    """The pattern of that id, or what it became."""
    former = pl.col("formerly").list.eval(pl.element().struct.field("pattern_id")).list.contains(told)
    for rule in (pl.col("pattern_id") == told, former):
        found = known.filter(rule)
        if found.height:
            return found.row(0, named=True)
    raise ProblemError(404, f"There is no pattern {told}.", "The page of patterns lists them.")


def _hours(tables: Tables, row: dict[str, Any]) -> pl.DataFrame:
    """Events by the hour; hours without any between are zeros. Columns: hour, events."""
    mine = pl.col("shape_id").is_in(row["shapes"]) & pl.col("hour").is_not_null()
    shapes = tables.scan(LOG_SHAPES).filter(mine).select("hour", "events")
    counted = shapes.group_by("hour").agg(pl.col("events").sum()).sort("hour").collect()
    if counted.height < 2:
        return counted
    return counted.upsample("hour", every="1h").with_columns(pl.col("events").fill_null(0)).tail(MOST_HOURS)


def _day(told: str, today: date) -> date:
    try:
        end = date.fromisoformat(told)
    except ValueError as error:
        raise InputError("That is no day.", "Write it as 2026-01-31.") from error
    if end <= today:
        raise InputError(f"A mute until {end} would be over already.", "Name a later day.")
    return end
