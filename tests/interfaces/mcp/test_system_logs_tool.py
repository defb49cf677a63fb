"""``analyze_system_logs``: every argument changes the answer as it says, and what was never ingested is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from banana_assets.backends import focusing
from banana_assets.core.models.types import Answer, Request
from banana_assets.interfaces.mcp.calls import Sources
from tests.interfaces.mcp.conftest import Ask, asking

NAME = "analyze_system_logs"


def named(found: Any) -> dict[str, Any]:
    return {pattern["pattern_description"]: pattern for pattern in found["patterns"]}


def test_the_window_ends_with_the_latest_event_and_counts_what_is_in_it(ask: Ask) -> None:
    day, both = ask(NAME), ask(NAME, time_range_hours=48)
    # The hour in which the span begins counts whole, and is told so.
    assert day["window"] == {"begin": "2026-03-02T23:00:00Z", "end": "2026-03-03T23:59:00Z"}
    cold = "cache of shop <number> is cold"
    assert (named(day)[cold]["frequency"], named(both)[cold]["frequency"]) == (25, 48)
    assert named(day)[cold]["frequency_in_all"] == 48
    assert both["summary"]["totalLogs"] > day["summary"]["totalLogs"]
    assert ask(NAME, time_range_hours=0)["time_range_hours"] == 24
    assert ask(NAME, time_range_hours=1)["summary"]["totalLogs"] < day["summary"]["totalLogs"]


def test_zero_hours_are_those_of_the_settings(own_sources: Sources) -> None:
    ask = asking(
        replace(own_sources, settings=own_sources.settings.model_copy(update={"log_analysis_window_hours": 48}))
    )
    assert ask(NAME, time_range_hours=0)["time_range_hours"] == 48
    assert ask(NAME)["time_range_hours"] == 24


def test_rates_and_severities_are_those_of_the_lines(ask: Ask) -> None:
    found = ask(NAME, time_range_hours=48)
    total = 48 * (6 + 1 + 1) + 24 * 6 + 1
    assert found["summary"]["totalLogs"] == total
    assert found["summary"]["errorRate"] == pytest.approx((24 * 6 + 1) / total)
    assert found["summary"]["warningRate"] == pytest.approx(48 / total)
    worst = found["patterns"][0]
    assert (worst["severity"], worst["frequency"]) == ("critical", 144)
    assert "at least 100 times" in found["severity_rule"]
    assert found["summary"]["topIssues"][0] == "critical: database unavailable for order <number> (144 times)"
    assert worst["example"]["quote"].startswith("database unavailable for order")


def test_the_level_is_the_least(ask: Ask) -> None:
    counts = [ask(NAME, log_level=level)["patterns_found"] for level in ("error", "warn", "info", "debug")]
    assert counts == [2, 3, 4, 5]
    assert ask(NAME, log_level="error")["summary"] == ask(NAME)["summary"] | {
        "topIssues": ask(NAME)["summary"]["topIssues"][:2]
    }


def test_patterns_and_recommendations_come_when_they_are_asked_for(ask: Ask) -> None:
    plain = ask(NAME)
    assert plain["recommendations"] == []
    without = ask(NAME, include_patterns=False)
    assert (without["patterns"], without["patterns_found"]) == ([], plain["patterns_found"])
    told = ask(NAME, generate_recommendations=True)["recommendations"]
    assert told
    assert {r["subject"].split()[0] for r in told} == {"pattern"}
    assert plain["bottlenecks"]


def test_pages_join(ask: Ask) -> None:
    everything = [p["id"] for p in ask(NAME)["patterns"]]
    first = ask(NAME, limit=2)
    assert first["truncated"]
    rest = ask(NAME, cursor=first["next_cursor"])
    assert [p["id"] for p in first["patterns"] + rest["patterns"]] == everything
    assert len(ask(NAME, max_bytes=1000)["patterns"]) < len(everything)


def test_what_of_the_window_was_never_ingested_is_told(ask: Ask) -> None:
    missing = ask(NAME, time_range_hours=72)["missing"]
    assert missing[0]["what"] == "the part of the window before 2026-03-02 00:00 UTC: logs begin there"
    assert missing[0]["run"] == "banana ingest logs PATH"
    assert missing[1]["what"] == "the last 72 hours: the latest event is of 2026-03-03 23:59 UTC"
    assert ask(NAME, time_range_hours=30 * 24)["missing"][1:] == []


def test_files_that_are_not_read_yet_are_told(own_sources: Sources, tmp_path: Any) -> None:
    from banana_assets.backends.ingest import ingest_logs

    (tmp_path / "other.log").write_text("2026-03-04 10:00:00 ERROR no\n")
    assert ingest_logs(own_sources.store, [tmp_path / "other.log"]).new == 1
    told = asking(own_sources)(NAME)["missing"]
    assert told[0] == {"what": "1 log file came in since the patterns were computed", "run": "banana materialize"}


def test_what_people_resolved_shows(own_sources: Sources) -> None:
    ask = asking(own_sources)
    mine = ask(NAME)["patterns"][0]
    at = datetime(2026, 12, 1, tzinfo=UTC)
    own_sources.store.set_pattern_state(mine["id"], "resolved", changed_by="tests", changed_at=at)
    now = ask(NAME)["patterns"][0]
    assert (now["id"], now["resolved"], now["resolved_at"]) == (mine["id"], True, "2026-12-01T00:00:00Z")


def test_a_model_chooses_among_the_patterns_and_says_nothing_else(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Request] = []

    class Choosing:
        def generate(self, request: Request, *, complexity: float, use_model: str) -> Answer:
            asked.append(request)
            return Answer({"first": [2, 1, 2]}, "ollama", use_model, 10, 5, 0.0, 0.1)

    monkeypatch.setattr(focusing, "open_models", lambda settings, engine: Choosing())
    found = ask(NAME, model="small")
    assert found["focus"] == [found["patterns"][1]["id"], found["patterns"][0]["id"]]
    assert found["model_used"] == "ollama/small"
    assert asked[0].schema["properties"]["first"]["items"]["maximum"] == found["patterns_found"]
    assert "database unavailable" in asked[0].data
    assert "database unavailable" not in asked[0].instructions


def test_without_a_model_or_one_that_is_not_set_up_every_figure_stays(ask: Ask) -> None:
    plain, named_one = ask(NAME), ask(NAME, model="qwen3:8b")
    assert (plain["focus"], plain["model_used"], plain["notes"]) == ([], "none", [])
    assert "qwen3:8b is not set up" in named_one["notes"][0]
    assert named_one["patterns"] == plain["patterns"]
