"""What repeats in logs, why builds failed, and what of it comes again or by chance."""

from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg
import polars as pl

from banana_assets.assets.raw import builds, log_events, log_files
from banana_assets.assets.shared import Audit, partition_days, result, table_asset, written
from banana_assets.backends import derive
from banana_assets.core.builds import clusters, flaky, history
from banana_assets.core.builds.diagnosis import RULES_VERSION
from banana_assets.core.builds.timing import RULES_VERSION as STEP_RULES
from banana_assets.core.logs.patterns import patterns
from banana_assets.core.plots.builds import failures_plot
from banana_assets.core.plots.failures import clusters_plot, flaky_plot, history_plot
from banana_assets.core.plots.patterns import patterns_plot
from banana_assets.core.tables import (
    BUILD_FAILURES,
    BUILD_STEPS,
    BUILDS,
    FAILURE_CLUSTERS,
    FLAKY_TESTS,
    LOG_EVENTS,
    LOG_FILES,
    LOG_PATTERNS,
    LOG_SHAPES,
    TEST_HISTORY,
)
from resources.store import StoreResource
from resources.tables import TablesResource


@table_asset(LOG_SHAPES, group="patterns", daily=True, deps=[log_events, log_files])
def log_shapes(context: dg.AssetExecutionContext, tables: TablesResource) -> dg.MaterializeResult[None]:
    """Count the shapes of the files of these arrival days that are not counted yet."""
    lake = tables.get()
    audit = Audit(LOG_SHAPES)
    days = partition_days(context)
    files = lake.scan(LOG_FILES).filter(pl.col("arrival_day").is_in(days)).collect().sort("file_id")

    def missing() -> Sequence[int]:
        ids = {
            table.name: lake.scan(table).filter(pl.col("arrival_day").is_in(days)).select(pl.col("file_id").unique())
            for table in (LOG_EVENTS, LOG_SHAPES)
        }
        parsed = ids[LOG_EVENTS.name].join(ids[LOG_SHAPES.name], on="file_id", how="anti")
        return parsed.collect().sort("file_id")["file_id"].to_list()

    audit.add(
        lake.put(
            LOG_SHAPES,
            "file_id",
            missing,
            lambda ids: audit.watch(derive.log_shapes(lake, files.filter(pl.col("file_id").is_in(ids)))),
        )
    )
    return written(LOG_SHAPES, lake.scan(LOG_SHAPES), audit, preview=["source", "hour", "events", "shape"])


@table_asset(LOG_PATTERNS, group="patterns", code_version="2")
def log_patterns(
    log_shapes: pl.LazyFrame, log_files: pl.DataFrame, store: StoreResource, tables: TablesResource
) -> dg.MaterializeResult[pl.DataFrame]:
    """Mine the shapes that are new; what people decided, and where templates came from, is kept."""
    with store.open() as opened:
        states = opened.pattern_states()
    frame = patterns(log_shapes, log_files, previous=tables.get().read(LOG_PATTERNS), states=states)
    return result(
        LOG_PATTERNS,
        frame,
        plot=patterns_plot(frame),
        preview=["severity", "state", "is_new", "frequency", "trend", "named_template", "last_seen", "sources"],
    )


@table_asset(BUILD_FAILURES, group="patterns", deps=[builds], code_version=str(RULES_VERSION))
def build_failures(store: StoreResource, tables: TablesResource) -> dg.MaterializeResult[None]:
    """Diagnose the failed builds that have no diagnosis by these rules yet."""
    lake = tables.get()
    audit = Audit(BUILD_FAILURES)
    known = lake.read(BUILDS)
    with store.open() as opened:
        budget = opened.settings.evidence_budget_tokens
        audit.add(
            lake.put(
                BUILD_FAILURES,
                "build_id",
                lambda: derive.undiagnosed(known, lake.read(BUILD_FAILURES))["build_id"].to_list(),
                lambda ids: audit.watch(derive.build_failures(opened, known, ids, budget)),
            )
        )
    frame = lake.read(BUILD_FAILURES)
    return written(
        BUILD_FAILURES,
        frame.lazy(),
        audit,
        plot=failures_plot(frame),
        preview=["build_id", "category", "confidence", "reason", "failing_step"],
    )


@table_asset(BUILD_STEPS, group="patterns", deps=[builds], code_version=str(STEP_RULES))
def build_steps(store: StoreResource, tables: TablesResource) -> dg.MaterializeResult[None]:
    """Read the steps and their times from the logs of builds that were not read by these rules yet."""
    lake = tables.get()
    audit = Audit(BUILD_STEPS)
    known = lake.read(BUILDS)
    with store.open() as opened:
        audit.add(
            lake.put(
                BUILD_STEPS,
                "build_id",
                lambda: derive.unstepped(known, lake.read(BUILD_STEPS))["build_id"].to_list(),
                lambda ids: audit.watch(derive.build_steps(opened, known, ids)),
            )
        )
    return written(
        BUILD_STEPS, lake.scan(BUILD_STEPS), audit, preview=["build_id", "position", "name", "duration_seconds"]
    )


@table_asset(FAILURE_CLUSTERS, group="patterns", code_version=clusters.VERSION)
def failure_clusters(
    build_failures: pl.DataFrame, builds: pl.DataFrame, tables: TablesResource
) -> dg.MaterializeResult[pl.DataFrame]:
    """Join failures that are the same one; clusters keep their ids."""
    frame = clusters.failure_clusters(build_failures, builds, tables.get().read(FAILURE_CLUSTERS))
    return result(
        FAILURE_CLUSTERS,
        frame.sort("last_seen", "cluster_id", descending=[True, False]),
        plot=clusters_plot(frame),
        preview=["cluster_id", "state", "is_new", "category", "failures", "jobs", "title", "last_seen"],
    )


@table_asset(TEST_HISTORY, group="patterns")
def test_history(test_results: pl.DataFrame, builds: pl.DataFrame) -> dg.MaterializeResult[pl.DataFrame]:
    """Tell of each test how often it fails, how long it takes, and since when it fails."""
    frame = history.test_history(test_results, builds)
    return result(
        TEST_HISTORY,
        frame.sort("failing_builds", "failures", "test_id", descending=[True, True, False]),
        plot=history_plot(frame),
        preview=["title", "runs", "failures", "failing_since_build", "median_seconds", "p95_seconds", "slower"],
    )


@table_asset(FLAKY_TESTS, group="patterns")
def flaky_tests(
    test_results: pl.DataFrame, build_failures: pl.DataFrame, builds: pl.DataFrame, store: StoreResource
) -> dg.MaterializeResult[pl.DataFrame]:
    """Find the tests that pass and fail on the same commit; what people put in quarantine is kept in the records."""
    with store.open() as opened:
        quarantines = opened.quarantines()
    # The one day that is the calendar's and not the data's: a quarantine ends on it whatever arrives.
    frame = flaky.flaky_tests(test_results, builds, build_failures, quarantines, datetime.now(UTC).date())
    return result(
        FLAKY_TESTS,
        frame.sort("flake_rate_low", "test_id", descending=[True, False]),
        plot=flaky_plot(frame),
        preview=["title", "state", "flakes", "runs", "flake_rate_low", "flake_rate_high", "last_flake", "quarantine"],
    )
