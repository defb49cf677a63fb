from __future__ import annotations

import polars as pl
import pytest

from banana_assets.core import plots
from banana_assets.core.advice.bottlenecks import bottlenecks
from banana_assets.core.advice.observed import Observed
from banana_assets.core.advice.standing import recommendations
from banana_assets.core.advice.states import STATES
from tests.core.metrics.frames import at, builds, failures

ROWS = [
    {"duration_seconds": (60.0 if k < 40 else 130.0) + k % 3, "status": "failed" if k % 6 == 1 else "success",
     "queued_at": at(k - 1), "started_at": at(k), "finished_at": at(k)}
    for k in range(70)
]  # fmt: skip
FAILED = failures([{"build_id": f"b{k:03d}", "failed_at": at(k)} for k in range(1, 70, 6)])
SEEN = Observed(builds=builds(ROWS), failures=FAILED)
STUCK = bottlenecks(SEEN)


def advice(*statuses: str) -> pl.DataFrame:
    first = recommendations(STUCK, SEEN)
    rows = [
        (ident, status, None, at(50) if status == "implemented" else None, at(60), "ann")
        for ident, status in zip(first["recommendation_id"], statuses, strict=False)
    ]
    return recommendations(STUCK, SEEN, previous=first, states=pl.DataFrame(rows, schema=STATES, orient="row"))


def test_the_sample_has_something_to_draw() -> None:
    assert set(STUCK["kind"]) >= {"slow_step", "queue"}


@pytest.mark.parametrize("statuses", [(), ("implemented",), ("implemented",) * 9, ("dismissed",) * 9])
def test_every_mix_of_states_is_drawn_the_same_each_time(statuses: tuple[str, ...]) -> None:
    frame = advice(*statuses)
    drawn = plots.recommendations_plot(frame)
    assert drawn.startswith(b"<?xml")
    assert drawn == plots.recommendations_plot(frame)


def test_bottlenecks_of_all_severities_and_of_one_moment() -> None:
    many = pl.concat(
        [STUCK.head(1).with_columns(severity=pl.lit(s), subject=pl.lit(f"cost $5 & <b> {k}"), since=pl.lit(at(k)))
         for k, s in enumerate(("low", "medium", "high", "critical") * 5)]
    )  # fmt: skip
    assert b"svg" in plots.bottlenecks_plot(many)
    alone = STUCK.head(1).with_columns(since=pl.col("until"))
    assert b"svg" in plots.bottlenecks_plot(alone)
    untimed = STUCK.with_columns(since=pl.lit(None, STUCK.schema["since"]), until=pl.lit(None, STUCK.schema["until"]))
    assert b"svg" in plots.bottlenecks_plot(untimed)
