"""Steps of plans that run as Dagster runs: how such a run is marked, and what its end says of the step."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from banana_assets.backends.plan_records import PlanRecords

PLAN_TAG, STEP_TAG = "banana/plan", "banana/step"
ENDS = {
    dg.DagsterRunStatus.SUCCESS: "completed",
    dg.DagsterRunStatus.FAILURE: "failed",
    dg.DagsterRunStatus.CANCELED: "failed",
}
BY = "its run"


def settle(instance: dg.DagsterInstance, records: PlanRecords) -> list[str]:
    """Give steps that are running what the end of their runs says; these, in words. One whose run is not over stays."""
    said = []
    for row in records.steps().filter(status="running").drop_nulls("run_id").iter_rows(named=True):
        run = instance.get_run_by_id(row["run_id"])
        status = ENDS.get(run.status) if run else None
        if run is None or status is None:
            continue
        note = None if status == "completed" else f"run {run.run_id} ended as {run.status.value}"
        records.set_step(row["plan_id"], row["step_id"], status, by=BY, at=datetime.now(UTC), note=note)
        said.append(f"{row['step_id']} of {row['plan_id']} is {status}")
    return said
