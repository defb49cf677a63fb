"""Work that waits: tasks of queues, what an order of them saves, and when there is room."""

from functools import partial

import dagster as dg
import polars as pl

from banana_assets.assets.metrics import resource_rollups, resource_usage
from banana_assets.assets.raw import builds
from banana_assets.assets.shared import input_versions, result, table_asset, unchanged
from banana_assets.backends.scheduling import schedule
from banana_assets.backends.task_records import stored_tasks
from banana_assets.core.plots.scheduling import queues_plot, windows_plot
from banana_assets.core.tables import (
    BUILDS,
    EXECUTION_WINDOWS,
    QUEUE_SCHEDULES,
    RESOURCE_ROLLUPS,
    RESOURCE_USAGE,
    RESOURCE_USAGE_PREDICTIONS,
    TASKS,
)
from resources.store import StoreResource
from resources.tables import TablesResource


@table_asset(TASKS, group="raw", kinds={"file", "delta"})
def tasks(store: StoreResource) -> dg.MaterializeResult[pl.DataFrame]:
    """Snapshot of the tasks in the records."""
    with store.open() as opened:
        frame = stored_tasks(opened.records)
    return result(TASKS, frame, preview=["queue", "task_id", "kind", "status", "queued_at", "duration_seconds"])


@table_asset(QUEUE_SCHEDULES, group="advice", deps=[builds, tasks])
def queue_schedules(tables: TablesResource) -> dg.MaterializeResult[pl.DataFrame]:
    """Run each queue again in another order, and say what that would have saved."""
    lake = tables.get()
    inputs = input_versions(lake, BUILDS, TASKS)
    if same := unchanged(lake, QUEUE_SCHEDULES, inputs):
        return same
    frame = schedule(lake).queues
    return result(
        QUEUE_SCHEDULES,
        frame,
        plot=partial(queues_plot, frame),
        preview=["queue", "tasks", "verdict", "saved_seconds", "saved_share", "statement"],
        inputs=inputs,
    )


@table_asset(
    EXECUTION_WINDOWS,
    group="advice",
    # By its name: what is advised rests on queues too, so its module imports this one.
    deps=[builds, tasks, queue_schedules, resource_rollups, resource_usage, RESOURCE_USAGE_PREDICTIONS.name],
)
def execution_windows(tables: TablesResource) -> dg.MaterializeResult[pl.DataFrame]:
    """Find when there is room for each kind of work."""
    lake = tables.get()
    inputs = input_versions(lake, BUILDS, TASKS, RESOURCE_ROLLUPS, RESOURCE_USAGE, RESOURCE_USAGE_PREDICTIONS)
    if same := unchanged(lake, EXECUTION_WINDOWS, inputs):
        return same
    frame = schedule(lake).windows
    return result(
        EXECUTION_WINDOWS,
        frame,
        plot=partial(windows_plot, frame),
        preview=["queue", "kind", "host", "begins_at", "ends_at", "best_at", "risk", "peak_risk", "fits"],
        inputs=inputs,
    )
