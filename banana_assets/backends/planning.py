"""Planning: what the records and tables know, a plan without a model, a model's where one is set up and holds.

A model's plan is served only when everything in it holds: a first answer with faults is sent back once with their
names, then the plan without a model stands. Nothing here launches anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from banana_assets.backends.plan_records import PlanRecords
from banana_assets.backends.planned import Planned
from banana_assets.backends.quotes import Quotes
from banana_assets.backends.store import Store
from banana_assets.backends.tables import Tables
from banana_assets.core.advice.headlines import DIFFICULTY
from banana_assets.core.evidence import Citation
from banana_assets.core.metrics.forecast.history import current
from banana_assets.core.models.types import Answer, ModelError, Request
from banana_assets.core.plans import prompts
from banana_assets.core.plans.asked import MOST_SUBTASKS, Ask
from banana_assets.core.plans.case import Case, cases
from banana_assets.core.plans.evidence import Evidence, failure_evidence, goal_evidence
from banana_assets.core.plans.finishing import judged
from banana_assets.core.plans.goals import find, goal_plan
from banana_assets.core.plans.knowledge import Knowledge
from banana_assets.core.plans.needs import Room, job_needs
from banana_assets.core.plans.planner import failure_concerns, failure_plan, pressing, recommendation_plan
from banana_assets.core.plans.proposal import contradictions, proposed, unsafe
from banana_assets.core.plans.scoring import Concern
from banana_assets.core.plans.types import Issue, Plan
from banana_assets.core.plans.validation import errors, worst_first
from banana_assets.core.tables import (
    BOTTLENECKS,
    BUILD_FAILURES,
    BUILDS,
    FAILURE_CLUSTERS,
    FLAKY_TESTS,
    LOG_FILES,
    LOG_PATTERNS,
    OPTIMIZATION_RECOMMENDATIONS,
    RESOURCE_ROLLUPS,
    RESOURCE_USAGE_PREDICTIONS,
    TEST_HISTORY,
)

if TYPE_CHECKING:
    from banana_assets.backends.llm import Models

FLOOR = "deterministic"
LEAST_SECONDS = 1.0
"""With less than this left a model is not asked a second time."""

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@dataclass
class Report:
    """What planning did: the plans made, failures that a plan was there for already, and what models were asked."""

    made: list[Plan] = field(default_factory=list)
    failures: int = 0
    known: int = 0
    undiagnosed: list[str] = field(default_factory=list)
    calls: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0

    def add(self, answer: Answer) -> None:
        """Count an answer of a model."""
        self.calls += not answer.cached
        self.cached += answer.cached
        self.input_tokens += answer.input_tokens
        self.output_tokens += answer.output_tokens
        self.cost += answer.cost


@dataclass(frozen=True)
class GoalPlan:
    """The plan for a goal, and how many patterns, templates and measured things it was made with."""

    plan: Plan
    patterns: int
    templates: int
    metrics: int
    report: Report


def knowledge(store: Store, lake: Tables) -> Knowledge:
    """What the tables of a store know now."""
    builds = lake.read(BUILDS)
    return Knowledge(
        builds=builds,
        failures=lake.read(BUILD_FAILURES),
        clusters=lake.read(FAILURE_CLUSTERS),
        tests=lake.read(TEST_HISTORY),
        flaky=lake.read(FLAKY_TESTS),
        patterns=lake.read(LOG_PATTERNS),
        files=lake.read(LOG_FILES),
        bottlenecks=lake.read(BOTTLENECKS),
        recommendations=lake.read(OPTIMIZATION_RECOMMENDATIONS).drop_nulls("created_at"),
        predictions=current(lake.read(RESOURCE_USAGE_PREDICTIONS)),
        needs=job_needs(lake.read(RESOURCE_ROLLUPS), store.resource_series(), builds),
    )


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
    that was diagnosed from another log, or not yet, is handed back with that reason.
    """
    planned = Planned(store.engine)
    limit = most or store.settings.plan_batch
    ids = list(build_ids) if build_ids is not None else planned.waiting(limit, now=clock())
    report = Report()
    if not ids:
        return report
    known = knowledge(store, lake)
    logs: dict[str, str] = dict(known.failures.select("build_id", "log_sha256").iter_rows())
    ready = [b for b in ids if b in logs]
    report.undiagnosed = [b for b in ids if b not in logs]
    if report.undiagnosed:
        mine = planned.claim(report.undiagnosed, by=run_id, now=clock())
        planned.failed(mine, "its log is not diagnosed yet", by=run_id, now=clock())
    planner = Planner(store, known, models, clock=clock, report=report)
    with planned.claimed(ready, by=run_id, clock=clock, logs=logs) as claimed:
        wanted = set(claimed)
        for case in cases(known, claimed):
            own = [b for b in case.build_ids if b in wanted]
            plan = planner.failure(case)
            planned.planned(own, plan_id=plan.plan_id, cluster_id=case.cluster_id, by=run_id, now=clock())
            report.failures += len(own)
    return report


def plan_recommendations(store: Store, lake: Tables, *, clock: Clock = utc_now) -> Report:
    """Plan the most pressing recommendations that have no plan, without a model."""
    records, report = PlanRecords(store.engine), Report()
    known, quotes = knowledge(store, lake), Quotes(store)
    for row in pressing(known.recommendations):
        before = records.latest("recommendation", row["recommendation_id"])
        if before is not None and before.status in ("pending", "running", "cancelled"):
            report.known += 1
            continue
        again = before.plan_id if before is not None and before.status != "abstained" else None
        plan = recommendation_plan(row, known, clock(), supersedes=again)
        plan = checked(plan, quotes)
        if before is not None and before.plan_id == plan.plan_id:
            report.known += 1
            continue
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
    save: bool = True,
    clock: Clock = utc_now,
) -> GoalPlan:
    """Plan a goal in words out of what the tables hold about it; it abstains when nothing does.

    ``with_analysis`` also looks at bottlenecks, recommendations, patterns and forecasts, not only at what failed.
    """
    ask = Ask(goal, context, tuple(constraints), preferred_approach, max_subtasks)
    known = knowledge(store, lake)
    planner = Planner(store, known, models, clock=clock, report=Report(), use_model=use_model, advanced=advanced)
    found = find(goal, known, context=context, with_analysis=with_analysis)
    floor = checked(goal_plan(goal, known, clock(), ask, with_analysis=with_analysis, found=found), planner.quotes)
    plan = floor
    if floor.status != "abstained":
        there = known.rooms if with_analysis else ()
        evidence = goal_evidence(found.subjects, floor, ask, there)
        concerns = [s.concern for s in found.subjects]
        weight = min(1.0, 0.3 + 0.1 * len(found.subjects) + 0.1 * len(ask.constraints))
        plan = planner.by_model(floor, evidence, ask, concerns, there, None, weight)
    if save:
        planner.records.save(plan)
    patterns = sum(s.kind == "pattern" or "pattern" in s.name for s in found.subjects)
    metrics = sum(s.kind in ("bottleneck", "recommendation") for s in found.subjects) + (
        len(known.rooms) if with_analysis else 0
    )
    return GoalPlan(plan, patterns, int(plan.template_id is not None), metrics, planner.report)


class Planner:
    """Makes plans out of one reading of the tables."""

    def __init__(
        self,
        store: Store,
        known: Knowledge,
        models: Models | None,
        *,
        clock: Clock,
        report: Report,
        use_model: str | None = None,
        advanced: bool = False,
    ) -> None:
        self.known = known
        self.models = models
        self.clock = clock
        self.report = report
        self.records = PlanRecords(store.engine)
        self.quotes = Quotes(store)
        self._store = store
        self._use_model = use_model
        self._advanced = advanced

    def failure(self, case: Case) -> Plan:
        """The plan that answers a failure now: the one there is, or a new one."""
        before = self.records.latest("failure", case.cluster_id)
        if before is not None and not self._came_back(before, case):
            self.report.known += 1
            return before
        cited = tuple(c for c in map(self.quotes.restated, case.citations) if c is not None)
        dropped = len(case.citations) - len(cited)
        case = replace(case, citations=cited)
        ask = Ask()
        if before is not None and before.status != "abstained" and case.change:
            # The method of its class was tried: what is left that needs no cause is to go back.
            ask = Ask(preferred_approach="undo the change")
        now, there = self.clock(), self.known.rooms
        floor = failure_plan(case, now, ask, there, supersedes=before.plan_id if before else None)
        if dropped:
            said = Issue("warning", f"{dropped} quotes were dropped, since the log does not say them.")
            floor = replace(floor, issues=worst_first((*floor.issues, said)))
        if before is not None and before.plan_id == floor.plan_id:
            self.report.known += 1
            return before
        plan = floor
        if floor.status != "abstained" and case.resolved_by is None:
            log = self.quotes.log(case.log_sha256)
            evidence = failure_evidence(case, log, floor, ask, there)
            plan = self.by_model(floor, evidence, ask, failure_concerns(case), there, case.category, complexity(case))
        self.records.save(plan)
        self.report.made.append(plan)
        return plan

    def by_model(
        self,
        floor: Plan,
        evidence: Evidence,
        ask: Ask,
        concerns: Sequence[Concern],
        there: Sequence[Room],
        category: str | None,
        weight: float,
    ) -> Plan:
        """A model's plan where one is set up and what it says holds, else ``floor`` with what was tried."""
        if self.models is None or self._use_model in ("none", FLOOR):
            return floor
        if not self.models.configured and self._use_model is None:
            return floor
        until = time.monotonic() + self._store.settings.llm_deadline_seconds
        said: list[Issue] = []
        faults: tuple[Issue, ...] = ()
        for attempt in (1, 2):
            left = until - time.monotonic()
            if attempt == 2 and left < LEAST_SECONDS:
                break
            answer = self._ask(floor, evidence, ask, category, weight, left, faults, said)
            if answer is None:
                break
            name = f"{answer.provider}/{answer.model}"
            plan = proposed(answer.value, evidence, floor, name)
            wrong = (*contradictions(answer.value, plan, evidence, category), *unsafe(plan, evidence))
            plan = judged(replace(plan, issues=(*plan.issues, *wrong)), concerns, ask, there)
            plan = checked(plan, self.quotes)
            faults = errors(plan.issues)
            if not faults:
                fixed = [Issue("info", "A first answer had faults; this is the second.")] if attempt == 2 else []
                return replace(plan, issues=worst_first((*plan.issues, *fixed)))
            told = "; ".join(dict.fromkeys(f"{f.step}: {f.message}" if f.step else f.message for f in faults))
            said.append(Issue("warning", f"Answer {attempt} of {name} was not used: {told[:600]}"))
        return replace(floor, issues=worst_first((*floor.issues, *said)))

    def _ask(
        self,
        floor: Plan,
        evidence: Evidence,
        ask: Ask,
        category: str | None,
        weight: float,
        seconds: float,
        faults: Sequence[Issue],
        said: list[Issue],
    ) -> Answer | None:
        found = [f"found: {f'step {f.step[1:]}: ' if f.step else ''}{f.message}" for f in faults[:8]]
        request = Request(
            task=prompts.TASK,
            instructions=prompts.INSTRUCTIONS,
            data="\n".join([evidence.data, *(" ".join(line.split()) for line in found)]),
            schema=prompts.schema(ask.max_subtasks),
            schema_name=prompts.NAME,
            prompt_version=prompts.VERSION,
            max_tokens=prompts.max_tokens(ask.max_subtasks),
            subject=floor.subject,
            category=category or floor.kind,
        )
        assert self.models is not None
        try:
            answer = self.models.generate(
                request,
                complexity=weight,
                use_model=self._use_model,
                advanced=self._advanced,
                deadline_seconds=seconds,
            )
        except ModelError as error:
            said.append(Issue("info", f"No model answered: {error.message}"[:600]))
            return None
        self.report.add(answer)
        return answer

    def _came_back(self, before: Plan, case: Case) -> bool:
        """Whether a new plan is due: the one there was is over, and the failure came after; or it had abstained and
        need not now. What people cancelled stays so."""
        if before.status == "abstained":
            return True
        if before.status not in ("completed", "failed"):
            return False
        ended = self.records.steps(before.plan_id)["ended_at"].drop_nulls().max()
        return isinstance(ended, datetime) and case.failed_at > ended


def checked(plan: Plan, quotes: Quotes) -> Plan:
    """The plan with each citation read again: what the log does not say is dropped, and said."""
    issues = list(plan.issues)
    steps = []
    for step in plan.subtasks:
        kept: list[Citation] = [c for c in map(quotes.restated, step.citations) if c is not None]
        if len(kept) < len(step.citations):
            lost = len(step.citations) - len(kept)
            issues.append(Issue("warning", f"{lost} quotes were dropped, since the log does not say them.", step.id))
        steps.append(replace(step, citations=tuple(kept)))
    return replace(plan, subtasks=tuple(steps), issues=worst_first(issues))


def complexity(case: Case) -> float:
    """How hard a failure is to plan for (0 to 1): its class, doubt, and how much explains it."""
    hard = {"low": 0.2, "medium": 0.5, "high": 0.9}[DIFFICULTY[case.category]]
    lines = sum(c["last_line"] - c["first_line"] + 1 for c in case.citations)
    return round(min(1.0, 0.5 * hard + 0.3 * (1 - case.confidence) + 0.2 * min(1.0, lines / 40)), 3)
