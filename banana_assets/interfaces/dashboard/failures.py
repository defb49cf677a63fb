"""Failures: what failed alike is one, new ones first; and each with its cause, its builds and what to do about it."""

from __future__ import annotations

from typing import Annotated, Any

import polars as pl
import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Request
from markupsafe import Markup
from starlette.responses import Response

from banana_assets.backends.feed import ended_at
from banana_assets.backends.log_pages import LogPages
from banana_assets.backends.records import tables as t
from banana_assets.backends.records.engine import reading
from banana_assets.backends.records.plan_tables import planner_results
from banana_assets.backends.standing_rows import plans_stamp, report_rows
from banana_assets.backends.tables import Tables
from banana_assets.core.builds.titles import title_of
from banana_assets.core.safety.serving import served
from banana_assets.core.tables import (
    BUILD_FAILURES,
    FAILURE_CLUSTERS,
    OPTIMIZATION_RECOMMENDATIONS,
    PLAN_OUTCOMES,
)
from banana_assets.core.vocabulary import FAILURE_CATEGORIES
from banana_assets.interfaces.api.answering import service_of
from banana_assets.interfaces.api.problems import ProblemError
from banana_assets.interfaces.dashboard.build import cause_quotes, logs_of
from banana_assets.interfaces.dashboard.frame import kept_page
from banana_assets.interfaces.dashboard.reading import choices, paged, table_page, versions
from banana_assets.interfaces.dashboard.viewing import Looking

router = APIRouter()
STATES = ("open", "resolved")
MOST_BUILDS = 60


@router.get("/failures")
async def failures(
    request: Request,
    viewer: Looking,
    category: Annotated[str, Query(max_length=40)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    job: Annotated[str, Query(max_length=500)] = "",
    start: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> Response:
    """Clusters of failures, new ones first, with what is proposed for each."""
    service = service_of(request)
    tables = service.tables

    def values() -> dict[str, Any]:
        known = tables.read(FAILURE_CLUSTERS)
        found = known.sort(
            "is_new", pl.col("state") == "open", "last_seen", "cluster_id", descending=[True, True, True, False]
        )
        if category:
            found = found.filter(pl.col("category") == category)
        if state:
            found = found.filter(pl.col("state") == state)
        if job:
            found = found.filter(pl.col("jobs").list.contains(job))
        rows, following = paged(found, start)
        plans, advice = _plans(tables), _advice(tables)
        for row in rows:
            row["plan"] = plans.get(row["cluster_id"])
            row["advice"] = _first(advice, row)
        told = {"category": category, "state": state, "job": job}
        goals = _goals(service.store.engine, [row["plan"]["plan_id"] for row in rows if row["plan"]])
        return {
            "rows": rows,
            "goals": goals,
            "following": following,
            "total": found.height,
            "known": known.height,
            "told": told,
            "asked": any(told.values()),
            "categories": [word for word in FAILURE_CATEGORIES if word in set(known["category"])],
            "states": STATES,
            "jobs": choices(known["jobs"].explode(empty_as_null=False)),
        }

    rests_on = await versions(request, FAILURE_CLUSTERS, PLAN_OUTCOMES, OPTIMIZATION_RECOMMENDATIONS)
    return await table_page(request, rests_on, "failures.html", values)


@router.get("/failure/{cluster_id}")
async def failure(request: Request, viewer: Looking, cluster_id: Annotated[str, Path(max_length=100)]) -> Response:
    """One failure with its cause, its builds, its plans and what was reported of it."""
    service, logs = service_of(request), logs_of(request)

    def values() -> dict[str, Any]:
        row = _cluster(service.tables, cluster_id)
        named = list(reversed(row["builds"]))[:MOST_BUILDS]
        builds = _builds(service.store.engine, named)
        outcomes = service.tables.scan(PLAN_OUTCOMES).filter(pl.col("cluster_id") == row["cluster_id"]).collect()
        mine = pl.col("build_id") == row["last_build"]
        latest = service.tables.scan(BUILD_FAILURES).filter(mine).collect().to_dicts()
        plans = outcomes.sort("plan_id").to_dicts()
        newest = next((one for one in builds if one["build_id"] == row["last_build"]), None)
        told: dict[str, Any] = {
            "row": row,
            "builds": builds,
            "latest": latest[0] if latest else None,
            "outcomes": plans,
            "goals": _goals(service.store.engine, [one["plan_id"] for one in plans]),
            "advice": _first(_advice(service.tables), row),
            "reports": report_rows(service.store.engine, cluster_id=row["cluster_id"], limit=20),
        }
        shown: dict[str, Any] = served(told)
        # The quotes are markup whose text was masked where the log was read.
        return shown | {"quotes": _quotes(logs, newest, told["latest"])}

    rests_on = await versions(request, FAILURE_CLUSTERS, PLAN_OUTCOMES, OPTIMIZATION_RECOMMENDATIONS, BUILD_FAILURES)
    stamps = (service.reports.newest(), plans_stamp(service.store.engine))
    return await kept_page(request, (*rests_on, *stamps), "failure.html", values)


def _cluster(tables: Tables, told: str) -> dict[str, Any]:
    """The cluster of that id, or the one that it became, or the one of a fingerprint."""
    known = tables.read(FAILURE_CLUSTERS)
    former = pl.col("formerly").list.eval(pl.element().struct.field("cluster_id")).list.contains(told)
    prints = pl.col("fingerprints").list.eval(pl.element().struct.field("fingerprint")).list.contains(told)
    for rule in (pl.col("cluster_id") == told, former, prints):
        found = known.filter(rule)
        if found.height:
            return found.row(0, named=True)
    raise ProblemError(404, f"There is no failure {told}.", "The page of failures lists them.")


def _quotes(logs: LogPages, build: dict[str, Any] | None, failure: dict[str, Any] | None) -> list[Markup]:
    """The lines of the cause in the newest build; none where its log is there no more."""
    if build is None or failure is None or build["log_sha256"] is None:
        return []
    return cause_quotes(logs, build, failure, title_of(failure["reason"], failure["cause_text"]))


def _builds(engine: sa.Engine, ident: list[str]) -> list[dict[str, Any]]:
    """These builds as the records have them, with when they ended (``at``), in the order told."""
    with reading(engine) as connection:
        rows = connection.execute(sa.select(t.builds, ended_at.label("at")).where(t.builds.c.build_id.in_(ident)))
        known = {row.build_id: dict(row._mapping) for row in rows}
    return [known[one] for one in ident if one in known]


def _goals(engine: sa.Engine, plan_ids: list[str]) -> dict[str, str]:
    """What each of these plans is for."""
    c = planner_results.c
    with reading(engine) as connection:
        rows = connection.execute(sa.select(c.plan_id, c.goal).where(c.plan_id.in_(plan_ids)))
        return {row.plan_id: row.goal for row in rows}


def _plans(tables: Tables) -> dict[str, dict[str, Any]]:
    """The newest plan for each cluster, with what became of it."""
    columns = ["cluster_id", "plan_id", "outcome", "state", "decide_by"]
    rows = tables.scan(PLAN_OUTCOMES).drop_nulls("cluster_id").select(columns).collect()
    return {row["cluster_id"]: row for row in rows.sort("decide_by", nulls_last=False).iter_rows(named=True)}


def _advice(tables: Tables) -> dict[str, dict[str, Any]]:
    """The recommendation about each fingerprint."""
    columns = ["recommendation_id", "description", "status", "impact_score", "target"]
    rows = tables.scan(OPTIMIZATION_RECOMMENDATIONS).drop_nulls("created_at").select(columns).collect()
    about = [row for row in rows.iter_rows(named=True) if row["target"]["measure"] == "fingerprint_rate"]
    return {row["target"]["item"]: row for row in about}


def _first(advice: dict[str, dict[str, Any]], cluster: dict[str, Any]) -> dict[str, Any] | None:
    names = [cluster["cluster_id"], *(one["fingerprint"] for one in cluster["fingerprints"])]
    return next((advice[name] for name in names if name in advice), None)
