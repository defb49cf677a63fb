"""Steps of plans that run as Dagster runs end with them, also when whoever launched them is gone."""

import dagster as dg

from banana_assets.backends.plan_records import PlanRecords
from jobs.launched import settle
from resources.store import StoreResource


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells a plan's step that was launched here how its run ended.",
)
def launched_steps(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SkipReason:
    """Look at the runs of steps that are under way."""
    with store.open() as opened:
        said = settle(context.instance, PlanRecords(opened.engine))
    return dg.SkipReason("; ".join(said) or "No launched step has ended.")
