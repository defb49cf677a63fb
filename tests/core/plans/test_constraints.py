"""Constraints in words, and what is done to known steps so that they are kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.plans.asked import Ask
from banana_assets.core.plans.constraints import broken, names, read
from banana_assets.core.plans.keeping import judged_by
from banana_assets.core.plans.order import critical_path, cycle
from banana_assets.core.plans.planner import failure_plan
from banana_assets.core.plans.shaping import shaped
from banana_assets.core.plans.types import Requirement, Subtask
from banana_assets.core.plans.validation import errors, validated
from tests.core.plans.test_planner import NOW, case

READ = {
    "at most 5 steps": ("steps", 5),
    "no more than three subtasks": ("steps", 3),
    "max 4 tasks": ("steps", 4),
    "within 2 hours": ("minutes", 120),
    "has to be done in under 45 minutes": ("minutes", 45),
    "at most half an hour": ("minutes", 30),
    "within a day": ("minutes", 480),
    "no downtime": ("downtime", 0),
    "Keep the service running": ("downtime", 0),
    "without any restarts": ("downtime", 0),
    "be quick about it": ("unread", 0),
    "": ("unread", 0),
}


@pytest.mark.parametrize("text", READ, ids=str)
def test_common_forms_are_read(text: str) -> None:
    found = read(text)
    assert (found.kind, found.amount) == READ[text]


@pytest.mark.parametrize(
    ("text", "kind", "what"),
    [
        ("do not touch src/core", "untouched", ("src/core",)),
        ("Don't change the database or migrations/.", "untouched", ("database", "migrations/")),
        ("leave requirements.txt alone", "untouched", ("requirements.txt",)),
        ("no changes to the public API", "untouched", ("public API",)),
        ("without modifying *.lock", "untouched", ("*.lock",)),
        ("only change tests/", "only", ("tests/",)),
    ],
)
def test_what_may_not_be_touched_is_named(text: str, kind: str, what: tuple[str, ...]) -> None:
    found = read(text)
    assert (found.kind, found.names) == (kind, what)


def test_limits_of_resources_are_read() -> None:
    memory = read("at most 4 GiB of memory").resource
    assert memory == Requirement("memory", 4.0, "GiB")
    cores = read("use no more than 2 cores").resource
    assert cores == Requirement("cpu", 2.0, "cores")


def test_names_are_words_paths_and_globs() -> None:
    assert names("src/core", "Correct `src/core/sum.py:4`.")
    assert names("*.lock", "Pin it in poetry.lock.")
    assert names("database", "Restart the database.")
    assert not names("data", "Restart the database.")


def step(name: str, kind: str = "inspect", after: tuple[str, ...] = (), **more: object) -> Subtask:
    return replace(Subtask(name, kind, f"Do {name}.", "Done.", 10.0, after), **more)  # type: ignore[arg-type]


CHAIN = (
    step("s1", priority="high"),
    step("s2", after=("s1",), priority="high"),
    step("s3", "change", ("s2",), priority="high"),
    step("s4", "verify", ("s3",), priority="high"),
    step("s5", "prevent", ("s4",), priority="low"),
)


def test_the_least_missed_steps_go_first_and_neighbours_are_joined() -> None:
    four = shaped(CHAIN, Ask(max_subtasks=4))
    assert [s.type for s in four.steps] == ["inspect", "inspect", "change", "verify"]
    assert "left out" in four.issues[0].message
    three = shaped(CHAIN, Ask(constraints=("at most 3 steps",)))
    assert [s.type for s in three.steps] == ["inspect", "change", "verify"]
    assert "Do s1. Do s2." in three.steps[0].description
    assert three.steps[0].estimated_minutes == 20
    one = shaped(CHAIN, Ask(max_subtasks=1))
    assert [s.type for s in one.steps] == ["change"]


def test_a_plan_that_cannot_keep_a_constraint_is_none() -> None:
    late = shaped(CHAIN, Ask(constraints=("within 5 minutes",)))
    assert late.reason
    assert "within 5 minutes" in late.reason
    kept = shaped(CHAIN, Ask(constraints=("within 40 minutes",)))
    assert critical_path(kept.steps) <= 40
    barred = shaped(CHAIN, Ask(constraints=("do not touch s3",)))
    assert barred.reason
    assert "against" in barred.reason
    heavy = (step("s1", resource_requirements=(Requirement("memory", 8, "GiB"),)), *CHAIN[2:3])
    assert shaped(heavy, Ask(constraints=("at most 4 GiB of memory",))).reason


def test_what_is_not_understood_is_said_and_checked_by_nothing() -> None:
    found = shaped(CHAIN, Ask(constraints=("make me happy",)))
    assert [i.level for i in found.issues] == ["info"]
    assert "make me happy" in found.issues[0].message
    assert len(found.steps) == 5


def said(text: str, *steps: Subtask) -> list[tuple[str, str | None]]:
    return [(issue.level, issue.step) for issue in judged_by(read(text), steps)]


SPEAKS = step("s3", "change", ("s1",), description="Replace sleeps by conditions, share set-up between tests.")
ELSEWHERE = step("s4", "change", ("s1",), description="Move `src/slow.py` to a job of its own and run the tests.")
NAMELESS = step("s5", "prevent", ("s4",), description="Undo that change.")


def test_a_step_that_speaks_of_what_is_barred_goes_where_another_change_is_left_and_else_is_told() -> None:
    both = shaped((step("s1"), SPEAKS, ELSEWHERE), Ask(constraints=("do not touch tests/",)))
    assert [s.description for s in both.steps if s.type == "change"] == [ELSEWHERE.description]
    assert "may change tests/" in both.issues[0].message
    alone = shaped((step("s1"), SPEAKS), Ask(constraints=("do not touch tests/",)))
    assert len(alone.steps) == 2
    assert ("warning", "s3") in said("do not touch tests/", SPEAKS)


def test_nothing_is_said_to_be_kept_where_nobody_can_tell() -> None:
    assert said("do not touch tests/", ELSEWHERE) == [("info", None)]
    assert said("do not touch tests/", ELSEWHERE, NAMELESS) == [("warning", None)]
    assert said("only change src/", ELSEWHERE) == [("info", None)]
    assert said("at most 4 GiB of memory", ELSEWHERE) == [("warning", None)]
    restarts = step("s2", "verify", description="Restart the queue, then look.")
    assert said("no downtime", step("s1", description="Look for a restart of the queue.")) == [("info", None)]
    assert [s.id for s in shaped((step("s1"), restarts), Ask(constraints=("no downtime",))).steps] == ["s1"]


@pytest.mark.parametrize("text", [text for text in READ if text])
def test_no_constraint_stays_without_a_word(text: str) -> None:
    assert said(text, step("s1")) or list(broken(read(text), failure_plan(case(), NOW)))


def test_the_preferred_approach_comes_first() -> None:
    two = (
        step("s1"),
        step("s2", "change", ("s1",), description="Raise the memory limit of the runner."),
        step("s3", "change", ("s1",), description="Lower the number of parallel workers."),
        step("s4", "verify", ("s2", "s3")),
    )
    found = shaped(two, Ask(preferred_approach="use fewer workers", max_subtasks=3))
    assert [s.description for s in found.steps if s.type == "change"] == ["Lower the number of parallel workers."]
    none = shaped(two, Ask(preferred_approach="pray"))
    assert "keeps its own approach" in none.issues[0].message


def test_going_back_is_a_method_where_the_change_is_known() -> None:
    ask = Ask(preferred_approach="revert the commit")
    known = replace(case(), last_green_commit="a" * 40, first_commit="b" * 40)
    assert "Undo aaaaaaaaaaaa..bbbbbbbbbbbb" in failure_plan(known, NOW, ask).approach
    assert "Undo" not in failure_plan(case(), NOW, ask).approach


ASKS = st.lists(
    st.sampled_from([*READ, "do not touch yaml", "only change tests/", "at most 2 GiB of memory"])
    | st.text(max_size=40),
    max_size=4,
)


@settings(max_examples=40)
@given(ASKS, st.integers(1, 12), st.none() | st.text(max_size=30))
def test_whatever_is_asked_the_plan_keeps_it_or_there_is_none(
    constraints: list[str], most: int, preferred: str | None
) -> None:
    ask = Ask(constraints=tuple(constraints), max_subtasks=most, preferred_approach=preferred)
    plan = failure_plan(case(), NOW, ask)
    assert errors((*plan.issues, *validated(plan, ask))) == ()
    if plan.status == "abstained":
        assert plan.reason
        return
    assert len(plan.subtasks) <= most
    assert not cycle(plan.subtasks)
    assert [said for c in constraints for said in broken(read(c), plan)] == []
