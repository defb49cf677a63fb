"""What to do about it: bottlenecks, forecasts, recommendations."""

import dagster as dg
import polars as pl

from banana_assets.assets.shared import result, table_asset
from banana_assets.core.advice.bottlenecks import bottlenecks as find_bottlenecks
from banana_assets.core.advice.recommendations import recommendations
from banana_assets.core.metrics.forecast.predict import predict
from banana_assets.core.plots.advice import bottlenecks_plot, recommendations_plot
from banana_assets.core.plots.resources import forecast_plot
from banana_assets.core.tables import BOTTLENECKS, OPTIMIZATION_RECOMMENDATIONS, RESOURCE_USAGE_PREDICTIONS


@table_asset(BOTTLENECKS, group="advice")
def bottlenecks(
    builds: pl.DataFrame,
    resource_usage: pl.DataFrame,
    log_shapes: pl.DataFrame,
    log_patterns: pl.DataFrame,
    test_results: pl.DataFrame,
    resource_usage_predictions: pl.DataFrame,
) -> dg.MaterializeResult[pl.DataFrame]:
    """Find what holds things up."""
    frame = find_bottlenecks(builds, resource_usage, log_shapes, log_patterns, test_results, resource_usage_predictions)
    return result(
        BOTTLENECKS, frame, plot=bottlenecks_plot(frame), preview=["severity", "kind", "subject", "description"]
    )


@table_asset(RESOURCE_USAGE_PREDICTIONS, group="advice")
def resource_usage_predictions(resource_usage: pl.DataFrame) -> dg.MaterializeResult[pl.DataFrame]:
    """Forecast each resource."""
    frame = predict(resource_usage)
    return result(
        RESOURCE_USAGE_PREDICTIONS,
        frame,
        plot=forecast_plot(resource_usage, frame),
        preview=["source", "metric", "ts", "lo80", "predicted_usage", "hi80", "model"],
    )


@table_asset(OPTIMIZATION_RECOMMENDATIONS, group="advice")
def optimization_recommendations(
    bottlenecks: pl.DataFrame,
    build_failures: pl.DataFrame,
    log_patterns: pl.DataFrame,
    builds: pl.DataFrame,
    test_results: pl.DataFrame,
) -> dg.MaterializeResult[pl.DataFrame]:
    """Recommend what the evidence supports."""
    frame = recommendations(bottlenecks, build_failures, log_patterns, builds, test_results)
    return result(
        OPTIMIZATION_RECOMMENDATIONS,
        frame,
        plot=recommendations_plot(frame),
        preview=["impact_score", "recommendation_type", "implementation_difficulty", "description"],
    )
