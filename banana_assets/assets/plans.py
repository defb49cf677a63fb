"""What to do, in order."""

from datetime import UTC, datetime
from functools import partial

import dagster as dg
import polars as pl
from pydantic import Field

from banana_assets.assets.shared import result, table_asset
from banana_assets.core.metrics.forecast.history import current
from banana_assets.core.plans.knowledge import Knowledge
from banana_assets.core.plans.planner import plans as make_plans
from banana_assets.core.plots.plans import plan_plot
from banana_assets.core.tables import PLANS


class Failures(dg.Config):
    """Which failed builds a run plans: those of the sensor `failed_builds`, else what waits."""

    build_ids: list[str] = Field(default_factory=list, description="builds to plan for (builds.build_id)")


@table_asset(PLANS, group="plans", pool="llm")
def plans(
    config: Failures,
    build_failures: pl.DataFrame,
    optimization_recommendations: pl.DataFrame,
    resource_usage_predictions: pl.DataFrame,
    builds: pl.DataFrame,
    failure_clusters: pl.DataFrame,
) -> dg.MaterializeResult[pl.DataFrame]:
    """Plan an answer to each distinct failure and to the top recommendations, without a language model."""
    known = Knowledge(
        builds=builds,
        failures=build_failures,
        clusters=failure_clusters,
        recommendations=optimization_recommendations,
        predictions=current(resource_usage_predictions),
    )
    frame = make_plans(known, now=datetime.now(UTC))
    return result(PLANS, frame, plot=partial(plan_plot, frame), preview=["goal", "approach", "status", "planner"])
