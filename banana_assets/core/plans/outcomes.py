"""What became of plans: fixed, recurred, not tried or unknowable, as later builds say, within each plan's horizon.

A verdict depends on the builds and on what people recorded of the steps, not on the order in which either arrived. What
failures of the class do without a plan stands beside it (``base_rates``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from banana_assets.core.plans.base_rates import base_rates
from banana_assets.core.plans.following import Following, following
from banana_assets.core.plans.trial import Failure, History
from banana_assets.core.plans.verdicts import Case, Verdict, of_failure, of_goal, of_recommendation
from banana_assets.core.schema import Type
from banana_assets.core.tables.common import UTC
from banana_assets.core.tables.outcomes import PLAN_OUTCOMES

HORIZON_DAYS = 7.0
LONGEST_DAYS = 90.0

_STEPS: dict[str, Type] = {
    "plan_id": pl.String,
    "step_id": pl.String,
    "status": pl.String,
    "started_at": UTC,
    "ended_at": UTC,
    "changed_at": UTC,
}
STEPS = pl.Schema(_STEPS)
"""Where the steps of plans stand, a row a step."""


def plan_outcomes(
    plans: pl.DataFrame,
    steps: pl.DataFrame,
    builds: pl.DataFrame,
    clusters: pl.DataFrame,
    recommendations: pl.DataFrame,
    *,
    as_of: datetime,
) -> pl.DataFrame:
    """PLAN_OUTCOMES out of PLANS, STEPS, BUILDS, FAILURE_CLUSTERS and OPTIMIZATION_RECOMMENDATIONS.

    A row a plan that does not abstain. ``as_of`` is now: it decides which horizons have ended, and nothing else.
    """
    history = History(builds)
    rows = plans.filter(pl.col("status") != "abstained").sort("plan_id").to_dicts()
    told: dict[str, list[dict[str, Any]]] = {}
    for step in steps.iter_rows(named=True):
        told.setdefault(step["plan_id"], []).append(step)
    followed = {p["plan_id"]: following(p["status"], p["subtasks"], told.get(p["plan_id"], [])) for p in rows}
    known = _known(clusters)
    homes = {p["plan_id"]: _home(p, known) for p in rows if p["kind"] == "failure"}
    failures = {c["cluster_id"]: Failure.of(c, history) for c in homes.values() if c}
    advice = {r["recommendation_id"]: r for r in recommendations.iter_rows(named=True)}
    replaced = {p["supersedes"] for p in rows if p["supersedes"]}
    begun = _begun(followed, homes)
    bases = base_rates(
        clusters, history, {c: min(at) for c, at in begun.items()}, as_of, {horizon(p) for p in rows} | {HORIZON_DAYS}
    )
    shares = {(b["category"], b["horizon_days"]): b for b in bases.iter_rows(named=True)}
    made = []
    for plan in rows:
        ident, mine = plan["plan_id"], followed[plan["plan_id"]]
        home = homes.get(ident)
        others = [at for at in begun.get(home["cluster_id"], []) if at != mine.begun_at] if home else []
        case = Case(plan, mine, history, as_of, timedelta(days=horizon(plan)), others, ident in replaced)
        if plan["kind"] == "failure":
            verdict = of_failure(case, failures.get(home["cluster_id"]) if home else None)
            category = home["category"] if home else None
        else:
            row = advice.get(plan["subject"])
            verdict = of_recommendation(case, row) if plan["kind"] == "recommendation" else of_goal(case)
            category = row["recommendation_type"] if row else None
        made.append(_row(case, verdict, home, category, shares.get((category or "", horizon(plan)))))
    return PLAN_OUTCOMES.conform(pl.DataFrame(made, schema=PLAN_OUTCOMES.dtypes))


def horizon(plan: Mapping[str, Any]) -> float:
    """How long builds are waited for after a plan was done (days): as long as from when it was made to when its
    prediction is to be decided, one day to LONGEST_DAYS; HORIZON_DAYS where it says nothing."""
    by = plan["prediction"]["decide_by"]
    if by is None or by <= plan["created_at"]:
        return HORIZON_DAYS
    days = (by - plan["created_at"]) / timedelta(days=1)
    return float(min(max(round(days), 1), LONGEST_DAYS))


def _known(clusters: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Each cluster by its id, by those that were merged into it, and by its fingerprints."""
    rows = clusters.sort("cluster_id").to_dicts()
    known: dict[str, dict[str, Any]] = {}
    for row in rows:
        known[row["cluster_id"]] = row
    for row in rows:
        for former in row["formerly"]:
            if former["kind"] == "merged":
                known.setdefault(former["cluster_id"], row)
    for row in rows:
        for member in row["fingerprints"]:
            known.setdefault(member["fingerprint"], row)
    return known


def _home(plan: Mapping[str, Any], known: Mapping[str, dict[str, Any]]) -> dict[str, Any] | None:
    return known.get(plan["subject"]) or known.get(plan["prediction"]["fingerprint"] or "")


def _begun(followed: Mapping[str, Following], homes: Mapping[str, dict[str, Any] | None]) -> dict[str, list[datetime]]:
    """When plans for each cluster were begun."""
    begun: dict[str, list[datetime]] = {}
    for ident, home in homes.items():
        at = followed[ident].begun_at
        if home and at is not None:
            begun.setdefault(home["cluster_id"], []).append(at)
    return begun


def _row(
    case: Case,
    verdict: Verdict,
    home: Mapping[str, Any] | None,
    category: str | None,
    base: Mapping[str, Any] | None,
) -> dict[str, Any]:
    plan, mine, seen = case.plan, case.mine, verdict.seen
    return {
        "plan_id": plan["plan_id"],
        "kind": plan["kind"],
        "subject": plan["subject"],
        "cluster_id": home["cluster_id"] if home else None,
        "category": category,
        "outcome": verdict.outcome,
        "why": verdict.why,
        "counts": verdict.counts,
        "final": verdict.outcome != "open" and (verdict.decide_by is None or case.as_of >= verdict.decide_by),
        "state": mine.state,
        "begun_at": mine.begun_at,
        "in_place_at": mine.in_place_at,
        "done_at": mine.done_at,
        "horizon_days": horizon(plan),
        "decide_by": verdict.decide_by,
        "decided_at": verdict.decided_at,
        "decided_by": list(verdict.decided_by),
        "clean_builds": len(seen.clean) if seen else 0,
        "needed_builds": seen.past.needed if seen else None,
        "chance": seen.chance if seen else None,
        "past_failures": seen.past.failures if seen else 0,
        "past_builds": seen.past.builds if seen else 0,
        "failed_otherwise": seen.otherwise if seen else 0,
        "came_back_at": verdict.came_back_at,
        "planner": plan["planner"],
        "model_used": plan["model_used"],
        "template_id": plan["template_id"],
        "base_n": base["failures"] if base else 0,
        "base_gone": base["gone"] if base else 0,
        "base_weight": base["weight"] if base else 0.0,
        "base_rate": base["rate"] if base else None,
        "base_low": base["low"] if base else 0.0,
        "base_high": base["high"] if base else 1.0,
    }
