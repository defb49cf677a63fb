from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.advice.observed import Observed
from banana_assets.core.advice.queues import first_of_runs, queue, queues, rising
from tests.core.metrics.frames import T0, at, builds


def times(*hours: float) -> list[datetime]:
    return [at(h) for h in hours]


def test_littles_law_by_hand() -> None:
    # Asked for at 0, 1, 2, 3 h; each waits half an hour and runs 15 minutes; the last begins at 3.5 h.
    told = queue(times(0, 1, 2, 3), times(0.5, 1.5, 2.5, 3.5), [900.0] * 4)
    assert told is not None
    assert told.rate == pytest.approx(4 / 3.5)  # an hour
    assert told.wait == pytest.approx(1800)
    assert told.waiting == pytest.approx(4 / 3.5 * 0.5)  # L = lambda W
    assert told.load == pytest.approx(4 / 3.5 * 0.25)
    assert told.servers == 1
    assert told.utilisation == pytest.approx(4 / 3.5 * 0.25)


def test_two_runners_are_seen_as_two() -> None:
    told = queue(times(0, 0, 1, 1), times(0, 0, 1, 1), [3600.0] * 4)
    assert told is not None
    assert (told.servers, told.waiting, told.growth) == (2, 0, 0)
    assert told.load == pytest.approx(4.0)


def test_a_runner_that_is_handed_on_is_one_runner() -> None:
    told = queue(times(0, 0, 0), times(0, 1, 2), [3600.0] * 3)
    assert told is not None
    assert told.servers == 1
    # Nobody, one and two hours waited: 3 builds in 2 hours x 1 hour mean.
    assert told.waiting == pytest.approx(1.5)


def test_nothing_can_be_said_of_one_moment() -> None:
    assert queue(times(0), times(0), [60.0]) is None
    assert queue(times(1, 1), times(1, 1), [60.0, 60.0]) is None


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 300), st.integers(1, 100)), min_size=2, max_size=20))
def test_the_law_is_the_area_under_the_queue(rows: list[tuple[int, int, int]]) -> None:
    queued = sorted(T0 + timedelta(minutes=q) for q, _, _ in rows)
    started = [q + timedelta(minutes=w) for q, (_, w, _) in zip(queued, rows, strict=True)]
    told = queue(queued, started, [60.0 * r for _, _, r in rows])
    span = (max(started) - min(queued)).total_seconds()
    if told is None:
        assert span == 0
        return
    moments = sorted({*queued, *started})
    area = sum(
        (b - a).total_seconds() * sum(q <= a < s for q, s in zip(queued, started, strict=True))
        for a, b in itertools.pairwise(moments)
    )
    assert told.waiting == pytest.approx(area / span)


def test_values_that_rise_are_told_from_those_that_do_not() -> None:
    assert rising(np.arange(20.0)) < 1e-6
    assert rising(np.ones(20)) == 1.0
    assert rising(np.random.default_rng(1).normal(size=40)) > 0.01


def waiting(n: int, wait: float, run: float = 0.25, gap: float = 1.0, **more: object) -> list[dict[str, object]]:
    return [
        {"queued_at": at(k * gap), "started_at": at(k * gap + wait * (k if wait < 0 else 1)),
         "finished_at": at(k * gap + wait + run), "duration_seconds": 3600 * run, **more}
        for k in range(n)
    ]  # fmt: skip


def test_a_growing_backlog_is_told() -> None:
    steady = queues(Observed(builds=builds(waiting(30, 0.1))))
    assert [(f.severity, f.kind) for f in steady] == [("medium", "queue")]
    rows = [
        {"queued_at": at(k * 0.2), "started_at": at(k * 0.25), "finished_at": at(k * 0.25 + 0.25),
         "duration_seconds": 900.0}
        for k in range(30)
    ]  # fmt: skip
    (growing,) = queues(Observed(builds=builds(rows)))
    assert growing.severity == "critical"
    assert "the backlog grows by" in growing.description
    assert growing.since is not None
    assert growing.since < at(2)
    # Arrivals 5 an hour, begins 4 an hour: one more waits every hour.
    assert float(growing.description.split("grows by ")[1].split(" ")[0]) == pytest.approx(1.0, rel=0.15)


def test_short_waits_and_few_builds_are_no_queue() -> None:
    assert queues(Observed(builds=builds(waiting(30, 0.005)))) == []
    assert queues(Observed(builds=builds(waiting(9, 0.5)))) == []


def test_jobs_that_wait_for_each_other_are_no_queue() -> None:
    rows: list[dict[str, object]] = []
    for k in range(20):
        for place, job in enumerate(("lint", "test", "pack")):
            begin = k + place * 0.25
            rows.append(
                {"build_id": f"{job}{k}", "job": job, "commit_sha": f"c{k}", "queued_at": at(k),
                 "started_at": at(begin), "finished_at": at(begin + 0.25), "duration_seconds": 900.0}
            )  # fmt: skip
    seen = Observed(builds=builds(rows))
    assert first_of_runs(seen.timed)["job"].unique().to_list() == ["lint"]
    assert queues(seen) == []


def test_one_waiting_job_of_a_pipeline_is_named() -> None:
    rows = waiting(30, 0.0, job="lint") + waiting(20, 0.5, job="deploy")
    for k, row in enumerate(rows):
        row["build_id"] = f"b{k}"
    (told,) = queues(Observed(builds=builds(rows)))
    assert told.subject == "ci / deploy"
    assert told.target["job"] == "deploy"
    assert pl.Series([e["key"] for e in told.evidence]).is_in([r["build_id"] for r in rows]).all()
