"""Plans: what is proposed, how far people are with it, what it rests on, and what became of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
import polars as pl
from fastapi import APIRouter, Form, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from banana_assets.backends.listings import outward
from banana_assets.backends.plan_records import PlanRecords
from banana_assets.backends.standing_rows import plan_rows, plans_stamp
from banana_assets.core.errors import InputError
from banana_assets.core.plans import export as exports
from banana_assets.core.plans.pathways import MOVES, Standing, check, moved, progress, standing
from banana_assets.core.plans.types import Plan
from banana_assets.core.safety.serving import served
from banana_assets.core.tables import PLAN_OUTCOMES, PLAN_TEMPLATES
from banana_assets.core.vocabulary import PLAN_KINDS, PLAN_STATUSES
from banana_assets.interfaces.api.answering import JSON, service_of
from banana_assets.interfaces.api.problems import ProblemError
from banana_assets.interfaces.dashboard.frame import page
from banana_assets.interfaces.dashboard.reading import PAGE, returning, table_page, versions
from banana_assets.interfaces.dashboard.viewing import Acting, Looking

router = APIRouter()
Ident = Annotated[str, Path(max_length=100)]
Move = Literal["start", "done", "fail", "cancel", "undo"]
ENTITY = {"markdown": ("text/markdown; charset=utf-8", "md"), "json": (JSON, "json")}


@router.get("/plans")
async def plans(
    request: Request,
    viewer: Looking,
    status: Annotated[str, Query(max_length=20)] = "",
    kind: Annotated[str, Query(max_length=20)] = "",
    start: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> Response:
    """Plans, the newest first, with what became of them; and the templates that came of them."""
    service = service_of(request)
    engine = service.store.engine

    def values() -> dict[str, Any]:
        rows, total = plan_rows(engine, status=status or None, kind=kind or None, start=start, limit=PAGE)
        outcomes = _outcomes(service.tables, [row["plan_id"] for row in rows])
        every = service.tables.scan(PLAN_OUTCOMES).select("outcome", "counts", "base_rate").collect()
        decided = every.filter(pl.col("counts") & pl.col("outcome").is_in(["fixed", "recurred"]))
        templates = service.tables.read(PLAN_TEMPLATES)
        return {
            "rows": [row | {"outcome": outcomes.get(row["plan_id"])} for row in rows],
            "total": total,
            "following": start + PAGE if start + PAGE < total else None,
            "told": {"status": status, "kind": kind},
            "asked": bool(status or kind),
            "statuses": PLAN_STATUSES,
            "kinds": PLAN_KINDS,
            "counts": dict(every.group_by("outcome").len().sort("outcome").iter_rows()),
            "decided": decided.height,
            "fixed": decided.filter(pl.col("outcome") == "fixed").height,
            "alone": decided["base_rate"].mean(),
            "templates": templates.sort("success_low", "template_id", descending=[True, False]).head(50).to_dicts(),
        }

    stamp = await run_in_threadpool(plans_stamp, engine)
    return await table_page(
        request, (*await versions(request, PLAN_OUTCOMES, PLAN_TEMPLATES), stamp), "plans.html", values
    )


@router.get("/plan/{plan_id}")
async def plan(request: Request, viewer: Looking, plan_id: Ident) -> Response:
    """One plan as a checklist, with what it rests on."""
    service = service_of(request)

    def values() -> dict[str, Any]:
        records = PlanRecords(service.store.engine)
        found = _plan(records, plan_id)
        steps = {row["step_id"]: row for row in records.steps(plan_id).to_dicts()}
        statuses = {ident: row["status"] for ident, row in steps.items()}
        evidence = exports.Evidence.of(found)
        shown = [
            {
                "step": one.step,
                "status": one.status,
                "waits_for": one.waits_for,
                "kept": steps.get(one.step.id),
                "moves": _moves(found, statuses, one),
                "numbers": list(dict.fromkeys(evidence.number(citation) for citation in one.step.citations)),
            }
            for one in standing(found, statuses)
        ]
        return {
            "plan": found,
            "steps": shown,
            "progress": progress(found, statuses),
            "done": sum(one["status"] == "completed" for one in shown),
            "minutes": sum(one.estimated_minutes for one in found.subtasks),
            "citations": list(enumerate(evidence.citations, 1)),
            "outcome": served(_outcomes(service.tables, [plan_id]).get(plan_id)),
        }

    return page(request, "plan.html", **await run_in_threadpool(values))


@router.post("/plan/{plan_id}/step/{step_id}")
async def move_step(
    request: Request,
    viewer: Acting,
    plan_id: Ident,
    step_id: Annotated[str, Path(max_length=40)],
    move: Annotated[Move, Form()],
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Say what became of a step; what waits for others is refused."""
    service = service_of(request)

    def keep() -> None:
        records = PlanRecords(service.store.engine)
        found = _plan(records, plan_id)
        status = moved(found, _statuses(records, plan_id), step_id, move)
        records.set_step(
            plan_id, step_id, status, by=viewer.caller.name, at=datetime.now(UTC), note=note.strip() or None,
            check=check(found, step_id, move),
        )  # fmt: skip

    await run_in_threadpool(keep)
    return returning("", f"/plan/{plan_id}#step-{step_id}")


@router.get("/plan/{plan_id}/export")
async def export(
    request: Request,
    viewer: Looking,
    plan_id: Ident,
    form: Annotated[Literal["markdown", "json"], Query(alias="as")] = "markdown",
) -> Response:
    """The plan as a file, to be taken elsewhere."""
    service = service_of(request)

    def written() -> bytes:
        records = PlanRecords(service.store.engine)
        found, statuses = _plan(records, plan_id), _statuses(records, plan_id)
        if form == "json":
            return orjson.dumps(exports.as_json(found, statuses), option=orjson.OPT_INDENT_2)
        return exports.markdown(found, statuses).encode()

    body = await run_in_threadpool(written)
    kind, ending = ENTITY[form]
    name = "".join(c for c in plan_id if c.isalnum())
    headers = {"content-disposition": f'attachment; filename="plan-{name}.{ending}"', "cache-control": "no-store"}
    return Response(body, media_type=kind, headers=headers)


def _plan(records: PlanRecords, plan_id: str) -> Plan:
    """The plan without secrets, and without where on this machine the files of logs lie."""
    found = records.plan(plan_id)
    if found is None:
        raise ProblemError(404, f"There is no plan {plan_id}.", "The page of plans lists them.")
    return Plan.of_row(served(outward(found.row())))


def _statuses(records: PlanRecords, plan_id: str) -> dict[str, str]:
    return {row["step_id"]: row["status"] for row in records.steps(plan_id).to_dicts()}


def _moves(found: Plan, statuses: dict[str, str], one: Standing) -> list[str]:
    """What may be said of a step now; one that waits for others can only be called off, or taken back."""
    said = ("cancel", "undo") if one.waits_for else tuple(MOVES)
    return [move for move in said if found.status != "abstained" and _may(found, statuses, one.step.id, move)]


def _may(found: Plan, statuses: dict[str, str], step_id: str, move: str) -> bool:
    try:
        moved(found, statuses, step_id, move)
    except InputError:
        return False
    return True


def _outcomes(tables: Any, plan_ids: list[str]) -> dict[str, dict[str, Any]]:
    rows = tables.scan(PLAN_OUTCOMES).filter(pl.col("plan_id").is_in(plan_ids)).collect()
    return {row["plan_id"]: row for row in rows.iter_rows(named=True)}
