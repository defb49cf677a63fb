"""Planning: failed builds, recommendations and goals get plans, each once, which the records keep.

Every plan is made without a model first; one that is set up may do better (``proposing``). Nothing is launched here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

import polars as pl

from banana_assets.backends.knowing import knowledge
from banana_assets.backends.plan_records import PlanRecords
from banana_assets.backends.planned import Planned
from banana_assets.backends.proposing import Proposer, Question, Spent, checked
from banana_assets.backends.quotes import Quotes
from banana_assets.backends.store import Store
from banana_assets.backends.tables import Tables
from banana_assets.backends.template_records import TemplateRecords
from banana_assets.core.advice.headlines import DIFFICULTY
from banana_assets.core.errors import BananaError
from banana_assets.core.plans.asked import Ask
from banana_assets.core.plans.case import Case, cases
from banana_assets.core.plans.choosing import choose
from banana_assets.core.plans.evidence import failure_evidence
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
from banana_assets.core.plans.validation import worst_first
from banana_assets.core.tables import PLAN_TEMPLATES

if TYPE_CHECKING:
    from banana_assets.backends.llm import Models
    from banana_assets.backends.search.index import Search
    from banana_assets.core.search.types import Hit

Clock = Callable[[], datetime]
MOST_SEEN = 5
"""So many things that were seen before are looked at for one failure."""


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
    ready = [b for b in ids if b in logs]
    with (
        Planner(store, lake, known, models, clock=clock) as planner,
        planned.claimed(ready, by=run_id, clock=clock, logs=logs) as claimed,
    ):
        report.spent = planner.proposer.spent
        wanted = set(claimed)
        for case in cases(known, claimed):
            own = [b for b in case.build_ids if b in wanted]
            # Models may take longer than a claim lasts: it begins anew, unless somebody else has it by now.
            if planner.proposer.asks and not planned.claim(own, by=run_id, now=clock(), logs=logs):
                continue
            plan, new = planner.failure(case)
            report.made += [plan] if new else []
            report.known += not new
            settled = planned.planned(own, plan_id=plan.plan_id, cluster_id=case.cluster_id, by=run_id, now=clock())
            report.failures += len(settled)
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
        settings = store.settings
        self.proposer = Proposer(
            models,
            self.quotes,
            deadline_seconds=settings.llm_deadline_seconds,
            least_score=settings.optimization_score_threshold,
            use_model=use_model,
            advanced=advanced,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if "search" in self.__dict__ and self.search is not None:
            self.search.close()

    @cached_property
    def search(self) -> Search | None:
        """The index of what was seen before, where there is one."""
        from banana_assets.backends.search.index import open_search, there_is_an_index

        settings = self._store.settings
        return open_search(settings) if there_is_an_index(settings) else None

    def seen(self, case: Case, kind: str) -> list[Hit]:
        """Documents of a kind that are most like a failure, the nearest first; none without an index."""
        from banana_assets.core.search.types import Filters

        if self.search is None:
            return []
        try:
            return self.search.similar(case.text, Filters((kind,)), MOST_SEEN)
        except BananaError:
            # What was seen before helps, and no plan waits for it.
            return []

    def seen_before(self, case: Case) -> tuple[str, ...]:
        """Other failures like this one and what helped, a line each."""
        others = (hit.document for hit in self.seen(case, "failure") if hit.document.key != case.cluster_id)
        return tuple(f"{d.title}{f'; {d.helped}' if d.helped else ''}" for d in others)

    @cached_property
    def templates(self) -> tuple[list[Template], pl.DataFrame]:
        """The templates, and what each was worth so far."""
        known = TemplateRecords(self._store.engine).templates()
        return known, self._lake.read(PLAN_TEMPLATES) if known else PLAN_TEMPLATES.empty()

    def method(self, case: Case) -> Method | None:
        """The template that fits a failure best, where one does."""
        templates, standing = self.templates
        if not templates:
            return None
        cosines = {hit.document.key: hit.cosine for hit in self.seen(case, "template")}
        near = {key: cosine for key, cosine in cosines.items() if cosine is not None}
        choice = choose(case, templates, standing, near=near or None)
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
        if before is not None and before.status == plan.status == "abstained":
            return before, False
        if lost:
            said = Issue("warning", f"Quotes that the log does not say were dropped: {lost}.")
            plan = replace(plan, issues=worst_first((*plan.issues, said)))
        if plan.status != "abstained" and case.resolved_by is None:
            plan = self.proposer.plan(self._question(case, plan, ask)) if self.proposer.asks else plan
        self.records.save(plan)
        return plan, True

    def _question(self, case: Case, floor: Plan, ask: Ask) -> Question:
        there, log = self.known.rooms, self.quotes.log(case.log_sha256)
        evidence = failure_evidence(case, log, floor, ask, there, self.seen_before(case))
        return Question(floor, evidence, ask, failure_concerns(case), there, case.category, complexity(case))

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
