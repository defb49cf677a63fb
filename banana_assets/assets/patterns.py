"""What repeats in logs, why builds failed, and what of it comes again or by chance."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import dagster as dg
import polars as pl

from banana_assets.assets.raw import builds, log_events, log_files, test_results
from banana_assets.assets.shared import (
    Audit,
    content_hash,
    input_versions,
    partition_days,
    result,
    table_asset,
    unchanged,
    written,
)
from banana_assets.backends import derive
from banana_assets.core.builds import clusters, flaky, history
from banana_assets.core.builds.diagnosis import RULES_VERSION
from banana_assets.core.builds.quarantine import quarantined
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
    TEST_RESULTS,
)
from resources.store import StoreResource
from resources.tables import TablesResource


@table_asset(LOG_SHAPES, group="patterns", daily=True, deps=[log_events, log_files])
def log_shapes(context: dg.AssetExecutionContext, tables: TablesResource) -> dg.MaterializeResult[None]:
    """Count the shapes of the files of these arrival days that are not counted yet."""
    lake = tables.get()
    audit = Audit(LOG_SHAPES)
    given_up: list[int] = []
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
            lambda ids: audit.watch(derive.log_shapes(lake, files.filter(pl.col("file_id").is_in(ids)), given_up)),
        )
    )
    return written(
        LOG_SHAPES,
        lake.scan(LOG_SHAPES),
        audit,
        preview=["source", "hour", "events", "shape"],
        files_with_rare_words_given_up=len(set(given_up)),
    )


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
        plot=partial(patterns_plot, frame),
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
        plot=partial(failures_plot, frame),
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


@table_asset(FAILURE_CLUSTERS, group="patterns", deps=[build_failures, builds], code_version=clusters.VERSION)
def failure_clusters(tables: TablesResource) -> dg.MaterializeResult[pl.DataFrame]:
    """Join failures that are the same one; clusters keep their ids."""
    lake = tables.get()
    inputs = input_versions(lake, BUILD_FAILURES, BUILDS)
    if same := unchanged(lake, FAILURE_CLUSTERS, inputs):
        return same
    frame = clusters.failure_clusters(*map(lake.read, (BUILD_FAILURES, BUILDS, FAILURE_CLUSTERS)))
    return result(
        FAILURE_CLUSTERS,
        frame.sort("last_seen", "cluster_id", descending=[True, False]),
        plot=partial(clusters_plot, frame),
        preview=["cluster_id", "state", "is_new", "category", "failures", "jobs", "title", "last_seen"],
        inputs=inputs,
    )


@table_asset(TEST_HISTORY, group="patterns", deps=[test_results, builds])
def test_history(tables: TablesResource) -> dg.MaterializeResult[pl.DataFrame]:
    """Tell of each test how often it fails, how long it takes, and since when it fails."""
    lake = tables.get()
    inputs = input_versions(lake, TEST_RESULTS, BUILDS)
    if same := unchanged(lake, TEST_HISTORY, inputs):
        return same
    frame = history.test_history(*map(lake.read, (TEST_RESULTS, BUILDS)))
    return result(
        TEST_HISTORY,
        frame.sort("failing_builds", "failures", "test_id", descending=[True, True, False]),
        plot=partial(history_plot, frame),
        preview=["title", "runs", "failures", "failing_since_build", "median_seconds", "p95_seconds", "slower"],
        inputs=inputs,
    )


@table_asset(FLAKY_TESTS, group="patterns", deps=[test_results, build_failures, builds])
def flaky_tests(store: StoreResource, tables: TablesResource) -> dg.MaterializeResult[pl.DataFrame]:
    """Find the tests that pass and fail on the same commit; what people put in quarantine is kept in the records."""
    lake = tables.get()
    # The one day that is the calendar's and not the data's: a quarantine ends on it whatever arrives.
    today = datetime.now(UTC).date()
    with store.open() as opened:
        quarantines = opened.quarantines()
    held = content_hash(quarantined(quarantines.select("test_id"), quarantines, today))
    inputs = input_versions(lake, TEST_RESULTS, BUILDS, BUILD_FAILURES, quarantines=held)
    if same := unchanged(lake, FLAKY_TESTS, inputs):
        return same
    results, known, failures = map(lake.read, (TEST_RESULTS, BUILDS, BUILD_FAILURES))
    frame = flaky.flaky_tests(results, known, failures, quarantines, today)
    return result(
        FLAKY_TESTS,
        frame.sort(pl.col("state") == "quiet", "flake_rate_low", "test_id", descending=[False, True, False]),
        plot=partial(flaky_plot, frame),
        preview=["title", "state", "flakes", "runs", "flake_rate_low", "flake_rate_high", "last_flake", "quarantine"],
        inputs=inputs,
    )
