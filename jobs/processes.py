"""Runs whose process is gone: how a run names its process, and what it must not hold on to.

Dagster keeps a killed run open for ever, and with it the slot of a pool that it had taken: after a few kills nothing
would get into the pool any more.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import dagster as dg
import psutil

from banana_assets.backends.planned import LEASE_SECONDS

PROCESS_TAG = "banana/process"
"""On a run: host, process id and start of the process that carries it."""


def this_process() -> str:
    """The value of PROCESS_TAG for this process."""
    return f"{socket.gethostname()} {os.getpid()} {psutil.Process().create_time():.0f}"


def gone(told: str) -> bool:
    """Whether that process ran on this host and does not any more."""
    host, _, rest = told.partition(" ")
    pid, _, began = rest.partition(" ")
    if host != socket.gethostname() or not pid.isdecimal():
        return False
    try:
        return f"{psutil.Process(int(pid)).create_time():.0f}" != began
    except psutil.NoSuchProcess:
        return True


def free_slots(instance: dg.DagsterInstance, owners: Collection[str], now: datetime) -> list[str]:
    """Give back the slots of pools that dead runs hold; the ids of these.

    Dead is a run that is over or deleted, one whose process is gone, and one that began long ago and plans nothing
    (``owners`` are the runs that do). A slot given back too early lets one run more into the pool, nothing else.
    """
    storage = instance.event_log_storage
    dead = [run_id for run_id in storage.get_concurrency_run_ids() if _dead(instance, run_id, owners, now)]
    for run_id in dead:
        storage.free_concurrency_slots_for_run(run_id)
    return dead


def _dead(instance: dg.DagsterInstance, run_id: str, owners: Collection[str], now: datetime) -> bool:
    record = instance.get_run_record_by_id(run_id)
    if record is None or record.dagster_run.is_finished:
        return True
    if gone(record.dagster_run.tags.get(PROCESS_TAG, "")):
        return True
    began = record.update_timestamp.replace(tzinfo=UTC)
    return run_id not in owners and began + timedelta(seconds=LEASE_SECONDS) < now
