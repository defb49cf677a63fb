"""New failed builds ask for plans: one run for a bounded batch, each failure planned once, none missed.

What still needs a plan is told by the records (``backends.planned``), in the order of arrival, so that neither a
restart nor a lost cursor repeats or skips anything. Dagster's own records tell which runs are under way, and how the
last ones ended.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

import dagster as dg

from banana_assets.backends.planned import LEASE_SECONDS, Planned
from jobs.planning import plan_failures
from jobs.processes import free_slots
from resources.store import StoreResource

BATCH_TAG = "banana/batch"
"""On a run: the hash of the failures that it was asked to plan."""

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
"""After a failed run the next one waits; twice as long after each further one."""

RUNS_LOOKED_AT = 50


def clock() -> datetime:
    """The time of a look."""
    return datetime.now(UTC)


@dg.sensor(
    job=plan_failures,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks for plans for failed builds that have none, in batches of BANANA_PLAN_BATCH, oldest arrival "
    "first. After a failed run it waits a minute, then two, four... up to an hour.",
)
def failed_builds(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult:
    """One look: what waits, what is under way, and whether the last runs went well."""
    now = clock()
    with store.open() as opened:
        planned = Planned(opened.engine)
        seen = Look(context.instance, planned, now)
        arrived = opened.builds_cursor()
        before = int(context.cursor or 0)
        free = opened.settings.plan_runs - len(seen.under_way)
        said = seen.holds_back(free)
        requests = [] if said else list(seen.requests(free, opened.settings.plan_batch))
        counts = planned.counts()
    news = f"{arrived - before} arrivals or changes since the last look; " if 0 <= before < arrived else ""
    told = ", ".join(f"{counts[state]} {state.replace('_', ' ')}" for state in sorted(counts)) or "no failed build"
    context.log.info(f"{news}failures: {told}")
    reason = None if requests else f"{said or 'Nothing waits'} (failures: {told})."
    return dg.SensorResult(run_requests=requests, skip_reason=reason, cursor=str(arrived))


@dataclass(frozen=True)
class Asked:
    """A run that this sensor asked for."""

    run: dg.DagsterRun
    began: datetime
    ended: datetime | None

    @property
    def builds(self) -> list[str]:
        """The failures that it was asked to plan."""
        config: Any = self.run.run_config
        return list(config.get("ops", {}).get("plans", {}).get("config", {}).get("build_ids", []))


class Look:
    """What one tick sees."""

    def __init__(self, instance: dg.DagsterInstance, planned: Planned, now: datetime) -> None:
        self.instance = instance
        self.planned = planned
        self.now = now
        self.runs = self._runs(dg.RunsFilter(job_name=plan_failures.name), RUNS_LOOKED_AT)
        owners = planned.owners(now=now)
        free_slots(instance, owners, now)
        # A killed process leaves its run open for ever: one that neither holds a claim nor is young is not waited for.
        young = now - timedelta(seconds=LEASE_SECONDS)
        self.under_way = [r for r in self.runs if not r.run.is_finished and (r.run.run_id in owners or r.began > young)]

    def holds_back(self, free: int) -> str | None:
        """Why nothing is asked for now, whatever waits."""
        if free <= 0:
            ids = ", ".join(r.run.run_id[:8] for r in self.under_way)
            return f"Runs under way: {ids}"
        ended = [r for r in self.runs if r.run.is_finished]
        failed = list(takewhile(lambda r: not r.run.is_success, ended))
        if not failed:
            return None
        waits = min(FIRST_WAIT * 2 ** min(len(failed) - 1, 10), LONGEST_WAIT)
        until = (failed[0].ended or failed[0].began) + waits
        if until <= self.now:
            return None
        last = failed[0].run
        times = f"the last {len(failed)} runs" if len(failed) > 1 else "the last run"
        return f"Waiting until {until:%H:%M:%S} UTC since {times} ended as {last.status.value} ({last.run_id[:8]})"

    def requests(self, free: int, most: int) -> Iterator[dg.RunRequest]:
        """Runs to ask for, at most so many, each for at most so many failures."""
        asked = {build for r in self.under_way for build in r.builds}
        while free > 0 and (batch := self.planned.waiting(most, now=self.now, without=asked)):
            digest = self._digest(batch)
            before = next((r.run for r in self._runs(dg.RunsFilter(tags={BATCH_TAG: digest}), 1)), None)
            if before and before.is_success:
                # It went well and planned nothing: that counts as an attempt, so that it does not go on for ever.
                self._count_attempt(batch, before.run_id)
                continue
            asked |= set(batch)
            free -= 1
            yield dg.RunRequest(
                run_key=f"{digest} after {before.run_id}" if before else digest,
                run_config={"ops": {"plans": {"config": {"build_ids": batch}}}},
                tags={BATCH_TAG: digest, "banana/failures": str(len(batch))},
            )

    def _digest(self, batch: Sequence[str]) -> str:
        rows = self.planned.states(batch).select("build_id", "log_sha256", "attempts")
        return hashlib.sha256(json.dumps(rows.sort("build_id").rows()).encode()).hexdigest()[:16]

    def _count_attempt(self, batch: Sequence[str], run_id: str) -> None:
        by = f"sensor/{run_id}"
        mine = self.planned.claim(batch, by=by, now=self.now)
        self.planned.failed(mine, f"run {run_id} succeeded and did not plan it", by=by, now=self.now)

    def _runs(self, which: dg.RunsFilter, most: int) -> list[Asked]:
        records = self.instance.get_run_records(which, limit=most)
        found = []
        for record in records:
            if BATCH_TAG not in record.dagster_run.tags:
                continue
            ended = datetime.fromtimestamp(record.end_time, UTC) if record.end_time else None
            began = max(record.create_timestamp, record.update_timestamp).replace(tzinfo=UTC)
            found.append(Asked(record.dagster_run, began, ended))
        return found
