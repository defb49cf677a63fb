"""Pages of tables whose every text was written by somebody who means harm, with every button pressed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fastapi.testclient import TestClient

from banana_assets.backends.plan_records import PlanRecords
from banana_assets.backends.reports import Reports
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import Store, open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.learning.reports import report_of
from banana_assets.core.plans.types import Plan
from banana_assets.core.schema import Column, Table
from banana_assets.core.tables import (
    BOTTLENECKS,
    BUILD_CHANGES,
    BUILD_FAILURES,
    BUILD_HEALTH,
    EXECUTION_WINDOWS,
    FAILURE_CLUSTERS,
    FLAKY_TESTS,
    LOG_PATTERNS,
    LOG_SHAPES,
    METADATA_QUALITY,
    METRIC_ANOMALIES,
    OPTIMIZATION_RECOMMENDATIONS,
    PLAN_OUTCOMES,
    PLAN_TEMPLATES,
    PLANS,
    QUEUE_SCHEDULES,
    RESOURCE_USAGE,
    RESOURCE_USAGE_PREDICTIONS,
    SYSTEM_METRICS,
    TEST_HISTORY,
)
from banana_assets.interfaces.dashboard.searching import marker
from tests.interfaces.dashboard.conftest import HANDLER, SCRIPT, SECRET, Client
from tests.interfaces.dashboard.test_pages_of_builds import Seen

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
ID = "0aa2d8e919731142"
BAD = f"{SCRIPT}{HANDLER}</td>{{{{ 7 * 7 }}}} {SECRET} \x1b[31m\u202e"
LISTS = ["/failures", "/patterns?state=all", "/tests", "/health", "/forecasts", "/queues", "/media",
         "/recommendations?status=all", "/plans", "/learning", "/search"]  # fmt: skip
ONES = [f"/failure/{ID}", f"/pattern/{ID}", f"/plan/{ID}"]
TABLES = (
    FAILURE_CLUSTERS, BUILD_FAILURES, LOG_PATTERNS, FLAKY_TESTS, TEST_HISTORY, BUILD_HEALTH, BUILD_CHANGES,
    RESOURCE_USAGE_PREDICTIONS, METRIC_ANOMALIES, OPTIMIZATION_RECOMMENDATIONS, BOTTLENECKS, PLAN_OUTCOMES,
    PLAN_TEMPLATES, QUEUE_SCHEDULES, EXECUTION_WINDOWS, METADATA_QUALITY,
)  # fmt: skip
IDS = {"pattern_id", "cluster_id", "plan_id", "test_id", "recommendation_id", "bottleneck_id", "template_id"}


def value(dtype: Any, name: str = "", allowed: tuple[str, ...] = ()) -> Any:
    """A value of that type; every text means harm."""
    if isinstance(dtype, pl.List):
        return [value(dtype.inner)]
    if isinstance(dtype, pl.Struct):
        return {field.name: value(field.dtype, field.name) for field in dtype.fields}
    if dtype == pl.String:
        return ID if name in IDS else allowed[0] if allowed else BAD
    if isinstance(dtype, pl.Datetime):
        return AT
    simple = {pl.Boolean: False, pl.Date: AT.date(), pl.Float64: 0.5, pl.Float32: 0.5}
    return next((known for kind, known in simple.items() if dtype == kind), 1)


def row(table: Table, **told: Any) -> dict[str, Any]:
    def of(column: Column) -> Any:
        return value(column.dtype, column.name, column.allowed)

    return {column.name: told.get(column.name, of(column)) for column in table.columns}


def put(tables: Tables, table: Table, *rows: dict[str, Any]) -> None:
    tables.replace(table, table.conform(pl.DataFrame(list(rows), schema=table.dtypes)))


@pytest.fixture(scope="module")
def full(looked_at: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home with a row in every table and record that a page shows."""
    home = tmp_path_factory.mktemp("full") / "home"
    shutil.copytree(looked_at, home)
    settings = load_from(home)
    tables = Tables(settings.tables_root)
    special: dict[str, dict[str, Any]] = {
        "resource_usage_predictions": {"current": True, "metric": "cpu_percent"},
        "optimization_recommendations": {
            "target": {"measure": "fingerprint_rate", "pipeline": BAD, "job": BAD, "item": ID},
            "closed_at": None,
        },
    }
    for table in TABLES:
        put(tables, table, row(table, **special.get(table.name, {})))
    history = [{"as_of": AT + timedelta(hours=n), "score": 80.0, "low": 70.0, "high": 90.0} for n in range(3)]
    put(tables, BUILD_HEALTH, row(BUILD_HEALTH, pipeline="", history=history), row(BUILD_HEALTH, history=history))
    put(tables, LOG_SHAPES, *(row(LOG_SHAPES, file_id=n, hour=AT + timedelta(hours=2 * n)) for n in range(3)))
    names = {"source": BAD, "metric": "cpu_percent"}
    put(tables, RESOURCE_USAGE, *(row(RESOURCE_USAGE, **names, ts=AT - timedelta(minutes=n)) for n in range(4)))
    metric = {"metric": "build_failure_ratio", "dimension": "all", "subject": "", "unit": "1"}
    put(tables, SYSTEM_METRICS, *(row(SYSTEM_METRICS, **metric, ts=AT + timedelta(hours=n)) for n in range(3)))
    told = row(PLANS, status="pending", kind="failure", constraints=[])
    step = told["subtasks"][0]
    told["subtasks"] = [step | {"id": "s1", "dependencies": []}, step | {"id": "s2", "dependencies": ["s1"]}]
    with open_store(settings) as store:
        PlanRecords(store.engine).save(Plan.of_row(told))
        report = {"build_id": "long", "type": "x", "analysis": BAD, "recommendations": [BAD], "confidence": 0.7}
        Reports(store.engine).submit(report_of(report), by=BAD, at=AT, cluster_id=ID)
    return home


@pytest.fixture
def shown(browse: Client, full: Path, tmp_path: Path) -> Iterator[tuple[TestClient, Store]]:
    """A browser on a copy of that home, and its store."""
    home = tmp_path / "copy"
    shutil.copytree(full, home)
    with open_store(load_from(home)) as store, browse(home=home) as client:
        yield client, store


@pytest.mark.parametrize("path", [*LISTS, *ONES, "/health?pipeline=" + "x", "/forecasts?metric=cpu_percent"])
def test_what_others_wrote_stays_text(browse: Client, full: Path, path: str) -> None:
    with browse(home=full) as client:
        answer = client.get(path)
    page = answer.text
    assert answer.status_code == 200, page
    assert SCRIPT not in page
    assert SECRET not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    seen = Seen(page)
    assert not {name for name in seen.attributes if name.startswith("on") or name == "style"}
    assert all(link.startswith(("/", "#", "http")) for link in seen.links)
    data = re.findall(r'<script type="application/json"', page)
    assert len(seen.scripts) - len(data) <= 4
    # Nobody's text is a template.
    assert "49 " not in page


@pytest.mark.parametrize("path", LISTS)
def test_the_written_texts_are_there(browse: Client, full: Path, path: str) -> None:
    with browse(home=full) as client:
        page = client.get(path).text
    assert path in ("/search", "/media") or "&lt;script&gt;" in page or "\\u003cscript" in page


@pytest.mark.parametrize("path", LISTS)
def test_an_empty_store_says_what_to_run(browse: Client, tmp_path: Path, path: str) -> None:
    with browse(home=tmp_path / "new") as client:
        answer = client.get(path)
    assert answer.status_code == 200
    assert 'class="empty"' in answer.text
    assert re.search(r"banana (materialize|agent)", answer.text)


@pytest.mark.parametrize(
    "path", ["/failure/none", "/pattern/none", "/plan/none", "/plan/none/export", "/patterns?start=x"]
)
def test_what_is_not_there_is_a_page(browse: Client, full: Path, path: str) -> None:
    with browse(home=full) as client:
        answer = client.get(path)
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"].startswith("text/html")


def test_filters_choose(browse: Client, full: Path) -> None:
    with browse(home=full) as client:
        assert "No failure is like that" in client.get("/failures?category=timeout").text
        assert "No pattern is like that" in client.get("/patterns?q=zebra&state=all").text
        assert "No plan is like that" in client.get("/plans?status=failed").text
        assert "No series is like that" in client.get("/forecasts?source=none").text
        assert "No recommendation is like that" in client.get("/recommendations?kind=resource&status=closed").text
        assert client.get("/search?how=magic").status_code == 400
        assert client.get("/search?q=x&since=yesterday").status_code == 400


def test_a_page_that_has_not_changed_is_not_sent_again(shown: tuple[TestClient, Store]) -> None:
    client, _ = shown
    tag = client.get("/patterns").headers["etag"]
    assert client.get("/patterns", headers={"if-none-match": tag}).status_code == 304
    client.post(f"/pattern/{ID}", data={"state": "resolved"})
    assert client.get("/patterns", headers={"if-none-match": tag}).status_code == 200


def test_patterns_are_resolved_muted_and_reopened(shown: tuple[TestClient, Store]) -> None:
    client, store = shown
    later = (datetime.now(UTC).date() + timedelta(days=9)).isoformat()
    for state, more in (("resolved", {"note": "mended"}), ("muted", {"until": later}), ("open", {})):
        answer = client.post(f"/pattern/{ID}", data={"state": state, **more}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/pattern/{ID}")
        kept = store.pattern_states().row(0, named=True)
        assert kept["state"] == state
        assert kept["until"] == (date.fromisoformat(later) if state == "muted" else None)
    assert client.post(f"/pattern/{ID}", data={"state": "muted", "until": "2020-01-01"}).status_code == 400
    assert client.post(f"/pattern/{ID}", data={"state": "gone"}).status_code == 422
    assert client.post("/pattern/none", data={"state": "open"}).status_code == 404


def test_tests_are_put_in_quarantine_and_taken_out(shown: tuple[TestClient, Store]) -> None:
    client, store = shown
    later = (datetime.now(UTC).date() + timedelta(days=9)).isoformat()
    told = {"act": "quarantine", "until": later, "reason": "waits for a clock"}
    assert "waits for a clock" in client.post(f"/tests/{ID}", data=told).text
    assert store.quarantines()["until"].to_list() == [date.fromisoformat(later)]
    assert client.post(f"/tests/{ID}", data=told | {"reason": " "}).status_code == 400
    assert client.post(f"/tests/{ID}", data=told | {"until": "soon"}).status_code == 400
    assert client.post(f"/tests/{ID}", data={"act": "lift"}).status_code == 200
    assert store.quarantines()["lifted_at"].null_count() == 0
    assert client.post(f"/tests/{ID}", data={"act": "lift"}).status_code == 400
    assert client.post("/tests/none", data=told).status_code == 404


def test_recommendations_are_decided(shown: tuple[TestClient, Store]) -> None:
    client, store = shown
    for status in ("implemented", "dismissed", "open"):
        page = client.post(f"/recommendations/{ID}", data={"status": status, "note": "so"}).text
        assert "Recommendations" in page
        kept = store.recommendation_states().row(0, named=True)
        assert (kept["status"], kept["note"]) == (status, "so")
        assert (kept["implemented_at"] is not None) == (status == "implemented")
    assert client.post("/recommendations/none", data={"status": "open"}).status_code == 404


def test_steps_are_followed_in_their_order(shown: tuple[TestClient, Store]) -> None:
    client, store = shown
    records = PlanRecords(store.engine)

    def press(step: str, move: str) -> int:
        return client.post(f"/plan/{ID}/step/{step}", data={"move": move, "note": "n"}).status_code

    assert press("s2", "start") == 400
    assert "waits for s1" in client.get(f"/plan/{ID}").text
    assert [press("s1", "start"), press("s1", "done"), press("s2", "fail"), press("s2", "undo")] == [200] * 4
    assert records.steps(ID)["status"].to_list() == ["completed", "pending"]
    assert records.steps(ID)["changed_by"].to_list()[0] != "banana"
    assert press("s9", "start") == 400


def test_plans_are_taken_elsewhere(browse: Client, full: Path) -> None:
    with browse(home=full) as client:
        text = client.get(f"/plan/{ID}/export")
        data = client.get(f"/plan/{ID}/export?as=json")
    assert text.headers["content-disposition"] == f'attachment; filename="plan-{ID}.md"'
    assert "- [ ] **s1**" in text.text
    assert data.json()["subtasks"][0]["status"] == "pending"
    assert SECRET not in text.text + data.text


@pytest.mark.parametrize(
    "back", ["https://example.org/", "//example.org", "/\\example.org", "/x\r\ny: z", "javascript:x"]
)
def test_a_button_leads_back_to_our_own_pages_alone(shown: tuple[TestClient, Store], back: str) -> None:
    client, _ = shown
    given = {"state": "open", "back": back}
    answer = client.post(f"/pattern/{ID}", data=given, follow_redirects=False)
    assert answer.headers["location"] == f"/pattern/{ID}"
    ours = client.post(f"/pattern/{ID}", data=given | {"back": "/patterns?state=all"}, follow_redirects=False)
    assert ours.headers["location"] == "/patterns?state=all"


def test_found_words_are_marked_and_stay_text() -> None:
    marked = marker("disk <b> full")
    assert marked("the disk <b>is</b> fuller") == "the <mark>disk</mark> &lt;b&gt;is&lt;/b&gt; <mark>full</mark>er"
    assert marker("")("a <i>") == "a &lt;i&gt;"
    assert SECRET not in marker("token")(f"token={SECRET}")
