"""Scores: in 0..1, never lowered by covering one thing more, and deaf to words."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from banana_assets.core.evidence import Citation
from banana_assets.core.plans.needs import Room, fits
from banana_assets.core.plans.planner import failure_concerns, failure_plan
from banana_assets.core.plans.scoring import Concern, scored
from banana_assets.core.plans.types import (
    PRIORITIES,
    STEP_TYPES,
    Plan,
    Prediction,
    Requirement,
    Risk,
    Subtask,
    TableRow,
)
from tests.core.plans.test_planner import NOW, case

THERE = (Room("memory", "host", 8.0, "GiB", 8.0, 16.0), Room("cpu", "host", 50.0, "percent", 50.0, 100.0))


def place(line: int) -> Citation:
    return {"build_id": "b", "sha256": "a" * 64, "first_line": line, "last_line": line, "quote": "x"}


CONCERNS = tuple(
    Concern(f"c{n}", float(n + 1), (place(n),) if n % 2 else (), () if n % 2 else (TableRow("bottlenecks", str(n)),))
    for n in range(4)
)


def cover(step: Subtask, concern: Concern) -> Subtask:
    return replace(step, citations=(*step.citations, *concern.places), rests_on=(*step.rests_on, *concern.rows))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    steps: list[Subtask] = []
    for n in range(draw(st.integers(1, 8))):
        before = draw(st.lists(st.sampled_from(steps), max_size=3, unique_by=lambda s: s.id)) if steps else []
        step = Subtask(
            f"s{n + 1}",
            draw(st.sampled_from(STEP_TYPES)),
            draw(st.text(min_size=1, max_size=20)),
            "seen",
            draw(st.floats(0.5, 400)),
            tuple(s.id for s in before),
            draw(st.sampled_from(PRIORITIES)),
            tuple(draw(st.lists(st.sampled_from([Requirement("memory", 4, "GiB"), Requirement("memory", 99, "GiB"),
                                                 Requirement("cpu", 80, "percent")]), max_size=2))),
        )  # fmt: skip
        for concern in draw(st.lists(st.sampled_from(CONCERNS), max_size=2)):
            step = cover(step, concern)
        steps.append(step)
    prediction = Prediction(draw(st.none() | st.just("f")), draw(st.sampled_from(["", "It stops."])), None)
    return Plan("p", "goal", "g", "g", "a", tuple(steps), (Risk("r", "m"),), "f", prediction, "t", NOW)


@settings(max_examples=40)
@given(plans())
def test_scores_are_shares_and_say_how_they_came(plan: Plan) -> None:
    made = scored(plan, CONCERNS, THERE)
    for score, parts in (
        (made.optimization_score, made.optimization_parts),
        (made.resource_efficiency, made.efficiency_parts),
    ):
        assert score is not None
        assert 0 <= score <= 1
        assert all(0 <= p.value <= 1 and p.weight > 0 and p.why for p in parts)
        weights = sum(p.weight for p in parts)
        assert abs(score - sum(p.value * p.weight for p in parts) / weights) < 1e-4


@settings(max_examples=40)
@given(plans(), st.integers(0, 7), st.sampled_from(CONCERNS))
def test_covering_one_more_never_lowers_it(plan: Plan, at: int, concern: Concern) -> None:
    k = at % len(plan.subtasks)
    more = tuple(cover(s, concern) if n == k else s for n, s in enumerate(plan.subtasks))
    before, after = scored(plan, CONCERNS), scored(replace(plan, subtasks=more), CONCERNS)
    assert (after.optimization_score or 0) >= (before.optimization_score or 0)
    new = cover(Subtask("new", "inspect", "Look.", "Seen.", 5.0), concern)
    added = scored(replace(plan, subtasks=(*plan.subtasks, new)), CONCERNS)
    assert (added.optimization_score or 0) >= (before.optimization_score or 0)


@settings(max_examples=40)
@given(plans(), st.text(max_size=60))
def test_no_word_plays_a_part(plan: Plan, words: str) -> None:
    loud = f"{words} bottleneck pattern resource parallel optimal"
    other = replace(
        plan,
        goal=loud,
        approach=loud,
        fallback_plan=loud,
        risks=(Risk(loud, loud),) * 3,
        subtasks=tuple(replace(s, description=loud, expects=loud) for s in plan.subtasks),
    )
    one, two = scored(plan, CONCERNS, THERE), scored(other, CONCERNS, THERE)
    assert (one.optimization_score, one.resource_efficiency) == (two.optimization_score, two.resource_efficiency)


def test_known_values() -> None:
    steps = (
        cover(Subtask("s1", "inspect", "a", "b", 10.0), CONCERNS[3]),
        Subtask("s2", "change", "a", "b", 30.0, ("s1",)),
        Subtask("s3", "verify", "a", "b", 20.0, ("s2",)),
        cover(Subtask("s4", "inspect", "a", "b", 20.0), CONCERNS[2]),
    )
    plan = Plan("p", "goal", "g", "g", "a", steps, (), "", Prediction("f", "It stops.", NOW), "t", NOW)
    made = scored(plan, CONCERNS, THERE)
    values = {p.name: p.value for p in (*made.optimization_parts, *made.efficiency_parts)}
    assert values == {
        "covered": 0.7, "answered": 0.4, "verified": 0.4, "decidable": 1.0, "early": 1 - 10 / 80,
        "side_by_side": (80 - 60) / (80 - 30),
    }  # fmt: skip
    assert made.optimization_score == round(0.7 * 0.4 + 0.4 * 0.25 + 0.4 * 0.2 + 0.15, 4)


def test_needs_are_set_against_what_is_left() -> None:
    assert fits(Requirement("memory", 4, "GiB"), THERE) == (True, "memory: 4 GiB of 8 GiB that host has left")
    over = fits(Requirement("memory", 9000, "MiB"), THERE)
    assert over is not None
    assert not over[0]
    assert fits(Requirement("network", 4, "MiB/s"), THERE) is None
    plan = failure_plan(replace(case(), needs=(Requirement("memory", 99, "GiB"),)), NOW, there=THERE)
    assert any(i.level == "warning" and "forecast" in i.message for i in plan.issues)
    assert scored(plan, failure_concerns(case()), THERE).resource_efficiency == plan.resource_efficiency
