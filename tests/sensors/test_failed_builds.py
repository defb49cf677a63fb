"""New failed builds are asked to be planned, each once, none missed: whatever happens to the runs and the daemon."""

from __future__ import annotations

import io
import sys
import uuid
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banana_assets.backends.ingest.build_rows import Facts, save_builds
from banana_assets.backends.planned import LEASE_SECONDS, MOST_ATTEMPTS, Planned
from banana_assets.backends.records.engine import writing
from banana_assets.backends.records.plan_tables import planner_results
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import Store, open_store
from resources import StoreResource
from sensors import failed_builds
from sensors.failed_builds import BATCH_TAG

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MODULE = "sensors.failed_builds"
PLAN = {
    "plan_id": "p", "seq": 1, "kind": "failure", "subject": "c", "goal": "g", "plan_json": "{}", "status": "pending",
    "planner": "deterministic", "model_used": "none", "subtask_count": 0, "estimated_minutes": 0,
    "created_at": NOW, "changed_at": NOW, "changed_by": "x",
}  # fmt: skip


class House:
    """A store with failed builds, a Dagster instance, and a daemon whose ticks and runs the test moves."""

    def __init__(self, store: Store, instance: dg.DagsterInstance) -> None:
        self.store, self.instance = store, instance
        self.planned = Planned(store.engine)
        self.now = datetime.now(UTC)
        self.cursor: str | None = None
        self.said = ""
        with writing(store.engine) as connection:
            connection.execute(planner_results.insert().values(PLAN))

    def arrive(self, *names: str, text: str = "boom", at: datetime = NOW) -> None:
        """Failed builds of these names arrive, which ended at that time."""
        blob = self.store.blobs.write(io.BytesIO(f"make: *** [all] {text}\n".encode()))
        told = {"pipeline": "shop", "job": "test", "status": "failed", "origin": "api", "finished_at": at, "log": blob}
        save_builds(self.store, [Facts(build_id=name, fingerprint=blob.sha256, **told) for name in names])

    def tick(self) -> list[dg.DagsterRun]:
        """One evaluation by the daemon; the runs that come of it (a run key that was there before brings none)."""
        resources = {"store": StoreResource(home=str(self.store.settings.home))}
        with (
            pytest.MonkeyPatch.context() as patch,
            dg.build_sensor_context(instance=self.instance, cursor=self.cursor, resources=resources) as context,
        ):
            patch.setattr(sys.modules[MODULE], "clock", lambda: self.now)
            result = failed_builds(context)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        self.said = result.skip_reason.skip_message or "" if result.skip_reason else ""
        runs = []
        for request in result.run_requests or []:
            tags = {**request.tags, "dagster/run_key": str(request.run_key)}
            if self.instance.get_runs_count(dg.RunsFilter(tags={"dagster/run_key": str(request.run_key)})):
                continue
            run = dg.DagsterRun(
                job_name="plan_failures",
                run_id=str(uuid.uuid4()),
                run_config=request.run_config,
                tags=tags,
                status=dg.DagsterRunStatus.STARTED,
            )
            runs.append(self.instance.add_run(run))
        return runs

    def builds(self, run: dg.DagsterRun) -> list[str]:
        config = run.run_config["ops"]
        assert isinstance(config, dict)
        return list(config["plans"]["config"]["build_ids"])

    def plan(self, run: dg.DagsterRun, *, besides: Collection[str] = ()) -> list[str]:
        """What the run's asset does: claim, plan all but some, fail those; the ones planned."""
        now = self.now
        mine = self.planned.claim(self.builds(run), by=run.run_id, now=now)
        done = [build for build in mine if build not in besides]
        self.planned.planned(done, plan_id="p", cluster_id="c", by=run.run_id, now=now)
        self.planned.failed([b for b in mine if b in besides], "no answer", by=run.run_id, now=now)
        return done

    def end(self, run: dg.DagsterRun, how: str, ago: timedelta = timedelta()) -> None:
        event = dg.DagsterEventType.RUN_SUCCESS if how == "success" else dg.DagsterEventType.RUN_FAILURE
        at = self.now - ago
        self.instance.run_storage.handle_run_event(
            run.run_id, dg.DagsterEvent(event_type_value=event.value, job_name=run.job_name), at
        )


@pytest.fixture
def house(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("BANANA_PLAN_BATCH", "10")
    with open_store(load_from(home)) as store, dg.DagsterInstance.ephemeral() as instance:
        yield House(store, instance)


def test_a_quiet_look_asks_for_nothing(house: House) -> None:
    assert house.tick() == []
    assert house.said == "Nothing waits (failures: no failed build)."


def test_failures_are_asked_for_once_in_the_order_of_arrival(house: House) -> None:
    house.arrive("b", "a")
    house.arrive("late", at=NOW - timedelta(days=400))
    (run,) = house.tick()
    assert house.builds(run) == ["b", "a", "late"]
    assert run.tags["banana/failures"] == "3"
    house.arrive("next")
    assert house.tick() == []
    assert house.said.startswith(f"Runs under way: {run.run_id[:8]}")
    house.plan(run)
    house.end(run, "success")
    (second,) = house.tick()
    assert house.builds(second) == ["next"]


def test_a_thousand_at_once_are_several_bounded_runs(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANANA_PLAN_BATCH", "100")
    monkeypatch.setenv("BANANA_PLAN_RUNS", "3")
    names = [f"b{n:04d}" for n in range(1000)]
    house.arrive(*names)
    planned: list[str] = []
    under_way = house.tick()
    assert [len(house.builds(run)) for run in under_way] == [100, 100, 100]
    while under_way:
        run = under_way.pop(0)
        planned += house.plan(run)
        house.end(run, "success")
        under_way += house.tick()
        assert len(under_way) <= 3
    assert planned == names


def test_a_lost_cursor_repeats_nothing(house: House) -> None:
    house.arrive("a", "b")
    (run,) = house.tick()
    house.cursor = None
    assert house.tick() == []
    house.plan(run)
    house.end(run, "success")
    for cursor in (None, "0", "999999"):
        house.cursor = cursor
        assert house.tick() == []
    assert house.said == "Nothing waits (failures: 2 planned)."


def test_a_failed_run_is_asked_for_again_after_a_while(house: House) -> None:
    house.arrive("a")
    (run,) = house.tick()
    house.end(run, "failure", ago=timedelta(seconds=10))
    assert house.tick() == []
    assert f"the last run ended as FAILURE ({run.run_id[:8]})" in house.said
    house.end(run, "failure", ago=timedelta(seconds=61))
    (second,) = house.tick()
    assert house.builds(second) == ["a"]
    assert second.tags["dagster/run_key"] != run.tags["dagster/run_key"]
    house.end(second, "failure", ago=timedelta(seconds=61))
    assert house.tick() == []
    assert "the last 2 runs" in house.said
    for _ in range(12):
        house.end(second, "failure", ago=timedelta(minutes=61))
        (second,) = house.tick()
    house.plan(second)
    house.end(second, "success")
    assert house.tick() == []
    assert house.planned.counts() == {"planned": 1}


def test_a_failure_that_cannot_be_planned_is_given_up_and_said(house: House) -> None:
    house.arrive("a", "bad", "c")
    for _ in range(MOST_ATTEMPTS):
        (run,) = house.tick()
        house.plan(run, besides=("bad",))
        house.end(run, "success")
    assert house.tick() == []
    assert house.said == "Nothing waits (failures: 1 given up, 2 planned)."


def test_runs_that_plan_nothing_come_to_an_end(house: House) -> None:
    house.arrive("a")
    runs = 0
    while asked := house.tick():
        house.end(asked[0], "success")
        runs += 1
        assert runs < 10
    assert house.planned.counts() == {"given_up": 1}
    assert "succeeded and did not plan it" in house.planned.states()["error"].item()


def test_a_killed_run_is_not_waited_for_for_ever(house: House) -> None:
    house.arrive("a")
    (run,) = house.tick()
    house.planned.claim(["a"], by=run.run_id, now=house.now)
    house.now += timedelta(seconds=LEASE_SECONDS - 60)
    assert house.tick() == []
    assert "Runs under way" in house.said
    house.now += timedelta(seconds=120)
    (second,) = house.tick()
    assert house.plan(second) == ["a"]
    assert house.plan(run) == []


def test_a_change_to_another_log_is_another_failure(house: House) -> None:
    house.arrive("a")
    (run,) = house.tick()
    house.plan(run)
    house.end(run, "success")
    house.arrive("a")
    assert house.tick() == []
    house.arrive("a", text="another reason")
    (second,) = house.tick()
    assert house.builds(second) == ["a"]
    assert second.tags[BATCH_TAG] != run.tags[BATCH_TAG]


class Chance:
    """What happens in a house where anything may, and how often each failure (a build with a log) was planned."""

    def __init__(self, house: House, draw: st.DataObject) -> None:
        self.house, self.draw = house, draw
        self.names: list[str] = []
        self.under_way: list[dg.DagsterRun] = []
        self.slow: list[tuple[dg.DagsterRun, dict[str, str]]] = []
        self.planned: Counter[tuple[str, str]] = Counter()

    def one_of(self, *choices: object) -> object:
        return self.draw.draw(st.sampled_from(choices))

    def happens(self) -> None:
        getattr(
            self,
            str(
                self.one_of(
                    "arrives", "arrives", "looks", "looks", "runs", "runs", "rival", "slow_one_ends", "time", "restarts"
                )
            ),
        )()

    def arrives(self) -> None:
        kind = self.one_of("new", "new", "again", "other")
        if kind == "new" or not self.names:
            at = NOW - timedelta(days=self.draw.draw(st.integers(0, 400)))
            fresh = [f"b{len(self.names) + n}" for n in range(self.draw.draw(st.integers(1, 13)))]
            self.names += fresh
            self.house.arrive(*fresh, at=at)
            return
        text = "boom" if kind == "again" else f"reason {self.draw.draw(st.integers(0, 3))}"
        self.house.arrive(self.draw.draw(st.sampled_from(self.names)), text=text)

    def looks(self) -> None:
        self.under_way += self.house.tick()

    def runs(self, how: str | None = None) -> None:
        """A run goes on to its end, or dies on the way."""
        if not self.under_way:
            return
        run = self.under_way.pop(0)
        how = how or str(self.one_of("well", "badly", "fails before", "fails after", "killed", "slow"))
        if how in ("killed", "slow"):
            self.slow += [(run, self.logs())] if how == "slow" else []
            self.house.planned.claim(self.house.builds(run), by=run.run_id, now=self.house.now)
            return
        if how != "fails before":
            bad = self.house.builds(run)[::2] if how == "badly" else ()
            self.settle(run, bad)
        self.house.end(run, "failure" if how.startswith("fails") else "success")

    def slow_one_ends(self) -> None:
        """A run that claimed long ago comes to its end, perhaps too late."""
        if self.slow:
            run, logs = self.slow.pop(0)  # the logs that it had claimed
            mine = self.house.builds(run)
            by, now = run.run_id, self.house.now
            for build in self.house.planned.planned(mine, plan_id="p", cluster_id=None, by=by, now=now):
                self.planned[build, logs[build]] += 1
            self.house.end(run, "success")

    def settle(self, run: dg.DagsterRun, besides: Collection[str]) -> None:
        logs = self.logs()
        for build in self.house.plan(run, besides=besides):
            self.planned[build, logs[build]] += 1

    def rival(self) -> None:
        """Another job plans what waits, or dies on it."""
        planned, now = self.house.planned, self.house.now
        by = str(uuid.uuid4())
        mine = planned.claim(planned.waiting(5, now=now), by=by, now=now)
        if self.one_of(True, False):
            logs = self.logs()
            for build in planned.planned(mine, plan_id="p", cluster_id=None, by=by, now=now):
                self.planned[build, logs[build]] += 1

    def time(self) -> None:
        self.house.now += timedelta(minutes=int(str(self.one_of(1, 20, 90))))

    def restarts(self) -> None:
        self.house.cursor = None

    def logs(self) -> dict[str, str]:
        return dict(self.house.planned.states().select("build_id", "log_sha256").iter_rows())

    def all_is_well(self) -> None:
        """From here on nothing goes wrong: until nothing is left to do."""
        while self.slow:
            self.slow_one_ends()
        for _ in range(400):
            self.house.now += timedelta(hours=2)
            self.house.planned.again(self.names, now=self.house.now)
            self.looks()
            if not self.under_way and not {"waiting", "claimed", "given_up"} & set(self.house.planned.counts()):
                return
            while self.under_way:
                self.runs("well")
        raise AssertionError(self.house.said)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(draw=st.data())
def test_whatever_happens_each_failure_is_planned_exactly_once(
    home: Path, monkeypatch: pytest.MonkeyPatch, draw: st.DataObject
) -> None:
    monkeypatch.setenv("BANANA_PLAN_BATCH", "5")
    monkeypatch.setenv("BANANA_PLAN_RUNS", "2")
    with (
        open_store(load_from(home / uuid.uuid4().hex)) as store,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        chance = Chance(House(store, instance), draw)
        for _ in range(draw.draw(st.integers(5, 30))):
            chance.happens()
        chance.all_is_well()
        now = dict.fromkeys(chance.logs().items(), 1)
        assert set(chance.names) == {build for build, _ in now}
        # Plans of logs that a build no longer has were made once as well.
        assert {failure: chance.planned[failure] for failure in now} == now
        assert set(chance.planned.values()) <= {1}
