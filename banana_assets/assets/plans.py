"""What to do, in order."""

from collections import Counter
from functools import partial

import dagster as dg
import polars as pl
from pydantic import Field

from banana_assets.assets.advice import bottlenecks, optimization_recommendations, resource_usage_predictions
from banana_assets.assets.metrics import resource_rollups
from banana_assets.assets.patterns import build_failures, failure_clusters, flaky_tests, log_patterns, test_history
from banana_assets.assets.raw import builds, log_files
from banana_assets.assets.shared import markdown, result, table_asset
from banana_assets.backends.lineage import why
from banana_assets.backends.plan_records import PlanRecords
from banana_assets.backends.planning import Report, plan_failures, plan_recommendations
from banana_assets.core.models.quality import QUALITY
from banana_assets.core.plans.lineage import as_markdown as as_lineage
from banana_assets.core.plans.quality import quality_by_model
from banana_assets.core.plans.text import as_markdown
from banana_assets.core.plans.types import Plan
from banana_assets.core.plots.plans import plan_plot
from banana_assets.core.tables import PLAN_OUTCOMES, PLANS
from resources.llm import ModelsResource
from resources.store import StoreResource
from resources.tables import TablesResource

SHOWN = 3
"""So many plans are written out in the UI."""


MOST_WITHOUT_MODEL = 10_000
"""Failures that one run plans when no model is set up: they take milliseconds each."""


class Planning(dg.Config):
    """Which failures to plan."""

    build_ids: list[str] = Field(
        default_factory=list,
        description="failed builds to plan an answer to; those that wait, up to a batch, unless told",
    )


@table_asset(
    PLANS,
    group="plans",
    pool="llm",
    deps=[
        builds,
        build_failures,
        failure_clusters,
        test_history,
        flaky_tests,
        log_patterns,
        log_files,
        bottlenecks,
        optimization_recommendations,
        resource_usage_predictions,
        resource_rollups,
    ],
)
def plans(
    context: dg.AssetExecutionContext,
    config: Planning,
    store: StoreResource,
    tables: TablesResource,
    llm: ModelsResource,
) -> dg.MaterializeResult[pl.DataFrame]:
    """Plan an answer to each distinct failure and to the top recommendations, and show where all plans stand."""
    lake = tables.get()
    with store.open() as opened:
        quality = quality_by_model(PlanRecords(opened.engine).plans(), lake.read(PLAN_OUTCOMES))
        models = llm.open(opened.engine, run_id=context.run.run_id, quality=quality.select(QUALITY.names()))
        most = opened.settings.plan_batch if models.configured else MOST_WITHOUT_MODEL
        failures = plan_failures(opened, lake, models, config.build_ids or None, run_id=context.run.run_id, most=most)
        advice = plan_recommendations(opened, lake)
        frame = PlanRecords(opened.engine).plans()
        made = [*failures.made, *advice.made]
        walks = [why(opened, lake, plan) for plan in _latest(made, frame)]
    return result(
        PLANS,
        frame,
        plot=partial(plan_plot, frame),
        preview=["goal", "approach", "status", "planner", "optimization_score"],
        lineage=dg.MetadataValue.md(as_lineage(walks)),
        **_shown(failures, made, frame),
    )


def _latest(made: list[Plan], frame: pl.DataFrame) -> list[Plan]:
    """The plans that are written out: those of this run, else the newest."""
    found = [p for p in made if p.status != "abstained"] or [
        Plan.of_row(row) for row in frame.filter(pl.col("status") != "abstained").tail(SHOWN).iter_rows(named=True)
    ]
    return found[:SHOWN]


def _shown(failures: Report, made: list[Plan], frame: pl.DataFrame) -> dict[str, object]:
    """What this run did, in figures and words."""
    none = Counter(p.reason or "" for p in made if p.status == "abstained")
    issues = Counter(i.level for p in made for i in p.issues)
    by_planner = Counter(p.planner if p.model_used == "none" else p.model_used for p in made if p.status != "abstained")
    reasons = pl.DataFrame(
        {"reason": list(none), "plans": list(none.values())}, schema={"reason": pl.String, "plans": pl.Int64}
    )
    return {
        "plans_made": sum(by_planner.values()),
        "by_planner": dg.MetadataValue.json(dict(by_planner)),
        "abstained": sum(none.values()),
        "reasons": dg.MetadataValue.md(markdown(reasons, reasons.height)),
        "issues": dg.MetadataValue.json({level: issues[level] for level in ("error", "warning", "info")}),
        "failures_planned": failures.failures,
        "not_diagnosed": len(failures.undiagnosed),
        "model_calls": failures.spent.calls,
        "model_tokens": failures.spent.input_tokens + failures.spent.output_tokens,
        "model_cost_dollars": failures.spent.cost,
        "plan": dg.MetadataValue.md("\n\n---\n\n".join(as_markdown(p) for p in _latest(made, frame)) or "*no plan*"),
    }
