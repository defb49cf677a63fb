"""``get_planning_metrics``: flags leave things out, the window counts, and trends are told where they are no chance."""

from __future__ import annotations

import polars as pl

from banana_assets.core.tables import LOG_PATTERNS, PLAN_OUTCOMES
from banana_assets.core.vocabulary import SEVERITY_RANK
from banana_assets.interfaces.mcp.calls import Sources
from tests.interfaces.mcp.conftest import Ask, asking

NAME = "get_planning_metrics"
TEN_DAYS = 24 * 14


def test_flags_leave_out_what_they_name(ask: Ask) -> None:
    whole = ask(NAME)
    assert whole["metrics"]["systemHealth"]["score"] < 100
    assert "12 of the last 48 builds failed" in whole["metrics"]["systemHealth"]["issues"][0]
    assert whole["trends"]
    bare = ask(NAME, include_trends=False, include_health_score=False)
    assert (bare["trends"], bare["metrics"]["systemHealth"]) == (None, None)
    assert bare["metrics"]["topRecommendations"] == whole["metrics"]["topRecommendations"]


def test_trends_are_by_day_and_told_where_they_are_no_chance(ask: Ask) -> None:
    rate = next(
        t
        for t in ask(NAME, time_range_hours=TEN_DAYS, max_bytes=100_000)["trends"]
        if t["metric"] == "build_failure_ratio"
    )
    assert [point["observations"] for point in rate["points"]] == [4] * 12
    assert [point["value"] for point in rate["points"]] == [0.0] * 6 + [0.5] * 6
    assert rate["direction"] == "degrading"
    assert "95 % interval" in rate["why"]
    short = next(t for t in ask(NAME, time_range_hours=24)["trends"] if t["metric"] == "build_failure_ratio")
    assert len(short["points"]) == 2
    assert short["direction"] == "stable"


def test_the_window_bounds_patterns_and_plans(own_sources: Sources) -> None:
    ask, planning = asking(own_sources), asking(own_sources, "report")
    assert ask(NAME)["metrics"]["recentPatterns"] == []
    seen = ask(NAME, time_range_hours=TEN_DAYS, max_bytes=100_000)["metrics"]["recentPatterns"]
    times = [pattern["last_detected"] for pattern in seen]
    assert times == sorted(times, reverse=True)
    assert len(seen) == 5
    assert [pattern["example"] for pattern in seen] == [None] * 5
    assert ask(NAME)["metrics"]["totalPlans"] == 0
    made = planning("generate_optimized_plan", goal="make test_total of ci green")
    planning("generate_optimized_plan", goal="fly to the moon")
    metrics = ask(NAME)["metrics"]
    assert (metrics["totalPlans"], metrics["abstainedPlans"]) == (1, 1)
    assert metrics["averageOptimizationScore"] == made["optimization_score"]
    assert metrics["averageResourceEfficiency"] == made["resource_efficiency"]
    assert metrics["successRate"] is None


def test_success_comes_from_decided_outcomes_alone(own_sources: Sources) -> None:
    rows = [
        {"plan_id": str(n), "outcome": outcome, "counts": counts, "kind": "failure", "subject": "s", "why": "",
         "final": True, "state": "done", "horizon_days": 7.0, "decided_by": [], "clean_builds": 0, "past_failures": 1,
         "past_builds": 1, "failed_otherwise": 0, "planner": "deterministic", "model_used": "none", "base_n": 0,
         "base_gone": 0, "base_weight": 0.0, "base_low": 0.0, "base_high": 1.0}
        for n, (outcome, counts) in enumerate(
            [("fixed", True), ("fixed", True), ("recurred", True), ("recurred", False), ("not_tried", True)]
        )
    ]  # fmt: skip
    at = pl.lit("2026-03-13T12:00:00").str.to_datetime(time_zone="UTC")
    schema = {name: dtype for name, dtype in PLAN_OUTCOMES.dtypes.items() if name in rows[0]}
    frame = pl.DataFrame(rows, schema=schema).with_columns(decided_at=at, begun_at=at, done_at=at.dt.offset_by("1h"))
    lacking = [pl.lit(None, dtype=t).alias(n) for n, t in PLAN_OUTCOMES.dtypes.items() if n not in frame.columns]
    own_sources.tables.replace(PLAN_OUTCOMES, frame.with_columns(lacking))
    metrics = asking(own_sources)(NAME)["metrics"]
    assert (metrics["successRate"], metrics["decidedOutcomes"]) == (2 / 3, 3)
    assert metrics["averageExecutionTime"] == 3600
    made = asking(own_sources)("generate_optimized_plan", goal="make test_total of ci green")
    assert made["validation"]["estimatedSuccessRate"] == 2 / 3


def test_patterns_are_sorted_by_what_is_told_and_arrival_is_no_end_of_the_window(own_sources: Sources) -> None:
    known = own_sources.tables.read(LOG_PATTERNS)
    before = asking(own_sources)(NAME, time_range_hours=TEN_DAYS, max_bytes=100_000)["window"]
    late = pl.lit("2026-03-20T00:00:00").str.to_datetime(time_unit="us", time_zone="UTC")
    own_sources.tables.replace(LOG_PATTERNS, known.with_columns(last_arrived=late, last_seen=None, first_seen=None))
    found = asking(own_sources)(NAME, time_range_hours=TEN_DAYS, max_bytes=100_000)
    assert found["window"]["end"] == before["end"]
    ranks = [SEVERITY_RANK[pattern["severity"]] for pattern in found["metrics"]["recentPatterns"]]
    assert len(ranks) == 5
    assert ranks == sorted(ranks, reverse=True)


def test_the_part_of_the_window_before_the_data_is_told(ask: Ask) -> None:
    (told,) = ask(NAME, time_range_hours=10_000)["missing"]
    assert told["what"].endswith("builds, logs and plans begin there")
    assert ask(NAME, time_range_hours=24)["missing"] == []


def test_lists_are_short(ask: Ask) -> None:
    metrics = ask(NAME, time_range_hours=TEN_DAYS, max_bytes=100_000)["metrics"]
    assert len(metrics["topRecommendations"]) == 5
    assert len(metrics["topBottlenecks"]) == 4
    assert metrics["pendingRecommendations"] == 7
    assert metrics["implementedRecommendations"] == 0
