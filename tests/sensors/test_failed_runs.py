"""A run that really failed is told: which job, which step, why."""

import json
from pathlib import Path

import dagster as dg

from resources import StoreResource
from sensors import failed_run


@dg.op
def breaks() -> None:
    raise ValueError("no room left")


@dg.job
def doomed() -> None:
    breaks()


def test_the_step_and_the_reason_are_kept(home: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run = doomed.execute_in_process(instance=instance, raise_on_error=False)
        failure = next(e for e in run.all_events if e.is_failure and not e.is_step_failure)
        context = dg.build_run_status_sensor_context(
            sensor_name="failed_run",
            dagster_instance=instance,
            dagster_run=run.dagster_run,
            dagster_event=failure,
            resources={"store": StoreResource(home=str(home))},
        ).for_run_failure()
        failed_run(context)
    (told,) = [json.loads(line) for line in (home / "failed_runs.jsonl").read_text().splitlines()]
    assert (told["job"], told["step"], told["run_id"]) == ("doomed", "breaks", run.run_id)
    assert "no room left" in told["error"] or "breaks" in told["error"]
