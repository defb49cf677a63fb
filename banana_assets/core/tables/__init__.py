"""Every stored table, declared once: name, type, unit and meaning of each column. One module a group of assets.

A declaration is made when it is first asked for: most programs need few of them, and all take a while.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from banana_assets.core.lazy import lazily
from banana_assets.core.schema import Table

if TYPE_CHECKING:
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

    TABLES: dict[str, Table]
    """Table name to declaration, in lineage order."""

_MODULES = {
    "LOG_FILES": ".raw",
    "LOG_EVENTS": ".raw",
    "BUILDS": ".raw",
    "TEST_RESULTS": ".raw",
    "RESOURCE_SAMPLES": ".raw",
    "MEDIA_ITEMS": ".media",
    "TASKS": ".scheduling",
    "LOG_SHAPES": ".patterns",
    "LOG_PATTERNS": ".patterns",
    "BUILD_FAILURES": ".patterns",
    "BUILD_STEPS": ".steps",
    "FAILURE_CLUSTERS": ".failures",
    "TEST_HISTORY": ".failures",
    "FLAKY_TESTS": ".failures",
    "RESOURCE_ROLLUPS": ".metrics",
    "SYSTEM_METRICS": ".metrics",
    "RESOURCE_USAGE": ".metrics",
    "BUILD_HEALTH": ".metrics",
    "BUILD_CHANGES": ".metrics",
    "METRIC_ANOMALIES": ".metrics",
    "METADATA_QUALITY": ".media",
    "BOTTLENECKS": ".advice",
    "OPTIMIZATION_RECOMMENDATIONS": ".advice",
    "RESOURCE_USAGE_PREDICTIONS": ".advice",
    "QUEUE_SCHEDULES": ".scheduling",
    "EXECUTION_WINDOWS": ".scheduling",
    "PLANS": ".plans",
    "PLAN_OUTCOMES": ".outcomes",
    "PLAN_TEMPLATES": ".outcomes",
    "PLANNING_INDEX": ".search",
    "LLM_CALLS": ".models",
}
"""Declaration to module, in lineage order."""

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

_one = lazily(__name__, _MODULES)


def __getattr__(name: str) -> Any:
    return _all() if name == "TABLES" else _one(name)


@cache
def _all() -> dict[str, Table]:
    found: list[Table] = [_one(name) for name in _MODULES]
    return {table.name: table for table in found}
