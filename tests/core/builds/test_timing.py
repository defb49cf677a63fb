from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.builds.timing import step_rows, timed_steps
from banana_assets.core.tables import BUILD_STEPS

GITHUB = [
    "\ufeff2026-03-02T10:00:00.5000000Z ##[group]Run git checkout 1ae25913d4303671ba69be920f02e0ba23f58f14",
    "2026-03-02T10:00:00.6000000Z ##[endgroup]",
    "2026-03-02T10:00:02.5000000Z HEAD is now at 1ae2591",
    "2026-03-02T10:00:02.7500000Z ##[group]Run pytest",
    "2026-03-02T10:00:02.7600000Z ##[endgroup]",
    "2026-03-02T10:00:42.7500000Z 3 passed",
    "2026-03-02T10:00:43.0000000Z Cleaning up",
]

GITLAB = [
    "section_start:1767348000:prepare\r\x1b[0KPreparing",
    "pulling",
    "section_end:1767348007:prepare\r\x1b[0K",
    "section_start:1767348007:script\r\x1b[0KRunning",
    "$ make",
    "section_end:1767348067:script\r\x1b[0K",
]

TRAVIS = [
    "travis_fold:start:install",
    "travis_time:start:0a",
    "$ npm install",
    "travis_time:end:0a:start=1767348000000000000,finish=1767348012500000000,duration=12500000000",
    "travis_fold:end:install",
    "$ npm test",
    "ok",
]


def test_lines_with_times() -> None:
    checkout, tests = timed_steps(GITHUB)
    assert (checkout.duration_seconds, tests.duration_seconds) == (2.25, 40.25)
    assert checkout.step == "Run git checkout <hex>"
    assert (tests.name, tests.heading, tests.first_line, tests.last_line) == ("Run pytest", "Run pytest", 4, 7)
    assert tests.started_at == datetime(2026, 3, 2, 10, 0, 2, 750000, tzinfo=UTC)


def test_sections_with_their_own_times() -> None:
    assert [s.duration_seconds for s in timed_steps(GITLAB)] == [7, 60]


def test_folds_with_their_own_durations() -> None:
    times = {s.name: s.duration_seconds for s in timed_steps(TRAVIS)}
    assert times == {"install": 12.5, "$ npm test": None}


def test_a_log_without_marks_or_times_is_one_step_of_unknown_length() -> None:
    (whole,) = timed_steps(["compiling", "done"])
    assert (whole.first_line, whole.last_line, whole.duration_seconds) == (1, 2, None)
    assert len(timed_steps([])) == 1
    assert [step.name for step in timed_steps(["1"])] == [step.name for step in timed_steps(["Traceback:"])]


def test_rows_keep_the_schema() -> None:
    import polars as pl

    rows = pl.DataFrame(step_rows(GITHUB, "b1", "a" * 64), schema=BUILD_STEPS.dtypes)
    assert BUILD_STEPS.violations(BUILD_STEPS.conform(rows)) == {}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*GITHUB, *GITLAB, *TRAVIS, "", "##[error]x", "9999-99-99T99:99:99Z y"]), max_size=25))
def test_any_mix_of_lines_gives_steps_in_order_within_the_log(lines: list[str]) -> None:
    found = timed_steps(lines)
    assert found
    assert all(1 <= s.first_line <= max(1, len(lines)) for s in found)
    assert [s.first_line for s in found] == sorted(s.first_line for s in found)
    assert all(s.duration_seconds is None or s.duration_seconds >= 0 for s in found)
