"""Named selections of the asset graph, their schedules, and the commands that run them."""

from typing import Any

from jobs.graph import everything, ingest, patterns
from jobs.maintenance import maintenance
from jobs.planning import plan_failures
from jobs.schedules import hourly, nightly, resource_samples

JOBS: list[Any] = [ingest, patterns, everything, plan_failures, maintenance]
SCHEDULES = [hourly, nightly, resource_samples]

__all__ = ["JOBS", "SCHEDULES", "everything", "ingest", "maintenance", "patterns", "plan_failures"]
