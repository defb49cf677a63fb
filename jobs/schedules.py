"""When jobs run by themselves."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from banana_assets.backends.pending import arrival_days
from banana_assets.backends.sample_spool import sample_host
from jobs.graph import everything, ingest
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


@dg.schedule(
    name="resource_samples",
    cron_schedule="*/5 * * * *",
    job=ingest,
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every five minutes: read what this host uses (CPU, memory, disk, network). Starts no run; the hourly "
    "one takes the readings in.",
)
def resource_samples(context: dg.ScheduleEvaluationContext, store: StoreResource) -> dg.SkipReason:
    """Sample the host in the tick itself, since a run would cost more than all that it measures."""
    readings = sample_host(store.settings(), datetime.now(UTC))
    return dg.SkipReason(f"took {len(readings)} readings of this host")
