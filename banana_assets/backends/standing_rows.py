"""Rows of the records as they stand now, a page at a time: plans with where they are, reports with who sent them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from banana_assets.backends.records.api_tables import reports
from banana_assets.backends.records.engine import reading
from banana_assets.backends.records.plan_tables import plan_steps, planner_results

_SHOWN = (
    "plan_id",
    "kind",
    "goal",
    "subject",
    "status",
    "planner",
    "model_used",
    "subtask_count",
    "estimated_minutes",
    "optimization_score",
    "created_at",
)


def plan_rows(
    engine: sa.Engine, *, status: str | None = None, kind: str | None = None, start: int = 0, limit: int = 50
) -> tuple[list[dict[str, Any]], int]:
    """Plans without their text, the newest first, each with ``done`` of its steps; and how many there are of these."""
    c, s = planner_results.c, plan_steps.c
    where = [c.status == status] if status else []
    where += [c.kind == kind] if kind else []
    done = (
        sa.select(sa.func.count())
        .where(s.plan_id == c.plan_id, s.status == "completed")
        .correlate(planner_results)
        .scalar_subquery()
    )
    query = sa.select(*(c[name] for name in _SHOWN), done.label("done")).where(*where).order_by(c.seq.desc())
    with reading(engine) as connection:
        rows = [dict(row._mapping) for row in connection.execute(query.limit(limit).offset(start))]
        total = connection.execute(sa.select(sa.func.count()).select_from(planner_results).where(*where)).scalar_one()
    return rows, total


def plans_stamp(engine: sa.Engine) -> tuple[int, datetime | None]:
    """What changes whenever a plan is made, or stands elsewhere."""
    c = planner_results.c
    with reading(engine) as connection:
        count, changed = connection.execute(sa.select(sa.func.count(), sa.func.max(c.changed_at))).one()
    return count, changed


def report_rows(engine: sa.Engine, *, cluster_id: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """The newest reports of coding agents: unverified words, with who sent them."""
    c = reports.c
    where = [c.cluster_id == cluster_id] if cluster_id else []
    query = sa.select(reports).where(*where).order_by(c.id.desc()).limit(limit)
    with reading(engine) as connection:
        return [
            dict(row._mapping) | {"recommendations": orjson.loads(row.recommendations)}
            for row in connection.execute(query)
        ]
