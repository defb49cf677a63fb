from __future__ import annotations

from xml.etree import ElementTree

import polars as pl
import pytest

from banana_assets.core import plots
from banana_assets.core.builds.clusters import failure_clusters
from banana_assets.core.builds.history import test_history as history_of
from banana_assets.core.metrics.forecast.predict import predict
from banana_assets.core.metrics.health import build_health
from banana_assets.core.metrics.usage import resource_usage
from banana_assets.core.plans.knowledge import Knowledge
from banana_assets.core.plans.planner import plans
from banana_assets.core.tables import (
    BOTTLENECKS,
    BUILD_FAILURES,
    BUILD_HEALTH,
    BUILDS,
    FAILURE_CLUSTERS,
    FLAKY_TESTS,
    LOG_PATTERNS,
    OPTIMIZATION_RECOMMENDATIONS,
    PLANS,
    RESOURCE_USAGE,
    RESOURCE_USAGE_PREDICTIONS,
    TEST_HISTORY,
)
from tests.core.metrics.frames import at, builds, failures, patterns, results, samples

USAGE = resource_usage(samples([40.0 + k % 24 for k in range(96)], 3600))
FAILED = failures([{"build_id": f"b{k:03d}", "failed_at": at(30 * k), "fingerprint": f"f{k}"} for k in range(3)])
RUNS = builds([{"status": "failed" if k % 3 == 0 else "success", "duration_seconds": 60.0 + k} for k in range(12)])
PLANNED = plans(Knowledge(failures=FAILED), now=at(9))
RAN = results([{"build_id": f"b{k:03d}", "name": "cost $5 & <b>", "duration_seconds": 0.1 * k} for k in range(12)])
HISTORY = history_of(RAN, RUNS)
FLAKY = HISTORY.select("test_id", "title").with_columns(
    state=pl.lit("flaky"), flakes=2, runs=12, flake_rate=1 / 6, flake_rate_low=0.05, flake_rate_high=0.45
)
DRAWN = {
    "patterns": (plots.patterns_plot, (patterns([{}, {"pattern_id": "p2", "named_template": "cost $5 & <b>"}]),)),
    "failures": (plots.failures_plot, (FAILED,)),
    "builds": (plots.builds_plot, (RUNS,)),
    "health": (plots.health_plot, (build_health(RUNS, FAILED),)),
    "usage": (plots.usage_plot, (USAGE,)),
    "forecast": (plots.forecast_plot, (USAGE, predict(USAGE).table)),
    "plan": (plots.plan_plot, (PLANNED,)),
    "clusters": (plots.clusters_plot, (failure_clusters(FAILED, RUNS),)),
    "history": (plots.history_plot, (HISTORY,)),
    "flaky": (plots.flaky_plot, (FLAKY,)),
    "no clusters": (plots.clusters_plot, (FAILURE_CLUSTERS.empty(),)),
    "no history": (plots.history_plot, (TEST_HISTORY.empty(),)),
    "no flaky tests": (plots.flaky_plot, (FLAKY_TESTS.empty(),)),
    "no patterns": (plots.patterns_plot, (LOG_PATTERNS.empty(),)),
    "no failures": (plots.failures_plot, (BUILD_FAILURES.empty(),)),
    "no builds": (plots.builds_plot, (BUILDS.empty(),)),
    "no health": (plots.health_plot, (BUILD_HEALTH.empty(),)),
    "no usage": (plots.usage_plot, (RESOURCE_USAGE.empty(),)),
    "no forecast": (plots.forecast_plot, (RESOURCE_USAGE.empty(), RESOURCE_USAGE_PREDICTIONS.empty())),
    "no bottlenecks": (plots.bottlenecks_plot, (BOTTLENECKS.empty(),)),
    "no advice": (plots.recommendations_plot, (OPTIMIZATION_RECOMMENDATIONS.empty(),)),
    "no plan": (plots.plan_plot, (PLANS.empty(),)),
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWN)
def test_a_plot_is_an_image_and_the_same_each_time(name: str) -> None:
    draw, frames = DRAWN[name]
    svg = draw(*frames)
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert svg == draw(*frames)
    assert b"<dc:date>" not in svg


def test_builds_without_durations_are_drawn() -> None:
    bare = RUNS.with_columns(duration_seconds=pl.lit(None, pl.Float64))
    assert b"<svg" in plots.builds_plot(bare)
