"""Records of plans: what was planned, word for word as it was validated, and where each plan and each step stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from banana_assets.backends.plan_reading import PlanReading
from banana_assets.backends.records import plan_tables as t
from banana_assets.backends.records.engine import EngineRows, writing
from banana_assets.core.errors import InputError
from banana_assets.core.plans.standing import plan_status
from banana_assets.core.plans.types import Plan
from banana_assets.core.vocabulary import PLAN_STATUSES, STEP_STATUSES

SYSTEM = "banana"
"""Who changed a record that no person changed."""

_OVER = ("completed", "failed", "cancelled")
_AFRESH = dict.fromkeys(("started_at", "ended_at", "run_id", "approved_at", "approved_by", "note"))


class PlanRecords(PlanReading):
    """The plans of a store, over the engine of its records."""

    def __init__(self, engine: sa.Engine) -> None:
        super().__init__(EngineRows(engine))
        self.engine = engine

    def save(self, plan: Plan) -> None:
        """Keep a plan and its steps. A plan that is there already stays as it is, and so does where it stands."""
        self.save_all([plan])

    def save_all(self, plans: Sequence[Plan]) -> None:
        """Keep these plans in one transaction."""
        if not plans:
            return
        r, s = t.planner_results, t.plan_steps
        with writing(self.engine) as connection:
            ids = [plan.plan_id for plan in plans]
            known = set(connection.execute(sa.select(r.c.plan_id).where(r.c.plan_id.in_(ids))).scalars())
            seq = connection.execute(sa.select(sa.func.max(r.c.seq))).scalar() or 0
            new = {plan.plan_id: plan for plan in plans if plan.plan_id not in known}
            if not new:
                return
            connection.execute(sa.insert(r), [_row(plan, seq + n) for n, plan in enumerate(new.values(), 1)])
            steps = [_step_row(plan, step.id) for plan in new.values() for step in plan.subtasks]
            if steps:
                connection.execute(sa.insert(s), steps)

    def set_status(
        self, plan_id: str, status: str, *, by: str, at: datetime, check: Callable[[str], object] | None = None
    ) -> None:
        """Say where a whole plan stands. When it is over so are the steps that were not; when it is pending again all
        its steps are, and nobody has approved or noted anything of them.

        ``check`` sees the plan's status just before the change, and may raise (``core.plans.pathways``). Raises
        InputError for an unknown status or plan, a plan that abstained, and one made pending while the run of a step
        goes on.
        """
        _known(status, tuple(word for word in PLAN_STATUSES if word != "abstained"))
        c = t.plan_steps.c
        with writing(self.engine) as connection:
            now = self._changeable(connection, plan_id)
            if check is not None:
                check(now)
            mine = c.plan_id == plan_id
            if status in _OVER:
                open_ = sa.and_(mine, c.status.not_in(_OVER))
                # A failed plan does not say that a step failed which was never begun.
                ended = "completed" if status == "completed" else "cancelled"
                connection.execute(sa.update(t.plan_steps).where(open_).values(**_changed(ended, by, at), ended_at=at))
            elif status == "pending":
                _no_run(connection, plan_id, mine)
                again = {**_changed(status, by, at), **_AFRESH}
                connection.execute(sa.update(t.plan_steps).where(mine).values(again))
            self._set_plan(connection, plan_id, status, by, at)

    def set_step(
        self,
        plan_id: str,
        step_id: str,
        status: str,
        *,
        by: str,
        at: datetime,
        note: str | None = None,
        run_id: str | None = None,
        check: Callable[[Mapping[str, str]], None] | None = None,
    ) -> str:
        """Say where a step stands; the plan's status follows its steps (``core.plans.standing``) and is returned.

        ``check`` sees the status of every step just before the change, and may raise (``core.plans.pathways``).
        A step that is pending again is as it was at first, and one that is begun has that run or none. Raises
        InputError for an unknown status, plan or step, and for a step made pending while its run goes on.
        """
        _known(status, STEP_STATUSES)
        values = _changed(status, by, at)
        values |= _AFRESH if status == "pending" else {}
        values |= {"run_id": None} if status == "running" else {}
        values |= {"note": note} if note is not None else {}
        values |= {"run_id": run_id} if run_id is not None else {}
        values |= {"ended_at": at if status in _OVER else None}
        c = t.plan_steps.c
        with writing(self.engine) as connection:
            self._changeable(connection, plan_id)
            if check is not None:
                found = connection.execute(sa.select(c.step_id, c.status).where(c.plan_id == plan_id))
                check({row.step_id: row.status for row in found})
            if status == "pending":
                _no_run(connection, plan_id, sa.and_(c.plan_id == plan_id, c.step_id == step_id))
            self._set_step(connection, plan_id, step_id, values)
            if status == "running":
                begun = sa.and_(c.plan_id == plan_id, c.step_id == step_id)
                connection.execute(sa.update(t.plan_steps).where(begun).values(started_at=at))
            of_steps = connection.execute(sa.select(c.status).where(c.plan_id == plan_id)).scalars()
            now = plan_status(list(of_steps))
            self._set_plan(connection, plan_id, now, by, at)
        return now

    def approve(self, plan_id: str, step_id: str, *, by: str, at: datetime) -> None:
        """Say who lets a step be launched here. Raises InputError for an unknown plan or step."""
        with writing(self.engine) as connection:
            self._changeable(connection, plan_id)
            values = {"approved_at": at, "approved_by": by, "changed_at": at, "changed_by": by}
            self._set_step(connection, plan_id, step_id, values)

    def _changeable(self, connection: sa.Connection, plan_id: str) -> str:
        """The plan's status."""
        c = t.planner_results.c
        status = connection.execute(sa.select(c.status).where(c.plan_id == plan_id)).scalar()
        if status is None:
            raise InputError(f"There is no plan {plan_id}.", "`banana plans` lists them.")
        if status == "abstained":
            raise InputError(f"The plan {plan_id} abstained: it has no step to do.", "`banana plans` lists the others.")
        return str(status)

    def _set_plan(self, connection: sa.Connection, plan_id: str, status: str, by: str, at: datetime) -> None:
        c = t.planner_results.c
        connection.execute(sa.update(t.planner_results).where(c.plan_id == plan_id).values(_changed(status, by, at)))

    def _set_step(self, connection: sa.Connection, plan_id: str, step_id: str, values: Mapping[str, Any]) -> None:
        c = t.plan_steps.c
        mine = sa.and_(c.plan_id == plan_id, c.step_id == step_id)
        if not connection.execute(sa.update(t.plan_steps).where(mine).values(dict(values))).rowcount:
            raise InputError(f"The plan {plan_id} has no step {step_id}.", f"`banana plan show {plan_id}` lists them.")


def _row(plan: Plan, seq: int) -> dict[str, Any]:
    return {
        "plan_id": plan.plan_id,
        "seq": seq,
        "kind": plan.kind,
        "subject": plan.subject,
        "goal": plan.goal,
        "context": plan.context,
        "plan_json": orjson.dumps(plan.row()).decode(),
        "status": plan.status,
        "planner": plan.planner,
        "model_used": plan.model_used,
        "subtask_count": len(plan.subtasks),
        "estimated_minutes": sum(step.estimated_minutes for step in plan.subtasks),
        "optimization_score": plan.optimization_score,
        "resource_efficiency": plan.resource_efficiency,
        "template_id": plan.template_id,
        "supersedes": plan.supersedes,
        "created_at": plan.created_at,
        "changed_at": plan.created_at,
        "changed_by": SYSTEM,
    }


def _step_row(plan: Plan, step_id: str) -> dict[str, Any]:
    return {
        "plan_id": plan.plan_id,
        "step_id": step_id,
        "status": "pending",
        "changed_at": plan.created_at,
        "changed_by": SYSTEM,
    }


def _changed(status: str, by: str, at: datetime) -> dict[str, Any]:
    return {"status": status, "changed_at": at, "changed_by": by}


def _no_run(connection: sa.Connection, plan_id: str, of: sa.ColumnElement[bool]) -> None:
    """Raises InputError while one of these steps is carried out by a run."""
    c = t.plan_steps.c
    query = sa.select(c.step_id, c.run_id).where(of, c.status == "running", c.run_id.is_not(None)).order_by(c.step_id)
    row = connection.execute(query).first()
    if row is not None:
        raise InputError(
            f"Step {row.step_id} is being carried out by run {row.run_id}.",
            f"Wait for its end; where nothing runs any more, `banana plan fail {plan_id} {row.step_id}` says so.",
        )


def _known(status: str, allowed: tuple[str, ...]) -> None:
    if status not in allowed:
        raise InputError(f"There is no status {status}.", f"Use one of {', '.join(allowed)}.")
