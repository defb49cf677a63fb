"""What models' plans were worth: held at once, held after repair, had to be replaced; and what builds said of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl

from banana_assets.core.metrics.rates import wilson
from banana_assets.core.models.quality import FLOOR
from banana_assets.core.plans.template_counts import DECIDED
from banana_assets.core.schema import Type

PLAN, REPAIR = "plan", "plan_repair"
"""The tasks of calls that ask for a plan, and for the repair of one that did not hold."""

_QUALITY: dict[str, Type] = {
    "model": pl.String,
    "category": pl.String,
    "asked": pl.Int64,
    "planned": pl.Int64,
    "valid_first": pl.Int64,
    "repaired": pl.Int64,
    "fell": pl.Int64,
    "decided": pl.Int64,
    "fixed": pl.Int64,
    "rate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}
_COUNTS = [name for name, kind in _QUALITY.items() if kind == pl.Int64]
MODEL_QUALITY = pl.Schema(_QUALITY)
"""A row a model (``provider/name``; FLOOR for plans without one) and class of failure. Of the failures that it was
``asked`` about, it ``planned`` so many; of these, ``valid_first`` at once and ``repaired`` after one more question; for
those it ``fell`` back from, a plan was made without it. ``fixed`` of ``decided`` by later builds, with the 95 % Wilson
interval."""


def quality_by_model(plans: pl.DataFrame, outcomes: pl.DataFrame, calls: pl.DataFrame | None = None) -> pl.DataFrame:
    """MODEL_QUALITY out of PLANS, PLAN_OUTCOMES and LLM_CALLS; of plans for failures.

    A call belongs to the first plan for its subject that was made after it. What was decided is told by outcomes alone.
    """
    told = {row["plan_id"]: row for row in outcomes.iter_rows(named=True)}
    asked = _asked(calls)
    since: dict[str, datetime] = {}
    counts: dict[tuple[str, str], dict[str, int]] = {}
    made = plans.filter((pl.col("kind") == "failure") & (pl.col("status") != "abstained"))
    for plan in made.sort("created_at", "plan_id").iter_rows(named=True):
        outcome = told.get(plan["plan_id"])
        mine = [c for c in asked.get(plan["subject"], []) if _within(c, since.get(plan["subject"]), plan["created_at"])]
        since[plan["subject"]] = plan["created_at"]
        category = (outcome or {}).get("category") or next((c["category"] for c in mine), "")
        maker = plan["model_used"] if plan["model_used"] not in ("none", "") else FLOOR
        for model in {c["by"] for c in mine} | {maker}:
            row = counts.setdefault((model, category), dict.fromkeys(_COUNTS, 0))
            row["asked"] += 1
            if model != maker:
                row["fell"] += 1
                continue
            row["planned"] += 1
            again = any(c["by"] == model and c["task"] == REPAIR for c in mine)
            row["repaired" if again else "valid_first"] += 1
            if outcome and outcome["outcome"] in DECIDED:
                row["decided"] += 1
                row["fixed"] += outcome["outcome"] == "fixed"
    rows = [{"model": model, "category": category, **row, **_rate(row)} for (model, category), row in counts.items()]
    return pl.DataFrame(rows, schema=MODEL_QUALITY).sort("model", "category")


def _asked(calls: pl.DataFrame | None) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    if calls is None:
        return found
    known = calls.filter(pl.col("task").is_in([PLAN, REPAIR]) & (pl.col("provider") != FLOOR))
    for row in known.sort("started_at").iter_rows(named=True):
        found.setdefault(row["subject"], []).append(row | {"by": f"{row['provider']}/{row['model']}"})
    return found


def _within(call: Mapping[str, Any], after: datetime | None, by: datetime) -> bool:
    return call["started_at"] <= by and (after is None or call["started_at"] > after)


def _rate(row: Mapping[str, int]) -> dict[str, float | None]:
    low, high = wilson(row["fixed"], row["decided"])
    return {"rate": row["fixed"] / row["decided"] if row["decided"] else None, "low": low, "high": high}
