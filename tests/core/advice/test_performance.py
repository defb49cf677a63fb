"""The performance report tells what it leaves out: rows beyond its lists, events outside its span."""

from __future__ import annotations

from typing import Any

from banana_assets.core.advice.observed import Observed, by_hour
from banana_assets.core.advice.performance import performance_report
from banana_assets.core.advice.performance_text import as_text
from banana_assets.core.metrics.usage import resource_usage
from banana_assets.core.tables import BOTTLENECKS, BUILD_HEALTH, OPTIMIZATION_RECOMMENDATIONS, PLANS
from tests.core.metrics.frames import at, builds, patterns, samples, shapes

FRAMES = {t.name: t.empty() for t in (BOTTLENECKS, BUILD_HEALTH, OPTIMIZATION_RECOMMENDATIONS, PLANS)}


def report(seen: Observed, hours: float = 48) -> dict[str, Any]:
    return performance_report(
        seen, FRAMES, hours=hours, min_severity="low", with_recommendations=False, bottlenecks_only=False
    )


def test_lists_are_cut_beside_their_totals() -> None:
    import polars as pl

    read = [samples([50.0] * 20, source=f"h{k:02d}", series_id=k) for k in range(1, 23)]
    found = report(
        Observed(
            builds=builds([{"pipeline": f"p{k:02d}", "finished_at": at(1)} for k in range(25)]),
            usage=resource_usage(pl.concat(read)),
            patterns=patterns([{"pattern_id": f"t{k:02d}", "severity": "high"} for k in range(31)]),
        )
    )
    assert [len(found[name]) for name in ("builds", "resources", "patterns")] == [20, 20, 20]
    assert found["totals"] == {"builds": 25, "resources": 22, "patterns": 31}
    text = as_text(found)
    narrow = [line for line in as_text(found, 50).splitlines() if line.startswith(("  - ", "    "))]
    assert 36 < max(map(len, narrow)) <= 50
    assert "Log patterns (31, the worst 10)" in text
    assert "Builds (25 pipelines, the busiest 20)" in text
    assert "Resources (22 percentages, the highest 20)" in text


def test_events_outside_the_span_are_told() -> None:
    rows: list[dict[str, Any]] = [
        {"hour": at(40), "shape_id": 1, "events": 7},
        {"hour": at(1), "shape_id": 2, "events": 5},
        {"hour": None, "shape_id": 3, "events": 3},
    ]
    seen = Observed(builds=builds([{"finished_at": at(40)}]), shapes=by_hour(shapes(rows).lazy()))
    logs = report(seen, 24)["logs"]
    assert (logs["events"], logs["events_before_span"], logs["events_without_time"]) == (7, 5, 3)
    text = as_text(report(seen, 24))
    assert "5 events before this span, not counted here" in text
    assert "3 events without a time, not counted here" in text
    timeless = Observed(builds=builds([{"finished_at": at(40)}]), shapes=by_hour(shapes(rows[2:]).lazy()))
    assert "no event in this span" in as_text(report(timeless))
