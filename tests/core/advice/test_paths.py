from __future__ import annotations

from banana_assets.core.advice.observed import Observed
from banana_assets.core.advice.paths import (
    Job,
    Run,
    critical_path,
    critical_paths,
    pipeline_runs,
    saved_without,
    slacks,
)
from tests.core.metrics.frames import at, builds


def run(*jobs: tuple[str, float, float]) -> Run:
    return Run("ci", tuple(Job(name, name, at(begin), at(end)) for name, begin, end in jobs))


FAN = run(("setup", 0, 1), ("lint", 1, 1.5), ("test", 1, 4), ("docs", 1, 2), ("deploy", 4, 5))
"""Setup, then three jobs at once, then deploy when the longest of them is done."""


def test_the_path_is_what_the_end_waited_for() -> None:
    assert [j.name for j in critical_path(FAN)] == ["setup", "test", "deploy"]


def test_slack_is_what_a_job_could_have_taken_more() -> None:
    hours = {name: seconds / 3600 for name, seconds in slacks(FAN).items()}
    assert hours == {"setup": 0, "lint": 2.5, "test": 0, "docs": 2, "deploy": 0}


def test_without_a_job_the_next_longest_decides() -> None:
    # Without test, deploy waits for docs until 2: two hours earlier, not three.
    assert saved_without(FAN, "test") == 2 * 3600
    assert saved_without(FAN, "lint") == 0
    assert saved_without(FAN, "setup") == 3600


def test_a_pause_before_a_job_is_no_slack_of_the_one_before() -> None:
    paused = run(("a", 0, 1), ("b", 2, 3))
    assert slacks(paused) == {"a": 0, "b": 0}
    assert saved_without(paused, "a") == 3600
    assert not paused.parallel
    assert FAN.parallel


def rows(k: int, long: float = 3.0) -> list[dict[str, object]]:
    jobs = (("setup", 0, 1), ("lint", 1, 1.5), ("test", 1, 1 + long), ("deploy", 1 + long, 2 + long))
    return [
        {"build_id": f"{name}{k}", "job": name, "commit_sha": f"c{k}", "started_at": at(10 * k + a),
         "finished_at": at(10 * k + b), "duration_seconds": 3600 * (b - a)}
        for name, a, b in jobs
    ]  # fmt: skip


def test_a_job_that_comes_again_begins_another_run() -> None:
    again = [dict(r, build_id=f"{r['build_id']}x", started_at=at(6), finished_at=at(7)) for r in rows(0)[:1]]
    runs = pipeline_runs(Observed(builds=builds([*rows(0), *again])).ended)
    assert [[j.name for j in r.jobs] for r in runs] == [["setup", "lint", "test", "deploy"], ["setup"]]


def test_the_job_that_runs_wait_for_is_told_with_its_path() -> None:
    seen = Observed(builds=builds([r for k in range(8) for r in rows(k)]))
    (found,) = critical_paths(seen)
    assert (found.kind, found.subject, found.severity) == ("critical_path", "ci / test", "medium")
    # Without it deploy would wait for lint, which ends half an hour in: 2.5 of 5 hours.
    assert (found.value, found.baseline) == (2.5 * 3600, 5 * 3600)
    assert "wait for test in 8 of them" in found.description
    assert "lint beside it has 2 h 30 min to spare" in found.description
    assert "path of that run: setup 1 h > test 3 h > deploy 1 h" in found.evidence[1]["fact"]


def test_serial_pipelines_and_few_runs_have_no_critical_path() -> None:
    assert critical_paths(Observed(builds=builds([r for k in range(4) for r in rows(k)]))) == []
    serial = [r for k in range(8) for r in rows(k) if r["job"] != "lint"]
    assert critical_paths(Observed(builds=builds(serial))) == []
