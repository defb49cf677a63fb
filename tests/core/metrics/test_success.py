"""Success metrics: computed by hand from a few builds, and honest about what cannot be known."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from banana_assets.core.metrics.rollups import rollups
from banana_assets.core.metrics.success import NAMES, Sources, Success, success
from banana_assets.core.tables import BOTTLENECKS, BUILD_FAILURES, BUILDS, RESOURCE_ROLLUPS
from tests.core.metrics.frames import at, builds, failures, samples

NOTHING = Sources(BUILDS.empty(), BUILD_FAILURES.empty(), RESOURCE_ROLLUPS.empty(), BOTTLENECKS.empty())


def measured(sources: Sources, **baselines: float) -> dict[str, Success]:
    found = success(sources, baselines)
    assert tuple(m.name for m in found) == NAMES
    return {m.name: m for m in found}


def of(rows: list[dict[str, object]]) -> Sources:
    return Sources(builds(rows), BUILD_FAILURES.empty(), RESOURCE_ROLLUPS.empty(), BOTTLENECKS.empty())


def test_nothing_is_made_up() -> None:
    for metric in measured(NOTHING, completion_time=10).values():
        assert (metric.value, metric.ratio, metric.met) == (None, None, None)
        assert metric.missing


def test_time_is_compared_with_its_baseline() -> None:
    rows = [{"duration_seconds": s} for s in (40, 50, 60)] + [{"status": "failed", "duration_seconds": 900}]
    found = measured(of(rows), completion_time=100)["completion_time"]
    assert (found.value, found.ratio, found.met, found.observations) == (50, 0.5, True, 3)
    assert measured(of(rows), completion_time=60)["completion_time"].met is False
    assert "--set-baseline completion_time=" in measured(of(rows))["completion_time"].missing


def test_a_build_of_a_commit_that_had_failed_was_started_again() -> None:
    rows = [
        {"commit_sha": "a", "status": "failed"},
        {"commit_sha": "a", "status": "failed"},
        {"commit_sha": "a"},
        {"commit_sha": "b"},
        {"commit_sha": "a", "job": "lint"},
    ]
    assert measured(of(rows))["manual_interventions"].value == 100 * 2 / 5


def test_facts_of_builds_that_are_known() -> None:
    known = {"branch": "main", "commit_sha": "a", "started_at": at(0), "finished_at": at(1), "log_sha256": "a" * 64}
    rows: list[dict[str, object]] = [dict(known), {**known, "commit_sha": None, "branch": None}]
    found = measured(of(rows))["metadata_completeness"]
    assert (found.value, found.met) == (0.8, False)


def test_hosts_weigh_by_the_time_read_and_windows_cut() -> None:
    import polars as pl

    read = rollups(pl.concat([samples([10.0] * 600), samples([50.0] * 6, source="host2", series_id=2)]))
    sources = Sources(BUILDS.empty(), BUILD_FAILURES.empty(), read, BOTTLENECKS.empty())
    found = measured(sources)["resource_utilisation"]
    assert found.value == pytest.approx((600 * 10 + 6 * 50) / 606)
    assert (found.observations, found.over) == (606, "10 h 6 min read of 2 sources")
    assert measured(sources.between(at(1)))["resource_utilisation"].value == pytest.approx(10)


def test_how_often_a_host_is_read_has_no_weight() -> None:
    import polars as pl

    often = samples([50.0] * 1800, 1.0, source="host2", series_id=2)
    sources = Sources(
        BUILDS.empty(), BUILD_FAILURES.empty(), rollups(pl.concat([samples([10.0] * 30), often])), BOTTLENECKS.empty()
    )
    assert measured(sources)["resource_utilisation"].value == pytest.approx(30)


def test_a_short_window_has_its_readings_and_an_empty_one_says_when_the_latest_was() -> None:
    read = rollups(samples([10.0] * 50))
    sources = Sources(BUILDS.empty(), BUILD_FAILURES.empty(), read, BOTTLENECKS.empty())
    assert measured(sources.between(at(0.75)))["resource_utilisation"].value == pytest.approx(10)
    late = measured(sources.between(at(0.9)))["resource_utilisation"]
    assert late.value is None
    assert late.missing == "no reading of cpu_percent in this span; the latest is of 2026-03-02 00:49 UTC"
    assert "banana watch" in measured(NOTHING.between(at(1)))["resource_utilisation"].missing


def test_bottlenecks_are_held_against_builds_that_ran_out() -> None:
    rows = [{"status": "failed"}, {"status": "failed", "pipeline": "web"}, {"status": "failed"}]
    diagnosed = failures(
        [
            {"build_id": "b000", "category": "timeout"},
            {"build_id": "b001", "category": "disk_full"},
            {"build_id": "b002", "category": "test_failure"},
        ]
    )
    target = {"measure": "", "pipeline": "ci", "job": "", "item": ""}
    named = (
        BOTTLENECKS.empty()
        .select("target")
        .vstack(BOTTLENECKS.empty().select("target").clear(1).with_columns(target=target_of(target)))
    )
    found = measured(Sources(builds(rows), diagnosed, RESOURCE_ROLLUPS.empty(), named))["bottleneck_identification"]
    assert (found.value, found.observations) == (0.5, 2)


def target_of(target: dict[str, str]) -> object:
    import polars as pl

    return pl.lit(pl.Series([target], dtype=BOTTLENECKS.dtypes["target"]))


def test_plan_success_is_the_share_of_decided_plans_that_are_fixed() -> None:
    assert measured(NOTHING)["plan_success"].missing == "no outcome of a plan is decided yet"
    told = [("fixed", True), ("recurred", True), ("fixed", False), ("not_tried", True), ("fixed", True)]
    rows = pl.DataFrame(
        [{"outcome": outcome, "counts": counts, "decided_at": at(k)} for k, (outcome, counts) in enumerate(told)]
    )
    found = measured(replace(NOTHING, outcomes=rows))["plan_success"]
    assert (found.value, found.observations, found.met) == (2 / 3, 3, False)
    late = measured(replace(NOTHING, outcomes=rows).between(at(4)))["plan_success"]
    assert (late.value, late.observations, late.met) == (1, 1, True)
