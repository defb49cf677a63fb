"""A killed run keeps nobody out of a pool."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import dagster as dg
import psutil

from jobs.processes import PROCESS_TAG, free_slots, gone, this_process

NOW = datetime.now(UTC)


def holding(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, tags: dict[str, str]) -> str:
    """A run that holds a slot of the pool."""
    run = instance.add_run(dg.DagsterRun(job_name="everything", status=status, tags=tags))
    assert instance.event_log_storage.claim_concurrency_slot("llm", run.run_id, "plans").is_claimed
    return run.run_id


def test_a_process_is_known_by_its_start() -> None:
    assert not gone(this_process())
    host, pid, _ = this_process().split(" ")
    assert gone(f"{host} {pid} 1")
    assert not gone(f"another {pid} 1")
    assert not gone("")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        told = f"{host} {process.pid} {psutil.Process(process.pid).create_time():.0f}"
        assert not gone(told)
        process.kill()
    assert gone(told)


def test_slots_of_dead_runs_are_given_back() -> None:
    started, over = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.FAILURE
    with dg.DagsterInstance.ephemeral() as instance:
        instance.event_log_storage.set_concurrency_slots("llm", 5)
        host = this_process().split(" ")[0]
        ended = holding(instance, over, {})
        killed = holding(instance, started, {PROCESS_TAG: f"{host} 999999999 1"})
        alive = holding(instance, started, {PROCESS_TAG: this_process()})
        planning = holding(instance, started, {})
        silent = holding(instance, started, {})
        assert set(free_slots(instance, [], NOW)) == {ended, killed}
        assert free_slots(instance, [planning, alive], NOW + timedelta(hours=1)) == [silent]
        assert instance.event_log_storage.get_concurrency_run_ids() == {alive, planning}
