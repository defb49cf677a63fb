"""Answers: their figures, and the rows and lines that they rest on."""

# ruff: noqa: E501 - a question is read in one piece

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from banana_assets.core.ask import around, failures, speed
from banana_assets.core.ask.meaning import QUERIES
from banana_assets.core.ask.serving import served
from banana_assets.core.ask.types import Frames, Named, Reply, Span
from banana_assets.core.builds.clusters import failure_clusters
from banana_assets.core.evidence import fact
from banana_assets.core.tables import TABLES
from tests.core.metrics import frames as make
from tests.core.metrics.frames import at

FAILED = (1, 3, 4)


def tables() -> Frames:
    builds = make.builds(
        [
            {"build_id": f"b{k}", "status": "failed" if k in FAILED else "success", "finished_at": at(k), "commit_sha": f"c{k}" * 6,
             "duration_seconds": 60.0 + k, "log_sha256": "a" * 64, "branch": "main" if k else "next"}
            for k in range(6)
        ]
    )  # fmt: skip
    failed = make.failures([{"build_id": f"b{k}", "failed_at": at(k)} for k in FAILED])
    patterns = make.patterns(
        [
            {"pattern_id": "p1", "first_seen": at(1)},
            {"pattern_id": "p2", "first_seen": at(9), "template": "disk <*> full", "severity": "critical"},
        ]
    )
    empty = {name: table.empty() for name, table in TABLES.items()}
    return empty | {
        "builds": builds,
        "build_failures": failed,
        "failure_clusters": failure_clusters(failed, builds),
        "log_patterns": patterns,
    }


def test_why_a_build_failed_cites_its_log() -> None:
    reply = failures.why_failed(tables(), Named(build="b3"))
    assert reply.text.startswith("b3 (ci/test) failed 2026-03-02 03:00 UTC by missing dependency (confidence 0.90)")
    assert "failure 2 of 3 of this kind" in reply.text
    assert [f["table"] for f in reply.facts] == ["builds", "build_failures", "failure_clusters"]
    cited = reply.facts[1]["citation"]
    assert cited is not None
    assert (cited["build_id"], cited["first_line"], cited["quote"]) == (
        "b3",
        7,
        "E   ModuleNotFoundError: No module named 'yaml'",
    )


def test_a_build_that_did_not_fail_and_one_that_is_not_there() -> None:
    assert failures.why_failed(tables(), Named(build="b2")).text == "b2 did not fail: it is success."
    assert failures.why_failed(tables(), Named(build="b99")).missing == "There is no build b99."


def test_counts_have_their_interval() -> None:
    reply = failures.counted(tables(), Named(status="failed"))
    assert reply.text.startswith("3 of 6 finished builds failed: 50.0% (95 % interval 18.8% to 81.2%)")
    assert [f["key"] for f in reply.facts] == ["b4", "b3", "b1"]
    since = Span(at(3.5), None, "since")
    assert failures.counted(tables(), Named(status="failed", span=since)).text.startswith(
        "1 of 2 finished builds since"
    )
    assert "by timeout" in failures.counted(tables(), Named(category="timeout")).text
    assert failures.counted(tables(), Named(category="timeout")).text.startswith("0 of 6")


def test_an_empty_time_is_no_zero() -> None:
    reply = failures.counted(tables(), Named(status="failed", span=Span(at(50), None, "since")))
    assert reply.text == ""
    assert "the latest of all ended 2026-03-02 05:00 UTC" in reply.missing
    assert "there are main, next" in failures.counted(tables(), Named(branch="nosuch")).missing


def test_green_and_standing() -> None:
    assert "b5" in failures.last_green(tables(), Named()).text
    assert "1 build failed since" not in failures.last_green(tables(), Named()).text
    assert failures.standing(tables(), Named()).text.startswith("The latest build is b5 (ci/test): success")
    assert "b1 at c1c1c1c1c1c1" in failures.changed(tables(), Named(build="b3")).text
    assert "was seen before: 1 build" in failures.seen_before(tables(), Named(build="b3")).text


def test_ever_is_answered_by_yes_or_no() -> None:
    yes = failures.ever(tables(), Named(status="success"))
    assert yes.text.startswith("Yes: 3 of 6 finished builds passed: first b0, ")
    assert "last b5, " in yes.text
    never = {**tables(), "builds": tables()["builds"].filter(status="failed")}
    no = failures.ever(never, Named(status="success"))
    assert no.text.startswith("No: none of 3 finished builds passed; the latest, b4, is failed")
    assert failures.ever(tables(), Named(status="failed", branch="next")).text.startswith(
        "No: none of 1 finished build "
    )
    assert failures.ever(tables(), Named(category="missing_dependency")).text.startswith("Yes: 3 of 6 ")
    assert failures.ever(tables(), Named(category="timeout")).text.startswith("No: none of 6 ")


def test_what_is_ahead_comes_from_forecasts_or_their_end_is_told() -> None:
    row = {
        "source": "host", "metric": "memory_percent", "resource_type": "memory", "current": True, "made_at": at(0),
        "model": "last_value", "confidence": "low", "crossing": None,
    }  # fmt: skip
    ran = [row | {"ts": at(k), "predicted_usage": 40.0 + k, "lo80": 30.0, "hi80": 60.0} for k in (1, 2, 3)]
    table = TABLES["resource_usage_predictions"]
    rows = pl.DataFrame(ran, schema={c: t for c, t in table.empty().schema.items() if c in ran[0]})
    frames = {"resource_usage_predictions": rows}
    reply = around.ahead(frames, Named(resource="memory", source="host", span=Span(at(2), at(9), "next 7 hours")))
    assert reply.text.startswith(
        "host memory_percent: 42.0 % to 43.0 % (80 % interval 30.0 % to 60.0 %) from 2026-03-02 02:00 UTC"
    )
    assert "the forecast ends there" in reply.text
    assert "ends there" not in around.ahead(frames, Named(resource="memory")).text
    late = around.ahead(frames, Named(resource="memory", span=Span(at(24), at(48), "tomorrow")))
    assert "end 2026-03-02 03:00 UTC, before tomorrow:" in late.missing
    assert "`banana watch`" in late.missing
    assert around.ahead(frames, Named(resource="disk")).missing.startswith("No forecast of disk")


def test_durations_and_patterns() -> None:
    assert "ci/test 1 min 2 s" in speed.slow_jobs(tables(), Named()).text
    new = around.new_patterns(tables(), Named(span=Span(at(5), None, "since")))
    assert new.text.startswith("1 log pattern new")
    assert [f["key"] for f in new.facts] == ["p2"]
    assert [f["key"] for f in around.top_patterns(tables(), Named()).facts] == ["p2", "p1"]


@pytest.mark.parametrize("query", QUERIES, ids=lambda q: q.name)
def test_every_query_answers_from_empty_tables_without_a_figure(query: object) -> None:
    assert hasattr(query, "answer")
    frames = {name: table.empty() for name, table in TABLES.items()} | {"hits": TABLES["planning_index"].empty()}
    reply = query.answer(frames, Named())
    assert reply.facts == ()
    assert reply.text or reply.missing


def test_what_is_served_is_masked() -> None:
    told = fact(
        "password=hunter2x",
        "t",
        "k",
        {
            "build_id": "b",
            "sha256": "s",
            "first_line": 1,
            "last_line": 1,
            "quote": "TOKEN=ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
        },
    )
    reply = served(Reply("api_key=abc123def456ghi789 \x1b[31mred", (told,)))
    assert "abc123" not in reply.text
    assert "\x1b" not in reply.text
    assert reply.facts[0]["fact"] == "password=[masked password]"
    cited = reply.facts[0]["citation"]
    assert cited is not None
    assert cited["quote"] == "TOKEN=[masked github_token]"


def test_times_are_in_utc() -> None:
    assert failures.when(datetime(2026, 3, 2, 3, 4, tzinfo=UTC)) == "2026-03-02 03:04 UTC"
