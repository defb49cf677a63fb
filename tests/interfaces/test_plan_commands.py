"""``banana plans``, ``banana plan`` and ``banana why``, in this process, on a home with one planned failure."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from banana_assets.backends import derive
from banana_assets.backends.ingest import ingest_builds
from banana_assets.backends.plan_records import PlanRecords
from banana_assets.backends.planned import MOST_ATTEMPTS, Planned
from banana_assets.backends.planning import plan_failures
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import Store, open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.builds.clusters import failure_clusters
from banana_assets.core.tables import BUILD_FAILURES, BUILDS, FAILURE_CLUSTERS, PLANS
from tests.commands import Run

LOG = """\
Collecting packages
token=ghp_abcdefghijklmnopqrstuvwxyz0123456789
Traceback (most recent call last):
  File "app/load.py", line 3, in <module>
    import yaml
ModuleNotFoundError: No module named 'yaml'
Process completed with exit code 1.
"""


def fill(store: Store, folder: Path) -> str:
    """Ingest, diagnose and plan one failed build, as a run called ``run-1``; the plan's id."""
    folder.mkdir()
    (folder / "7.log").write_text(LOG)
    ingest_builds(store, [folder])
    lake = Tables(store.settings.tables_root, run_id="run-1")
    builds = store.builds()
    failures = pl.concat(derive.build_failures(store, builds, builds["build_id"].to_list(), 2000))
    lake.replace(BUILDS, builds)
    lake.replace(BUILD_FAILURES, failures)
    lake.replace(FAILURE_CLUSTERS, failure_clusters(failures, builds, FAILURE_CLUSTERS.empty()))
    (plan,) = plan_failures(store, lake, run_id="run-1").made
    lake.replace(PLANS, PlanRecords(store.engine).plans())
    return plan.plan_id


@pytest.fixture
def plan_id(home: Path, tmp_path: Path) -> str:
    with open_store(load_from(home)) as store:
        return fill(store, tmp_path / "ci")


def test_without_a_plan_it_says_so(banana: Run, home: Path) -> None:
    with open_store(load_from(home)):
        pass
    status, _, err = banana("plans")
    assert (status, "there are no plans yet" in err) == (0, True)
    assert banana("plan", "show", "abcd")[0] == 2
    assert banana("why", "abcd")[2].startswith("banana why: There is no plan abcd.")


def test_plans_are_listed(banana: Run, plan_id: str) -> None:
    status, out, _ = banana("plans", "--format", "jsonl")
    assert status == 0
    (row,) = [json.loads(line) for line in out.splitlines()]
    assert (row["plan_id"], row["status"], row["steps_done"]) == (plan_id, "pending", 0)
    assert row["optimization_score"] is not None
    assert "yaml" in banana("plans")[1]
    assert "no plan is like that" in banana("plans", "--status", "completed")[2]


def test_steps_are_followed_in_their_order(banana: Run, plan_id: str, home: Path) -> None:
    steps = [s["id"] for s in json.loads(banana("plan", "show", plan_id, "--format", "json")[1])["subtasks"]]
    status, _, err = banana("plan", "done", plan_id[:6], steps[1])
    assert status == 2
    assert f"waits for {steps[0]} (pending)" in err
    assert "s1 is running; the plan is running" in banana("plan", "start", plan_id)[2]
    assert "s1 is completed" in banana("plan", "done", plan_id, "s1", "--note", "it was so", "--by", "ann")[2]
    shown = banana("plan", "show", plan_id)[1]
    assert "s1  completed (by ann" in shown
    assert "it was so" in shown
    again = banana("plan", "done", plan_id, "s1", "--note", "other", "--by", "bob")
    assert again == (0, "", "banana plan: s1 is completed already; the note is not kept.\n")
    assert banana("plan", "show", plan_id)[1] == shown
    assert "s1 is pending; the plan is pending" in banana("plan", "undo", plan_id, "s1")[2]
    assert "the plan is completed" in banana("plan", "done", plan_id)[2]
    assert json.loads(banana("plans", "--format", "jsonl")[1])["status"] == "completed"
    assert banana("plan", "start", plan_id, "s99")[0] == 2


def test_a_whole_plan_follows_the_same_moves(banana: Run, plan_id: str) -> None:
    assert banana("plan", "undo", plan_id) == (0, "", "banana plan: the plan is pending already.\n")
    assert banana("plan", "cancel", plan_id)[0] == 0
    assert banana("plan", "cancel", plan_id)[::2] == (0, "banana plan: the plan is cancelled already.\n")
    for word in ("done", "fail"):
        status, _, err = banana("plan", word, plan_id)
        assert status == 2
        assert f"The plan {plan_id} is cancelled." in err
    assert json.loads(banana("plans", "--format", "jsonl")[1])["status"] == "cancelled"
    assert banana("plan", "undo", plan_id)[0] == 0
    assert banana("plan", "done", plan_id)[0] == 0


def test_a_plan_that_is_not_there_is_not_launched(banana: Run, home: Path) -> None:
    before = sorted(home.rglob("*"))
    status, _, err = banana("plan", "launch", "abcd", "s1")
    assert status == 2
    assert "There is no store" in err
    assert sorted(home.rglob("*")) == before


def test_json_hides_nothing_from_whoever_looks_at_it(banana: Run, plan_id: str, home: Path) -> None:
    hidden = "a\u202eb\u200bc\x9bd\U000e0041e\u2028f"
    with open_store(load_from(home)) as store:
        records = PlanRecords(store.engine)
        plan = records.plan(plan_id)
        assert plan is not None
        records.save(replace(plan, plan_id="hidden00", goal=hidden))
    for words in (("export", "hidden00", "--as", "json"), ("show", "hidden00", "--format", "json")):
        out = banana("plan", *words)[1]
        assert not set(hidden) - set("abcdef") & set(out)
        assert json.loads(out)["goal"] == hidden


def test_exports_hold_no_secret(banana: Run, plan_id: str, tmp_path: Path) -> None:
    for form in ("markdown", "issue", "json"):
        status, out, _ = banana("plan", "export", plan_id, "--as", form)
        assert status == 0
        assert "yaml" in out
        assert "ghp_" not in out
    file = tmp_path / "plan.md"
    assert banana("plan", "export", plan_id, "-o", str(file))[0] == 0
    assert file.read_text().startswith("# ")
    assert banana("plan", "export", plan_id, "-o", str(tmp_path / "no" / "plan.md"))[0] == 2


def test_only_steps_that_are_ours_can_be_approved(banana: Run, plan_id: str) -> None:
    assert "for people and agents" in banana("plan", "approve", plan_id, "s1")[2]
    told = json.loads(banana("plan", "show", plan_id, "--format", "json")[1])["subtasks"]
    ours = [s["id"] for s in told if s["action"]]
    for step in ours:
        assert "approved to take in" in banana("plan", "approve", plan_id, step)[2]


def test_why_walks_to_the_line_and_to_the_run(banana: Run, plan_id: str, tmp_path: Path) -> None:
    status, out, _ = banana("why", plan_id, "s1", "--json")
    assert status == 0
    walk = json.loads(out)
    (step,) = walk["steps"]
    cited = step["cited"][0]
    assert cited["holds"]
    assert any("No module named 'yaml'" in line["text"] for line in cited["lines"] if line["cited"])
    assert cited["found_in"]["table"] == "build_failures"
    assert cited["found_in"]["written"]["run_id"] == "run-1"
    assert cited["ingested"]["path"] == str(tmp_path / "ci" / "7.log")
    assert cited["ingested"]["row"]["table"] == "builds"
    assert walk["subject"]["table"] == "failure_clusters"
    assert "ghp_" not in out
    text = banana("why", plan_id)[1]
    assert "the log says so" in text
    assert "run run-1" in text
    assert "ghp_" not in text
    assert banana("why", plan_id, "s99")[0] == 2


def test_why_tells_a_quote_that_no_log_holds(banana: Run, plan_id: str, home: Path) -> None:
    with open_store(load_from(home)) as store:
        records = PlanRecords(store.engine)
        plan = records.plan(plan_id)
        assert plan is not None
        first = plan.subtasks[0]
        false = ({**first.citations[0], "quote": "nobody ever said this"},)
        made = datetime(2999, 1, 1, tzinfo=UTC)
        steps = (replace(first, citations=false), *plan.subtasks[1:])
        records.save(replace(plan, plan_id="false000", subtasks=steps, created_at=made))
    status, out, err = banana("why", "false000", "s1")
    assert status == 1
    assert "THE LOG DOES NOT SAY SO" in out
    assert "does not say what is quoted" in err
    assert "not in the table plans yet: `banana materialize` writes it" in out
    assert "(folder)" not in out


def test_failures_that_were_given_up_are_listed_and_tried_anew(banana: Run, plan_id: str, home: Path) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with open_store(load_from(home)) as store:
        (home / "8.log").write_text("make: *** [all] Error 2\n")
        ingest_builds(store, [home / "8.log"])
        failures = Planned(store.engine)
        (build,) = failures.waiting(9, now=now)
        for _ in range(MOST_ATTEMPTS):
            failures.failed(failures.claim([build], by="x", now=now), "no room", by="x", now=now)
    assert "1 failed build given up" in banana("plans")[2]
    status, out, _ = banana("plan", "failures", "--state", "given_up")
    assert status == 0
    assert build in out
    assert "no room" in out
    assert "will be planned anew" in banana("plan", "again", build)[2]
    assert banana("plan", "again", build)[0] == 2
