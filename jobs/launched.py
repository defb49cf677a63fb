"""Steps of plans that run as Dagster runs: how such a run is marked, and what its end says of the step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from banana_assets.backends.plan_records import PlanRecords
from jobs.processes import PROCESS_TAG, gone

PLAN_TAG, STEP_TAG = "banana/plan", "banana/step"
ENDS = {
    dg.DagsterRunStatus.SUCCESS: "completed",
    dg.DagsterRunStatus.FAILURE: "failed",
    dg.DagsterRunStatus.CANCELED: "failed",
}
BY = "its run"
TO_BEGIN = timedelta(minutes=5)
"""A step is written down as running before Dagster knows its run, which takes seconds."""


def settle(instance: dg.DagsterInstance, records: PlanRecords) -> list[str]:
    """Give steps that are running what the end of their runs says; these, in words. One whose run is not over stays.

    A run whose process is gone has failed, and so has a step whose run was never begun.
    """
    said = []
    for row in records.steps().filter(status="running").drop_nulls("run_id").iter_rows(named=True):
        status, note = _end(instance, row, datetime.now(UTC))
        if status is None:
            continue
        records.set_step(row["plan_id"], row["step_id"], status, by=BY, at=datetime.now(UTC), note=note)
        said.append(f"{row['step_id']} of {row['plan_id']} is {status}")
    return said


def _end(instance: dg.DagsterInstance, row: dict[str, Any], now: datetime) -> tuple[str | None, str | None]:
    """The status that the step's run gives it, None while that is not over, and what there is to note."""
    run = instance.get_run_by_id(row["run_id"])
    if run is None:
        never = row["changed_at"] + TO_BEGIN < now
        return ("failed", f"there is no run {row['run_id']}: it never began or was deleted") if never else (None, None)
    if not run.is_finished and gone(run.tags.get(PROCESS_TAG, "")):
        instance.report_run_failed(run, "the process that ran it is gone")
        return "failed", f"the process of run {run.run_id} is gone"
    status = ENDS.get(run.status)
    return status, None if status in (None, "completed") else f"run {run.run_id} ended as {run.status.value}"
