"""Each failed build is planned once: claims, leases, attempts, other logs of the same build."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from banana_assets.backends.ingest import ingest_builds
from banana_assets.backends.planned import MOST_ATTEMPTS, SILENT, Planned
from banana_assets.backends.records.engine import writing
from banana_assets.backends.records.plan_tables import planner_results
from banana_assets.backends.store import Store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def fail(store: Store, folder: Path, *names: str, text: str = "boom") -> list[str]:
    """Ingest failed builds of these names; their ids in that order."""
    rows = []
    for name in names:
        (folder / f"{name}.log").write_text(f"make: *** [{name}] {text}\n")
        rows.append(f'{{"build_id": "{name}", "status": "failed", "log": "{name}.log"}}')
    (folder / "manifest.jsonl").write_text("\n".join(rows))
    ingest_builds(store, [folder / "manifest.jsonl"])
    return list(names)


def a_plan(store: Store, plan_id: str = "p") -> str:
    """A saved plan."""
    told = {
        "plan_id": plan_id, "seq": 1, "kind": "failure", "subject": "c", "goal": "g", "plan_json": "{}",
        "status": "pending", "planner": "deterministic", "model_used": "none", "subtask_count": 0,
        "estimated_minutes": 0, "created_at": NOW, "changed_at": NOW, "changed_by": "run",
    }  # fmt: skip
    with writing(store.engine) as connection:
        connection.execute(planner_results.insert().values(told))
    return plan_id


def states(planned: Planned) -> dict[str, tuple[str, int]]:
    return {row[0]: (row[1], row[2]) for row in planned.states().select("build_id", "state", "attempts").iter_rows()}


def test_a_failure_is_claimed_once_and_settled_by_its_owner_alone(any_store: Store, tmp_path: Path) -> None:
    planned, ids = Planned(any_store.engine), fail(any_store, tmp_path, "b", "a", "c")
    assert planned.waiting(10, now=NOW) == ids
    assert planned.waiting(2, now=NOW) == ids[:2]
    assert planned.claim(["a", "c", "none"], by="one", now=NOW) == ["a", "c"]
    assert planned.claim(ids, by="two", now=NOW) == ["b"]
    assert planned.claim(ids, by="one", now=NOW) == ["a", "c"]
    assert planned.waiting(10, now=NOW) == []
    plan = a_plan(any_store)
    assert planned.planned(ids, plan_id=plan, cluster_id="k", by="two", now=NOW) == ["b"]
    assert states(planned) == {"b": ("planned", 1), "a": ("claimed", 1), "c": ("claimed", 1)}
    (row,) = planned.states().filter(build_id="b").to_dicts()
    assert (row["plan_id"], row["cluster_id"], row["claimed_by"]) == ("p", "k", None)


def test_a_claim_ends_by_itself_and_its_owner_comes_too_late(any_store: Store, tmp_path: Path) -> None:
    planned, (build,) = Planned(any_store.engine), fail(any_store, tmp_path, "a")
    assert planned.claim([build], by="killed", now=NOW, seconds=60) == [build]
    assert planned.waiting(1, now=NOW + timedelta(seconds=59)) == []
    assert planned.waiting(1, now=NOW + timedelta(seconds=60)) == [build]
    assert planned.claim([build], by="two", now=LATER) == [build]
    assert planned.planned([build], plan_id=a_plan(any_store), cluster_id=None, by="killed", now=LATER) == []
    assert planned.failed([build], "late", by="killed", now=LATER) == []
    assert states(planned) == {build: ("claimed", 2)}


def test_whoever_goes_on_keeps_its_claims(any_store: Store, tmp_path: Path) -> None:
    planned, (first, second) = Planned(any_store.engine), fail(any_store, tmp_path, "a", "b")
    planned.claim([first, second], by="slow", now=NOW, seconds=600)
    at = NOW + timedelta(seconds=599)
    planned.planned([first], plan_id=a_plan(any_store), cluster_id=None, by="slow", now=at)
    assert planned.owners(now=at + timedelta(seconds=600)) == {"slow": 1}
    assert planned.owners(now=at + timedelta(seconds=901)) == {}
    assert planned.counts() == {"planned": 1, "claimed": 1}


def test_what_was_asked_for_elsewhere_is_left_out(any_store: Store, tmp_path: Path) -> None:
    planned, ids = Planned(any_store.engine), fail(any_store, tmp_path, "a", "b", "c", "d")
    assert planned.waiting(2, now=NOW, without=ids[:2]) == ids[2:]
    assert planned.waiting(2, now=NOW, without=ids) == []


def test_after_the_last_attempt_it_is_given_up_with_its_reason(any_store: Store, tmp_path: Path) -> None:
    planned, (build, other) = Planned(any_store.engine), fail(any_store, tmp_path, "a", "b")
    for attempt in range(1, MOST_ATTEMPTS + 1):
        assert planned.claim([build], by="run", now=NOW) == [build]
        gone = planned.failed([build], f"no answer {attempt}", by="run", now=NOW)
        assert gone == ([build] if attempt == MOST_ATTEMPTS else [])
    assert planned.waiting(10, now=LATER) == [other]
    assert planned.claim([build], by="run", now=LATER) == []
    (row,) = planned.states().filter(state="given_up").to_dicts()
    assert (row["build_id"], row["error"]) == (build, "no answer 3")
    assert planned.again([build, other], now=LATER) == 1
    assert planned.waiting(10, now=LATER) == [build, other]


def test_runs_that_are_killed_count_and_the_culprit_is_found(any_store: Store, tmp_path: Path) -> None:
    names = [f"b{n:02d}" for n in range(20)]
    planned, ids = Planned(any_store.engine), fail(any_store, tmp_path, *names)
    plan, now, sizes = a_plan(any_store), NOW, []
    while batch := planned.waiting(20, now=now):
        sizes.append(len(batch))
        mine = planned.claim(batch, by=f"run{now}", now=now)
        now += timedelta(hours=1)
        if "b07" not in mine:
            planned.planned(mine, plan_id=plan, cluster_id=None, by=f"run{now - timedelta(hours=1)}", now=now)
        assert len(sizes) < 60
    assert sizes[:2] == [20, 2]
    assert {build for build, (state, _) in states(planned).items() if state == "planned"} == set(ids) - {"b07"}
    (row,) = planned.states().filter(state="given_up").to_dicts()
    assert (row["build_id"], row["error"]) == ("b07", SILENT)


def test_the_same_build_again_is_not_planned_again_but_another_log_is(any_store: Store, tmp_path: Path) -> None:
    planned, (build,) = Planned(any_store.engine), fail(any_store, tmp_path, "a")
    plan = a_plan(any_store)
    planned.claim([build], by="run", now=NOW)
    planned.planned([build], plan_id=plan, cluster_id=None, by="run", now=NOW)
    fail(any_store, tmp_path, "a")
    assert planned.waiting(10, now=LATER) == []
    fail(any_store, tmp_path, "a", text="another reason")
    assert planned.waiting(10, now=LATER) == [build]
    seen = any_store.builds()["log_sha256"][0]
    assert planned.claim([build], by="run", now=LATER, logs={build: "the log before"}) == []
    assert planned.claim([build], by="run", now=LATER, logs={build: seen}) == [build]
    (row,) = planned.states().to_dicts()
    assert (row["state"], row["attempts"], row["plan_id"]) == ("claimed", 1, None)
    # The log changes once more while the plan is made: that plan is of a failure that is no longer there.
    fail(any_store, tmp_path, "a", text="a third one")
    assert planned.planned([build], plan_id=plan, cluster_id=None, by="run", now=LATER) == [build]
    assert planned.waiting(10, now=LATER) == [build]


def test_only_failures_with_a_log_wait(any_store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("fine\n")
    (tmp_path / "manifest.json").write_text(
        '[{"build_id": "green", "status": "success", "log": "a.log"}, {"build_id": "mute", "status": "failed"},'
        ' {"build_id": "broke", "status": "error", "log": "a.log"}]'
    )
    ingest_builds(any_store, [tmp_path / "manifest.json"])
    assert Planned(any_store.engine).waiting(10, now=NOW) == ["broke"]


def test_a_block_hands_back_what_it_did_not_settle(any_store: Store, tmp_path: Path) -> None:
    planned, ids = Planned(any_store.engine), fail(any_store, tmp_path, "a", "b", "c")
    plan = a_plan(any_store)
    with planned.claimed(ids, by="run", clock=lambda: NOW) as mine:
        planned.planned(mine[:1], plan_id=plan, cluster_id=None, by="run", now=NOW)
    assert states(planned) == {"a": ("planned", 1), "b": ("waiting", 0), "c": ("waiting", 0)}
    with pytest.raises(ValueError, match="no room"), planned.claimed(ids, by="run", clock=lambda: NOW):
        raise ValueError("no room")
    assert states(planned) == {"a": ("planned", 1), "b": ("waiting", 1), "c": ("waiting", 1)}
    assert planned.states().filter(build_id="b")["error"].item() == "ValueError: no room"


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_leaves_no_claim_and_counts_as_no_attempt(
    any_store: Store, tmp_path: Path, interrupt: type[BaseException]
) -> None:
    planned, ids = Planned(any_store.engine), fail(any_store, tmp_path, "a", "b")
    with pytest.raises(interrupt), planned.claimed(ids, by="run", clock=lambda: NOW):
        raise interrupt
    assert states(planned) == {"a": ("waiting", 0), "b": ("waiting", 0)}


def test_more_are_claimed_than_one_statement_takes(
    any_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("banana_assets.backends.records.rows.IN_ONE", 2)
    planned, ids = Planned(any_store.engine), fail(any_store, tmp_path, "c", "a", "e", "b", "d")
    assert planned.claim([*ids[:4], "none", ids[0]], by="one", now=NOW) == ids[:4]
    assert planned.claim(ids, by="one", now=NOW) == ids
    assert set(states(planned).values()) == {("claimed", 1)}


CLAIMS = """
import sys
from datetime import UTC, datetime
from banana_assets.backends.planned import Planned
from banana_assets.backends.records.engine import open_engine
planned = Planned(open_engine(sys.argv[1]))
now = datetime(2026, 3, 1, tzinfo=UTC)
mine = []
while batch := planned.waiting(7, now=now):
    mine += planned.claim(batch, by=sys.argv[2], now=now)
print("\\n".join(mine))
"""


def test_two_processes_never_both_get_a_failure(any_store: Store, tmp_path: Path) -> None:
    ids = fail(any_store, tmp_path, *(f"b{n:03d}" for n in range(120)))
    command = [sys.executable, "-c", CLAIMS, any_store.settings.records_url]
    running = [subprocess.Popen([*command, name], stdout=subprocess.PIPE, text=True) for name in ("one", "two")]
    got = [process.communicate(timeout=60)[0].split() for process in running]
    assert sorted([*got[0], *got[1]]) == ids
