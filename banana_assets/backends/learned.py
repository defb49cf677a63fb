"""What was learned of builds so far, in figures that are counted."""

from __future__ import annotations

from typing import Any

import polars as pl
import sqlalchemy as sa

from banana_assets.backends.records.api_tables import reports
from banana_assets.backends.records.engine import reading
from banana_assets.backends.store import Store
from banana_assets.backends.tables import Tables
from banana_assets.core.tables import BUILD_FAILURES, FAILURE_CLUSTERS, OPTIMIZATION_RECOMMENDATIONS, PLAN_OUTCOMES


def learning_metrics(store: Store, tables: Tables) -> dict[str, Any]:
    """Counts of analysed builds, reports, clusters and advice that was taken.

    ``model_accuracy`` is the share that later builds found fixed of the plans that reports name and that could be
    decided, ``model_improvements`` says in words what was measured to have helped.
    """
    c = reports.c
    with reading(store.engine) as connection:
        count, confidence = connection.execute(sa.select(sa.func.count(), sa.func.avg(c.confidence))).one()
        named = set(connection.execute(sa.select(c.plan_id).where(c.plan_id.is_not(None)).distinct()).scalars())
    outcomes = tables.scan(PLAN_OUTCOMES).filter(pl.col("counts")).select("plan_id", "outcome").collect()
    decided = outcomes.filter(pl.col("plan_id").is_in(list(named)) & pl.col("outcome").is_in(["fixed", "recurred"]))
    advice = tables.scan(OPTIMIZATION_RECOMMENDATIONS).filter(pl.col("status") == "implemented").collect()
    helped = [
        row["description"].split(". ")[0]
        for row in advice.iter_rows(named=True)
        if row["effect"] and row["effect"]["verdict"] == "better"
    ]
    return {
        "builds_analyzed": tables.scan(BUILD_FAILURES).select(pl.len()).collect().item(),
        "learning_reports_submitted": count,
        "model_accuracy": decided.select((pl.col("outcome") == "fixed").mean()).item() if decided.height else None,
        "avg_confidence": confidence,
        "patterns_learned": tables.scan(FAILURE_CLUSTERS).select(pl.len()).collect().item(),
        "recommendations_implemented": advice.height,
        "model_improvements": helped,
    }
