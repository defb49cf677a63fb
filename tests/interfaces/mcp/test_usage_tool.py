"""``predict_resource_usage``: every argument changes the forecast as it says, and what cannot be forecast is told."""

from __future__ import annotations

import pytest

from banana_assets.interfaces.mcp.usage import UsagePredictions
from banana_assets.interfaces.mcp.wire import size_of
from tests.interfaces.mcp.conftest import Ask

NAME = "predict_resource_usage"


def test_series_are_forecast_with_intervals_and_what_follows(ask: Ask) -> None:
    found = ask(NAME)
    cpu, disk = found["predictions"]
    assert (cpu["metric"], disk["metric"]) == ("cpu_percent", "disk_percent")
    assert all(p["lo95"] <= p["lo80"] <= p["predicted_usage"] <= p["hi80"] <= p["hi95"] for p in cpu["points"])
    assert cpu["predicted_usage"] == pytest.approx(70, abs=5)
    assert (disk["crossing"]["state"], disk["crossing"]["limit"]) == ("expected", 100)
    assert disk["crossing"]["at"].startswith("2026-03-08T")
    first = found["recommendations"][0]
    assert (first["resource"], first["action"]) == ("host1 disk_percent", "grow")
    assert first["recommendedAllocation"] > first["currentAllocation"]
    assert (found["status"], found["truncated"]) == ("predicted", False)


def test_the_resource_narrows(ask: Ask) -> None:
    assert [p["resource_type"] for p in ask(NAME, resource_type="disk")["predictions"]] == ["disk"]
    assert [p["resource_type"] for p in ask(NAME, resource_type="cpu")["predictions"]] == ["cpu"]
    network = ask(NAME, resource_type="network")
    assert (network["status"], network["predictions"]) == ("nothing_to_predict", [])
    assert "banana watch" in network["missing"][0]["run"]


def test_the_window_bounds_the_points(ask: Ask) -> None:
    short, long = (ask(NAME, prediction_window_hours=hours, resource_type="cpu")["predictions"][0] for hours in (6, 48))
    assert (short["prediction_window_hours"], long["prediction_window_hours"]) == (6, 48)
    assert long["points"][-1]["ts"] > short["points"][-1]["ts"]
    assert (len(short["points"]), len(long["points"])) == (3, 3)
    assert short["upper80"] < long["upper80"]
    tiny = ask(NAME, prediction_window_hours=0.5, resource_type="cpu")["predictions"][0]
    assert len(tiny["points"]) == 1


def test_beyond_what_the_past_allows_is_told(ask: Ask) -> None:
    found = ask(NAME, prediction_window_hours=168)
    said = [m["what"] for m in found["missing"]]
    (once,) = [what for what in said if what.endswith(": a forecast reaches a third of what was read")]
    assert once.startswith("2 series as far ahead as was asked; the shortest is host1 disk_percent beyond 48 hours")
    alone = ask(NAME, prediction_window_hours=168, resource_type="disk")["missing"]
    assert "host1 disk_percent beyond 48 hours: a forecast reaches a third of what was read" in [
        m["what"] for m in alone
    ]
    assert "memory_used_bytes of host1: 2 intervals with readings; 12 are needed" in said
    assert all(m["run"] == "banana watch" for m in found["missing"])


def test_less_sure_forecasts_are_named_and_not_listed(ask: Ask) -> None:
    strict = ask(NAME, confidence_threshold=1)
    assert [p["metric"] for p in strict["predictions"]] == ["disk_percent"]
    assert [u["metric"] for u in strict["below_threshold"]] == ["cpu_percent"]
    assert strict["below_threshold"][0]["confidence_score"] < 1
    assert ask(NAME)["below_threshold"] == []


def test_where_no_forecast_is_sure_enough_that_is_said(ask: Ask) -> None:
    strict = ask(NAME, resource_type="cpu", confidence_threshold=1)
    assert (strict["status"], strict["predictions"]) == ("predicted", [])
    assert "none with an accuracy of 1 or more (the surest reaches 0." in strict["notes"][0]
    asked_for = ask(NAME, resource_type="cpu", model="growth")
    assert asked_for["predictions"] == []
    assert "none with an accuracy of 0.7 or more (no forecast from an earlier" in asked_for["notes"][0]
    assert "confidence_threshold 0 lists them" in asked_for["notes"][0]


def test_a_model_by_name_forecasts(ask: Ask) -> None:
    plain = ask(NAME, resource_type="cpu")["predictions"][0]
    last = ask(NAME, resource_type="cpu", model="last_value", confidence_threshold=0)["predictions"][0]
    assert (plain["model_used"], last["model_used"]) == ("same_hours", "last_value")
    assert "same_hours did best" in last["why"]
    assert len({p["predicted_usage"] for p in last["points"]}) == 1
    assert last["points"] != plain["points"]
    assert plain["confidence_score"] > last["confidence_score"]


def test_a_model_that_a_series_is_too_short_for_is_told(ask: Ask) -> None:
    short = ask(NAME, resource_type="disk", model="quantile_trees", confidence_threshold=0)
    assert short["predictions"] == []
    said = [m["what"] for m in short["missing"]]
    assert "disk_percent of host1: too little was read to fit quantile_trees and to compare it" in said


def test_a_language_model_makes_no_figures_and_that_is_said(ask: Ask) -> None:
    named = ask(NAME, model="qwen3:8b")
    assert "qwen3:8b makes no forecasts" in named["notes"][0]
    assert named["predictions"] == ask(NAME)["predictions"]
    assert ask(NAME, model="none")["notes"] == []


def test_points_and_bytes_are_bounded(ask: Ask) -> None:
    two = ask(NAME, max_points=2)["predictions"][0]
    assert len(two["points"]) == 2
    assert two["points"][-1]["ts"] == "2026-03-14T23:00:00Z"
    first = ask(NAME, max_bytes=4000, max_points=100)
    assert ([p["metric"] for p in first["predictions"]], first["truncated"]) == (["cpu_percent"], True)
    rest = ask(NAME, max_bytes=100_000, max_points=100, cursor=first["next_cursor"])
    assert ([p["metric"] for p in rest["predictions"]], rest["truncated"]) == (["disk_percent"], False)
    told = [r["resource"] for r in first["recommendations"] + rest["recommendations"]]
    assert told == ["host1 disk_percent", "host1 cpu_percent"]


def test_a_series_longer_than_a_page_has_fewer_points(ask: Ask) -> None:
    told, cursor = [], None
    while True:
        page = ask(NAME, prediction_window_hours=168, max_points=500, max_bytes=4000, cursor=cursor)
        assert size_of(UsagePredictions.model_validate(page)) <= 4000
        told += page["predictions"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [p["metric"] for p in told] == ["cpu_percent", "disk_percent"]
    whole = ask(NAME, prediction_window_hours=168, max_points=500, max_bytes=200_000)["predictions"]
    for short, full in zip(told, whole, strict=True):
        assert 1 < len(short["points"]) < len(full["points"]) == short["points_total"]
        assert short["points"][-1] == full["points"][-1]
        assert all(point in full["points"] for point in short["points"])
