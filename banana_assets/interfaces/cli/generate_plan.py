"""``banana generate-optimized-plan``: a plan for a goal in words, out of what the tables hold about it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banana_assets.core.errors import InputError
from banana_assets.core.text import visible
from banana_assets.interfaces.cli.asked import phrases
from banana_assets.interfaces.cli.documents import Form, Forms, Output, chosen, parts, write_document
from banana_assets.interfaces.cli.opened import opened, require
from banana_assets.interfaces.cli.output import progress, say, shown, to_json
from banana_assets.interfaces.cli.running import FINDINGS, command_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from banana_assets.backends.goal_planning import GoalPlan, Preview

app = typer.Typer(add_completion=False)
MOST = 50
FORMS = Forms(Form.text, Form.json, Form.jsonl, Form.markdown)


@app.command()
def generate(
    goal: Annotated[str, typer.Option("--goal", "-g", help="What should be reached, in words.", show_default=False)],
    context: Annotated[
        str | None, typer.Option("--context", "-c", help="What is to be known beside the goal; helps to choose.")
    ] = None,
    constraints: Annotated[
        list[str] | None,
        typer.Option(
            "--constraints",
            help="What the plan has to keep: 'at most 5 steps', 'within 2 hours', 'no downtime', 'do not touch PATH', "
            "'only change PATH', 'at most 4 GiB of memory'. May be given several times; a JSON array of such words, or "
            "@FILE with one a line, stands for all in it.",
        ),
    ] = None,
    preferred_approach: Annotated[
        str | None, typer.Option("--preferred-approach", help="What to try first, in words: 'revert the change'.")
    ] = None,
    max_subtasks: Annotated[int, typer.Option("--max-subtasks", min=1, max=MOST, help="Most steps.")] = 10,
    use_model: Annotated[
        str | None,
        typer.Option("--use-model", "-m", help="Ask this model alone (PROVIDER/NAME or NAME); none asks no model."),
    ] = None,
    with_analysis: Annotated[
        bool,
        typer.Option(
            "--with-analysis/--without-analysis",
            "-a",
            help="Look at bottlenecks, recommendations, log patterns and forecasts too, or only at what failed.",
        ),
    ] = True,
    advanced_model: Annotated[
        bool, typer.Option("--advanced-model", help="Ask the model for hard questions first, whatever this one is.")
    ] = False,
    output: Output = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be planned with: nothing is asked, nothing stored.")
    ] = False,
    form: Annotated[
        Form | None,
        typer.Option(
            "--format",
            "-f",
            click_type=FORMS,
            help="Text on stdout unless told; in a file by its suffix (.md, .txt, .jsonl), else JSON. jsonl is a line "
            "for the plan, and one for each step.",
        ),
    ] = None,
) -> None:
    """Plan a goal out of what the tables hold about it, with citations, scores and a prediction.

    Works without a language model. Where nothing in the data bears on the goal there is no plan, and the reason says
    what was looked for (exit status 1).
    """
    if not goal.strip():
        raise InputError("The goal is empty.", "Say what should be reached: --goal 'make the api tests faster'.")
    from banana_assets.backends.goal_planning import plan_goal, preview_goal
    from banana_assets.backends.llm import open_models
    from banana_assets.core.plans.asked import asked
    from banana_assets.core.tables import BUILD_FAILURES

    begun = time.monotonic()
    told = phrases(constraints or (), "--constraints")
    ask = asked(goal, context, told, preferred_approach, max_subtasks)
    more: dict[str, Any] = {"use_model": use_model, "advanced": advanced_model, "with_analysis": with_analysis}
    form = chosen(form, output, FORMS)
    with opened() as (store, tables):
        require(tables, BUILD_FAILURES)
        models = open_models(store.settings, store.engine)
        if advanced_model and (use_model is not None or not models.configured):
            why = "no language model is set up" if use_model is None else "--use-model says which model is asked"
            say(f"{command_path()}: --advanced-model changes nothing: {why}.")
        if dry_run:
            write_document(_previewed(preview_goal(store, tables, ask, models, **more), form), output)
            return
        with progress("Planning") as now:
            made = plan_goal(store, tables, ask, models, begins=now, **more)
    took = round(1000 * (time.monotonic() - begun))
    for said in made.spent.tried:
        say(f"{command_path()}: {visible(said)}")
    write_document(_made(made, goal, took, form), output)
    if made.plan.status == "abstained":
        raise typer.Exit(FINDINGS)


def _made(made: GoalPlan, goal: str, took: int, form: Form) -> str:
    from banana_assets.core.plans.answer import as_answer
    from banana_assets.core.plans.text import as_markdown, as_text
    from banana_assets.core.safety.serving import served

    if form is Form.text:
        return visible(as_text(made.plan)) + "\n"
    if form is Form.markdown:
        return as_markdown(made.plan) + "\n"
    result = as_answer(made.plan, patterns=made.patterns, templates=made.templates, metrics=made.metrics)
    told = {"goal": served(goal), "generated_at": datetime.now(UTC), "generation_time_ms": took, "result": result}
    if form is Form.json:
        return to_json(told, indent=True) + "\n"
    return "".join(to_json(row) + "\n" for row in _rows(told))


def _rows(told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The plan without its steps, and each step."""
    result = told["result"]
    plan = result["plan"] or {}
    yield {"part": "plan"} | {
        k: v for k, v in (told | result | plan).items() if k not in ("plan", "result", "subtasks")
    }
    yield from ({"part": "subtasks"} | step for step in plan.get("subtasks", ()))


def _previewed(found: Preview, form: Form) -> str:
    from banana_assets.core.safety.serving import served

    told = {"dry_run": True, **served(found.told())}
    if form is Form.json:
        return to_json(told, indent=True) + "\n"
    if form is Form.jsonl:
        return "".join(to_json(row) + "\n" for row in parts(told))
    lines = [f"Goal: {found.goal}", f"Would ask: {', '.join(found.models) or 'no model'}"]
    lines += [f"Constraint “{text}”: {told}" for text, told in found.constraints]
    lines += [found.reason] if found.reason else [f"Evidence ({len(found.evidence)} lines):"]
    lines += [f"  {n}| {text}" for n, text in enumerate(found.evidence, 1)]
    return shown("\n".join([*lines, "Nothing was asked and nothing stored."])) + "\n"
