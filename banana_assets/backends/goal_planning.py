"""Planning a goal in words, out of what the tables hold about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from banana_assets.backends.knowing import behind, knowledge
from banana_assets.backends.planning import Clock, Planner, utc_now
from banana_assets.backends.proposing import Question, Spent, checked
from banana_assets.backends.store import Store
from banana_assets.backends.tables import Tables
from banana_assets.core.plans.asked import Ask
from banana_assets.core.plans.composing import goal_plan
from banana_assets.core.plans.constraints import read
from banana_assets.core.plans.evidence import goal_evidence
from banana_assets.core.plans.goals import Found, find
from banana_assets.core.plans.types import Plan
from banana_assets.core.plans.upkeep import about_tables, table_subjects
from banana_assets.core.tables import TABLES

if TYPE_CHECKING:
    from banana_assets.backends.llm import Models


@dataclass(frozen=True)
class GoalPlan:
    """The plan for a goal, what it is about, and how many patterns, templates and measured things it was made with."""

    plan: Plan
    about: tuple[str, ...]
    patterns: int
    templates: int
    metrics: int
    spent: Spent


@dataclass(frozen=True)
class Preview:
    """What a plan would be made with: the evidence, how constraints are understood, which models would be asked."""

    goal: str
    models: tuple[str, ...]
    constraints: tuple[tuple[str, str], ...]
    about: tuple[str, ...]
    evidence: tuple[str, ...]
    reason: str | None

    def told(self) -> dict[str, object]:
        """It as JSON takes it."""
        said = [{"constraint": text, "understood_as": told} for text, told in self.constraints]
        return {
            "goal": self.goal,
            "models": self.models,
            "constraints": said,
            "about": self.about,
            "evidence": self.evidence,
            "error": self.reason,
        }


def plan_goal(
    store: Store,
    lake: Tables,
    ask: Ask,
    models: Models | None = None,
    *,
    use_model: str | None = None,
    advanced: bool = False,
    with_analysis: bool = True,
    keep: bool = True,
    begins: Callable[[str], object] = lambda what: None,
    clock: Clock = utc_now,
) -> GoalPlan:
    """Plan a goal in words (``asked``) out of what the tables hold about it, and ``keep`` the plan; it abstains when
    nothing does.

    ``with_analysis`` also looks at bottlenecks, recommendations, patterns and forecasts, not only at what failed.
    ``begins`` is called with each thing that is begun, in words.
    """
    begins("reading what the tables hold")
    planner = Planner(store, lake, knowledge(store, lake), models, clock=clock, use_model=use_model, advanced=advanced)
    begins("planning without a model")
    found, plan = _goal_floor(store, lake, planner, ask, with_analysis=with_analysis)
    there = planner.known.rooms if with_analysis else ()
    if plan.status != "abstained":
        evidence = goal_evidence(found.subjects, plan, ask, there)
        concerns = [s.concern for s in found.subjects]
        if planner.proposer.asks:
            begins(f"asking {use_model or 'a language model'} for a better one")
        plan = planner.proposer.plan(Question(plan, evidence, ask, concerns, there, None, _hardness(found, ask)))
    if keep:
        planner.records.save(plan)
    patterns = sum("pattern" in f"{s.kind} {s.name}" for s in found.subjects)
    measured = sum(s.kind in ("bottleneck", "recommendation") for s in found.subjects) - patterns
    templates = int(plan.template_id is not None)
    about = tuple(s.name for s in found.subjects)
    return GoalPlan(plan, about, patterns, templates, max(0, measured) + len(there), planner.proposer.spent)


def preview_goal(
    store: Store,
    lake: Tables,
    ask: Ask,
    models: Models | None = None,
    *,
    use_model: str | None = None,
    advanced: bool = False,
    with_analysis: bool = True,
    clock: Clock = utc_now,
) -> Preview:
    """What ``plan_goal`` would be made with. Nothing is asked of a model, and nothing stored."""
    planner = Planner(store, lake, knowledge(store, lake), None, clock=clock)
    found, floor = _goal_floor(store, lake, planner, ask, with_analysis=with_analysis)
    evidence = goal_evidence(found.subjects, floor, ask, planner.known.rooms if with_analysis else ())
    hard = _hardness(found, ask)
    route = models.route(complexity=hard, use_model=use_model, advanced=advanced) if models is not None else None
    return Preview(
        ask.goal or "",
        tuple(candidate.name for candidate in route.candidates) if route else (),
        tuple((text, read(text).told) for text in ask.constraints),
        tuple(s.name for s in found.subjects),
        tuple(line.text for line in evidence.lines) if floor.status != "abstained" else (),
        floor.reason,
    )


def _hardness(found: Found, ask: Ask) -> float:
    """How complex the question is, in 0..1: which model it goes to depends on it."""
    return min(1.0, 0.3 + 0.1 * len(found.subjects) + 0.1 * len(ask.constraints))


def _goal_floor(store: Store, lake: Tables, planner: Planner, ask: Ask, *, with_analysis: bool) -> tuple[Found, Plan]:
    """What the tables hold about a goal, and the plan for it without a model."""
    known, goal = planner.known, ask.goal or ""
    late = behind(store, lake, known)
    of_tables = about_tables(goal)
    upkeep = table_subjects(lake.file_counts(tuple(TABLES.values())), late) if of_tables else ()
    found = find(goal, known, context=ask.context, with_analysis=with_analysis, of_tables=of_tables, upkeep=upkeep)
    floor = goal_plan(goal, known, planner.clock(), ask, with_analysis=with_analysis, found=found, behind=late)
    return found, checked(floor, planner.quotes)
