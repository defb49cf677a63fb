"""When jobs run by themselves."""

from collections.abc import Iterator

import dagster as dg

from banana_assets.backends.pending import arrival_days
from jobs.graph import everything
from jobs.maintenance import maintenance
from resources.store import StoreResource
from resources.tables import TablesResource


@dg.schedule(
    cron_schedule="5 * * * *",
    job=everything,
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every hour: compute what came in on days that are not computed yet, today's at least.",
)
def hourly(
    context: dg.ScheduleEvaluationContext, store: StoreResource, tables: TablesResource
) -> Iterator[dg.RunRequest]:
    """One run a day of arrival that has something new."""
    at = context.scheduled_execution_time
    with store.open() as opened:
        days = arrival_days(opened, tables.get(), today=at.date())
    for day in days:
        yield dg.RunRequest(run_key=f"{at:%Y-%m-%dT%H}/{day}", partition_key=day.isoformat())


nightly = dg.ScheduleDefinition(
    name="nightly",
    job=maintenance,
    cron_schedule="30 3 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night: compact the tables and drop old versions.",
)
