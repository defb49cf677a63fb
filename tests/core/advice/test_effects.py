from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from banana_assets.core.advice.effects import effect
from banana_assets.core.advice.observed import Observed, by_hour, target
from banana_assets.core.metrics.usage import resource_usage
from banana_assets.core.tables import BUILD_STEPS, TASKS
from banana_assets.core.tables.advice import EFFECT
from banana_assets.core.vocabulary import EFFECT_MEASURES, EFFECT_VERDICTS
from tests.core.metrics.frames import at, builds, patterns, results, samples, shapes

SLOW = [{"duration_seconds": (100 if k < 30 else 60) + k % 3, "finished_at": at(k)} for k in range(50)]


def told(seen: Observed, measure: str, *names: str, since: float = 30, begun: float | None = None) -> dict[str, Any]:
    found = effect(target(measure, *names), at(since), seen, begun=None if begun is None else at(begun))
    assert found["verdict"] in EFFECT_VERDICTS
    assert pl.Series([found], dtype=EFFECT).to_list() == [found]
    return found


def test_a_faster_job() -> None:
    found = told(Observed(builds=builds(SLOW)), "job_duration", "ci", "test")
    assert (found["verdict"], found["difference"]) == ("better", -40)
    assert found["statement"].startswith("fell from 1 min 41 s to 1 min 1 s: -40 s (95 % interval")
    assert (found["n_before"], found["n_after"]) == (30, 20)


def test_before_is_the_time_in_which_it_was_slow() -> None:
    rows = [{"duration_seconds": 100.0 if 20 <= k < 30 else 60 + k % 3, "finished_at": at(k)} for k in range(50)]
    seen = Observed(builds=builds(rows))
    found = told(seen, "job_duration", "ci", "test", begun=20)
    assert (found["before"], found["n_before"]) == (100, 10)
    # With three builds since it began, what was before it is needed too.
    assert told(seen, "job_duration", "ci", "test", since=23, begun=20)["n_before"] == 23


def test_failed_builds_and_other_jobs_say_nothing_of_a_duration() -> None:
    rows = [
        {**r, "status": "failed" if k % 2 else "success", "job": "test" if k < 40 else "lint"}
        for k, r in enumerate(SLOW)
    ]
    found = told(Observed(builds=builds(rows)), "job_duration", "ci", "test")
    assert (found["n_before"], found["n_after"]) == (15, 5)


def test_steps_and_tests() -> None:
    runs = builds([{"finished_at": at(k)} for k in range(20)])
    steps = BUILD_STEPS.conform(
        pl.DataFrame(
            [
                {"build_id": f"b{k:03d}", "position": 1, "name": "p", "step": "pytest", "first_line": 1,
                 "last_line": 2, "started_at": None, "duration_seconds": 9.0 if k < 10 else 3.0, "heading": "pytest",
                 "log_sha256": "a", "rules_version": 1}
                for k in range(20)
            ],
            schema=BUILD_STEPS.dtypes,
        )
    )  # fmt: skip
    seen = Observed(builds=runs, steps=steps)
    assert told(seen, "step_duration", "ci", "test", "pytest", since=10)["difference"] == -6
    status = ["flaky" if k < 10 and k % 2 else "passed" for k in range(20)]
    of = {"name": "t", "classname": "c", "duration_seconds": 1.0}
    ran = results([{"build_id": f"b{k:03d}", "status": status[k], **of} for k in range(20)])
    seen = Observed(builds=runs, tests=ran)
    flaky = told(seen, "flaky_rate", "ci", "", "c::t", since=10)
    assert (flaky["before"], flaky["after"], flaky["unit"]) == (0.5, 0.0, "1")
    assert told(seen, "test_duration", "ci", "", "c::t", since=10)["verdict"] == "no_clear_change"


def test_waits_failures_and_runs() -> None:
    rows = [
        {"queued_at": at(k), "started_at": at(k + (0.5 if k < 15 else 0.1)), "finished_at": at(k + 0.9),
         "duration_seconds": 900.0, "status": "failed" if k < 15 else "success", "commit_sha": f"c{k}"}
        for k in range(30)
    ]  # fmt: skip
    seen = Observed(builds=builds(rows))
    assert told(seen, "queue_wait", "ci", since=15)["difference"] == pytest.approx(-0.4 * 3600)
    failing = told(seen, "failure_rate", "ci", "test", since=15.5)
    assert (failing["verdict"], failing["before"], failing["after"]) == ("better", 1.0, 0.0)
    longer = told(seen, "run_duration", "ci", since=15)
    assert (longer["verdict"], longer["unit"]) == ("worse", "s")


def done(rows: list[dict[str, Any]]) -> pl.DataFrame:
    common = {"queue": "encoder", "kind": "mp3", "status": "success", "weight": 1.0, "after": [], "retries": 0,
              "path": "p", "arrived_at": at(0), "arrival_day": at(0).date()}  # fmt: skip
    made = [{"task_id": f"t{k}"} | common | row for k, row in enumerate(rows)]
    return TASKS.conform(pl.DataFrame(made, schema=TASKS.dtypes, orient="row"))


def test_waits_of_tasks_count_by_weight_and_batches_by_item() -> None:
    rows = [
        {"queued_at": at(k), "started_at": at(k + (0.5 if k < 30 else 0.1)), "finished_at": at(k + 1),
         "weight": 3.0 if k % 2 else 1.0, "duration_seconds": 60.0, "items": 2 if k < 30 else 6}
        for k in range(60)
    ]  # fmt: skip
    seen = Observed(tasks=done([*rows, {"queue": "other", "queued_at": at(1), "started_at": at(9)}]))
    waits = told(seen, "task_wait", "encoder")
    assert (waits["verdict"], waits["difference"]) == ("better", pytest.approx(-0.4 * 3600))
    assert told(Observed(tasks=done(rows[:35])), "task_wait", "encoder")["verdict"] == "too_early"
    batches = told(seen, "item_duration", "encoder", "", "mp3")
    assert (batches["verdict"], batches["before"], batches["after"]) == ("better", 30, 10)
    # One that waited long and weighs nothing is not counted; nor is any other queue.
    odd = {"queued_at": at(40), "started_at": at(90), "weight": 0.0}
    assert told(Observed(tasks=done([*rows, odd])), "task_wait", "encoder")["difference"] == waits["difference"]
    assert told(seen, "task_wait", "nothing")["verdict"] == "not_measurable"


def test_levels_of_readings_and_events() -> None:
    usage = resource_usage(samples([90.0] * 48 + [50.0 + k % 5 for k in range(48)], 3600, metric="memory_percent"))
    found = told(Observed(usage=usage), "resource_peak", "host1", "", "memory_percent", since=48)
    assert (found["verdict"], found["before"], found["after"]) == ("better", 90, 52)
    rows = [{"hour": at(h), "events": 20 if h < 30 else 1} for h in range(60)]
    logs = Observed(shapes=by_hour(shapes(rows).lazy()), patterns=patterns([{}]))
    fell = told(logs, "pattern_rate", "", "", "p1", since=30)
    assert (fell["verdict"], fell["before"], fell["after"]) == ("better", 20, 1)
    daily = [{"hour": at(h), "events": 50 + h % 7 if h % 24 == 3 and h < 240 else 2} for h in range(480)]
    hot = told(Observed(shapes=by_hour(shapes(daily).lazy())), "errors_in_hour", "api", "", "3", since=240)
    assert hot["verdict"] == "better"


def test_what_cannot_be_told_says_why() -> None:
    seen = Observed(builds=builds(SLOW[:30]))
    assert "needs 5 more builds at least" in told(seen, "job_duration", "ci", "test")["statement"]
    assert told(seen, "none")["verdict"] == "not_measurable"
    assert "no build before" in told(seen, "job_duration", "other", "x")["statement"]


@pytest.mark.parametrize("measure", EFFECT_MEASURES)
def test_every_measure_answers_without_any_data(measure: str) -> None:
    assert told(Observed(), measure, "ci", "test", "3")["verdict"] == "not_measurable"
