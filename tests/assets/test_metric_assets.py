"""Metrics over several runs: computed when an input changed, and only then; each reading summed up once."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from banana_assets.assets import checks, metrics, patterns, raw
from banana_assets.assets.shared import days
from banana_assets.backends.settings import load_from
from banana_assets.backends.tables import Tables
from banana_assets.core.tables import BUILDS, RESOURCE_ROLLUPS, RESOURCE_SAMPLES, RESOURCE_USAGE, SYSTEM_METRICS
from resources import build_resources
from tests.core.metrics.frames import builds, samples

TODAY = date.fromisoformat(str(days.get_last_partition_key()))
MADE = ("resource_rollups", "resource_usage", "system_metrics", "build_health")
UPSTREAM = [
    raw.builds, raw.test_results, raw.resource_samples, raw.log_files, raw.log_events, patterns.log_shapes,
    patterns.log_patterns, patterns.build_failures, patterns.build_steps, patterns.failure_clusters,
    patterns.flaky_tests, patterns.test_history,
]  # fmt: skip


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Compute the metrics once more; what was computed anew, and the metadata of each."""
    instance = dg.DagsterInstance.ephemeral()
    asked: list[str] = []
    for name in ("usage", "metrics", "health"):
        real = getattr(metrics, name)
        monkeypatch.setattr(metrics, name, lambda *a, _real=real, _n=name, **k: asked.append(_n) or _real(*a, **k))
    for name in ("usage_plot", "metrics_plot", "health_plot"):
        monkeypatch.setattr(metrics, name, lambda frame: str(frame.hash_rows().sum()).encode())

    def once() -> tuple[list[str], dict[str, dict[str, Any]]]:
        asked.clear()
        done = dg.materialize(
            [*UPSTREAM, *(getattr(metrics, name) for name in MADE), *dg.load_asset_checks_from_modules([checks])],
            selection=dg.AssetSelection.assets(*MADE),
            resources=build_resources(load_from(home)),
            instance=instance,
            partition_key=TODAY.isoformat(),
        )
        assert done.success
        assert [e.check_name for e in done.get_asset_check_evaluations() if not e.passed] == []
        return sorted(asked), {
            e.asset_key.to_user_string(): dict(e.materialization.metadata)
            for e in done.get_asset_materialization_events()
            if e.asset_key
        }

    return once


def test_what_is_unchanged_is_neither_computed_nor_drawn_again(home: Path, run: Any) -> None:
    lake = Tables(load_from(home).tables_root)
    lake.replace(BUILDS, builds([{"status": "failed"}, {"status": "success"}]))
    lake.replace(RESOURCE_SAMPLES, samples([1.0, 2.0, 3.0], arrival_day=TODAY), [TODAY])
    asked, first = run()
    assert asked == ["health", "metrics", "usage"]
    asked, second = run()
    assert asked == []
    for name in MADE[1:]:
        assert second[name]["plot"] == first[name]["plot"]
        assert second[name]["dagster/row_count"] == first[name]["dagster/row_count"]
    lake.replace(BUILDS, builds([{"status": "failed"}, {"status": "success"}, {"status": "success"}]))
    asked, third = run()
    assert asked == ["health", "metrics"]
    assert third["build_health"]["plot"] != first["build_health"]["plot"]
    assert run()[0] == []


def test_somebody_who_wrote_the_table_is_noticed(home: Path, run: Any) -> None:
    lake = Tables(load_from(home).tables_root)
    lake.replace(BUILDS, builds([{"status": "success"}]))
    run()
    right = lake.read(SYSTEM_METRICS)
    lake.replace(SYSTEM_METRICS, SYSTEM_METRICS.empty())
    assert run()[0] == ["metrics"]
    assert lake.read(SYSTEM_METRICS).equals(right)


def test_each_series_is_summed_up_once_and_all_readings_count(home: Path, run: Any) -> None:
    lake = Tables(load_from(home).tables_root)
    lake.replace(RESOURCE_SAMPLES, samples([1.0] * 90, arrival_day=TODAY), [TODAY])
    run()
    version = lake.version(RESOURCE_ROLLUPS)
    run()
    assert lake.version(RESOURCE_ROLLUPS) == version
    both = samples([1.0] * 90, arrival_day=TODAY).vstack(samples([5.0] * 90, series_id=2, arrival_day=TODAY))
    lake.replace(RESOURCE_SAMPLES, both, [TODAY])
    run()
    usage = lake.read(RESOURCE_USAGE)
    assert usage["samples"].sum() == 180
    assert set(usage["mean"]) == {3.0}
