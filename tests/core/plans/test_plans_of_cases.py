"""What plans say of what the diagnosis knows: the code that raised, chance, paths, hosts, and what was measured."""

from __future__ import annotations

import re
from typing import Any

import polars as pl
import pytest

from banana_assets.core.plans.asked import Ask
from banana_assets.core.plans.case import Case, cases
from banana_assets.core.plans.knowledge import Knowledge
from banana_assets.core.plans.planner import failure_plan
from banana_assets.core.plans.text import as_text
from banana_assets.core.plans.types import Plan, Requirement
from banana_assets.core.tables import FLAKY_TESTS
from tests.core.metrics.frames import at, builds, failures
from tests.core.plans.test_places import RAISED

TEST = "tests/test_price.py::test_price"
SHELL: dict[str, Any] = {"tool": "shell", "failing_step": None}


def _known(**row: Any) -> Knowledge:
    build = {"build_id": "b", "pipeline": "api", "job": "test", "started_at": at(1), "command": row.pop("command", "x")}
    text = row.get("cause_text", "")
    cause = [{"first": 5, "last": 5 + text.count("\n")}]
    failed = {"build_id": "b", "failed_at": at(1), "confidence": 0.9, "cause": cause, "tool": "pytest"}
    return Knowledge(builds=builds([build]), failures=failures([failed | row]))


def _case(**row: Any) -> Case:
    return cases(_known(**row))[0]


def _plan(ask: Ask | None = None, **row: Any) -> Plan:
    return failure_plan(_case(**row), at(2), ask or Ask())


def _says(plan: Plan) -> str:
    return " ".join([plan.goal, plan.approach, plan.fallback_plan, *(s.description + s.expects for s in plan.subtasks)])


def _changes(plan: Plan) -> list[str]:
    return [s.description for s in plan.subtasks if s.type == "change"]


def test_the_code_that_raised_stands_beside_the_test() -> None:
    plan = _plan(category="test_failure", cause_text=RAISED, failing_tests=[TEST])
    code, test = _changes(plan)
    assert code.startswith("Correct `app/price.py:9`, `app/load.py:3`, which raised it")
    assert "`tests/test_price.py:4`, `tests/test_load.py:7`" in test


@pytest.mark.parametrize(
    ("text", "change"),
    [
        (RAISED, "Correct `app/price.py:9`"),
        ("tests/test_price.py:4: in test_price\nE   assert 1 == 2", "Correct the code"),
    ],
)
def test_where_the_tests_may_not_be_touched_the_code_is_left_to_correct(text: str, change: str) -> None:
    ask = Ask(constraints=("do not touch tests/test_price.py",))
    (left,) = _changes(_plan(ask, category="test_failure", cause_text=text, failing_tests=[TEST]))
    assert left.startswith(change)


def test_a_test_that_is_known_to_fail_by_chance_is_looked_at_for_what_varies() -> None:
    row = {"category": "test_failure", "cause_text": "E   assert 1 == 2", "failing_tests": [TEST]}
    known = _known(**row)
    flaky = {"test_id": "t", "pipeline": "api", "title": "tests.test_price::test_price", "state": "flaky", "runs": 54,
             "failures": 2, "flakes": 2}  # fmt: skip
    table = pl.DataFrame([flaky], schema={name: FLAKY_TESTS.dtypes[name] for name in flaky})
    chance = cases(Knowledge(builds=known.builds, failures=known.failures, flaky=table))[0]
    assert chance.by_chance == "by chance in 2 of 54 runs"
    assert "fifty times" in failure_plan(chance, at(2)).subtasks[0].description
    more = _known(**row | {"failing_tests": [TEST, "tests/test_price.py::test_other"]})
    assert cases(Knowledge(builds=more.builds, failures=more.failures, flaky=table))[0].by_chance is None


@pytest.mark.parametrize(
    ("category", "text", "named"),
    [
        ("access_error", "install: cannot remove '/srv/a.tar': Permission denied", "owner and mode of `/srv/a.tar`"),
        ("disk_full", "gzip: stdout: No space left on device\ntar: /srv/a.tar: Cannot write", "wrote `/srv/a.tar`"),
        ("network_error", "curl: (7) Failed to connect to 127.0.0.1 port 80", "a service listens at `127.0.0.1`"),
        ("missing_dependency", "Error: Cannot find package 'dayjs' imported", "lock file of package.json"),
    ],
)  # fmt: skip
def test_steps_name_what_the_message_names(category: str, text: str, named: str) -> None:
    assert named in _says(_plan(category=category, cause_text=text, reason=text.split("\n")[0], **SHELL))


@pytest.mark.parametrize("category", ["access_error", "disk_full", "out_of_memory", "crash"])
def test_what_is_not_named_is_not_written_round(category: str) -> None:
    said = _says(_plan(category=category, cause_text="it went wrong", exit_code=1, **SHELL))
    assert not re.search(r"what the cited lines name|the full file system|\bshell\b", said)


def test_what_is_sent_needs_no_mirror() -> None:
    text = "curl: (6) Could not resolve host: store.example.org"
    fetched = _plan(category="network_error", cause_text=text, command="curl -O https://store.example.org/a", **SHELL)
    sent = _plan(
        category="network_error", cause_text=text, command="curl --upload-file a.tar store.example.org", **SHELL
    )
    assert "mirror" in _says(fetched)
    assert not re.search("mirror|fetched", _says(sent))


def test_what_was_measured_of_a_job_is_not_told_of_one_step_that_is_run_alone() -> None:
    row = {"category": "crash", "cause_text": "it went wrong", "exit_code": 1, "tool": "git"}
    for command, step, measured in (
        ("make", "merge", True),
        (None, "merge", False),
        ("rm -rf x", "merge", False),
        (None, None, True),
    ):
        known = _known(**row, command=command, failing_step=step)
        need = (Requirement("cpu", 75.0, "percent"),)
        case = cases(Knowledge(builds=known.builds, failures=known.failures, needs={("api", "test"): need}))[0]
        assert bool(case.needs) is measured


def test_a_plan_says_what_its_times_rest_on() -> None:
    assert "Times are assumed" in as_text(_plan(category="crash", cause_text="it went wrong"), width=400)
