"""What advice is computed from, read from the tables."""

from __future__ import annotations

from banana_assets.backends.tables import Tables
from banana_assets.core.advice.observed import Observed, by_hour
from banana_assets.core.metrics.forecast.history import current
from banana_assets.core.tables import (
    BUILD_FAILURES,
    BUILD_STEPS,
    BUILDS,
    FAILURE_CLUSTERS,
    FLAKY_TESTS,
    LOG_FILES,
    LOG_PATTERNS,
    LOG_SHAPES,
    METADATA_QUALITY,
    QUEUE_SCHEDULES,
    RESOURCE_USAGE,
    RESOURCE_USAGE_PREDICTIONS,
    TEST_RESULTS,
)


def observe(tables: Tables) -> Observed:
    """Everything that advice is computed from."""
    return Observed(
        builds=tables.read(BUILDS),
        steps=tables.read(BUILD_STEPS),
        tests=tables.read(TEST_RESULTS),
        flaky=tables.read(FLAKY_TESTS),
        failures=tables.read(BUILD_FAILURES),
        clusters=tables.read(FAILURE_CLUSTERS),
        usage=tables.read(RESOURCE_USAGE),
        predictions=current(tables.read(RESOURCE_USAGE_PREDICTIONS)),
        shapes=by_hour(tables.scan(LOG_SHAPES)),
        patterns=tables.read(LOG_PATTERNS),
        files=tables.read(LOG_FILES),
        schedules=tables.read(QUEUE_SCHEDULES),
        metadata=tables.read(METADATA_QUALITY),
    )
