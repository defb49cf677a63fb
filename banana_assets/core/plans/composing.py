"""The plan for a goal: the methods of what it is about put together, so that the constraints are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from banana_assets.core.evidence import plural, stable_id
from banana_assets.core.plans.asked import Ask
from banana_assets.core.plans.constraints import read
from banana_assets.core.plans.drafts import Recipe, numbered
from banana_assets.core.plans.finishing import finished
from banana_assets.core.plans.goals import MOST_SUBJECTS, Found, find
from banana_assets.core.plans.knowledge import Knowledge
from banana_assets.core.plans.planner import HORIZON, abstained, recipe_of
from banana_assets.core.plans.subjects import Subject
from banana_assets.core.plans.types import Issue, Plan, Prediction, Risk, Subtask
from banana_assets.core.plans.upkeep import Behind, first_compute
from banana_assets.core.text import shortlist

STEPS_EACH = 3
"""A thing needs about so many steps: with fewer allowed, fewer things are taken up."""


def goal_plan(
    goal: str,
    known: Knowledge,
    now: datetime,
    ask: Ask,
    *,
    with_analysis: bool = True,
    found: Found | None = None,
    behind: Behind | None = None,
) -> Plan:
    """The plan for a goal, or one that abstains with the reason.

    ``found`` is what ``find`` found, if it was asked. Where tables are ``behind``, computing them comes first.
    """
    found = found or find(goal, known, context=ask.context, with_analysis=with_analysis)
    keys = [f"{s.key} {[c['quote'] for c in s.citations]} {s.fact}" for s in found.subjects]
    plan_id = stable_id("plan", "goal", goal, repr(ask), str(with_analysis), *keys)
    plan = replace(
        abstained(plan_id, "goal", goal, goal, found.reason or "", now),
        context=ask.context,
        constraints=ask.constraints,
        preferred_approach=ask.preferred_approach,
    )
    if found.reason:
        return plan
    none = plan
    for choice, most in _choices(found.subjects, ask):
        made = _plan_of(plan, choice, most, found, known, ask, behind, now + HORIZON)
        if made.status != "abstained":
            return made
        none = made
    return none


def _choices(found: Sequence[Subject], ask: Ask) -> Iterator[tuple[Sequence[Subject], int]]:
    """What a plan may be about, and how many of it at most: as many as there are steps for; where no plan of these
    keeps the constraints one of fewer, then of another alone, then of the first alone."""
    most = _most_things(ask)
    yield from ((found, many) for many in range(most, 1, -1))
    if any(read(text).kind == "minutes" for text in ask.constraints):
        yield found, 1
        yield from (((one,), 1) for one in found[1:MOST_SUBJECTS])
    yield found, 1


def _most_steps(ask: Ask) -> int:
    told = (int(c.amount) for c in map(read, ask.constraints) if c.kind == "steps")
    return min([ask.max_subtasks, *told])


def _most_things(ask: Ask) -> int:
    return max(1, min(MOST_SUBJECTS, _most_steps(ask) // STEPS_EACH))


def _plan_of(
    plan: Plan,
    choice: Sequence[Subject],
    most: int,
    found: Found,
    known: Knowledge,
    ask: Ask,
    behind: Behind | None,
    by: datetime,
) -> Plan:
    """The plan of the first ``most`` things of a choice, decided ``by`` then."""
    taken, steps, risks, fallbacks = _composed(choice, ask, most)
    if not steps:
        return replace(plan, reason="No plan: there is no method for what the data hold about it.")
    left = [s for s in found.subjects if s not in taken]
    heavier = left[: found.subjects.index(taken[0])] if len(choice) < len(found.subjects) else []
    said = _said(found, len(left) - len(heavier))
    if heavier:
        which = shortlist(list(dict.fromkeys(s.name for s in heavier)), MOST_SUBJECTS)
        said = (*said, Issue("info", f"This leaves {which} out: no plan for it keeps the constraints."))
    names = "; ".join(s.name for s in taken)
    made = replace(
        plan,
        status="pending",
        reason=None,
        approach=f"Take up what the data hold about it, the weightiest first: {names}.",
        subtasks=steps if behind is None or taken[0].kind == "tables" else first_compute(steps, behind),
        risks=risks,
        fallback_plan=fallbacks[0],
        prediction=Prediction(*_prediction(taken, by), by),
        issues=said,
    )
    return finished(made, [s.concern for s in found.subjects], ask, known.rooms)


def _composed(
    found: Sequence[Subject], ask: Ask, most: int
) -> tuple[list[Subject], tuple[Subtask, ...], tuple[Risk, ...], list[str]]:
    """The steps of the first things, at most so many, one after the other; each thing is a chain of its own."""
    room = _most_steps(ask)
    taken: list[Subject] = []
    steps: list[Subtask] = []
    risks: list[Risk] = []
    fallbacks: list[str] = []
    for subject in found:
        recipe = _method(subject, ask) if len(taken) < most else None
        # What does not fit whole is left for a plan of its own, unless it is the first.
        if recipe is None or (taken and len(steps) + len(recipe.steps) > room):
            continue
        taken.append(subject)
        steps += numbered(
            recipe.steps,
            subject.citations,
            needs=subject.needs,
            run_minutes=subject.run_minutes,
            begin=len(steps),
            rests_on=subject.rows,
        )
        risks += [r for r in recipe.risks if r not in risks]
        fallbacks.append(recipe.fallback)
    return taken, tuple(steps), tuple(risks), fallbacks


def _method(subject: Subject, ask: Ask) -> Recipe | None:
    """The method for a thing; for a failure the one that was asked for, where it can be done."""
    return recipe_of(subject.case, ask) if subject.case else subject.recipe()


def _prediction(taken: Sequence[Subject], by: datetime) -> tuple[str | None, str]:
    fingerprint = next((s.fingerprint for s in taken if s.fingerprint), None)
    told = [f"no build fails with {s.fingerprint[:12]} again" for s in taken if s.fingerprint]
    advice = [s.key for s in taken if s.kind in ("recommendation", "bottleneck")]
    if advice:
        told.append(
            f"{plural(len(advice), 'finding')} ({', '.join(advice)}) {'is' if len(advice) == 1 else 'are'} gone"
        )
    other = [s.name for s in taken if not s.fingerprint and s.key not in advice]
    if other:
        told.append(f"{', '.join(other)} no longer stand out")
    return fingerprint, f"Once it is done, {' and '.join(told)}; the data up to {by:%F} decide."


def _said(found: Found, left: int) -> tuple[Issue, ...]:
    said = []
    if found.reading.unknown:
        said.append(Issue("info", f"Nothing in the data is called {', '.join(found.reading.unknown)}."))
    if found.by_context:
        said.append(Issue("info", found.by_context))
    if left:
        more = f"{plural(left, 'more thing')} that {'bears' if left == 1 else 'bear'} on it"
        said.append(Issue("info", f"{more} {'is' if left == 1 else 'are'} left for later."))
    return tuple(said)
