"""What a goal in words is taken to be about, and when nothing in the data is."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.advice.observed import target
from banana_assets.core.builds.clusters import failure_clusters
from banana_assets.core.evidence import fact
from banana_assets.core.plans.asked import Ask
from banana_assets.core.plans.composing import goal_plan
from banana_assets.core.plans.goals import find
from banana_assets.core.plans.knowledge import Knowledge
from banana_assets.core.plans.order import critical_path
from banana_assets.core.plans.upkeep import Behind, table_subjects
from banana_assets.core.plans.validation import errors, validated
from banana_assets.core.tables import OPTIMIZATION_RECOMMENDATIONS
from tests.core.metrics.frames import DAY, at, builds, failures, frame

NOW = at(90)
UNIT = {"pipeline": "shop", "job": "unit", "duration_seconds": 60.0}
RAN = builds(
    [{"build_id": "g", "finished_at": at(0), **UNIT}]
    + [{"build_id": b, "status": "failed", "finished_at": at(n), **UNIT} for n, b in enumerate(("f1", "f2"), 1)]
    + [{"build_id": "d", "pipeline": "docs", "job": "pages", "finished_at": at(3), "duration_seconds": 5.0}]
)  # fmt: skip
FAILED = failures([{"build_id": "f1", "failed_at": at(1)}, {"build_id": "f2", "failed_at": at(2)}])


def advice(ident: str, kind: str, subject: str, impact: float) -> dict[str, object]:
    return {
        "recommendation_id": ident, "recommendation_type": kind, "subject": subject, "impact_score": impact,
        "description": f"Look at {subject}. It stands out.", "evidence": [fact("It is.", "builds", "g")] * 3,
    }  # fmt: skip


ADVISED = frame(
    OPTIMIZATION_RECOMMENDATIONS,
    [advice("slow", "performance", "slow_step shop / unit", 6.0),
     advice("full", "resource", "resource_limit host-7: disk_percent", 4.0)],
    {"impact_method": "m", "impact_parts": [], "implementation_difficulty": "low", "status": "open", "found": True,
     "created_at": at(0), "target": target("none", "", "", "")},
)  # fmt: skip
KNOWN = Knowledge(builds=RAN, failures=FAILED, clusters=failure_clusters(FAILED, RAN), recommendations=ADVISED)


def about(goal: str, **more: object) -> list[str]:
    return [s.kind if s.kind == "failure" else s.key for s in find(goal, KNOWN, **more).subjects]  # type: ignore[arg-type]


def why(goal: str) -> str:
    found = find(goal, KNOWN)
    assert found.subjects == ()
    assert found.reason
    return found.reason


@pytest.mark.parametrize(
    ("goal", "expected"),
    [
        ("make the shop unit tests faster", ["slow"]),
        ("Fix what is failing in shop", ["failure"]),
        ("our builds are slow", ["slow"]),
        ("free some disk space", ["full"]),
        ("host-7 needs attention", ["full"]),
        ("get rid of the yaml problem", ["failure"]),
        ("get rid of the missing dependecy", ["failure"]),
    ],
)
def test_words_choose_what_the_data_hold(goal: str, expected: list[str]) -> None:
    assert about(goal) == expected


def test_what_is_not_there_is_said() -> None:
    assert "kubernetes" in why("migrate to kubernetes")
    assert "billing_db" in why("make billing_db faster")
    assert "nothing with docs" in why("make docs faster")
    assert "docs / pages: 1 build, median 5 s, 0 failed" in why("make docs faster")
    assert "short of a resource" in why("reduce the memory of the runners")
    assert "no data yet" in str(find("make builds faster", Knowledge()).reason)


def test_words_that_nothing_carries_make_no_plan_of_what_else_failed() -> None:
    assert "login, page" in why("fix the login page")
    assert "poem" in why("write a poem about the yaml harvest moon")
    # Short words are no slips of other words: shop is called so, stop and ship are not.
    assert "ship" in why("ship it")
    assert about("stop the shop failures") == ["failure"]


@pytest.mark.parametrize(
    ("goal", "called"),
    [
        ("fix the failing login page", "login, page"),
        ("Please mend our broken checkout!", "checkout"),
        ("failing invoices", "invoices"),
        ("make the slow signup faster", "signup"),
    ],
)
def test_what_is_called_failing_has_to_be_there(goal: str, called: str) -> None:
    reason = why(goal)
    assert f"nothing in the data is called {called}. What is " in reason
    assert ("missing_dependency of shop / unit" if "slow" not in goal else "slow: shop / unit.") in reason
    assert "docs" not in reason


@pytest.mark.parametrize(
    "goal",
    [
        "fix failing tests",
        "fix the failing integration tests",
        "fix all failing nightly builds",
        "tests are failing intermittently since monday",
        "fix whatever is failing repeatedly",
        "find the root cause of the failing tests",
        "reduce recurring failures",
        "fix the failing shop",
        "fix the failing shop checkout",
    ],
)
def test_what_fails_without_a_name_is_all_that_fails(goal: str) -> None:
    assert "failure" in about(goal)


@pytest.mark.parametrize("analysis", [True, False])
def test_a_build_that_is_named_is_what_the_goal_is_about(analysis: bool) -> None:
    other = failures(
        [{"build_id": "shop-3", "failed_at": at(4), "fingerprint": "f2", "cause_text": "E   no module yaml2"}]
    )
    more = [{"build_id": "shop-3", "status": "failed", "finished_at": at(4), **UNIT},
            {"build_id": "shop-4", "finished_at": at(3.5), **UNIT}]  # fmt: skip
    ran, failed = RAN.vstack(builds(more)), FAILED.vstack(other)
    known = Knowledge(builds=ran, failures=failed, clusters=failure_clusters(failed, ran))
    found = find("fix build `shop-3`, please", known, with_analysis=analysis)
    assert [s.case.build_ids for s in found.subjects if s.case] == [("shop-3",)]
    assert "no build shop-77" in str(find("fix shop-77", known, with_analysis=analysis).reason)
    assert "shop-4: no failure" in str(find("fix shop-4", known, with_analysis=analysis).reason)


def test_what_is_over_is_not_taken_up() -> None:
    green = builds([{"build_id": "late", "pipeline": "shop", "job": "unit", "finished_at": at(9)}])
    ran = RAN.vstack(green)
    known = Knowledge(builds=ran, failures=FAILED, clusters=failure_clusters(FAILED, ran))
    found = find("fix what is failing in shop", known)
    assert found.reason
    assert "No plan: nothing with shop is failing now. " in str(found.reason)
    assert "missing_dependency of shop / unit is over: late was green after it." in str(found.reason)


def test_what_is_open_is_told_beside_what_is_over() -> None:
    slow = failures([{"build_id": "f1", "failed_at": at(1), "category": "timeout", "fingerprint": "t"}])
    red = failures([{"build_id": "r", "failed_at": at(10), "fingerprint": "f9", "cause_text": "E   no module yaml2"}])
    more = [{"build_id": "late", "finished_at": at(9), **UNIT},
            {"build_id": "r", "status": "failed", "finished_at": at(10), **UNIT}]  # fmt: skip
    ran, failed = RAN.vstack(builds(more)), slow.vstack(red)
    known = Knowledge(builds=ran, failures=failed, clusters=failure_clusters(failed, ran))
    reason = str(find("make shop faster", known, with_analysis=False).reason)
    assert "timeout of shop / unit is over: late was green after it" in reason
    assert "What is open with shop: missing_dependency of shop / unit." in reason
    assert "Only what failed was looked at" in reason


def test_without_the_analysis_only_what_failed_counts() -> None:
    assert about("shop unit", with_analysis=False) == ["failure"]
    assert set(about("shop unit")) == {"failure", "slow"}


@pytest.mark.parametrize(
    ("goal", "context", "expected", "told"),
    [
        ("repair what is broken", "the shop unit job", ["failure"], "what it is about: what carries shop"),
        ("fix it, please", "host-7 is nearly full", ["full"], "the context chose"),
        ("make it faster", "host-7", ["slow"], "nothing that is slow carries host"),
        ("make it faster", "our moonbase", ["slow"], "nothing in the data is called moonbase"),
        ("make shop faster", "the unit job", ["slow"], "without it too"),
    ],
)  # fmt: skip
def test_the_context_takes_part_or_it_is_said_why_not(goal: str, context: str, expected: list[str], told: str) -> None:
    found = find(goal, KNOWN, context=context)
    assert [s.kind if s.kind == "failure" else s.key for s in found.subjects] == expected
    assert told in str(found.by_context)
    plan = goal_plan(goal, KNOWN, NOW, Ask(goal=goal, context=context))
    assert found.by_context in [issue.message for issue in plan.issues]


def test_a_plan_covers_what_it_took_up_and_says_what_it_left() -> None:
    ask = Ask(goal="shop unit", max_subtasks=5)
    plan = goal_plan("shop unit", KNOWN, NOW, ask)
    assert errors((*plan.issues, *validated(plan, ask))) == ()
    assert len(plan.subtasks) <= 5
    assert any("left for later" in i.message for i in plan.issues)
    whole = goal_plan("shop unit", KNOWN, NOW, Ask(goal="shop unit", max_subtasks=10))
    assert (whole.optimization_score or 0) > (plan.optimization_score or 0)
    assert {r.key for s in whole.subtasks for r in s.rests_on} >= {"slow"}
    assert whole.plan_id == goal_plan("shop unit", KNOWN, at(99), Ask(goal="shop unit", max_subtasks=10)).plan_id


def minutes(*constraints: str) -> float:
    plan = goal_plan("shop unit", KNOWN, NOW, Ask(goal="shop unit", constraints=constraints))
    return critical_path(plan.subtasks) if plan.subtasks else math.inf


def test_fewer_steps_never_take_longer() -> None:
    whole = minutes()
    assert minutes("at most 3 steps") <= whole
    assert minutes("at most 6 steps", f"within {whole:g} minutes") <= whole
    assert minutes("at most 3 steps", f"within {whole:g} minutes") <= whole


def test_what_fits_the_time_is_taken_up_and_what_does_not_is_told() -> None:
    alone = {}
    for only in ("make shop unit faster", "fix what fails in shop"):
        alone[only] = critical_path(
            goal_plan(only, KNOWN, NOW, Ask(goal=only, constraints=("at most 4 steps",))).subtasks
        )
    least = min(alone.values())
    plan = goal_plan("shop unit", KNOWN, NOW, Ask(goal="shop unit", constraints=(f"within {least:g} minutes",)))
    assert plan.status == "pending"
    assert 0 < critical_path(plan.subtasks) <= least


def test_the_preferred_approach_is_the_method_where_it_can_be_done() -> None:
    ran = RAN.with_columns(commit_sha=pl.concat_str(pl.lit("c"), "build_id"))
    known = Knowledge(builds=ran, failures=FAILED, clusters=failure_clusters(FAILED, ran))
    plan = goal_plan("fix shop", known, NOW, Ask(goal="fix shop", preferred_approach="revert the commit"))
    assert any("Undo that commit of cg..cf1" in s.description for s in plan.subtasks)


def test_steps_about_the_tables_are_ours() -> None:
    behind = Behind("3 builds", (DAY,))
    plan = goal_plan("shop unit", KNOWN, NOW, Ask(goal="shop unit"), behind=behind)
    assert plan.subtasks[0].action is not None
    assert plan.subtasks[0].action.arguments == (DAY.isoformat(),)
    upkeep = table_subjects({"log_events": 40, "builds": 2}, behind)
    found = find("compact the tables", KNOWN, of_tables=True, upkeep=upkeep)
    joined = goal_plan("compact the tables", KNOWN, NOW, Ask(), found=found)
    assert [s.action.kind for s in joined.subtasks if s.action] == ["compact", "materialize"]
    assert errors(validated(joined)) == ()
    none = find("compact the tables", KNOWN, of_tables=True)
    assert "none is of many files" in (none.reason or "")


WORDS = st.sampled_from(["make", "fix", "shop", "unit", "yaml", "slow", "disk", "tests", "the", "x-1", "12", "a_b"])


@settings(max_examples=40)
@given(st.text(max_size=80) | st.lists(WORDS).map(" ".join))
def test_any_words_give_a_plan_that_holds_or_a_reason(goal: str) -> None:
    plan = goal_plan(goal, KNOWN, NOW, Ask(goal=goal))
    assert errors((*plan.issues, *validated(plan, Ask(goal=goal)))) == ()
    assert (plan.status == "abstained") == bool(plan.reason)


def test_what_stands_for_a_secret_is_not_looked_for() -> None:
    assert "masked" not in why("fly to the moon with [masked aws_access_key_id]").replace("[masked", "")
    assert about("make shop green with [masked token]") == about("make shop green")
    assert find("make shop green with [masked token]", KNOWN).reading.unknown == ()
