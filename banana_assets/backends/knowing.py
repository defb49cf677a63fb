"""What the records and tables know now, gathered for whoever plans."""

from __future__ import annotations

import polars as pl

from banana_assets.backends.reading_store import ReadingStore
from banana_assets.backends.tables import Tables
from banana_assets.core.evidence import plural
from banana_assets.core.metrics.forecast.history import current
from banana_assets.core.plans.knowledge import Knowledge
from banana_assets.core.plans.needs import job_needs
from banana_assets.core.plans.upkeep import Behind
from banana_assets.core.tables import (
    BOTTLENECKS,
    BUILD_FAILURES,
    BUILDS,
    FAILURE_CLUSTERS,
    FLAKY_TESTS,
    LOG_EVENTS,
    LOG_FILES,
    LOG_PATTERNS,
    OPTIMIZATION_RECOMMENDATIONS,
    RESOURCE_ROLLUPS,
    RESOURCE_USAGE_PREDICTIONS,
    TEST_HISTORY,
)


def knowledge(store: ReadingStore, lake: Tables) -> Knowledge:
    """What the tables of a store know now."""
    builds = lake.read(BUILDS)
    return Knowledge(
        builds=builds,
        failures=lake.read(BUILD_FAILURES),
        clusters=lake.read(FAILURE_CLUSTERS),
        tests=lake.read(TEST_HISTORY),
        flaky=lake.read(FLAKY_TESTS),
        patterns=lake.read(LOG_PATTERNS),
        files=lake.read(LOG_FILES),
        bottlenecks=lake.read(BOTTLENECKS),
        recommendations=lake.read(OPTIMIZATION_RECOMMENDATIONS).drop_nulls("created_at"),
        predictions=current(lake.read(RESOURCE_USAGE_PREDICTIONS)),
        needs=job_needs(lake.read(RESOURCE_ROLLUPS), store.resource_series(), builds),
    )


def behind(store: ReadingStore, lake: Tables, known: Knowledge) -> Behind:
    """What came in since the tables were computed."""
    new = store.builds().join(known.builds, on="build_id", how="anti")
    files = store.log_files()
    unread = files.filter(pl.col("file_id").is_in(lake.lacking(LOG_EVENTS, "file_id", files["file_id"].to_list())))
    told = [plural(new.height, "build")] if new.height else []
    told += [plural(unread.height, "log file")] if unread.height else []
    days = {*new["arrival_day"], *unread["arrival_day"]}
    return Behind(" and ".join(told), tuple(sorted(days)))
