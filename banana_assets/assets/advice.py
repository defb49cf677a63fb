"""What to do about it: bottlenecks, forecasts, recommendations."""

from functools import partial

import dagster as dg
import polars as pl

from banana_assets.assets.media import metadata_quality
from banana_assets.assets.metrics import resource_usage
from banana_assets.assets.patterns import (
    build_failures,
    build_steps,
    failure_clusters,
    flaky_tests,
    log_patterns,
    log_shapes,
)
from banana_assets.assets.raw import builds, log_files, test_results
from banana_assets.assets.scheduling import queue_schedules, tasks
from banana_assets.assets.shared import content_hash, input_versions, markdown, result, table_asset, unchanged
from banana_assets.backends.observing import observe
from banana_assets.backends.rereading import verified
from banana_assets.core.advice.bottlenecks import READ
from banana_assets.core.advice.bottlenecks import bottlenecks as find_bottlenecks
from banana_assets.core.advice.observed import OBSERVED
from banana_assets.core.advice.standing import recommendations
from banana_assets.core.metrics.forecast.history import coverage, current, kept, outlook
from banana_assets.core.metrics.forecast.predict import predict
from banana_assets.core.plots.advice import bottlenecks_plot, recommendations_plot
from banana_assets.core.plots.resources import forecast_plot
from banana_assets.core.tables import (
    BOTTLENECKS,
    OPTIMIZATION_RECOMMENDATIONS,
    RESOURCE_USAGE_PREDICTIONS,
)
from resources.store import StoreResource
from resources.tables import TablesResource


@table_asset(RESOURCE_USAGE_PREDICTIONS, group="advice")
def resource_usage_predictions(
    resource_usage: pl.DataFrame, tables: TablesResource
) -> dg.MaterializeResult[pl.DataFrame]:
    """Forecast each resource, and score what was forecast before."""
    made = predict(resource_usage)
    frame = kept(made.table, tables.get().read(RESOURCE_USAGE_PREDICTIONS), resource_usage)
    newest, coming, past = current(frame), outlook(frame), coverage(frame)
    return result(
        RESOURCE_USAGE_PREDICTIONS,
        frame,
        plot=partial(forecast_plot, resource_usage, newest),
        preview=["source", "metric", "ts", "lo80", "predicted_usage", "hi80", "model", "why"],
        outlook=dg.MetadataValue.md(markdown(coming, coming.height)),
        without_forecast=dg.MetadataValue.md(markdown(made.without, made.without.height)),
        past_intervals=dg.MetadataValue.md(markdown(past, past.height)),
    )


@table_asset(
    BOTTLENECKS,
    group="advice",
    deps=[
        builds,
        build_steps,
        test_results,
        resource_usage,
        resource_usage_predictions,
        log_shapes,
        log_patterns,
        log_files,
    ],
)
def bottlenecks(store: StoreResource, tables: TablesResource) -> dg.MaterializeResult[pl.DataFrame]:
    """Find what holds things up."""
    lake = tables.get()
    inputs = input_versions(lake, *(OBSERVED[name] for name in READ))
    if same := unchanged(lake, BOTTLENECKS, inputs):
        return same
    with store.open() as opened:
        frame = verified(opened, find_bottlenecks(observe(lake)), "bottleneck_id")
    return result(
        BOTTLENECKS,
        frame,
        plot=partial(bottlenecks_plot, frame),
        preview=["severity", "kind", "subject", "since", "description"],
        inputs=inputs,
    )


@table_asset(
    OPTIMIZATION_RECOMMENDATIONS,
    group="advice",
    deps=[
        bottlenecks,
        builds,
        build_steps,
        test_results,
        flaky_tests,
        build_failures,
        failure_clusters,
        resource_usage,
        log_shapes,
        log_patterns,
        log_files,
        queue_schedules,
        tasks,
        metadata_quality,
    ],
)
def optimization_recommendations(store: StoreResource, tables: TablesResource) -> dg.MaterializeResult[pl.DataFrame]:
    """Recommend what the evidence supports; what people decided is kept, and what came of it measured."""
    lake = tables.get()
    with store.open() as opened:
        states, most = opened.recommendation_states(), opened.settings.max_recommendations
    inputs = input_versions(lake, BOTTLENECKS, *OBSERVED.values(), states=content_hash(states), most=most)
    if same := unchanged(lake, OPTIMIZATION_RECOMMENDATIONS, inputs):
        return same
    found, seen, before = lake.read(BOTTLENECKS), observe(lake), lake.read(OPTIMIZATION_RECOMMENDATIONS)
    frame = recommendations(found, seen, previous=before, states=states, most=most)
    with store.open() as opened:
        frame = verified(opened, frame, "recommendation_id")
    return result(
        OPTIMIZATION_RECOMMENDATIONS,
        frame,
        plot=partial(recommendations_plot, frame),
        preview=["impact_score", "status", "recommendation_type", "implementation_difficulty", "description"],
        inputs=inputs,
    )
