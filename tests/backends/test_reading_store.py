"""The store for whoever only reads: the same frames as the store's, through the driver alone, and nothing changed."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banana_assets.backends.access_reading import key_list, session_list
from banana_assets.backends.deliveries import Deliveries
from banana_assets.backends.delivery_reading import delivery_list
from banana_assets.backends.ingest import ingest_builds, ingest_logs
from banana_assets.backends.ingest.tasks import ingest_tasks
from banana_assets.backends.keys import Keys
from banana_assets.backends.llm.ledger import Entry, Ledger
from banana_assets.backends.llm.ledger_reading import LedgerReading
from banana_assets.backends.media.ingesting import ingest_media
from banana_assets.backends.media.proposal_reading import ProposalReading
from banana_assets.backends.media.proposals import Proposals
from banana_assets.backends.media.reading import MediaReading
from banana_assets.backends.media.records import MediaRecords
from banana_assets.backends.plan_reading import PlanReading
from banana_assets.backends.plan_records import PlanRecords
from banana_assets.backends.planned import Planned
from banana_assets.backends.planned_reading import PlannedReading
from banana_assets.backends.reading_store import ReadingStore, open_reading
from banana_assets.backends.records.engine import EngineRows, writing
from banana_assets.backends.records.rows import SqliteRows, sqlite_file
from banana_assets.backends.records.tables import baselines
from banana_assets.backends.sessions import Sessions
from banana_assets.backends.settings import Settings
from banana_assets.backends.store import Store, open_store
from banana_assets.backends.task_records import stored_tasks
from banana_assets.backends.template_reading import TemplateReading
from banana_assets.backends.template_records import TemplateRecords
from banana_assets.core.errors import InputError, StoreError
from banana_assets.core.media.standard import MEDIA
from banana_assets.core.models.budgets import Amount, Budgets
from tests.backends.conftest import Opener
from tests.backends.test_plan_records import made

AT = datetime(2026, 3, 9, 12, 30, 0, 5, tzinfo=UTC)
REPORT = '<testsuite name="s"><testcase classname="c" name="ok" time="0.5"/></testsuite>'
READS = ("log_files", "builds", "test_results", "resource_series", "pattern_states", "recommendation_states",
         "baselines", "quarantines")  # fmt: skip


def fill(store: Store, folder: Path) -> None:
    """A row at least in every table that is read, but for series."""
    (folder / "a.log").write_text("2026-03-01T10:00:00Z ERROR boom\n")
    ingest_logs(store, [folder / "a.log"])
    (folder / "b.log").write_text("make: *** [all] Error 2\n")
    (folder / "report.xml").write_text(REPORT)
    times = {"queued_at": "2026-03-01T10:00:00Z", "finished_at": "2026-03-01T10:00:02.250001Z"}
    rows = [{"build_id": "b", "status": "failed", "log": "b.log", "junit": "report.xml", **times},
            {"build_id": "g", "status": "success", "branch": "ünï 漢字"}]  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(rows))
    ingest_builds(store, [folder / "manifest.json"])
    store.set_pattern_state("p", "muted", changed_by="ann", changed_at=AT, until=date(2026, 4, 1))
    store.set_pattern_state("q", "open", changed_by="ann", changed_at=AT.replace(microsecond=0))
    store.set_recommendation_state("r", "dismissed", set_by="ann", set_at=AT, note="no")
    store.set_baseline("m", 2, set_by="ann", set_at=AT)
    store.set_quarantine("t", pipeline="", title="T", until=date(2026, 4, 1), reason="x", set_by="ann", set_at=AT)
    PlanRecords(store.engine).save_all([made("aa1"), made("abcd_2", "f2")])
    PlanRecords(store.engine).set_step("aa1", "s1", "running", by="ann", at=AT)
    Planned(store.engine).claim(["b"], by="one", now=AT)


def test_both_ways_give_equal_frames(any_store: Store, tmp_path: Path) -> None:
    fill(any_store, tmp_path)
    with open_reading(any_store.settings) as plain:
        for name in READS:
            frame = getattr(any_store, name)()
            assert frame.equals(getattr(plain, name)()), name
            assert frame.schema == getattr(plain, name)().schema
            assert frame.height or name == "resource_series", name
        assert plain.test_results_of(["b"]).equals(any_store.test_results())
        assert plain.test_results_of([]).height == 0
        (day,) = plain.arrival_days("builds")
        assert plain.test_results(day).equals(any_store.test_results(day))
        assert plain.log_files(day).equals(any_store.log_files(day))
        assert plain.builds_cursor() == any_store.builds_cursor() == 2
        assert plain.builds(after=1)["build_id"].to_list() == ["g"]


def test_plans_and_planning_are_read_equally(any_store: Store, tmp_path: Path) -> None:
    fill(any_store, tmp_path)
    records, planned = PlanRecords(any_store.engine), Planned(any_store.engine)
    with open_reading(any_store.settings) as plain:
        plans, planning = PlanReading(plain.records), PlannedReading(plain.records)
        assert plans.plans().to_dicts() == records.plans().to_dicts()
        assert plans.plans(kind="failure", subjects=["f2"], after=1)["plan_id"].to_list() == ["abcd_2"]
        assert plans.figures().equals(records.figures())
        assert plans.steps().equals(records.steps())
        assert plans.steps("aa1").equals(records.steps("aa1"))
        assert plans.plan("aa1") == records.plan("aa1") == plans.latest("failure", "f1")
        assert plans.cursor() == records.cursor() == 2
        # What LIKE gives a meaning to is taken as it is.
        assert plans.find("abcd_") == "abcd_2"
        assert planning.states().equals(planned.states())
        assert planning.states(["b"]).height == 1
        assert planning.counts() == planned.counts() == {"claimed": 1}


def test_it_reads_while_others_write(store: Store) -> None:
    store.set_baseline("m", 1, set_by="ann", set_at=AT)
    with open_reading(store.settings) as plain:
        with writing(store.engine) as connection:
            connection.execute(sa.update(baselines).values(value=2.0))
            assert plain.baselines()["value"].to_list() == [1.0]
        assert plain.baselines()["value"].to_list() == [2.0]
    assert store.baselines()["value"].to_list() == [2.0]


def test_it_changes_nothing(store: Store) -> None:
    with open_reading(store.settings) as plain, pytest.raises(StoreError, match="readonly"):
        plain.records.rows("DELETE FROM builds")
    with open_reading(store.settings) as plain:
        assert type(plain) is ReadingStore


@pytest.mark.parametrize("revision", ["0003", "9999"])
def test_another_version_is_refused_in_the_same_words(store: Store, revision: str) -> None:
    with writing(store.engine) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :to"), {"to": revision})
    with pytest.raises(StoreError) as by_engine:
        open_store(store.settings)
    with pytest.raises(StoreError) as plain:
        open_reading(store.settings)
    assert str(plain.value) == str(by_engine.value)


def test_what_is_no_database_is_refused_in_the_same_words(home: Path) -> None:
    told = Settings(home=home)
    home.mkdir(exist_ok=True)
    (home / "banana.sqlite").write_bytes(b"no database at all, but long enough to be taken for one" * 90)
    with pytest.raises(StoreError) as by_engine:
        open_store(told)
    with pytest.raises(StoreError, match="not a database") as plain:
        open_reading(told)
    assert str(plain.value) == str(by_engine.value)


def test_an_empty_home_is_made_ready(new_store: Opener, home: Path) -> None:
    home.mkdir(exist_ok=True)
    (home / "banana.sqlite").touch()
    with open_reading(Settings(home=home)) as made_ready:
        assert made_ready.builds().is_empty()


def test_values_of_another_type_are_told(store: Store, tmp_path: Path) -> None:
    fill(store, tmp_path)
    with writing(store.engine) as connection:
        connection.execute(sa.text("UPDATE builds SET arrived_at = 'yesterday'"))
    with open_reading(store.settings) as plain, pytest.raises(StoreError, match="another type"):
        plain.builds()


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("sqlite:////a b/c.sqlite", "/a b/c.sqlite"),
        ("sqlite:///c.sqlite", "c.sqlite"),
        ("sqlite:///:memory:", None),
        ("sqlite://", None),
        ("sqlite:///c.sqlite?mode=ro", None),
        ("sqlite:///file:c.sqlite", None),
        ("postgresql://host/name", None),
    ],
)
def test_only_plain_addresses_name_a_file(address: str, path: str | None) -> None:
    assert sqlite_file(address) == (path and Path(path))
    if path:
        assert sa.make_url(address).database == path


@given(at=st.datetimes(timezones=st.just(UTC)), day=st.dates())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_moment_and_day_comes_back(store: Store, at: datetime, day: date) -> None:
    store.set_pattern_state("p", "muted", changed_by="ann", changed_at=at, until=day)
    path = sqlite_file(store.settings.records_url)
    assert path is not None
    schema = pl.Schema([("changed_at", pl.Datetime("us", "UTC")), ("until", pl.Date)])
    plain = SqliteRows(path)
    for rows in (plain, EngineRows(store.engine)):
        found = rows.frame(schema, "SELECT changed_at, until FROM pattern_states")
        assert found.schema == schema
        assert found.rows() == [(at, day)]
    plain.close()


def test_logs_are_read_by_both(any_store: Store, tmp_path: Path) -> None:
    fill(any_store, tmp_path)
    with open_reading(any_store.settings) as plain:
        for one in (any_store, plain):
            with one.open_build_log("b") as log:
                assert log.read() == b"make: *** [all] Error 2\n"
            with one.open_log(one.log_files()["file_id"][0]) as log:
                assert log.read().endswith(b"boom\n")
            assert one.problems_of("b") == ()
            with pytest.raises(InputError, match="came without a log"):
                one.open_build_log("g")
            with pytest.raises(StoreError, match="no blob"):
                one.blobs.read("0" * 64)


def test_keys_deliveries_and_calls_are_read_by_both(any_store: Store) -> None:
    engine = any_store.engine
    Keys(engine, b"s").create("ann", ["read"], by="ann", at=AT)
    Sessions(engine, b"s").invite("ann", ["read"], by="ann", at=AT)
    Deliveries(any_store).keep("github", "d1", "workflow_job", b"{}")
    ledger = Ledger(engine, Budgets(*[Amount(5.0, 1000)] * 3))
    entry = Entry("plan", "f", "c", "run", "ollama", "m", "1", "k", 0)
    ledger.settle(ledger.reserve(entry, Amount(1.0, 10), now=AT, seconds=9), "timeout", usage=None, cost=0, now=AT)
    ledger.reserve(entry, Amount(0.5, 7), now=AT, seconds=9)
    with open_reading(any_store.settings) as plain:
        for one in (any_store, plain):
            records = one.records
            assert key_list(records)["created_at"].to_list() == [AT]
            assert session_list(records)["name"].to_list() == ["ann"]
            assert delivery_list(records, states=["kept"])["delivery_id"].to_list() == ["d1"]
            assert delivery_list(records, states=["done"]).is_empty()
            read = LedgerReading(records)
            assert read.taken(AT, "run") == (Amount(1.5, 17), Amount(1.5, 17))
            assert read.taken(AT + timedelta(days=1), "other") == (Amount(0.0, 0), Amount(0.0, 0))
            assert read.calls(AT).equals(ledger.calls())
            assert read.calls()["tokens_estimated"].to_list() == [True, False]
            assert (read.breaker("ollama", "m", AT).state, read.lost(AT)) == ("closed", False)
            assert read.lost(AT + timedelta(minutes=1))


def test_media_templates_and_tasks_are_read_by_both(any_store: Store, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("uri,title,artist\none,A,x\ntwo,B,\n")
    ingest_media(any_store, [file], collection="a")
    (tmp_path / "t.csv").write_text("task_id,kind,queued_at\nt1,build,2026-03-01T10:00:00Z\n")
    ingest_tasks(any_store, [tmp_path / "t.csv"], queue="q")
    item = MediaRecords(any_store.engine).items()["item_id"][0]
    Proposals(any_store.engine).set_value(item, "title", "C", MEDIA, by="ann")
    with open_reading(any_store.settings) as plain:
        for one in (any_store, plain):
            media = MediaReading(one.records)
            assert (media.items().height, media.collections()) == (2, ["a"])
            assert media.items()["present"].to_list() == [True, True]
            assert [row["uri"] for row in media.sources("a").values()] == list(media.sources("a"))
            assert (media.declared_at("media"), list(media.schemas())) == (None, ["media"])
            rows = ProposalReading(one.records).rows(states=["accepted"], collection="a", field="title", limit=3)
            assert (rows["value"].to_list(), rows["decided_by"].to_list()) == ([["C"]], ["ann"])
            assert ProposalReading(one.records).rows(ids=[99]).is_empty()
            assert ProposalReading(one.records).counts() == {}
            templates = TemplateReading(one.records)
            assert (templates.templates(), templates.deleted(), templates.uses().height) == ([], [], 0)
            assert templates.home == TemplateRecords(any_store.engine).home
            assert stored_tasks(one.records)["after"].to_list() == [[]]
