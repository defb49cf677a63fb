# ruff: noqa: E501, SIM905 - logs and reports are shown as they are written
"""Cleaning, steps and outcome of CI logs."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.builds.cleaning import LINE_CHARACTERS, clean
from banana_assets.core.builds.outcome import infer_outcome
from banana_assets.core.builds.steps import endings, failing_step, steps

ACTIONS = """\ufeff2026-01-02T03:04:05.0000000Z ##[group]Run make test
2026-01-02T03:04:05.1000000Z \x1b[36;1mmake test\x1b[0m
2026-01-02T03:04:05.2000000Z ##[endgroup]
2026-01-02T03:04:06.0000000Z ::error file=src/a.c,line=3::bad thing
2026-01-02T03:04:07.5000000Z ##[error]Process completed with exit code 2.
2026-01-02T03:04:08.0000000Z Post job cleanup.""".split("\n")

TRAVIS = (
    "travis_fold:start:install\r\x1b[0Ktravis_time:start:0a\r\x1b[0K$ npm install\n"
    "added 3 packages\n"
    "travis_time:end:0a:start=1500000000000000000,finish=1500000005000000000,duration=5000000000\r\x1b[0Ktravis_fold:end:install\r\x1b[0K\n"
    "travis_time:start:0b\r\x1b[0K$ npm test\n"
    "1 failing\n"
    'travis_time:end:0b:start=1500000005000000000,finish=1500000009000000000,duration=4\r\x1b[0K\x1b[31;1mThe command "npm test" exited with 1.\x1b[0m\n'
    "\n"
    "Done. Your build exited with 1."
).split("\n")

GITLAB = (
    "section_start:1700000000:step_script\r\x1b[0K\x1b[0;mExecuting step_script\n"
    "$ pytest\n"
    "section_end:1700000010:step_script\r\x1b[0K\x1b[31;1mERROR: Job failed: exit code 3\n"
).split("\n")


def test_github_actions_marks_are_taken_off() -> None:
    log = clean(ACTIONS)
    assert log.texts == [
        "Run make test",
        "make test",
        "",
        "bad thing",
        "Process completed with exit code 2.",
        "Post job cleanup.",
    ]
    assert log.markers == {0: "group", 2: "endgroup", 3: "error", 4: "error"}
    assert log.times == ("2026-01-02T03:04:05.0000000Z", "2026-01-02T03:04:08.0000000Z")


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("10%\r50%\r100% done\r", "100% done"),
        ("\x1b[2K\x1b[1G\x1b[31merror\x1b[39m Command failed", "error Command failed"),
        ("^[[31mFAILED^[[0m test", "FAILED test"),
        ("\x1b]8;;https://a\x07link\x1b]8;;\x07 text", "link text"),
        ("travis_fold:start:x\r\x1b[0Ktext", "text"),
        ("travis_time:start:x\r\x1b[0K$ travis_retry make\r", "$ travis_retry make"),
        ('The command "travis_retry make" exited with 2.\r\r', 'The command "travis_retry make" exited with 2.'),
        ("travis_retry() {", "travis_retry() {"),
        ("[0] plain [12] brackets [m]", "[0] plain [12] brackets [m]"),
        ("x" * 10_000, "x" * LINE_CHARACTERS),
        ("", ""),
    ],
)
def test_what_a_terminal_leaves_standing(line: str, left: str) -> None:
    assert clean([line]).texts == [left]


def test_elapsed_times_before_every_line_are_taken_off() -> None:
    log = clean([f"12:00:{i:02d}  compiling {i}" for i in range(40)])
    assert log.texts[7] == "compiling 7"


@given(st.lists(st.text(max_size=60).map(lambda t: t.replace("\n", "")), max_size=40))
def test_lines_keep_their_numbers(lines: list[str]) -> None:
    log = clean(lines)
    assert len(log.texts) == len(log.series) == len(lines)


@pytest.mark.parametrize(("lines", "name", "code"), [(ACTIONS, "Run make test", 2), (TRAVIS, "$ npm test", 1)])
def test_the_failing_step_is_named(lines: list[str], name: str, code: int) -> None:
    log = clean(lines)
    step = failing_step(steps(log, endings(log)))
    assert step is not None
    assert (step.name, step.exit_code) == (name, code)


def test_steps_nest_and_stay_inside_the_log() -> None:
    for lines in (ACTIONS, TRAVIS, GITLAB):
        log = clean(lines)
        for step in steps(log, endings(log)).walk():
            assert 1 <= step.first <= step.last <= len(lines)


@pytest.mark.parametrize(
    ("lines", "status", "code"),
    [
        (ACTIONS, "failed", 2),
        (TRAVIS, "failed", 1),
        (GITLAB, "failed", 3),
        (["ok", "Done. Your build exited with 0."], "success", 0),
        (["Finished: SUCCESS"], "success", 0),
        (["2026-01-02T03:04:05.0000000Z ##[error]The operation was canceled."], "cancelled", None),
        (["Finished: ABORTED"], "cancelled", None),
        (["The job exceeded the maximum time limit for jobs, and has been terminated."], "error", None),
        (["a.c:1:2: error: expected ';'"], "failed", None),
        (["0 errors", "all 12 tests passed"], "success", None),
        ([""], "success", None),
    ],
)
def test_outcome_from_the_log_alone(lines: list[str], status: str, code: int | None) -> None:
    found = infer_outcome(lines)
    assert (found.status, found.exit_code) == (status, code)
    assert found.reason


def test_times_come_from_the_ci_system() -> None:
    found = infer_outcome(ACTIONS)
    assert found.started_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert found.finished_at == datetime(2026, 1, 2, 3, 4, 8, tzinfo=UTC)
    travis = infer_outcome(TRAVIS)
    assert travis.started_at == datetime.fromtimestamp(1_500_000_000, UTC)
    assert travis.finished_at == datetime.fromtimestamp(1_500_000_009, UTC)
