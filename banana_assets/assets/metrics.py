"""How it goes: metrics by hour and day, resource use on a regular grid, health."""

import dagster as dg
import polars as pl

from banana_assets.assets.shared import result, table_asset
from banana_assets.core.metrics.health import build_health as health
from banana_assets.core.metrics.system import system_metrics as metrics
from banana_assets.core.metrics.usage import resource_usage as usage
from banana_assets.core.plots.health import health_plot
from banana_assets.core.plots.resources import usage_plot
from banana_assets.core.plots.system import metrics_plot
from banana_assets.core.tables import BUILD_HEALTH, RESOURCE_USAGE, SYSTEM_METRICS


@table_asset(RESOURCE_USAGE, group="metrics")
def resource_usage(resource_samples: pl.DataFrame) -> dg.MaterializeResult[pl.DataFrame]:
    """Bring the readings onto a regular grid."""
    frame = usage(resource_samples)
    return result(RESOURCE_USAGE, frame, plot=usage_plot(frame))


@table_asset(SYSTEM_METRICS, group="metrics")
def system_metrics(
    log_shapes: pl.DataFrame,
    builds: pl.DataFrame,
    test_results: pl.DataFrame,
    resource_samples: pl.DataFrame,
    log_patterns: pl.DataFrame,
) -> dg.MaterializeResult[pl.DataFrame]:
    """Measure logs, builds, tests and resources by hour and day."""
    frame = metrics(log_shapes, builds, test_results, resource_samples, log_patterns)
    return result(SYSTEM_METRICS, frame, plot=metrics_plot(frame))


@table_asset(BUILD_HEALTH, group="metrics")
def build_health(
    builds: pl.DataFrame, build_failures: pl.DataFrame, test_results: pl.DataFrame
) -> dg.MaterializeResult[pl.DataFrame]:
    """Score each pipeline, with the reasons that cost points."""
    frame = health(builds, build_failures, test_results)
    return result(BUILD_HEALTH, frame, plot=health_plot(frame), preview=["pipeline", "score", "builds"])
