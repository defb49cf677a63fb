"""A failed run tells somebody."""

import dagster as dg

from banana_assets.backends.notify import failed_run_message, notify
from resources.store import StoreResource


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Writes each failed run to failed_runs.jsonl and posts it to BANANA_FAILURE_WEBHOOK.",
)
def failed_run(context: dg.RunFailureSensorContext, store: StoreResource) -> None:
    """Tell what failed, where and why."""
    step = next((e.step_key for e in context.get_step_failure_events()), None)
    message = failed_run_message(
        run_id=context.dagster_run.run_id,
        job=context.dagster_run.job_name,
        step=step,
        error=context.failure_event.message or "",
    )
    notify(store.settings(), message)
