from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.plans.planner import RECIPES, cases, failure_plan, plans
from banana_assets.core.plans.types import Subtask
from banana_assets.core.plans.validation import cycle, holds, order, problems, unknown_dependencies
from banana_assets.core.tables import (
    BUILD_FAILURES,
    OPTIMIZATION_RECOMMENDATIONS,
    PLANS,
    RESOURCE_USAGE_PREDICTIONS,
)
from banana_assets.core.vocabulary import FAILURE_CATEGORIES
from tests.core.metrics.frames import at, builds, failures

NOW = at(100)
NO_ADVICE, NO_FORECAST = OPTIMIZATION_RECOMMENDATIONS.empty(), RESOURCE_USAGE_PREDICTIONS.empty()


def test_nothing_gives_nothing() -> None:
    assert plans(BUILD_FAILURES.empty(), NO_ADVICE, NO_FORECAST, now=NOW).schema == PLANS.dtypes


def test_one_plan_a_fingerprint() -> None:
    failed = failures([{"build_id": f"b{k}", "fingerprint": f"f{k % 2}", "failed_at": at(k)} for k in range(6)])
    out = plans(failed, NO_ADVICE, NO_FORECAST, builds([{"build_id": "b5"}]), now=NOW)
    assert PLANS.violations(out) == {}
    assert sorted(out["subject"]) == ["f0", "f1"]
    assert plans(failed, NO_ADVICE, NO_FORECAST, now=NOW)["plan_id"].to_list() == out["plan_id"].to_list()


@pytest.mark.parametrize("category", FAILURE_CATEGORIES)
def test_every_class_has_valid_steps_or_a_reason(category: str) -> None:
    plan = failure_plan(cases(failures([{"build_id": "b", "category": category}]))[0], NOW)
    assert problems(plan) == []
    assert (plan.status == "abstained") == (category in ("unknown", "cancelled"))


def test_classes_get_steps_of_their_own() -> None:
    seen = set()
    for category in RECIPES:
        plan = failure_plan(cases(failures([{"build_id": "b", "category": category}]))[0], NOW)
        seen.add(tuple(s.description for s in plan.subtasks))
    assert len(seen) == len(RECIPES)


def test_steps_name_what_the_log_names() -> None:
    text = "tests/test_pay.py:41: AssertionError: expected 4 to equal 5"
    failed = failures(
        [{"build_id": "b", "category": "test_failure", "cause_text": text, "tool": "pytest",
          "failing_tests": ["tests/test_pay.py::test_total"]}]
    )  # fmt: skip
    plan = failure_plan(cases(failed)[0], NOW)
    steps = " ".join(s.description + s.expects for s in plan.subtasks)
    assert "pytest 'tests/test_pay.py::test_total'" in steps
    assert "tests/test_pay.py:41" in steps
    assert "expected 4 to equal 5" in steps
    log = ["noise"] * 6 + [text]
    assert all(holds(c, {"a" * 64: log}) for s in plan.subtasks for c in s.citations)
    assert not any(holds(c, {"a" * 64: log[::-1]}) for s in plan.subtasks for c in s.citations)


def test_thin_evidence_abstains_with_one_reason() -> None:
    unsure = failure_plan(cases(failures([{"build_id": "b", "confidence": 0.1}]))[0], NOW)
    blind = failure_plan(cases(failures([{"build_id": "b", "cause": [], "cause_text": ""}]))[0], NOW)
    for plan in (unsure, blind):
        assert plan.status == "abstained"
        assert plan.reason
        assert problems(plan) == []


def step(name: str, *after: str) -> Subtask:
    return Subtask(name, "change", "do", "done", 5, tuple(after))


def test_validation_sees_circles_strangers_and_disorder() -> None:
    assert cycle([step("a", "b"), step("b", "a")])
    assert unknown_dependencies([step("a", "z")])
    assert order([step("a", "b"), step("b")])
    good = failure_plan(cases(failures([{"build_id": "b"}]))[0], NOW)
    bare = replace(good, subtasks=tuple(replace(s, citations=()) for s in good.subtasks))
    assert problems(bare) == ["It answers a failure and cites no line of its log."]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.sampled_from(sorted(RECIPES)), st.lists(st.text(max_size=30), max_size=4))
def test_any_text_gives_a_plan_that_holds(text: str, category: str, tests: list[str]) -> None:
    lines = text.count("\n") + 1
    row = {"build_id": "b", "category": category, "cause_text": text, "failing_tests": tests,
           "cause": [{"first": 1, "last": lines}], "tool": "pytest"}  # fmt: skip
    plan = failure_plan(cases(failures([row]))[0], NOW)
    assert problems(plan) == []
