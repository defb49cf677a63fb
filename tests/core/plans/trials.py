"""Histories of builds with a plan for their failure, for the tests of outcomes and of templates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from banana_assets.core.builds.clusters import failure_clusters
from banana_assets.core.plans.outcomes import STEPS, plan_outcomes
from banana_assets.core.plans.types import Plan, Prediction, Subtask
from banana_assets.core.tables import OPTIMIZATION_RECOMMENDATIONS, PLANS
from tests.core.metrics.frames import at, builds, failures

FINGERPRINT = "f1"
THREE_STEPS = (
    Subtask("s1", "inspect", "Look.", "It is known.", 5),
    Subtask("s2", "change", "Add `yaml`.", "It is there.", 5, ("s1",)),
    Subtask("s3", "verify", "Run it.", "It is green.", 5, ("s2",)),
)


def history(word: str, step_hours: float = 1, **facts: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(builds, clusters) of one build an hour: ``R`` failed so, ``.`` green, ``o`` failed otherwise."""
    rows, failed = [], []
    for k, letter in enumerate(word):
        when = at(k * step_hours)
        row = {"build_id": f"b{k:03d}", "finished_at": when, "started_at": when - timedelta(minutes=5),
               "commit_sha": f"c{k}", "status": "success" if letter == "." else "failed"} | facts  # fmt: skip
        rows.append(row)
        if letter != ".":
            other = letter == "o"
            failed.append({"build_id": row["build_id"], "failed_at": when, "log_sha256": f"{k:064x}",
                           "fingerprint": "other" if other else FINGERPRINT,
                           "category": "disk_full" if other else "missing_dependency",
                           "cause_text": "No space left on device" if other else "No module named 'yaml'"})  # fmt: skip
    return merged(rows, failed)


def merged(rows: list[dict[str, Any]], failed: list[dict[str, Any]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    runs = builds([dict(r) for r in rows])
    return runs, failure_clusters(failures(failed), runs)


def a_plan(ident: str = "p1", made: datetime | None = None, **more: Any) -> Plan:
    made = made or at(3)
    values: dict[str, Any] = {
        "plan_id": ident, "kind": "failure", "goal": "Make yaml there", "subject": FINGERPRINT,
        "approach": "Declare it.",
        "subtasks": THREE_STEPS,
        "risks": (), "fallback_plan": "", "prediction": Prediction(FINGERPRINT, "It stops.", made + timedelta(days=7)),
        "planner": "deterministic", "created_at": made,
    }  # fmt: skip
    return Plan(**values | more)


def steps_of(
    *told: tuple[str, float | None, float | None], plan_id: str = "p1", names: Iterable[str] = ("s1", "s2", "s3")
) -> pl.DataFrame:
    """Steps (status, started, ended), in order; those not told of are pending."""
    rows = []
    for n, name in enumerate(names):
        status, begun, end = told[n] if n < len(told) else ("pending", None, None)
        start, stop = (None if t is None else at(t) for t in (begun, end))
        rows.append({"plan_id": plan_id, "step_id": name, "status": status, "started_at": start, "ended_at": stop,
                     "changed_at": stop or start or at(3)})  # fmt: skip
    return pl.DataFrame(rows, schema=STEPS)


def done(begun: float, end: float, plan_id: str = "p1") -> pl.DataFrame:
    return steps_of(*[("completed", begun, end)] * 3, plan_id=plan_id)


def plan_frame(*plans: Plan) -> pl.DataFrame:
    return PLANS.conform(pl.DataFrame([p.row() for p in plans], schema=PLANS.dtypes))


def outcomes(
    found: tuple[pl.DataFrame, pl.DataFrame],
    steps: pl.DataFrame,
    *plans: Plan,
    hours: float = 24 * 30,
    recommendations: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """PLAN_OUTCOMES as of so many hours after the first build."""
    advice = OPTIMIZATION_RECOMMENDATIONS.empty() if recommendations is None else recommendations
    return plan_outcomes(plan_frame(*(plans or (a_plan(),))), steps, *found, advice, as_of=at(hours))


def outcome(found: tuple[pl.DataFrame, pl.DataFrame], steps: pl.DataFrame, *plans: Plan, **more: Any) -> dict[str, Any]:
    """The row of the first plan."""
    return outcomes(found, steps, *plans, **more).sort("plan_id").row(0, named=True)
