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
from banana_assets.core.tables import BUILD_FAILURES, PLAN_OUTCOMES
from banana_assets.interfaces.mcp.calls import Call
from banana_assets.interfaces.mcp.paging import MaxBytes, json_size
from banana_assets.interfaces.mcp.records import Quote
from banana_assets.interfaces.mcp.tools import Attempt, ToolSpec, tool

PLAN_BYTES = 32_000
STEPS = 3
"""Things that are begun one after another: reading, planning, asking a model."""

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


class Predicted(BaseModel):
    """What later builds should show."""

    fingerprint: str | None = Field(description="The failure that should stop.")
    statement: str = Field(description="The same in a sentence.")
    decide_by: datetime | None = Field(description="When builds have decided it.")


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

    plan_id: str = Field(description="The same for the same goal, asked in the same way of the same evidence.")
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
    status: str = Field(description="Where it stands.")
    template_id: str | None = Field(description="The template that it was made from.")
    created_at: datetime = Field(description="When it was made.")


class Context(BaseModel):
    """What the plan was made with."""

    logPatternsCount: int = Field(description="Log patterns.")  # noqa: N815
    templatesCount: int = Field(description="Templates of plans.")  # noqa: N815
    metricsCount: int = Field(description="Bottlenecks, recommendations and resources.")  # noqa: N815


class OptimizedPlan(Attempt):
    """A plan for a goal, or why there is none."""

    plan: Planned | None = Field(description="Null where there is none.")
    optimization_score: float | None = Field(description="How well it covers what it is about, 0 to 1.")
    resource_efficiency: float | None = Field(description="How sparing it is, 0 to 1.")
    model_used: str = Field(description="The language model that proposed it, or none.")
    context_used: Context = Field(description="How much the plan was made with.")
    validation: Validation = Field(description="Whether the plan holds.")
    stored: bool = Field(description="Whether it is kept, and can be followed by its id.")
    notes: list[str] = Field(description="What else is to be known: models that did not answer, what was left out.")
    truncated: bool = Field(description="Whether citations were left out for max_bytes, the last steps' first.")


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
    max_bytes: MaxBytes = PLAN_BYTES,
) -> OptimizedPlan:
    """Plan a goal in words out of what is known about it: steps in order with the log lines they rest on, risks, a
    fallback, and a prediction that later builds decide.

    Needs no language model. Where nothing in the data bears on the goal there is no plan, and the error says what was
    looked for. Kept only for callers who hold the scope report (`stored`).
    """
    if not goal.strip():
        raise InputError("The goal is empty.", "Say what should be reached: make the api tests faster.")
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
    return _answer(
        made,
        Validation(**as_validation(made.plan, fixed, decided)),
        [*notes, *made.spent.tried],
        stored=PlanRecords(sources.store.engine).plan(made.plan.plan_id) is not None,
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


def _answer(made: GoalPlan, validation: Validation, notes: list[str], *, stored: bool, max_bytes: int) -> OptimizedPlan:
    told = as_answer(made.plan, patterns=made.patterns, templates=made.templates, metrics=made.metrics)
    if told["error"] and not made.about:
        told["error"] += " Name a job, test, failure, resource or pattern of the data; list_failed_builds has failures."
    plan = told.pop("plan")
    left = _within(plan, max_bytes) if plan else 0
    if left:
        notes = [*notes, f"Citations left out: {left}. Ask with a larger max_bytes, or for why(plan, step)."]
    return OptimizedPlan(
        plan=Planned(**{name: plan[name] for name in Planned.model_fields}) if plan else None,
        validation=validation,
        stored=stored,
        notes=notes,
        truncated=left > 0,
        **told,
    )


def _within(plan: dict[str, Any], max_bytes: int) -> int:
    """Take citations out of the last steps until the plan fits; how many were taken."""
    size, left = json_size(plan), 0
    for step in reversed(plan["subtasks"]):
        while size > max_bytes and step["citations"]:
            size -= json_size(_last(step))
            left += 1
    return left


def _last(step: dict[str, Any]) -> Any:
    step["citations"] = list(step["citations"])
    return step["citations"].pop()


TOOLS: tuple[ToolSpec, ...] = (generate_optimized_plan,)
