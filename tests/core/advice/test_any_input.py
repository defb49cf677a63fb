"""Whatever the tables hold, advice keeps its schema, is the same again, and is reported."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.advice.bottlenecks import READ, bottlenecks
from banana_assets.core.advice.observed import Observed, by_hour
from banana_assets.core.advice.performance import performance_report
from banana_assets.core.advice.performance_text import as_markdown, as_text
from banana_assets.core.advice.standing import recommendations
from banana_assets.core.advice.states import STATES
from banana_assets.core.metrics.usage import resource_usage
from banana_assets.core.tables import BOTTLENECKS, BUILD_HEALTH, OPTIMIZATION_RECOMMENDATIONS, PLANS
from tests.core.metrics.frames import at, builds, failures, patterns, results, samples, shapes

HOUR = st.floats(0, 400)
SECONDS = st.sampled_from([None, 0.0, 1e-9, 60.0, 75.5, 1e9])
BUILD = st.fixed_dictionaries(
    {
        "pipeline": st.sampled_from(["ci", "", "x"]),
        "job": st.sampled_from(["a", ""]),
        "branch": st.sampled_from([None, "main"]),
        "commit_sha": st.sampled_from([None, "c1", "c2"]),
        "status": st.sampled_from(["success", "failed", "error", "cancelled", "running"]),
        "queued_at": st.none() | HOUR.map(at),
        "started_at": st.none() | HOUR.map(at),
        "finished_at": st.none() | HOUR.map(at),
        "duration_seconds": SECONDS,
    }
)
SHAPE = st.tuples(st.integers(0, 400), st.integers(1, 3), st.integers(1, 900), st.sampled_from([0, 9, 13, 17, 21]))


@settings(max_examples=8, deadline=None)
@given(
    st.lists(BUILD, min_size=1, max_size=30),
    st.lists(SHAPE, max_size=40, unique_by=lambda s: s[:2]),
    st.lists(st.sampled_from([0.0, 50.0, 99.0, 100.0, float("nan"), 1e9]), max_size=40),
    st.sampled_from([1.0, 3600.0, 90000.0]),
)
def test_any_tables_give_advice_that_keeps_its_rules(
    built: list[dict[str, Any]], logged: list[tuple[int, ...]], read: list[float], step: float
) -> None:
    runs = builds([dict(row) for row in built])
    seen = Observed(
        builds=runs,
        failures=failures([{"build_id": b, "failed_at": at(3)} for b in runs["build_id"].head(3)]),
        tests=results([{"build_id": b, "name": "t", "duration_seconds": 2.0} for b in runs["build_id"]]),
        usage=resource_usage(samples(read, step, metric="memory_percent")) if read else Observed().usage,
        shapes=by_hour(
            shapes([{"hour": at(h), "shape_id": s, "events": n, "severity_number": v} for h, s, n, v in logged]).lazy()
        )
        if logged
        else Observed().shapes,
        patterns=patterns([{"severity": "critical"}]),
    )
    stuck = bottlenecks(seen)
    assert BOTTLENECKS.violations(stuck) == {}
    # The asset is computed again when one of these has changed, and only then.
    assert bottlenecks(Observed(**{name: getattr(seen, name) for name in READ})).equals(stuck)
    first = recommendations(stuck, seen)
    rows = [(ident, "implemented", None, at(20), at(500), "ann") for ident in first["recommendation_id"]]
    states = pl.DataFrame(rows, schema=STATES, orient="row")
    done = recommendations(stuck, seen, previous=first, states=states)
    assert OPTIMIZATION_RECOMMENDATIONS.violations(done) == {}
    assert done.equals(recommendations(stuck, seen, previous=done, states=states))
    frames = {"bottlenecks": stuck, "optimization_recommendations": done}
    frames |= {"build_health": BUILD_HEALTH.empty(), "plans": PLANS.empty()}
    report = performance_report(
        seen, frames, hours=1e9, min_severity="low", with_recommendations=True, bottlenecks_only=False
    )
    assert as_text(report).startswith("System performance")
    assert as_markdown(report).startswith("# System performance")
