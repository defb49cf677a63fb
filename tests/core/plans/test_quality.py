"""What is told of models by the plans that they made, and those that had to stand in for theirs."""

from __future__ import annotations

import polars as pl

from banana_assets.core.models.quality import FLOOR, QUALITY, below_floor
from banana_assets.core.plans.quality import AGAIN, MODEL_QUALITY, NOT_USED, quality_by_model
from banana_assets.core.plans.types import Issue, Plan
from banana_assets.core.tables import PLAN_OUTCOMES, PLANS
from tests.core.plans.trials import a_plan, plan_frame

MODEL = "ollama/qwen3:8b"


def told(*rows: tuple[Plan, str]) -> pl.DataFrame:
    whole = [
        {"plan_id": plan.plan_id, "kind": plan.kind, "subject": "x", "category": "timeout", "outcome": outcome,
         "why": "", "counts": outcome != "open", "final": True, "state": "done", "horizon_days": 7.0,
         "decided_by": [], "clean_builds": 0,
         "past_failures": 0, "past_builds": 0, "failed_otherwise": 0, "planner": plan.planner,
         "model_used": plan.model_used, "base_n": 0, "base_gone": 0,
         "base_weight": 0.0, "base_low": 0.0, "base_high": 1.0}
        for plan, outcome in rows
    ]  # fmt: skip
    return PLAN_OUTCOMES.conform(pl.DataFrame(whole, schema=PLAN_OUTCOMES.dtypes))


def of(plan: str, *issues: str, model: str = "none") -> Plan:
    return a_plan(plan, model_used=model, issues=tuple(Issue("info", text) for text in issues))


def test_nothing_gives_nothing() -> None:
    assert quality_by_model(PLANS.empty(), PLAN_OUTCOMES.empty()).schema == MODEL_QUALITY


def test_plans_that_held_at_once_at_the_second_try_and_not_at_all() -> None:
    refused = NOT_USED.format(attempt=1, model=MODEL, faults="Step 2 waits for itself.")
    made = [
        (of("p1", model=MODEL), "fixed"),
        (of("p2", AGAIN, refused, model=MODEL), "recurred"),
        (of("p3", refused, refused.replace("1", "2")), "fixed"),
        (of("p4", "No model answered: it took too long."), "open"),
    ]
    frame = quality_by_model(plan_frame(*(p for p, _ in made)), told(*made))
    rows = {row["model"]: row for row in frame.iter_rows(named=True)}
    assert {k: rows[MODEL][k] for k in ("asked", "valid_first", "repaired", "fell", "decided", "fixed")} == {
        "asked": 3, "valid_first": 1, "repaired": 1, "fell": 1, "decided": 2, "fixed": 1,
    }  # fmt: skip
    assert {k: rows[FLOOR][k] for k in ("asked", "fell", "decided", "fixed")} == {
        "asked": 2, "fell": 0, "decided": 1, "fixed": 1,
    }  # fmt: skip
    assert rows[MODEL]["low"] < rows[MODEL]["rate"] < rows[MODEL]["high"]
    assert rows[MODEL]["rate"] == 0.5


def test_the_router_reads_it() -> None:
    made = [(of(f"m{k}", model=MODEL), "recurred") for k in range(9)] + [(of(f"f{k}"), "fixed") for k in range(9)]
    frame = quality_by_model(plan_frame(*(p for p, _ in made)), told(*made))
    assert frame.select(QUALITY.names()).schema == QUALITY
    said = below_floor(frame.select(QUALITY.names()), MODEL, "timeout")
    assert said is not None
    assert "0 of 9 worked, without a model 9 of 9 did" in said
