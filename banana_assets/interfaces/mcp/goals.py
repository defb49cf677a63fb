"""The tool that plans what to do about a goal in words."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from banana_assets.backends.goal_planning import GoalPlan, plan_goal
from banana_assets.backends.llm import open_models
from banana_assets.backends.llm.configured import NO_MODEL, told
from banana_assets.backends.plan_records import PlanRecords
from banana_assets.backends.settings import Settings
from banana_assets.core.errors import InputError
from banana_assets.core.plans.answer import as_answer, as_validation
from banana_assets.core.plans.asked import asked
from banana_assets.core.plans.success import successes
from banana_assets.core.safety.untrusted import suspicions
from banana_assets.core.tables import BUILD_FAILURES, PLAN_OUTCOMES
from banana_assets.core.text import cut
from banana_assets.interfaces.mcp.calls import Call
from banana_assets.interfaces.mcp.naming import KEPT
from banana_assets.interfaces.mcp.paging import DEFAULT_BYTES, Cursor, MaxBytes, Paged, Part, fill, listed
from banana_assets.interfaces.mcp.records import Predicted, Quote, briefer
from banana_assets.interfaces.mcp.tools import Attempt, ToolSpec, tool
from banana_assets.interfaces.mcp.wire import size_of

LONGEST = 400
"""Characters of what a goal is repeated with, and of remarks on a plan."""

LEAST_QUOTE = 40
STEPS = 3
"""Things that are begun one after another: reading, planning, asking a model."""

REACHED = "Say what should be reached, about what is in the data: make the api tests faster."
COMMANDS = frozenset({"override", "role", "exfiltration"})
"""Kinds of words (``suspicions``) that no goal is made of."""

Short = Annotated[str, Field(max_length=2_000)]


class Need(BaseModel):
    """What a step needs while it runs."""

    type: str = Field(description="cpu, memory, disk or network.")
    amount: float = Field(description="How much.")
    unit: str = Field(description="In which unit.")


class Needed(Need):
    """The most of a resource that any step needs."""

    duration: str = Field(description="For how long in all.")


class Row(BaseModel):
    """A row of a table that a step rests on."""

    table: str = Field(description="The table.")
    key: str = Field(description="The row there.")


class Action(BaseModel):
    """A step that can be launched here, after approval."""

    kind: str = Field(description="ingest, materialize, backfill or compact.")
    arguments: list[str] = Field(description="What it acts on.")


class Step(BaseModel):
    """A step of a plan."""

    id: str = Field(description="s1, s2 and so on.")
    type: Literal["reproduce", "measure", "inspect", "change", "verify", "prevent"] = Field(
        description="`change` mends, `verify` shows whether it did; those before look."
    )
    description: str = Field(description="What to do.")
    expects: str = Field(description="What shows that it is done.")
    estimated_duration: str = Field(description="In words.")
    estimated_minutes: float = Field(description="The same as a figure.")
    resource_requirements: str = Field(description="What it needs, in words.")
    resources: list[Need] = Field(description="The same as figures.")
    dependencies: list[str] = Field(description="Ids of steps before it.")
    priority: Literal["low", "medium", "high"] = Field(description="How pressing it is.")
    citations: list[Quote] = Field(description="Lines of logs that it rests on, each compared with its log.")
    rests_on: list[Row] = Field(description="Rows of tables that it rests on beside.")
    action: Action | None = Field(description="What Banana can do itself, once it is approved.")


class Found(BaseModel):
    """Something validation found."""

    type: Literal["error", "warning", "info"] = Field(description="An error keeps a plan from being served.")
    message: str = Field(description="What was found.")
    subtaskIndex: int | None = Field(description="Which step, from 0.")  # noqa: N815


class Validation(BaseModel):
    """Whether the plan holds."""

    isValid: bool = Field(description="Whether no error was found.")  # noqa: N815
    issues: list[Found] = Field(description="What was found, the worst first.")
    suggestions: list[str] = Field(description="What costs the plan most of its scores.")
    estimatedSuccessRate: float | None = Field(description="Share of earlier plans that worked.")  # noqa: N815
    decidedOutcomes: int = Field(description="On how many plans that rate rests.")  # noqa: N815


class Planned(BaseModel):
    """A plan."""

    plan_id: str | None = Field(
        description="The same for the same goal, asked in the same way of the same evidence; null where it is not kept."
    )
    goal: str = Field(description="What was asked for.")
    approach: str = Field(description="The idea in a sentence.")
    subtasks: list[Step] = Field(description="The steps in an order that keeps their dependencies.")
    optimization_notes: str = Field(description="The parts of its score, with what each was counted from.")
    risk_assessment: str = Field(description="What could go wrong, and what is done about it.")
    estimated_total_duration: str = Field(description="Work in all, and from begin to end.")
    resource_requirements: list[Needed] = Field(description="The most of each resource that any step needs.")
    fallback_plan: str = Field(description="What to do when it does not work.")
    prediction: Predicted = Field(description="What later builds should show.")
    planner: str = Field(description="What made it.")
    status: str | None = Field(description="Where it stands; null where it is not kept.")
    template_id: str | None = Field(description="The template that it was made from.")
    created_at: datetime = Field(description="When it was made.")


class Context(BaseModel):
    """What the plan was made with."""

    logPatternsCount: int = Field(description="Log patterns.")  # noqa: N815
    templatesCount: int = Field(description="Templates of plans.")  # noqa: N815
    metricsCount: int = Field(description="Bottlenecks, recommendations and resources.")  # noqa: N815


class OptimizedPlan(Attempt, Paged):
    """A plan for a goal, or why there is none."""

    plan: Planned | None = Field(description="Null where there is none.")
    optimization_score: float | None = Field(description="How well it covers what it is about, 0 to 1.")
    resource_efficiency: float | None = Field(description="How sparing it is, 0 to 1.")
    model_used: str = Field(description="The language model that proposed it, or none.")
    context_used: Context = Field(description="How much the plan was made with.")
    validation: Validation = Field(description="Whether the plan holds.")
    stored: bool = Field(description="Whether it is kept, and can be followed by its id.")
    notes: list[str] = Field(description="What else is to be known: models that did not answer, what was left out.")


@tool("Plan what to do about a goal", writes=True, reaches_out=True)
def generate_optimized_plan(
    call: Call,
    goal: Annotated[str, Field(min_length=1, max_length=4_000, description="What should be reached, in words.")],
    context: Annotated[
        str | None, Field(max_length=8_000, description="What is to be known beside it; helps to choose.")
    ] = None,
    constraints: Annotated[
        list[Short] | None,
        Field(
            max_length=20,
            description="What the plan has to keep: 'at most 5 steps', 'within 2 hours', 'no downtime', 'do not touch "
            "PATH', 'only change PATH', 'at most 4 GiB of memory'.",
        ),
    ] = None,
    preferred_approach: Annotated[
        str | None, Field(max_length=2_000, description="What to try first, in words: 'revert the change'.")
    ] = None,
    max_subtasks: Annotated[int, Field(ge=1, le=50, description="Most steps.")] = 10,
    model: Annotated[
        str | None,
        Field(
            max_length=200,
            description="Ask this language model alone (PROVIDER/NAME or NAME); `none` asks none; without it the "
            "configured ones. One that is not set up is told in `notes`, and the plan made without.",
        ),
    ] = None,
    use_advanced_model: Annotated[bool, Field(description="Prefer the model for hard questions.")] = False,
    with_analysis: Annotated[
        bool,
        Field(description="Look at bottlenecks, recommendations, log patterns and forecasts too, or only at failures."),
    ] = True,
    max_bytes: MaxBytes = DEFAULT_BYTES,
    cursor: Cursor = None,
) -> OptimizedPlan:
    """Plan a goal in words out of what is known about it: steps in order with the log lines they rest on, risks, a
    fallback, and a prediction that later builds decide.

    Needs no language model. Where nothing in the data bears on the goal there is no plan, and the error says what was
    looked for. Kept only for callers who hold the scope report (`stored`).
    """
    if not goal.strip():
        raise InputError("The goal is empty.", REACHED)
    if orders := COMMANDS.intersection(suspicions(goal)):
        raise InputError(f"The goal gives orders to whoever reads it ({', '.join(sorted(orders))}).", REACHED)
    sources = call.sources
    chosen, notes = _model(sources.settings, model, advanced=use_advanced_model)
    made = plan_goal(
        sources.store,
        sources.tables,
        asked(goal, context, constraints or (), preferred_approach, max_subtasks),
        open_models(sources.settings, sources.store.engine),
        use_model=chosen,
        advanced=use_advanced_model,
        with_analysis=with_analysis,
        keep=call.may("report"),
        begins=_telling(call),
        clock=lambda: call.now,
    )
    fixed, decided = successes(sources.tables.read(PLAN_OUTCOMES))
    if sources.tables.version(BUILD_FAILURES) is None:
        notes.append("Nothing was computed yet: run `banana materialize`.")
    stored = made.plan.reason is None and PlanRecords(sources.store.engine).plan(made.plan.plan_id) is not None
    if made.plan.reason is None and not stored:
        notes.append(f"The plan is not kept, so that no other tool knows it: {KEPT}")
    return _answer(
        made,
        Validation(**as_validation(made.plan, fixed, decided)),
        [*notes, *made.spent.tried],
        stored=stored,
        cursor=cursor,
        max_bytes=max_bytes,
    )


def _model(settings: Settings, name: str | None, *, advanced: bool) -> tuple[str | None, list[str]]:
    """The model to ask, and what is to be said about it."""
    if name is not None and name not in NO_MODEL:
        try:
            told(settings, name)
        except InputError as error:
            return NO_MODEL[0], [f"{error} The plan was made without a model."]
    elif name is None and advanced:
        try:
            told(settings, "openai")
        except InputError:
            return None, ["No advanced model is set up (OPENAI_API_KEY or OPENAI_BASE_URL)."]
    return name, []


def _telling(call: Call) -> Any:
    begun: list[str] = []

    def begins(what: str) -> None:
        begun.append(what)
        call.progress(len(begun) - 1, STEPS, what)

    return begins


def _answer(
    made: GoalPlan, validation: Validation, notes: list[str], *, stored: bool, cursor: str | None, max_bytes: int
) -> OptimizedPlan:
    told = as_answer(made.plan, patterns=made.patterns, templates=made.templates, metrics=made.metrics)
    if told["error"] and not made.about:
        told["error"] += " Name a job, test, failure, resource or pattern of the data; list_failed_builds has failures."
    plan = told.pop("plan")
    answer = OptimizedPlan(
        plan=_planned(plan, stored=stored) if plan else None, validation=validation, stored=stored, notes=notes, **told
    )
    parts: list[Part[Any]] = []
    if answer.plan:
        steps = [Step(**step) for step in plan["subtasks"]]
        parts = [Part(answer.plan, "subtasks", [step.id for step in steps], steps.__getitem__, lean=_leaner)]
    parts += [listed(validation, "issues"), listed(validation, "suggestions"), listed(answer, "notes")]
    # A plan that was made anew since, of other evidence, is another question.
    fill(answer, parts, {"plan": made.plan.plan_id}, cursor, max_bytes)
    return answer


def _planned(plan: dict[str, Any], *, stored: bool) -> Planned:
    long = ("goal", "optimization_notes", "risk_assessment", "fallback_plan", "approach")
    told = plan | {name: cut(plan[name], LONGEST) for name in long} | {"subtasks": []}
    told |= {} if stored else {"plan_id": None, "status": None}
    return Planned(**{name: told[name] for name in Planned.model_fields})


def _leaner(step: Step, room: int) -> Step:
    """A step with citations of fewer lines, and fewer of them where that does not do; get_log_lines has the rest."""
    longest, cited = max((len(c.quote) for c in step.citations), default=0), step.citations
    while cited and size_of(step) > room:
        longest //= 2
        cited = [briefer(c, longest) for c in cited] if longest > LEAST_QUOTE else cited[:-1]
        step = step.model_copy(update={"citations": cited})
    return step


TOOLS: tuple[ToolSpec, ...] = (generate_optimized_plan,)
