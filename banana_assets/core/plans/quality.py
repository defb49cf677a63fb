"""What models' plans were worth: held at once, held at the second try, or replaced; and what builds said of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from banana_assets.core.metrics.rates import wilson
from banana_assets.core.models.quality import FLOOR
from banana_assets.core.schema import Type

AGAIN = "A first answer had faults; this is the second."
"""The issue of a plan that a model put right."""

NOT_USED = "Answer {attempt} of {model} was not used: {faults}"
"""The issue of a plan that stands in for a model's."""

_NOT_USED = re.compile(r"Answer \d+ of (\S+) was not used: ")

_QUALITY: dict[str, Type] = {
    "model": pl.String,
    "category": pl.String,
    "asked": pl.Int64,
    "valid_first": pl.Int64,
    "repaired": pl.Int64,
    "fell": pl.Int64,
    "decided": pl.Int64,
    "fixed": pl.Int64,
    "rate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}
MODEL_QUALITY = pl.Schema(_QUALITY)
"""A row a model (``provider/name``; FLOOR for plans without one) and class of failure, ``model, category, decided,
fixed`` as ``core.models.quality.QUALITY``. Of the plans that it was ``asked`` for and answered, ``valid_first`` held at
once and ``repaired`` at the second try; for those it ``fell`` short of, the plan without a model stands. ``fixed`` of
``decided`` by later builds, with the 95 % Wilson interval."""

_COUNTS = [name for name, kind in _QUALITY.items() if kind == pl.Int64]


def quality_by_model(plans: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    """MODEL_QUALITY out of PLANS and PLAN_OUTCOMES, of plans for failures."""
    told = {row["plan_id"]: row for row in outcomes.iter_rows(named=True)}
    counts: dict[tuple[str, str], dict[str, int]] = {}
    made = plans.filter((pl.col("kind") == "failure") & (pl.col("status") != "abstained"))
    for plan in made.iter_rows(named=True):
        outcome: Mapping[str, Any] = told.get(plan["plan_id"], {})
        category = outcome.get("category") or ""
        maker = FLOOR if plan["model_used"] in ("none", "") else plan["model_used"]
        said = [issue["message"] for issue in plan["issues"]]
        for model in {m[1] for text in said if (m := _NOT_USED.match(text))} - {maker}:
            row = counts.setdefault((model, category), dict.fromkeys(_COUNTS, 0))
            row["asked"] += 1
            row["fell"] += 1
        row = counts.setdefault((maker, category), dict.fromkeys(_COUNTS, 0))
        row["asked"] += 1
        row["repaired" if AGAIN in said else "valid_first"] += 1
        if outcome.get("counts"):
            row["decided"] += 1
            row["fixed"] += outcome["outcome"] == "fixed"
    rows = [{"model": model, "category": category, **row, **_rate(row)} for (model, category), row in counts.items()]
    return pl.DataFrame(rows, schema=MODEL_QUALITY).sort("model", "category")


def _rate(row: Mapping[str, int]) -> dict[str, float | None]:
    low, high = wilson(row["fixed"], row["decided"])
    return {"rate": row["fixed"] / row["decided"] if row["decided"] else None, "low": low, "high": high}
