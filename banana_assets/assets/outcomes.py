"""What became of plans, and the templates of those that worked."""

from datetime import UTC, datetime
from functools import partial

import dagster as dg
import polars as pl

from banana_assets.assets.advice import optimization_recommendations
from banana_assets.assets.patterns import build_failures, failure_clusters
from banana_assets.assets.plans import plans
from banana_assets.assets.raw import builds
from banana_assets.assets.shared import markdown, result, table_asset
from banana_assets.backends.plan_records import PlanRecords
from banana_assets.backends.template_records import TemplateRecords
from banana_assets.core.plans.base_rates import compared
from banana_assets.core.plans.outcomes import STEPS
from banana_assets.core.plans.outcomes import plan_outcomes as decide
from banana_assets.core.plans.quality import quality_by_model
from banana_assets.core.plans.template_counts import standing
from banana_assets.core.plans.template_growth import Rules, grown
from banana_assets.core.plots.outcomes import outcomes_plot, templates_plot
from banana_assets.core.tables import (
    BUILD_FAILURES,
    BUILDS,
    FAILURE_CLUSTERS,
    OPTIMIZATION_RECOMMENDATIONS,
    PLAN_OUTCOMES,
    PLAN_TEMPLATES,
)
from resources.store import StoreResource
from resources.tables import TablesResource


@table_asset(PLAN_OUTCOMES, group="plans", deps=[plans, builds, failure_clusters, optimization_recommendations])
def plan_outcomes(store: StoreResource, tables: TablesResource) -> dg.MaterializeResult[pl.DataFrame]:
    """Decide every plan anew from all builds: late and corrected builds change what was said."""
    lake = tables.get()
    with store.open() as opened:
        records = PlanRecords(opened.engine)
        made, steps = records.plans(), records.steps().select(STEPS.names())
    known = [lake.read(t) for t in (BUILDS, FAILURE_CLUSTERS, OPTIMIZATION_RECOMMENDATIONS)]
    frame = decide(made, steps, *known, as_of=datetime.now(UTC))
    helps, quality = compared(frame), quality_by_model(made, frame)
    return result(
        PLAN_OUTCOMES,
        frame,
        plot=partial(outcomes_plot, frame),
        preview=["outcome", "category", "why", "base_gone", "base_n", "decided_at", "plan_id"],
        does_planning_help=dg.MetadataValue.md(markdown(helps, helps.height)),
        quality_by_model=dg.MetadataValue.md(markdown(quality, quality.height)),
        **{name: frame.filter(pl.col("outcome") == name).height for name in ("fixed", "recurred", "not_tried", "open")},
    )


@table_asset(PLAN_TEMPLATES, group="plans", deps=[plan_outcomes, plans, build_failures, failure_clusters, builds])
def plan_templates(store: StoreResource, tables: TablesResource) -> dg.MaterializeResult[pl.DataFrame]:
    """Make templates of plans that worked, and count what plans of their shape came to."""
    lake = tables.get()
    outcomes, clusters, failures, known = map(lake.read, (PLAN_OUTCOMES, FAILURE_CLUSTERS, BUILD_FAILURES, BUILDS))
    with store.open() as opened:
        s = opened.settings
        rules = Rules(
            s.auto_generate_templates,
            s.optimization_score_threshold,
            s.resource_efficiency_threshold,
            s.max_plan_templates,
        )
        records, made = TemplateRecords(opened.engine), PlanRecords(opened.engine).plans()
        growth = grown(
            records.templates(), records.deleted(), made, outcomes, clusters, failures, known, rules, datetime.now(UTC)
        )
        records.save(growth.keep, growth.drop)
        frame = standing(records.templates(), made, outcomes)
    return result(
        PLAN_TEMPLATES,
        frame,
        plot=partial(templates_plot, frame),
        preview=["name", "category", "successes", "trials", "success_low", "success_high", "usage_count"],
        fixed_plans_below_the_scores=growth.below,
    )
