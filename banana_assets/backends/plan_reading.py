"""Reading the records of plans: what was planned, and where each plan and each step stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
import polars as pl

from banana_assets.backends.records.rows import Rows, among
from banana_assets.core.errors import InputError
from banana_assets.core.ids import begun
from banana_assets.core.plans.types import Plan
from banana_assets.core.schema import Type
from banana_assets.core.tables.common import UTC
from banana_assets.core.tables.plans import PLANS
from banana_assets.core.vocabulary import PLAN_KINDS

_STEPS: dict[str, Type] = {
    "plan_id": pl.String,
    "step_id": pl.String,
    "status": pl.String,
    "note": pl.String,
    "run_id": pl.String,
    "approved_at": UTC,
    "approved_by": pl.String,
    "started_at": UTC,
    "ended_at": UTC,
    "changed_at": UTC,
    "changed_by": pl.String,
}
STEPS = pl.Schema(_STEPS)
"""Columns of ``PlanReading.steps``."""

_FIGURES: dict[str, Type] = {
    "plan_id": pl.String,
    "kind": pl.String,
    "goal": pl.String,
    "status": pl.String,
    "optimization_score": pl.Float64,
    "resource_efficiency": pl.Float64,
    "created_at": UTC,
}
FIGURES = pl.Schema(_FIGURES)
"""Columns of ``PlanReading.figures``."""


class PlanReading:
    """The plans of a store, for whoever only reads them."""

    def __init__(self, records: Rows) -> None:
        self.records = records

    def plan(self, plan_id: str) -> Plan | None:
        """The plan of that id with its status of now; None where there is none."""
        found = self._load(" WHERE plan_id = :plan_id", {"plan_id": plan_id})
        return found[0] if found else None

    def find(self, told: str) -> str:
        """The id of the one plan whose id is so, or begins so. Raises InputError where there is none, or several."""
        ids = self.records.beginning(told, "planner_results", "plan_id")
        return begun(told, ids, "plan", "`banana plans` lists them.")

    def plans(self, *, kind: str | None = None, subjects: Sequence[str] | None = None, after: int = 0) -> pl.DataFrame:
        """The plans (PLANS) in the order in which they were made, with their status of now.

        Those of a kind, of these subjects, or past the cursor ``after``. Raises InputError for an unknown kind.
        """
        if kind is not None and kind not in PLAN_KINDS:
            raise InputError(f"There is no kind of plan {kind}.", f"Use one of {', '.join(PLAN_KINDS)}.")
        where, values = " WHERE seq > :after", dict[str, Any](after=after)
        if kind is not None:
            where, values = f"{where} AND kind = :kind", values | {"kind": kind}
        if subjects is not None:
            these, named = among(subjects)
            where, values = f"{where} AND subject IN {these}", values | named
        rows = [plan.row() for plan in self._load(where, values)]
        return PLANS.conform(pl.DataFrame(rows, schema=PLANS.dtypes)) if rows else PLANS.empty()

    def figures(self) -> pl.DataFrame:
        """What every plan scored and where it stands, in the order in which they were made (FIGURES)."""
        return self.records.frame(FIGURES, f"SELECT {', '.join(FIGURES)} FROM planner_results ORDER BY seq")

    def cursor(self) -> int:
        """The cursor past the newest plan: give it to ``plans(after=...)`` later."""
        return self.records.rows("SELECT max(seq) FROM planner_results")[0][0] or 0

    def latest(self, kind: str, subject: str) -> Plan | None:
        """The newest plan about that subject."""
        found = self._load(" WHERE kind = :kind AND subject = :subject", {"kind": kind, "subject": subject})
        return found[-1] if found else None

    def steps(self, plan_id: str | None = None) -> pl.DataFrame:
        """Where the steps of a plan stand, or those of all plans (STEPS), in the order of the steps."""
        where = "" if plan_id is None else " WHERE plan_id = :plan_id"
        order = "plan_id, length(step_id), step_id"
        statement = f"SELECT {', '.join(STEPS)} FROM plan_steps{where} ORDER BY {order}"
        return self.records.frame(STEPS, statement, {} if plan_id is None else {"plan_id": plan_id})

    def _load(self, where: str, values: dict[str, Any]) -> list[Plan]:
        statement = f"SELECT plan_json, status FROM planner_results{where} ORDER BY seq"
        return [_plan(text, status) for text, status in self.records.rows(statement, values)]


def _plan(text: str, status: str) -> Plan:
    row = orjson.loads(text) | {"status": status}
    row["created_at"] = datetime.fromisoformat(row["created_at"])
    by = row["prediction"]["decide_by"]
    row["prediction"]["decide_by"] = datetime.fromisoformat(by) if by else None
    return Plan.of_row(row)
