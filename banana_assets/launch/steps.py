"""Launching a step of a plan that is ours: looked up, approved, run, and its end written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from banana_assets.backends.acting import admit, approval
from banana_assets.backends.pending import arrival_days
from banana_assets.backends.plan_records import PlanRecords
from banana_assets.backends.settings import Settings, load
from banana_assets.backends.store import Store, open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.errors import InputError
from banana_assets.core.plans.pathways import check, moved
from banana_assets.core.plans.types import Plan
from banana_assets.interfaces.cli.output import say

if TYPE_CHECKING:
    from banana_assets.core.plans.actions import Admitted


@dataclass(frozen=True)
class Launch:
    """A step that may run, and who lets it."""

    plan: Plan
    step_id: str
    what: Admitted
    approved_by: str


def launch_step(told: str, step_id: str, *, approve: bool, by: str) -> bool:
    """Run a plan's step in this process, as a Dagster run; whether it went well.

    Raises InputError for a step that is not ours, not admitted, not approved, or not due.
    """
    settings = load()
    with open_store(settings) as store:
        records = PlanRecords(store.engine)
        _settle_ended(settings, records)
        launch = _due(store, records, told, step_id, approve=approve, by=by)
        run_id = str(uuid4())
        _begin(records, launch, run_id, by)
        days = list(launch.what.days) or _days(store, launch.what)
    say(f"{step_id}: {launch.what.said}; approved by {launch.approved_by}; run {run_id}")
    return _run(settings, launch, run_id, days, by)


def _due(store: Store, records: PlanRecords, told: str, step_id: str, *, approve: bool, by: str) -> Launch:
    plan = records.plan(records.find(told))
    if plan is None:
        raise InputError(f"There is no plan {told}.", "`banana plans` lists them.")
    what = admit(store, plan, step_id)
    steps = {row["step_id"]: row for row in records.steps(plan.plan_id).to_dicts()}
    moved(plan, {step: row["status"] for step, row in steps.items()}, step_id, "start")
    if approve:
        records.approve(plan.plan_id, step_id, by=by, at=datetime.now(UTC))
    approved = approval(store.settings, plan, step_id, what, by if approve else steps[step_id]["approved_by"])
    if approved is None:
        raise InputError(
            f"Nobody has approved step {step_id}, which would {what.said}.",
            f"`banana plan approve {plan.plan_id} {step_id}` does, and so does --yes.",
        )
    return Launch(plan, step_id, what, approved)


def _begin(records: PlanRecords, launch: Launch, run_id: str, by: str) -> None:
    plan, step = launch.plan, launch.step_id
    # The check is part of the write: two who launch at once start one run.
    records.set_step(
        plan.plan_id,
        step,
        "running",
        by=by,
        at=datetime.now(UTC),
        run_id=run_id,
        note=None if launch.approved_by == by else f"approved by {launch.approved_by}",
        check=check(plan, step, "start"),
    )


def _days(store: Store, what: Admitted) -> list[date]:
    if what.job == "maintenance":
        return []
    return list(arrival_days(store, Tables(store.settings.tables_root), today=datetime.now(UTC).date()))


def _run(settings: Settings, launch: Launch, run_id: str, days: list[date], by: str) -> bool:
    from banana_assets.launch.running import run_job
    from jobs.launched import PLAN_TAG, STEP_TAG

    tags = {PLAN_TAG: launch.plan.plan_id, STEP_TAG: launch.step_id}
    ops = {asset: {"config": {"paths": list(paths)}} for asset, paths in launch.what.paths.items()}
    error = "interrupted"
    try:
        done = run_job(
            settings, launch.what.job, days, lambda line: say(f"  {line}"), ops=ops, tags=tags, run_id=run_id
        )
        error = done.error
    finally:
        status = "failed" if error else "completed"
        with open_store(settings) as store:
            PlanRecords(store.engine).set_step(
                launch.plan.plan_id, launch.step_id, status, by=by, at=datetime.now(UTC), note=error or None
            )
    say(f"banana plan: {launch.step_id} is {status}" + (f": {error}" if error else f", {done.seconds:.1f} s."))
    return not error


def _settle_ended(settings: Settings, records: PlanRecords) -> None:
    """Write down the ends of runs that nobody wrote down."""
    import dagster as dg

    from banana_assets.launch.instance import prepare
    from jobs.launched import settle

    prepare(settings)
    with dg.DagsterInstance.get() as instance:
        settle(instance, records)
