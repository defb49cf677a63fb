"""Every stored table, declared once: name, type, unit and meaning of each column. One module a group of assets."""

from __future__ import annotations

from banana_assets.core.schema import Table
from banana_assets.core.tables.advice import (
    BOTTLENECKS,
    OPTIMIZATION_RECOMMENDATIONS,
    RESOURCE_USAGE_PREDICTIONS,
)
from banana_assets.core.tables.failures import FAILURE_CLUSTERS, FLAKY_TESTS, TEST_HISTORY
from banana_assets.core.tables.media import MEDIA_ITEMS, METADATA_QUALITY
from banana_assets.core.tables.metrics import (
    BUILD_CHANGES,
    BUILD_HEALTH,
    METRIC_ANOMALIES,
    RESOURCE_ROLLUPS,
    RESOURCE_USAGE,
    SYSTEM_METRICS,
)
from banana_assets.core.tables.models import LLM_CALLS
from banana_assets.core.tables.outcomes import PLAN_OUTCOMES, PLAN_TEMPLATES
from banana_assets.core.tables.patterns import BUILD_FAILURES, LOG_PATTERNS, LOG_SHAPES
from banana_assets.core.tables.plans import PLANS
from banana_assets.core.tables.raw import BUILDS, LOG_EVENTS, LOG_FILES, RESOURCE_SAMPLES, TEST_RESULTS
from banana_assets.core.tables.scheduling import EXECUTION_WINDOWS, QUEUE_SCHEDULES, TASKS
from banana_assets.core.tables.search import PLANNING_INDEX
from banana_assets.core.tables.steps import BUILD_STEPS

TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        LOG_FILES,
        LOG_EVENTS,
        BUILDS,
        TEST_RESULTS,
        RESOURCE_SAMPLES,
        MEDIA_ITEMS,
        TASKS,
        LOG_SHAPES,
        LOG_PATTERNS,
        BUILD_FAILURES,
        BUILD_STEPS,
        FAILURE_CLUSTERS,
        TEST_HISTORY,
        FLAKY_TESTS,
        RESOURCE_ROLLUPS,
        SYSTEM_METRICS,
        RESOURCE_USAGE,
        BUILD_HEALTH,
        BUILD_CHANGES,
        METRIC_ANOMALIES,
        METADATA_QUALITY,
        BOTTLENECKS,
        OPTIMIZATION_RECOMMENDATIONS,
        RESOURCE_USAGE_PREDICTIONS,
        QUEUE_SCHEDULES,
        EXECUTION_WINDOWS,
        PLANS,
        PLAN_OUTCOMES,
        PLAN_TEMPLATES,
        PLANNING_INDEX,
        LLM_CALLS,
    )
}
"""Table name to declaration, in lineage order."""

__all__ = [
    "BOTTLENECKS",
    "BUILDS",
    "BUILD_CHANGES",
    "BUILD_FAILURES",
    "BUILD_HEALTH",
    "BUILD_STEPS",
    "EXECUTION_WINDOWS",
    "FAILURE_CLUSTERS",
    "FLAKY_TESTS",
    "LLM_CALLS",
    "LOG_EVENTS",
    "LOG_FILES",
    "LOG_PATTERNS",
    "LOG_SHAPES",
    "MEDIA_ITEMS",
    "METADATA_QUALITY",
    "METRIC_ANOMALIES",
    "OPTIMIZATION_RECOMMENDATIONS",
    "PLANNING_INDEX",
    "PLANS",
    "PLAN_OUTCOMES",
    "PLAN_TEMPLATES",
    "QUEUE_SCHEDULES",
    "RESOURCE_ROLLUPS",
    "RESOURCE_SAMPLES",
    "RESOURCE_USAGE",
    "RESOURCE_USAGE_PREDICTIONS",
    "SYSTEM_METRICS",
    "TABLES",
    "TASKS",
    "TEST_HISTORY",
    "TEST_RESULTS",
]
