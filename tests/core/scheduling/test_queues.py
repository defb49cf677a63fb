"""Queues out of tables, what is said of them, and when there is room."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from banana_assets.core.scheduling.asked import Told, overtaken
from banana_assets.core.scheduling.history import queues
from banana_assets.core.scheduling.judging import schedules
from banana_assets.core.scheduling.priority import ratios
from banana_assets.core.scheduling.room import execution_windows
from banana_assets.core.scheduling.types import Task
from banana_assets.core.tables import BUILDS, RESOURCE_ROLLUPS, RESOURCE_USAGE, RESOURCE_USAGE_PREDICTIONS, TASKS

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def build(n: int, job: str, queued: float, started: float, finished: float, **more: Any) -> dict[str, Any]:
    return {
        "build_id": f"b{n}",
        "pipeline": "web",
        "job": job,
        "branch": "main",
        "commit_sha": f"c{n}",
        "status": "success",
        "queued_at": at(queued),
        "started_at": at(started),
        "finished_at": at(finished),
        "duration_seconds": finished - started,
        "log_lines": 0,
        "log_bytes": 0,
        "origin": "api",
        "arrived_at": at(finished),
        "arrival_day": BEGIN.date(),
    } | more


def builds(*rows: dict[str, Any]) -> pl.DataFrame:
    return BUILDS.conform(pl.DataFrame(list(rows), schema=BUILDS.dtypes, orient="row"))


def task(
    n: int, kind: str, queued: float, started: float | None, finished: float | None, **more: Any
) -> dict[str, Any]:
    return {
        "queue": "media",
        "task_id": f"t{n}",
        "kind": kind,
        "status": "success" if finished is not None else "running" if started is not None else "queued",
        "queued_at": at(queued),
        "started_at": None if started is None else at(started),
        "finished_at": None if finished is None else at(finished),
        "weight": 1.0,
        "after": [],
        "retries": 0,
        "path": "x",
        "arrived_at": at(queued),
        "arrival_day": BEGIN.date(),
    } | more


def tasks(*rows: dict[str, Any]) -> pl.DataFrame:
    return TASKS.conform(pl.DataFrame(list(rows), schema=TASKS.dtypes, orient="row"))


def busy_month() -> pl.DataFrame:
    """Each day at nine, while a short task runs, a long one comes and then ten short ones; there is one server."""
    rows, n = [], 0
    for day in range(30):
        start = day * 86_400 + 9 * 3600
        clock = float(start)
        for i, (kind, length) in enumerate([("tag", 60.0), ("render", 3600.0)] + [("tag", 60.0)] * 10):
            rows.append(task(n, kind, start + i, clock, clock + length, items=1 + n % 5, memory_bytes=1e9))
            clock += length
            n += 1
    return tasks(*rows)


def test_jobs_that_run_after_each_other_are_no_queue() -> None:
    rows = [
        build(1, "compile", 0, 1, 100, commit_sha="a"),
        build(2, "test", 0, 101, 200, commit_sha="a"),
        build(3, "compile", 300, 500, 600, commit_sha="b"),
    ]
    queue = queues(builds(*rows), TASKS.empty())[0]
    assert [round(p.started - p.arrived) for p in queue.past] == [1, 1, 200]


def test_what_lacks_a_time_is_counted() -> None:
    queue = queues(builds(build(1, "x", 0, 1, 2), build(2, "x", 0, 1, 2, queued_at=None)), TASKS.empty())[0]
    assert (len(queue.past), queue.untimed) == (1, 1)


def test_a_queue_that_waits_is_told_what_an_order_saves() -> None:
    told = schedules(queues(BUILDS.empty(), busy_month()), at(30 * 86_400))
    row = told.row(0, named=True)
    assert (row["queue"], row["verdict"], row["at_once"]) == ("media", "saves", 1)
    # Ten short ones wait an hour less each, the long one ten minutes more, once three long ones have ended.
    assert row["saved_seconds"] == pytest.approx(0.9 * (10 * 3600 - 600) / 12)
    assert "saves" in row["statement"]
    assert "95 % interval" in row["statement"]
    assert [k["kind"] for k in row["kinds"]] == ["tag", "render"]
    assert row["kinds"][1]["expected_seconds"] == 3600.0


def test_what_waits_now_gets_an_order() -> None:
    month = busy_month()
    now = 30 * 86_400.0
    waiting = tasks(task(900, "render", now - 60, None, None), task(901, "tag", now - 30, None, None))
    running = tasks(task(902, "tag", now - 40, now - 20, None))
    told = schedules(queues(BUILDS.empty(), pl.concat([month, waiting, running])), at(now)).row(0, named=True)
    assert [(p["task_id"], p["place"], p["first_come_place"]) for p in told["waiting"]] == [
        ("t901", 1, 2),
        ("t900", 2, 1),
    ]
    # The running one is expected to need forty seconds more.
    assert told["waiting"][0]["begins_at"] == at(now + 40)


def test_a_person_may_set_the_limits() -> None:
    found = queues(BUILDS.empty(), busy_month())
    row = schedules(found, at(0), Told(at_once=4, memory=2e9)).row(0, named=True)
    assert row["at_once"] == 4
    own = schedules(found, at(0)).row(0, named=True)
    assert row["first_come_wait"] < own["first_come_wait"]
    # What was told differs from what was: that is no sign of other limits at work.
    assert "other limits" not in row["statement"]
    assert "really waited" in row["statement"]
    assert "really waited" not in own["statement"]
    ample = schedules(found, at(0), Told(at_once=500)).row(0, named=True)
    assert ample["statement"].startswith("Within these limits nothing would have waited")


def test_no_queue_gives_no_row() -> None:
    assert schedules(queues(BUILDS.empty(), TASKS.empty()), None).is_empty()
    empty = execution_windows(
        [], RESOURCE_USAGE_PREDICTIONS.empty(), RESOURCE_ROLLUPS.empty(), RESOURCE_USAGE.empty(), None
    )
    assert empty.is_empty()


def predictions(median: np.ndarray, spread: float, metric: str = "cpu_percent") -> pl.DataFrame:
    rows = []
    for i, value in enumerate(median):
        rows.append(
            {
                "source": "host",
                "metric": metric,
                "resource_type": "cpu",
                "made_at": at(0),
                "current": True,
                "ts": at(3600 * (i + 1)),
                "step": i + 1,
                "interval_seconds": 3600,
                "prediction_window_hours": float(len(median)),
                "predicted_usage": float(value),
                "lo80": value - 1.28 * spread,
                "hi80": value + 1.28 * spread,
                "lo95": value - 1.96 * spread,
                "hi95": value + 1.96 * spread,
                "model": "m",
                "why": "w",
                "confidence": "high",
                "backtest": [],
                "advice": None,
            }
        )
    return pl.DataFrame(rows, schema=RESOURCE_USAGE_PREDICTIONS.dtypes, orient="row")


def rollups(peak: float) -> pl.DataFrame:
    row = {
        "arrival_day": BEGIN.date(),
        "series_id": 1,
        "source": "web",
        "metric": "cpu_percent",
        "of_build": True,
        "hour": at(0),
        "samples": 5,
        "mean": peak,
        "least": peak,
        "peak": peak,
        "moments": 5,
    }
    return pl.DataFrame([row], schema=RESOURCE_ROLLUPS.dtypes, orient="row")


def test_work_is_sent_to_the_quiet_hours() -> None:
    found = queues(builds(*(build(i, "nightly", 0, i, i + 5000) for i in range(6))), TASKS.empty())
    day = np.array([80.0] * 6 + [10.0] * 8 + [80.0] * 10)
    made = execution_windows(found, predictions(day, 4.0), rollups(50.0), RESOURCE_USAGE.empty(), at(0))
    assert made.height == 1
    row = made.row(0, named=True)
    # Two hours long, so the last begin is an hour before the quiet ends.
    assert (row["begins_at"], row["ends_at"]) == (at(6 * 3600), at(13 * 3600))
    assert row["risk"] < 0.01
    assert row["tightest"] == "cpu_percent"
    assert "needs 50" in " ".join(row["rests_on"])
    assert execution_windows(found, predictions(day + 40, 4.0), rollups(50.0), RESOURCE_USAGE.empty(), at(0)).is_empty()


def test_no_window_begins_before_the_latest_time_in_the_data() -> None:
    found = queues(builds(*(build(i, "nightly", 0, i, i + 5000) for i in range(6))), TASKS.empty())
    day = predictions(np.array([80.0] * 6 + [10.0] * 8 + [80.0] * 10), 4.0)
    now = at(9.5 * 3600)
    made = execution_windows(found, day, rollups(50.0), RESOURCE_USAGE.empty(), now)
    assert made["begins_at"].to_list() == [at(10 * 3600)]
    assert overtaken(made, now) == []
    late = at(30 * 3600)
    made = execution_windows(found, day, rollups(50.0), RESOURCE_USAGE.empty(), late)
    assert made["begins_at"].to_list() == [at(6 * 3600)]
    assert "are over by then" in overtaken(made, late)[0]


def test_without_forecasts_the_hours_of_the_week_speak() -> None:
    made = execution_windows(
        queues(BUILDS.empty(), busy_month()),
        RESOURCE_USAGE_PREDICTIONS.empty(),
        RESOURCE_ROLLUPS.empty(),
        RESOURCE_USAGE.empty(),
        at(30 * 86_400),
    )
    assert set(made["host"]) == {""}
    for row in made.filter(kind="tag").iter_rows(named=True):
        moment = row["begins_at"]
        while moment < row["ends_at"]:
            assert moment.hour not in (9, 10)
            moment += timedelta(hours=1)


def test_what_waited_though_there_was_room_is_said() -> None:
    late = tasks(*(task(i, "x", i * 10_000, i * 10_000 + 3_600, i * 10_000 + 3_700) for i in range(30)))
    said = schedules(queues(BUILDS.empty(), late), at(0)).row(0, named=True)["statement"]
    assert "waited" in said
    assert "other limits" in said
    assert "Nothing waited" not in said


def test_a_ring_of_dependencies_breaks_no_other_queue() -> None:
    ring = tasks(
        task(1, "x", 0, 0, 10, after=["t2"]),
        task(2, "x", 0, 10, 20, after=["t1"]),
        task(3, "x", 30, None, None, after=["t4"]),
        task(4, "x", 30, None, None, after=["t3"]),
    ).with_columns(queue=pl.lit("ring"))
    made = schedules(queues(BUILDS.empty(), pl.concat([busy_month(), ring])), at(30 * 86_400))
    assert made["queue"].to_list() == ["media", "ring"]
    assert "What waits now has no order: Tasks wait for each other" in made.filter(queue="ring")["statement"][0]


def test_what_is_asked_for_later_lifts_nothing_before() -> None:
    parent = Task("p", 0.0, 1_000.0, 1_000.0)
    later = Task("c", 900_000.0, 10.0, 10.0, weight=1_000.0, after=("p",))
    assert ratios([parent, later])["p"] == pytest.approx(1 / 1_000)


def test_who_waited_longest_goes_first_now_as_in_the_replay() -> None:
    now = 30 * 86_400.0
    asked = tasks(task(900, "render", now - 40_000, None, None), task(901, "tag", now - 30, None, None))
    row = schedules(queues(BUILDS.empty(), pl.concat([busy_month(), asked])), at(now)).row(0, named=True)
    assert row["longest_first_come"] * 1.5 < 40_000
    assert [p["task_id"] for p in row["waiting"]] == ["t900", "t901"]
    assert row["waiting"][0]["begins_at"] == at(now)


def test_what_cannot_run_any_more_holds_no_place_and_is_told() -> None:
    now = 30 * 86_400.0
    dead = [task(800 + i, "tag", 5.0, 5.0, None) for i in range(6)]
    asked = task(900, "tag", now, None, None)
    row = schedules(queues(BUILDS.empty(), pl.concat([busy_month(), tasks(*dead, asked)])), at(now)).row(0, named=True)
    assert (row["at_once"], row["verdict"]) == (1, "saves")
    assert "Left out: 6 tasks told as running for more than 10 times the longest run count as lost." in row["statement"]
    assert [p["begins_at"] for p in row["waiting"]] == [at(now)]


def test_what_waits_for_a_task_that_failed_is_left_out_and_told() -> None:
    now = 30 * 86_400.0
    asked = tasks(
        task(899, "tag", 0.0, 1.0, 2.0, status="failed"),
        task(900, "tag", now, None, None, after=["t899"]),
        task(901, "tag", now, None, None, after=["t900"]),
        task(902, "tag", now, None, None, after=["t3"]),
    )
    row = schedules(queues(BUILDS.empty(), pl.concat([busy_month(), asked])), at(now)).row(0, named=True)
    assert [p["task_id"] for p in row["waiting"]] == ["t902"]
    assert "Left out: 2 tasks wait for others that did not succeed." in row["statement"]


def test_weights_of_zero_are_no_room() -> None:
    month = busy_month().with_columns(weight=pl.lit(0.0))
    row = schedules(queues(BUILDS.empty(), month), at(0)).row(0, named=True)
    assert row["verdict"] == "no_waiting"
    assert row["statement"].startswith("Whatever waits has the weight 0 (360 tasks)")


def test_a_task_that_was_asked_for_at_no_known_time_comes_last() -> None:
    now = 30 * 86_400.0
    asked = tasks(
        task(900, "tag", now - 10, None, None, queued_at=None),
        task(901, "tag", now - 5, None, None),
    )
    row = schedules(queues(BUILDS.empty(), pl.concat([busy_month(), asked])), at(now)).row(0, named=True)
    assert [p["task_id"] for p in row["waiting"]] == ["t901", "t900"]


def test_memory_is_judged_by_its_highest_readings_and_cpu_by_its_mean() -> None:
    """Every hour of the past went to its limit for a while: work may wait for CPU, but not for memory."""
    past = [
        {"source": "host", "metric": metric, "interval_seconds": 3600, "ts": at(-3600 * (i + 1)), "mean": 20.0}
        | {"peak": 100.0, "samples": 60}
        for i in range(48)
        for metric in ("cpu_percent", "memory_percent")
    ]
    usage = pl.DataFrame(past, schema=RESOURCE_USAGE.dtypes, orient="row")
    found = queues(builds(*(build(i, "nightly", 0, i, i + 500) for i in range(6))), TASKS.empty())
    day = np.full(24, 20.0)
    cpu = execution_windows(found, predictions(day, 2.0), rollups(50.0), usage, at(0)).row(0, named=True)
    assert cpu["risk"] < 0.01
    assert cpu["peak_risk"] > 0.9
    assert cpu["fits"] == 1
    memory = predictions(day, 2.0, "memory_percent")
    needed = rollups(50.0).with_columns(metric=pl.lit("memory_percent"))
    assert execution_windows(found, memory, needed, usage, at(0)).is_empty()


def test_old_tasks_are_left_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("banana_assets.core.scheduling.history.RECENT", 300)
    row = schedules(queues(BUILDS.empty(), busy_month()), at(0)).row(0, named=True)
    assert row["tasks"] == 300
    assert "Left out: 60 tasks that ended before the latest" in row["statement"]
