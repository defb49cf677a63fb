"""Steps that are ours run as Dagster runs: once, after approval, with their end written down."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from banana_assets.backends.plan_records import PlanRecords
from banana_assets.backends.settings import load, load_from
from banana_assets.backends.store import open_store
from banana_assets.core.errors import InputError
from banana_assets.core.plans.types import Action, Plan, Prediction, Subtask
from banana_assets.launch.instance import prepare
from banana_assets.launch.steps import launch_step
from jobs.processes import PROCESS_TAG

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def saved(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the plan p001: its first step is ours, the second waits for it, the third is not known here."""
    load.cache_clear()
    monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster"))
    steps = (
        Subtask("s1", "verify", "Join files.", "", 5, action=Action("compact")),
        Subtask("s2", "verify", "Join them again.", "", 5, ("s1",), action=Action("compact")),
        Subtask("s3", "verify", "Take it in.", "", 5, action=Action("ingest", ("/etc/shadow",))),
    )
    plan = Plan("p001", "goal", "g", "g", "a", steps, (), "", Prediction(None, "", None), "deterministic", NOW)
    with open_store(load_from(home)) as store:
        PlanRecords(store.engine).save(plan)
    return home


def standing(home: Path, step: str) -> tuple[str, str | None]:
    with open_store(load_from(home)) as store:
        (row,) = PlanRecords(store.engine).steps("p001").filter(step_id=step).to_dicts()
    return row["status"], row["run_id"]


def test_nothing_runs_without_approval_or_before_its_time(saved: Path) -> None:
    with pytest.raises(InputError, match="Nobody has approved step s1, which would run the job maintenance"):
        launch_step("p001", "s1", approve=False, by="ann")
    with pytest.raises(InputError, match=r"waits for s1 \(pending\)"):
        launch_step("p001", "s2", approve=True, by="ann")
    with pytest.raises(InputError, match="neither in the watched folder"):
        launch_step("p001", "s3", approve=True, by="ann")
    assert standing(saved, "s1") == ("pending", None)


def test_a_run_is_kept_and_its_end_written_down(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert launch_step("p001", "s1", approve=True, by="ann")
    status, run_id = standing(saved, "s1")
    assert status == "completed"
    with dg.DagsterInstance.get() as instance:
        run = instance.get_run_by_id(str(run_id))
    assert run is not None
    assert (run.job_name, run.tags["banana/plan"], run.is_success) == ("maintenance", "p001", True)
    # A rule may stand for a person.
    monkeypatch.setenv("BANANA_APPROVED_ACTIONS", "compact")
    load.cache_clear()
    assert launch_step("p001", "s2", approve=False, by="ann")


def test_a_run_whose_process_was_killed_has_failed(saved: Path) -> None:
    prepare(load_from(saved))
    with open_store(load_from(saved)) as store, dg.DagsterInstance.get() as instance:
        gone = {PROCESS_TAG: f"{socket.gethostname()} 999999999 1"}
        run = dg.DagsterRun(job_name="maintenance", tags=gone, status=dg.DagsterRunStatus.STARTED)
        instance.add_run(run)
        records = PlanRecords(store.engine)
        records.set_step("p001", "s1", "completed", by="ann", at=NOW)
        records.set_step("p001", "s2", "running", by="ann", at=NOW, run_id=run.run_id)
    with pytest.raises(InputError, match="Nobody has approved step s2"):
        launch_step("p001", "s2", approve=False, by="ann")
    assert standing(saved, "s2")[0] == "failed"
