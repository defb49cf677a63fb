"""How it goes: metrics by hour and day, resource use on a regular grid, health."""

from collections.abc import Sequence
from functools import partial

import dagster as dg
import polars as pl

from banana_assets.assets.patterns import (
    build_failures,
    build_steps,
    failure_clusters,
    flaky_tests,
    log_patterns,
    log_shapes,
)
from banana_assets.assets.raw import builds, resource_samples, test_results
from banana_assets.assets.shared import (
    Audit,
    input_versions,
    partition_days,
    result,
    table_asset,
    unchanged,
    written,
)
from banana_assets.backends import derive
from banana_assets.core.metrics.anomalies.found import anomalies
from banana_assets.core.metrics.changes import build_changes as changes
from banana_assets.core.metrics.health import build_health as health
from banana_assets.core.metrics.system import system_metrics as metrics
from banana_assets.core.metrics.usage import resource_usage as usage
from banana_assets.core.plots.changes import anomalies_plot, changes_plot
from banana_assets.core.plots.health import health_plot
from banana_assets.core.plots.resources import usage_plot
from banana_assets.core.plots.system import metrics_plot
from banana_assets.core.tables import (
    BUILD_CHANGES,
    BUILD_FAILURES,
    BUILD_HEALTH,
    BUILD_STEPS,
    BUILDS,
    FAILURE_CLUSTERS,
    FLAKY_TESTS,
    LOG_PATTERNS,
    LOG_SHAPES,
    METRIC_ANOMALIES,
    RESOURCE_ROLLUPS,
    RESOURCE_SAMPLES,
    RESOURCE_USAGE,
    SYSTEM_METRICS,
    TEST_RESULTS,
)
from resources.tables import TablesResource


@table_asset(RESOURCE_ROLLUPS, group="metrics", daily=True, deps=[resource_samples])
def resource_rollups(context: dg.AssetExecutionContext, tables: TablesResource) -> dg.MaterializeResult[None]:
    """Sum up the series of these arrival days that are not summed up yet."""
    lake = tables.get()
    audit = Audit(RESOURCE_ROLLUPS)
    days = partition_days(context)

    def missing() -> Sequence[int]:
        read, summed = (
            lake.scan(table).filter(pl.col("arrival_day").is_in(days)).select(pl.col("series_id").unique())
            for table in (RESOURCE_SAMPLES, RESOURCE_ROLLUPS)
        )
        return read.join(summed, on="series_id", how="anti").collect().sort("series_id")["series_id"].to_list()

    audit.add(
        lake.put(
            RESOURCE_ROLLUPS, "series_id", missing, lambda ids: audit.watch(derive.resource_rollups(lake, days, ids))
        )
    )
    return written(
        RESOURCE_ROLLUPS, lake.scan(RESOURCE_ROLLUPS), audit, preview=["source", "metric", "hour", "mean", "peak"]
    )


@table_asset(RESOURCE_USAGE, group="metrics", deps=[resource_rollups, resource_samples])
def resource_usage(tables: TablesResource) -> dg.MaterializeResult[pl.DataFrame]:
    """Bring the readings onto a regular grid."""
    lake = tables.get()
    inputs = input_versions(lake, RESOURCE_ROLLUPS)
    if same := unchanged(lake, RESOURCE_USAGE, inputs):
        return same
    summed = lake.read(RESOURCE_ROLLUPS)
    frame = usage(derive.fine_samples(lake, summed), summed)
    return result(RESOURCE_USAGE, frame, plot=partial(usage_plot, frame), inputs=inputs)


@table_asset(
    SYSTEM_METRICS,
    group="metrics",
    deps=[log_shapes, builds, test_results, resource_rollups, log_patterns, build_steps],
)
def system_metrics(tables: TablesResource) -> dg.MaterializeResult[pl.DataFrame]:
    """Measure logs, builds, tests and resources by hour and day."""
    lake = tables.get()
    rests_on = (LOG_SHAPES, BUILDS, TEST_RESULTS, RESOURCE_ROLLUPS, LOG_PATTERNS, BUILD_STEPS)
    inputs = input_versions(lake, *rests_on)
    if same := unchanged(lake, SYSTEM_METRICS, inputs):
        return same
    frame = metrics(*map(lake.read, rests_on))
    return result(SYSTEM_METRICS, frame, plot=partial(metrics_plot, frame), inputs=inputs)


@table_asset(BUILD_HEALTH, group="metrics", deps=[builds, build_failures, test_results, failure_clusters, flaky_tests])
def build_health(tables: TablesResource) -> dg.MaterializeResult[pl.DataFrame]:
    """Score each pipeline, with the reasons that cost points."""
    lake = tables.get()
    rests_on = (BUILDS, BUILD_FAILURES, TEST_RESULTS, FAILURE_CLUSTERS, FLAKY_TESTS)
    inputs = input_versions(lake, *rests_on)
    if same := unchanged(lake, BUILD_HEALTH, inputs):
        return same
    known, failures, results, clusters, flaky = map(lake.read, rests_on)
    frame = health(known, failures, results, clusters=clusters, flaky=flaky)
    return result(
        BUILD_HEALTH,
        frame,
        plot=partial(health_plot, frame),
        preview=["pipeline", "score", "builds"],
        inputs=inputs,
    )


@table_asset(BUILD_CHANGES, group="metrics", deps=[builds])
def build_changes(tables: TablesResource) -> dg.MaterializeResult[pl.DataFrame]:
    """Find since when jobs take longer or shorter, or fail more or less often."""
    lake = tables.get()
    inputs = input_versions(lake, BUILDS)
    if same := unchanged(lake, BUILD_CHANGES, inputs):
        return same
    rows = lake.read(BUILDS)
    frame = changes(rows)
    return result(
        BUILD_CHANGES,
        frame,
        plot=partial(changes_plot, rows, frame),
        preview=["pipeline", "job", "metric", "since", "before", "after", "low", "high", "latest"],
        inputs=inputs,
    )


@table_asset(METRIC_ANOMALIES, group="metrics", deps=[resource_usage, system_metrics])
def metric_anomalies(tables: TablesResource) -> dg.MaterializeResult[pl.DataFrame]:
    """Find the readings that stand out against their own past."""
    lake = tables.get()
    inputs = input_versions(lake, RESOURCE_USAGE, SYSTEM_METRICS)
    if same := unchanged(lake, METRIC_ANOMALIES, inputs):
        return same
    read, hourly = lake.read(RESOURCE_USAGE), lake.read(SYSTEM_METRICS)
    frame = anomalies(read, hourly)
    return result(
        METRIC_ANOMALIES,
        frame,
        plot=partial(anomalies_plot, read, hourly, frame),
        preview=["metric", "subject", "ts", "value", "usual", "score"],
        inputs=inputs,
    )
