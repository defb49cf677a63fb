"""A launched step ends with its run, whoever launched it."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from banana_assets.backends.plan_records import PlanRecords
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.core.plans.types import Plan, Prediction, Subtask
from jobs.launched import TO_BEGIN
from jobs.processes import PROCESS_TAG, this_process
from resources import StoreResource
from sensors import launched_steps

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_steps_follow_their_runs(home: Path) -> None:
    steps = tuple(Subtask(f"s{n}", "verify", "Do it.", "", 5) for n in (1, 2, 3, 4))
    plan = Plan("p001", "goal", "g", "g", "a", steps, (), "", Prediction(None, "", None), "deterministic", NOW)
    ends = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTED)
    with open_store(load_from(home)) as store, dg.DagsterInstance.ephemeral() as instance:
        records = PlanRecords(store.engine)
        records.save(plan)
        for step, status in zip(steps, ends, strict=False):
            run = instance.add_run(dg.DagsterRun(job_name="maintenance", status=status))
            records.set_step("p001", step.id, "running", by="ann", at=NOW, run_id=run.run_id)
        records.set_step("p001", "s4", "running", by="ann", at=NOW)
        given = {"store": StoreResource(home=str(home))}
        with dg.build_sensor_context(instance=instance, resources=given) as context:
            answer = launched_steps(context)
        rows = {row["step_id"]: row for row in records.steps("p001").to_dicts()}
    assert isinstance(answer, dg.SkipReason)
    assert str(answer.skip_message) == "s1 of p001 is completed; s2 of p001 is failed"
    assert [rows[s.id]["status"] for s in steps] == ["completed", "failed", "running", "running"]
    assert "ended as FAILURE" in rows["s2"]["note"]


def test_steps_of_killed_launchers_fail(home: Path) -> None:
    steps = tuple(Subtask(f"s{n}", "verify", "Do it.", "", 5) for n in (1, 2, 3, 4))
    plan = Plan("p001", "goal", "g", "g", "a", steps, (), "", Prediction(None, "", None), "deterministic", NOW)
    with open_store(load_from(home)) as store, dg.DagsterInstance.ephemeral() as instance:
        records = PlanRecords(store.engine)
        records.save(plan)
        # Killed while it ran; running; killed before its run began; about to begin its run.
        runs = []
        for process in (f"{socket.gethostname()} 999999999 1", this_process()):
            tags = {PROCESS_TAG: process}
            runs.append(dg.DagsterRun(job_name="maintenance", status=dg.DagsterRunStatus.STARTED, tags=tags))
            instance.add_run(runs[-1])
        now = datetime.now(UTC)
        begun = ((runs[0].run_id, now), (runs[1].run_id, now), ("never", now - TO_BEGIN - timedelta(seconds=1)))
        for step, (run_id, at) in zip(steps, (*begun, ("soon", now)), strict=True):
            records.set_step("p001", step.id, "running", by="ann", at=at, run_id=run_id)
        given = {"store": StoreResource(home=str(home))}
        with dg.build_sensor_context(instance=instance, resources=given) as context:
            answer = launched_steps(context)
        rows = records.steps("p001").to_dicts()
        killed, running = (instance.get_run_by_id(run.run_id) for run in runs)
    assert isinstance(answer, dg.SkipReason)
    assert str(answer.skip_message) == "s1 of p001 is failed; s3 of p001 is failed"
    assert [row["status"] for row in rows] == ["failed", "running", "failed", "running"]
    assert "is gone" in rows[0]["note"]
    assert "it never began" in rows[2]["note"]
    assert killed is not None
    assert running is not None
    assert (killed.status, running.status) == (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTED)
