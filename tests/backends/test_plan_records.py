"""Records of plans: kept once, found by how their id begins, with a status that follows the steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from banana_assets.backends.plan_reading import STEPS
from banana_assets.backends.plan_records import PlanRecords
from banana_assets.backends.store import Store
from banana_assets.core.errors import InputError
from banana_assets.core.plans.case import cases
from banana_assets.core.plans.knowledge import Knowledge
from banana_assets.core.plans.planner import abstained, failure_plan
from banana_assets.core.plans.types import Action, Plan, Requirement
from banana_assets.core.tables import PLANS
from tests.core.metrics.frames import at, failures

NOW = datetime(2026, 3, 9, 12, 30, 0, 5, tzinfo=UTC)
BY: dict[str, Any] = {"by": "ann", "at": at(200)}


def made(plan_id: str = "aaaa1111", subject: str = "f1") -> Plan:
    plan = failure_plan(cases(Knowledge(failures=failures([{"build_id": "b"}])))[0], NOW)
    first = replace(
        plan.subtasks[0], action=Action("ingest", ("logs",)), resource_requirements=(Requirement("cpu", 2, "cores"),)
    )
    return replace(plan, plan_id=plan_id, subject=subject, subtasks=(first, *plan.subtasks[1:]))


@pytest.fixture
def records(store: Store) -> PlanRecords:
    return PlanRecords(store.engine)


def test_a_plan_comes_back_as_it_went(records: PlanRecords) -> None:
    plan = made()
    records.save(plan)
    assert records.plan(plan.plan_id) == plan
    assert records.plan("none") is None
    assert records.plans().to_dicts() == PLANS.conform(records.plans()).to_dicts()
    assert Plan.of_row(records.plans().row(0, named=True)) == plan
    assert records.steps(plan.plan_id).schema == STEPS
    assert records.steps(plan.plan_id)["step_id"].to_list() == [s.id for s in plan.subtasks]
    assert set(records.steps(plan.plan_id)["status"]) == {"pending"}


def test_a_plan_is_kept_once_and_never_changed(records: PlanRecords) -> None:
    plan = made()
    records.save(plan)
    records.set_step(plan.plan_id, "s1", "running", **BY)
    records.save(replace(plan, goal="another"))
    kept = records.plan(plan.plan_id)
    assert kept is not None
    assert (kept.goal, kept.status) == (plan.goal, "running")
    assert records.plans().height == 1


def test_plans_are_found_by_subject_kind_cursor_and_beginning(records: PlanRecords) -> None:
    records.save_all([made("aaaa1111", "f1"), made("aaaa2222", "f2")])
    cursor = records.cursor()
    records.save(made("bbbb3333", "f1"))
    assert records.plans(subjects=["f1"])["plan_id"].to_list() == ["aaaa1111", "bbbb3333"]
    assert records.plans(kind="goal").is_empty()
    assert records.plans(after=cursor)["plan_id"].to_list() == ["bbbb3333"]
    latest = records.latest("failure", "f1")
    assert latest is not None
    assert latest.plan_id == "bbbb3333"
    assert records.find("bbbb") == "bbbb3333"
    for told in ("aaaa", "aaa", "cccc", "%%%%", ""):
        with pytest.raises(InputError):
            records.find(told)


def test_the_plan_follows_its_steps(records: PlanRecords) -> None:
    plan = made()
    records.save(plan)
    ids = [s.id for s in plan.subtasks]
    assert records.set_step(plan.plan_id, ids[0], "running", by="ann", at=at(1), run_id="r") == "running"
    assert records.set_step(plan.plan_id, ids[0], "completed", by="ann", at=at(2), note="done") == "running"
    row = records.steps(plan.plan_id).row(0, named=True)
    assert (row["started_at"], row["ended_at"], row["run_id"], row["note"]) == (at(1), at(2), "r", "done")
    assert records.set_step(plan.plan_id, ids[1], "failed", **BY) == "failed"
    assert records.set_step(plan.plan_id, ids[1], "pending", **BY) == "running"
    for step in ids[1:-1]:
        records.set_step(plan.plan_id, step, "completed", **BY)
    assert records.set_step(plan.plan_id, ids[-1], "cancelled", **BY) == "completed"


def test_a_whole_plan_takes_its_steps_along(records: PlanRecords) -> None:
    plan = made()
    records.save(plan)
    records.set_step(plan.plan_id, "s1", "completed", **BY)
    records.set_status(plan.plan_id, "cancelled", **BY)
    assert records.steps(plan.plan_id)["status"].to_list() == ["completed"] + ["cancelled"] * (len(plan.subtasks) - 1)
    records.set_status(plan.plan_id, "pending", **BY)
    assert set(records.steps(plan.plan_id)["status"]) == {"pending"}
    assert records.steps(plan.plan_id)["ended_at"].null_count() == len(plan.subtasks)
    records.set_status(plan.plan_id, "completed", **BY)
    assert set(records.steps(plan.plan_id)["status"]) == {"completed"}


def test_who_approved_is_kept(records: PlanRecords) -> None:
    plan = made()
    records.save(plan)
    records.approve(plan.plan_id, "s1", by="ann", at=at(5))
    row = records.steps(plan.plan_id).row(0, named=True)
    assert (row["approved_by"], row["approved_at"], row["status"]) == ("ann", at(5), "pending")


@pytest.mark.parametrize("whole", [True, False])
def test_what_is_undone_is_as_it_was_at_first(records: PlanRecords, whole: bool) -> None:
    plan = made()
    records.save(plan)
    first = records.steps(plan.plan_id).drop("changed_at", "changed_by")
    records.approve(plan.plan_id, "s1", **BY)
    records.set_step(plan.plan_id, "s1", "running", run_id="r", **BY)

    def undo() -> None:
        if whole:
            records.set_status(plan.plan_id, "pending", **BY)
        else:
            records.set_step(plan.plan_id, "s1", "pending", **BY)

    with pytest.raises(InputError, match="is being carried out by run r"):
        undo()
    assert records.steps(plan.plan_id)["status"][0] == "running"
    records.set_step(plan.plan_id, "s1", "failed", note="no room", **BY)
    undo()
    assert records.steps(plan.plan_id).drop("changed_at", "changed_by").equals(first)


def test_what_people_begin_anew_has_no_run(records: PlanRecords) -> None:
    plan = made()
    records.save(plan)
    records.set_step(plan.plan_id, "s1", "running", run_id="r", **BY)
    records.set_step(plan.plan_id, "s1", "failed", **BY)
    records.set_step(plan.plan_id, "s1", "running", **BY)
    assert records.steps(plan.plan_id)["run_id"][0] is None


def test_what_does_not_exist_is_said(records: PlanRecords) -> None:
    plan = made()
    records.save_all([plan, abstained("cccc4444", "failure", "g", "f9", "No plan: nothing.", NOW)])
    for call in (
        lambda: records.set_step("none", "s1", "running", **BY),
        lambda: records.set_step(plan.plan_id, "s99", "running", **BY),
        lambda: records.set_step(plan.plan_id, "s1", "abstained", **BY),
        lambda: records.set_status("none", "running", **BY),
        lambda: records.set_status(plan.plan_id, "abstained", **BY),
        lambda: records.set_status("cccc4444", "completed", **BY),
        lambda: records.approve("cccc4444", "s1", **BY),
        lambda: records.plans(kind="wish"),
    ):
        with pytest.raises(InputError):
            call()
    assert records.plans()["status"].to_list() == ["pending", "abstained"]
