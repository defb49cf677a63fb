"""Planning: failed builds, recommendations and goals get plans, each once, which the records keep.

Every plan is made without a model first; one that is set up may do better (``proposing``). Nothing is launched here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from banana_assets.backends.knowing import behind, knowledge
from banana_assets.backends.plan_records import PlanRecords
from banana_assets.backends.planned import Planned
from banana_assets.backends.proposing import NO_MODEL, Proposer, Question, Spent, checked
from banana_assets.backends.quotes import Quotes
from banana_assets.backends.store import Store
from banana_assets.backends.tables import Tables
from banana_assets.backends.template_records import TemplateRecords
from banana_assets.core.advice.headlines import DIFFICULTY
from banana_assets.core.plans.asked import MOST_SUBTASKS, Ask
from banana_assets.core.plans.case import Case, cases
from banana_assets.core.plans.choosing import choose
from banana_assets.core.plans.constraints import read
from banana_assets.core.plans.evidence import failure_evidence, goal_evidence
from banana_assets.core.plans.goals import Found, find, goal_plan
from banana_assets.core.plans.knowledge import Knowledge
from banana_assets.core.plans.planner import (
    Method,
    abstains,
    failure_concerns,
    failure_plan,
    pressing,
    recommendation_plan,
)
from banana_assets.core.plans.templates import Template, applied
from banana_assets.core.plans.types import Issue, Plan
from banana_assets.core.plans.upkeep import about_tables, table_subjects
from banana_assets.core.plans.validation import worst_first
from banana_assets.core.tables import PLAN_TEMPLATES, TABLES

if TYPE_CHECKING:
    from banana_assets.backends.llm import Models

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@dataclass
class Report:
    """What planning did: the plans made, failures settled, subjects that a plan was there for already, builds whose
    log is not diagnosed yet, and what models were asked."""

    made: list[Plan] = field(default_factory=list)
    failures: int = 0
    known: int = 0
    undiagnosed: list[str] = field(default_factory=list)
    spent: Spent = field(default_factory=Spent)


@dataclass(frozen=True)
class GoalPlan:
    """The plan for a goal, and how many patterns, templates and measured things it was made with."""

    plan: Plan
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


def plan_failures(
    store: Store,
    lake: Tables,
    models: Models | None = None,
    build_ids: Sequence[str] | None = None,
    *,
    run_id: str,
    most: int | None = None,
    clock: Clock = utc_now,
) -> Report:
    """Plan an answer to failed builds that have none: those named, else at most so many that wait.

    Failures are claimed first, so that each is planned once however many runs do this; a cluster gets one plan. One
    that is not diagnosed yet, or from another log, is handed back with that reason.
    """
    planned = Planned(store.engine)
    ids = list(build_ids) if build_ids is not None else planned.waiting(most or store.settings.plan_batch, now=clock())
    report = Report()
    if not ids:
        return report
    known = knowledge(store, lake)
    logs: dict[str, str] = dict(known.failures.select("build_id", "log_sha256").iter_rows())
    report.undiagnosed = [b for b in ids if b not in logs]
    if report.undiagnosed:
        mine = planned.claim(report.undiagnosed, by=run_id, now=clock())
        planned.failed(mine, "its log is not diagnosed yet", by=run_id, now=clock())
    planner = Planner(store, lake, known, models, clock=clock)
    report.spent = planner.proposer.spent
    with planned.claimed([b for b in ids if b in logs], by=run_id, clock=clock, logs=logs) as claimed:
        wanted = set(claimed)
        for case in cases(known, claimed):
            own = [b for b in case.build_ids if b in wanted]
            plan, new = planner.failure(case)
            report.made += [plan] if new else []
            report.known += not new
            planned.planned(own, plan_id=plan.plan_id, cluster_id=case.cluster_id, by=run_id, now=clock())
            report.failures += len(own)
    return report


def plan_recommendations(store: Store, lake: Tables, *, clock: Clock = utc_now) -> Report:
    """Plan the most pressing recommendations that have no plan under way, without a model.

    One whose plan is done and that is still made gets another, unless it would say the same.
    """
    records, report = PlanRecords(store.engine), Report()
    known, quotes = knowledge(store, lake), Quotes(store)
    for row in pressing(known.recommendations):
        before = records.latest("recommendation", row["recommendation_id"])
        if before is not None and before.status in ("pending", "running", "cancelled"):
            report.known += 1
            continue
        plan = checked(recommendation_plan(row, known, clock()), quotes)
        if records.plan(plan.plan_id) is not None:
            report.known += 1
            continue
        plan = replace(plan, supersedes=before.plan_id if before else None)
        records.save(plan)
        report.made.append(plan)
    return report


def plan_goal(
    store: Store,
    lake: Tables,
    models: Models | None = None,
    *,
    goal: str,
    context: str | None = None,
    constraints: Sequence[str] = (),
    preferred_approach: str | None = None,
    max_subtasks: int = MOST_SUBTASKS,
    use_model: str | None = None,
    advanced: bool = False,
    with_analysis: bool = True,
    clock: Clock = utc_now,
) -> GoalPlan:
    """Plan a goal in words out of what the tables hold about it, and keep the plan; it abstains when nothing does.

    ``with_analysis`` also looks at bottlenecks, recommendations, patterns and forecasts, not only at what failed.
    """
    ask = Ask(goal, context, tuple(constraints), preferred_approach, max_subtasks)
    planner = Planner(store, lake, knowledge(store, lake), models, clock=clock, use_model=use_model, advanced=advanced)
    found, plan = _goal_floor(store, lake, planner, ask, with_analysis=with_analysis)
    there = planner.known.rooms if with_analysis else ()
    if plan.status != "abstained":
        hard = min(1.0, 0.3 + 0.1 * len(found.subjects) + 0.1 * len(ask.constraints))
        evidence = goal_evidence(found.subjects, plan, ask, there)
        concerns = [s.concern for s in found.subjects]
        plan = planner.proposer.plan(Question(plan, evidence, ask, concerns, there, None, hard))
    planner.records.save(plan)
    patterns = sum("pattern" in f"{s.kind} {s.name}" for s in found.subjects)
    measured = sum(s.kind in ("bottleneck", "recommendation") for s in found.subjects) - patterns
    templates = int(plan.template_id is not None)
    return GoalPlan(plan, patterns, templates, max(0, measured) + len(there), planner.proposer.spent)


def preview_goal(
    store: Store,
    lake: Tables,
    models: Models | None = None,
    *,
    goal: str,
    context: str | None = None,
    constraints: Sequence[str] = (),
    preferred_approach: str | None = None,
    max_subtasks: int = MOST_SUBTASKS,
    use_model: str | None = None,
    with_analysis: bool = True,
    clock: Clock = utc_now,
) -> Preview:
    """What ``plan_goal`` would be made with. Nothing is asked of a model, and nothing stored."""
    ask = Ask(goal, context, tuple(constraints), preferred_approach, max_subtasks)
    planner = Planner(store, lake, knowledge(store, lake), None, clock=clock)
    found, floor = _goal_floor(store, lake, planner, ask, with_analysis=with_analysis)
    evidence = goal_evidence(found.subjects, floor, ask, planner.known.rooms if with_analysis else ())
    return Preview(
        goal,
        _would_ask(models, use_model),
        tuple((text, read(text).told) for text in ask.constraints),
        tuple(s.name for s in found.subjects),
        tuple(line.text for line in evidence.lines) if floor.status != "abstained" else (),
        floor.reason,
    )


def _would_ask(models: Models | None, use_model: str | None) -> tuple[str, ...]:
    if models is None or use_model in NO_MODEL:
        return ()
    if use_model:
        return (use_model,)
    return tuple(f"{h.provider}/{h.model}" for h in models.health() if h.provider not in NO_MODEL)


def _goal_floor(store: Store, lake: Tables, planner: Planner, ask: Ask, *, with_analysis: bool) -> tuple[Found, Plan]:
    """What the tables hold about a goal, and the plan for it without a model."""
    known, goal = planner.known, ask.goal or ""
    late = behind(store, lake, known)
    of_tables = about_tables(goal)
    upkeep = table_subjects(lake.file_counts(tuple(TABLES.values())), late) if of_tables else ()
    found = find(goal, known, context=ask.context, with_analysis=with_analysis, of_tables=of_tables, upkeep=upkeep)
    floor = goal_plan(goal, known, planner.clock(), ask, with_analysis=with_analysis, found=found, behind=late)
    return found, checked(floor, planner.quotes)


class Planner:
    """Makes plans out of one reading of the tables."""

    def __init__(
        self,
        store: Store,
        lake: Tables,
        known: Knowledge,
        models: Models | None,
        *,
        clock: Clock,
        use_model: str | None = None,
        advanced: bool = False,
    ) -> None:
        self._store = store
        self._lake = lake
        self.known = known
        self.clock = clock
        self.records = PlanRecords(store.engine)
        self.quotes = Quotes(store)
        seconds = store.settings.llm_deadline_seconds
        self.proposer = Proposer(models, self.quotes, deadline_seconds=seconds, use_model=use_model, advanced=advanced)

    @cached_property
    def templates(self) -> tuple[list[Template], pl.DataFrame]:
        """The templates, and what each was worth so far."""
        known = TemplateRecords(self._store.engine).templates()
        return known, self._lake.read(PLAN_TEMPLATES) if known else PLAN_TEMPLATES.empty()

    def method(self, case: Case) -> Method | None:
        """The template that fits a failure best, where one does."""
        templates, standing = self.templates
        choice = choose(case, templates, standing) if templates else None
        return Method(applied(choice.template, case), choice.template.template_id, choice.why) if choice else None

    def failure(self, case: Case) -> tuple[Plan, bool]:
        """The plan that answers a failure now, and whether it is new. A model is not asked about what is over."""
        before = self.records.latest("failure", case.cluster_id)
        if before is not None and not self._is_due(before, case):
            return before, False
        cited = tuple(c for c in map(self.quotes.restated, case.citations) if c is not None)
        lost = len(case.citations) - len(cited)
        case = replace(case, citations=cited)
        # The method of its class was tried: what is left that needs no cause is to go back.
        tried = before is not None and before.status != "abstained" and case.change is not None
        ask = Ask(preferred_approach="undo the change") if tried else Ask()
        there = self.known.rooms
        again = before.plan_id if before else None
        method = None if tried or abstains(case) else self.method(case)
        plan = failure_plan(case, self.clock(), ask, there, supersedes=again, method=method)
        if before is not None and (before.status, before.reason) == (plan.status, plan.reason) != ("pending", None):
            return before, False
        if lost:
            said = Issue("warning", f"Quotes that the log does not say were dropped: {lost}.")
            plan = replace(plan, issues=worst_first((*plan.issues, said)))
        if plan.status != "abstained" and case.resolved_by is None:
            evidence = failure_evidence(case, self.quotes.log(case.log_sha256), plan, ask, there)
            concerns = failure_concerns(case)
            question = Question(plan, evidence, ask, concerns, there, case.category, complexity(case))
            plan = self.proposer.plan(question)
        self.records.save(plan)
        return plan, True

    def _is_due(self, before: Plan, case: Case) -> bool:
        """Whether another plan is due: the one there was is over, and the failure came after; or it had abstained and
        need not now. What people cancelled stays so."""
        if before.status == "abstained":
            return True
        if before.status not in ("completed", "failed"):
            return False
        ended = self.records.steps(before.plan_id)["ended_at"].drop_nulls().max()
        return isinstance(ended, datetime) and case.failed_at > ended


def complexity(case: Case) -> float:
    """How hard a failure is to plan for (0 to 1): its class, doubt, and how much explains it."""
    hard = {"low": 0.2, "medium": 0.5, "high": 0.9}[DIFFICULTY[case.category]]
    lines = sum(c["last_line"] - c["first_line"] + 1 for c in case.citations)
    return round(min(1.0, 0.5 * hard + 0.3 * (1 - case.confidence) + 0.2 * min(1.0, lines / 40)), 3)
