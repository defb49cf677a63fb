"""Asking a model for a plan, and holding what it says against the evidence.

A model's plan is served only when everything in it holds: an answer with faults is sent back once with their names,
then the plan without a model stands, with what was tried among its issues.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from banana_assets.backends.quotes import Quotes
from banana_assets.core.evidence import Citation
from banana_assets.core.models.types import Answer, ModelError, Request
from banana_assets.core.plans import prompts
from banana_assets.core.plans.asked import Ask
from banana_assets.core.plans.evidence import Evidence
from banana_assets.core.plans.finishing import judged
from banana_assets.core.plans.needs import Room
from banana_assets.core.plans.proposal import contradictions, proposed, unsafe
from banana_assets.core.plans.quality import AGAIN, NOT_USED
from banana_assets.core.plans.scoring import Concern
from banana_assets.core.plans.types import Issue, Plan
from banana_assets.core.plans.validation import errors, worst_first
from banana_assets.core.safety.answers import findings

if TYPE_CHECKING:
    from banana_assets.backends.llm import Models

FLOOR = "deterministic"
NO_MODEL = ("none", FLOOR)
LEAST_SECONDS = 1.0
"""With less than this left a model is not asked a second time."""

LONGEST_ISSUE = 600
MOST_FAULTS = 8


@dataclass
class Spent:
    """What was asked of models, and what went wrong with them, a sentence each."""

    calls: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    tried: list[str] = field(default_factory=list)

    def add(self, answer: Answer) -> None:
        """Count an answer."""
        self.calls += not answer.cached
        self.cached += answer.cached
        self.input_tokens += answer.input_tokens
        self.output_tokens += answer.output_tokens
        self.cost += answer.cost
        self.tried += answer.tried


@dataclass(frozen=True)
class Question:
    """What a model is asked for: a plan in place of ``floor``, by the evidence.

    ``category`` is what the diagnosis says, None where a plan answers no failure; ``complexity`` is in 0..1.
    """

    floor: Plan
    evidence: Evidence
    ask: Ask
    concerns: Sequence[Concern]
    there: Sequence[Room]
    category: str | None
    complexity: float


class Proposer:
    """Asks models for plans. Without a model that is set up every answer is the floor."""

    def __init__(
        self,
        models: Models | None,
        quotes: Quotes,
        *,
        deadline_seconds: float,
        least_score: float,
        use_model: str | None = None,
        advanced: bool = False,
    ) -> None:
        self.spent = Spent()
        self._models = models
        self._quotes = quotes
        self._deadline = deadline_seconds
        self._least_score = least_score
        self._use_model = use_model
        self._advanced = advanced

    @property
    def asks(self) -> bool:
        """Whether a model would be asked at all."""
        if self._models is None or self._use_model in NO_MODEL:
            return False
        return self._models.configured or self._use_model is not None

    def plan(self, question: Question) -> Plan:
        """A model's plan where one is set up and what it says holds, else the floor; within the deadline."""
        floor = question.floor
        if self._models is None or not self.asks:
            return floor
        until = time.monotonic() + self._deadline
        said: list[Issue] = []
        faults: tuple[Issue, ...] = ()
        for attempt in (1, 2):
            left = until - time.monotonic()
            if attempt == 2 and left < LEAST_SECONDS:
                break
            answer = self._ask(self._models, question, left, faults, said)
            if answer is None:
                break
            plan = self._read(answer, question)
            faults = errors(plan.issues)
            if not faults:
                again = [Issue("info", AGAIN)] if attempt == 2 else []
                return replace(plan, issues=worst_first((*plan.issues, *again)))
            told = "; ".join(dict.fromkeys(f"{f.step}: {f.message}" if f.step else f.message for f in faults))
            name = f"{answer.provider}/{answer.model}"
            told = _servable(told, question.evidence)
            said.append(Issue("warning", NOT_USED.format(attempt=attempt, model=name, faults=told)[:LONGEST_ISSUE]))
        return replace(floor, issues=worst_first((*floor.issues, *said)))

    def _read(self, answer: Answer, question: Question) -> Plan:
        plan = proposed(answer.value, question.evidence, question.floor, f"{answer.provider}/{answer.model}")
        wrong = (
            *contradictions(answer.value, plan, question.evidence, question.category),
            *unsafe(plan, question.evidence),
        )
        plan = judged(replace(plan, issues=(*plan.issues, *wrong)), question.concerns, question.ask, question.there)
        plan = checked(plan, self._quotes)
        return replace(plan, issues=worst_first((*plan.issues, *self._lacking(plan, question.floor))))

    def _lacking(self, plan: Plan, floor: Plan) -> list[Issue]:
        """Why a plan is worth too little to take the place of the floor: it scores less than is asked for, or than the
        floor where that scores less itself. A model never makes a plan worse than none."""
        score = plan.optimization_score
        least = min(self._least_score, 1.0 if floor.optimization_score is None else floor.optimization_score)
        if score is None or score >= least:
            return []
        weakest = min(plan.optimization_parts, key=lambda part: part.value)
        why = f"least in {weakest.name}: {weakest.why}"
        return [Issue("error", f"It scores {score:.2f}, and {least:.2f} is asked for; {why}.")]

    def _ask(
        self, models: Models, question: Question, seconds: float, faults: Sequence[Issue], said: list[Issue]
    ) -> Answer | None:
        found = [f"found: {f'step {f.step[1:]}: ' if f.step else ''}{f.message}" for f in faults[:MOST_FAULTS]]
        most = question.ask.max_subtasks
        request = Request(
            task=prompts.TASK,
            instructions=prompts.INSTRUCTIONS,
            data="\n".join([question.evidence.data, *(" ".join(line.split()) for line in found)]),
            schema=prompts.schema(most),
            schema_name=prompts.NAME,
            prompt_version=prompts.VERSION,
            max_tokens=prompts.max_tokens(most),
            subject=question.floor.subject,
            category=question.category or question.floor.kind,
            own=question.evidence.own,
        )
        try:
            answer = models.generate(
                request,
                complexity=question.complexity,
                use_model=self._use_model,
                advanced=self._advanced,
                deadline_seconds=seconds,
            )
        except ModelError as error:
            told = f"No model answered: {_servable(error.message, question.evidence)}"
            said.append(Issue("info", told[:LONGEST_ISSUE]))
            self.spent.tried.append(told)
            return None
        self.spent.add(replace(answer, tried=tuple(_servable(t, question.evidence) for t in answer.tried)))
        return answer


def _servable(told: str, evidence: Evidence) -> str:
    """What went wrong, without the words of an answer that may not be served; the ledger of calls has them."""
    held = "may not be served" in told or bool(findings([told], evidence.data, evidence.own))
    return "the answers held what may not be served." if held else told


def checked(plan: Plan, quotes: Quotes) -> Plan:
    """The plan with each citation read again: what the log does not say is dropped, and said."""
    issues = list(plan.issues)
    steps = []
    for step in plan.subtasks:
        kept: list[Citation] = [c for c in map(quotes.restated, step.citations) if c is not None]
        lost = len(step.citations) - len(kept)
        if lost:
            issues.append(Issue("warning", f"Quotes that the log does not say were dropped: {lost}.", step.id))
        steps.append(replace(step, citations=tuple(kept)))
    return replace(plan, subtasks=tuple(steps), issues=worst_first(issues))
