from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from banana_assets.backends.cursors import cursor_of
from banana_assets.backends.listings import LISTINGS, Listing, read
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.backends.tables import Tables
from banana_assets.core.errors import InputError
from banana_assets.core.tables import LLM_CALLS, OPTIMIZATION_RECOMMENDATIONS, SYSTEM_METRICS
from tests.interfaces.api.conftest import SECRET, Client

AT = datetime(2026, 3, 2, tzinfo=UTC)


def readings(count: int) -> pl.DataFrame:
    rows = [
        {
            "granularity": "hour",
            "ts": AT + timedelta(hours=n),
            "metric": "errors" if n % 2 else "events",
            "dimension": "all",
            "subject": "",
            "unit": "events",
            "value": float(n),
            "low": None,
            "high": None,
            "observations": n,
        }
        for n in range(count)
    ]
    return SYSTEM_METRICS.conform(pl.DataFrame(rows, schema=SYSTEM_METRICS.dtypes))


@pytest.mark.parametrize("name", list(LISTINGS))
def test_every_table_is_listed_also_when_it_was_never_computed(client: Client, name: str) -> None:
    with client() as api:
        body = api.get(f"/api/{name}").json()
    assert body["status"] == "ok"
    assert body["count"] == len(body["items"]) <= body["total"]


def test_failures_and_clusters_are_shown_without_secrets(client: Client) -> None:
    with client() as api:
        failures = api.get("/api/failures").json()["items"]
        cluster = api.get("/api/clusters").json()["items"][0]
        same = api.get(f"/api/clusters/{cluster['cluster_id']}").json()["item"]
        missing = api.get("/api/clusters/nothing")
        assert SECRET not in api.get("/api/failures").text
    assert {f["category"] for f in failures} == {"compile_error", "missing_dependency"}
    assert same == cluster
    assert missing.status_code == 404


def test_questions_choose_rows(client: Client, home: Path) -> None:
    Tables(load_from(home).tables_root).replace(SYSTEM_METRICS, readings(10))
    with client() as api:
        errors = api.get("/api/metrics", params={"metric": "errors"}).json()
        assert [r["value"] for r in errors["items"]] == [9, 7, 5, 3, 1]
        late = api.get("/api/metrics", params={"since": (AT + timedelta(hours=8)).isoformat()}).json()
        assert [r["value"] for r in late["items"]] == [9, 8]
        early = api.get("/api/metrics", params={"until": "2026-03-02T01:00:00Z"}).json()
        assert [r["value"] for r in early["items"]] == [0]
        for wrong in ({"metrics": "errors"}, {"granularity": "minute"}, {"since": "yesterday"}, {"limit": 5000}):
            answer = api.get("/api/metrics", params=wrong)
            assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_pages_join_when_rows_come_between(client: Client, home: Path) -> None:
    tables = Tables(load_from(home).tables_root)
    tables.replace(SYSTEM_METRICS, readings(10))
    with client() as api:
        first = api.get("/api/metrics", params={"limit": 4, "granularity": "hour"})
        tables.replace(SYSTEM_METRICS, readings(12))
        second = api.get(first.links["next"]["url"])
        assert [r["value"] for r in second.json()["items"]] == [5, 4, 3, 2]
        tables.replace(SYSTEM_METRICS, readings(3))
        gone = api.get(second.links["next"]["url"]).json()
        assert [r["value"] for r in gone["items"]] == [1, 0]
        tables.replace(SYSTEM_METRICS, readings(1))
        lost = api.get(second.links["next"]["url"])
        assert lost.status_code == 404
        assert "Begin again" in lost.json()["remedy"]


@pytest.mark.parametrize(
    "cursor",
    ["x", "bm9uZQ", "WzFd", "W251bGwsbnVsbCxudWxsLG51bGwsbnVsbF0", "é", cursor_of(1, 2, 3, 4, 5),
     cursor_of("hour", "2026-03-02", "errors", "all", ""), cursor_of("hour", 7, "errors", "all", ""),
     cursor_of("hour", AT, ["errors"], "all", ""), cursor_of("hour", AT, True, "all", {})],
)  # fmt: skip
def test_a_cursor_that_is_none_is_refused(home: Path, cursor: str) -> None:
    tables = Tables(load_from(home).tables_root)
    tables.replace(SYSTEM_METRICS, readings(3))
    with pytest.raises(InputError):
        read(tables, LISTINGS["metrics"], {}, limit=2, cursor=cursor)


def test_a_list_is_not_sent_again_until_its_table_changes(client: Client, home: Path) -> None:
    tables = Tables(load_from(home).tables_root)
    with client() as api:
        tag = api.get("/api/metrics").headers["etag"]
        assert api.get("/api/metrics", headers={"if-none-match": tag}).status_code == 304
        tables.replace(SYSTEM_METRICS, readings(1))
        assert api.get("/api/metrics", headers={"if-none-match": tag}).status_code == 200


def test_a_row_is_found_by_a_number_too(client: Client, home: Path) -> None:
    row: dict[str, Any] = {c.name: "" if c.dtype == pl.String else None for c in LLM_CALLS.columns}
    row |= dict.fromkeys(("input_tokens", "output_tokens", "reserved_tokens", "retries", "masked"), 0)
    row |= {"tokens_estimated": False, "cache_hit": False}
    row |= {"call_id": 7, "started_at": AT, "outcome": "ok", "cost": 0.0, "reserved_cost": 0.0}
    Tables(load_from(home).tables_root).replace(LLM_CALLS, pl.DataFrame([row], schema=LLM_CALLS.dtypes))
    with client() as api:
        assert api.get("/api/costs/7").json()["item"]["call_id"] == 7
        for other in ("8", "x", "7.0", "-7", "9" * 400, "\u0667"):
            assert api.get(f"/api/costs/{other}").status_code == 404


def recommendation() -> dict[str, Any]:
    row: dict[str, Any] = {c.name: None for c in OPTIMIZATION_RECOMMENDATIONS.columns}
    return row | {
        "recommendation_id": "r1",
        "recommendation_type": "performance",
        "subject": "slow_step shop/test",
        "description": "Make it faster.",
        "impact_score": 3.0,
        "impact_method": "m",
        "impact_parts": [],
        "implementation_difficulty": "low",
        "status": "open",
        "found": True,
        "created_at": AT,
        "target": dict.fromkeys(OPTIMIZATION_RECOMMENDATIONS.dtypes["target"].to_schema()),
        "evidence": [],
    }


def test_a_decision_about_a_recommendation_is_kept_with_who_made_it(client: Client, home: Path) -> None:
    frame = pl.DataFrame([recommendation()], schema=OPTIMIZATION_RECOMMENDATIONS.dtypes)
    Tables(load_from(home).tables_root).replace(OPTIMIZATION_RECOMMENDATIONS, frame)
    with client() as api:
        done = api.put("/api/recommendations/r1/status", json={"status": "implemented", "note": "in c4"})
        assert done.json()["decision"] == "implemented"
        assert api.put("/api/recommendations/r2/status", json={"status": "open"}).status_code == 404
        assert api.put("/api/recommendations/r1/status", json={"status": "closed"}).status_code == 422
        wrong = {"status": "open", "implemented_at": AT.isoformat()}
        assert api.put("/api/recommendations/r1/status", json=wrong).status_code == 409
    with open_store(load_from(home)) as store:
        state = store.recommendation_states().row(0, named=True)
    assert (state["status"], state["note"], state["set_by"]) == ("implemented", "in c4", "local 127.0.0.1")
    assert state["implemented_at"] is not None


def test_listings_name_columns_that_there_are() -> None:
    for listing in LISTINGS.values():
        assert isinstance(listing, Listing)
        names = {c.name for c in listing.table.columns}
        assert {name for name, _ in listing.order} <= names | {"severity_rank"}
        assert {asked.column for asked in listing.filters.values()} <= names
        assert set(listing.hidden) <= names
