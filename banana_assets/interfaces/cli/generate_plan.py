"""``banana generate-optimized-plan``: a plan for a goal in words, out of what the tables hold about it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banana_assets.core.errors import InputError
from banana_assets.core.text import visible
from banana_assets.interfaces.cli.opened import opened, require
from banana_assets.interfaces.cli.output import progress, say, to_json, write_text
from banana_assets.interfaces.cli.running import FINDINGS, command_path

if TYPE_CHECKING:
    from banana_assets.backends.goal_planning import GoalPlan, Preview

app = typer.Typer(add_completion=False)
MOST = 50


class Form(StrEnum):
    """How it is written."""

    text = "text"
    json = "json"
    markdown = "markdown"


_BY_SUFFIX = {".md": Form.markdown, ".markdown": Form.markdown, ".txt": Form.text}


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
            "'only change PATH', 'at most 4 GiB of memory'. May be given several times.",
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
        bool, typer.Option("--advanced-model", help="Prefer the model for hard questions.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; stdout unless told.", dir_okay=False)
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be planned with: nothing is asked, nothing stored.")
    ] = False,
    form: Annotated[
        Form | None,
        typer.Option(
            "--format", "-f", help="Text on stdout unless told; in a file by its suffix (.md, .txt), else JSON."
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
    ask = asked(goal, context, constraints or (), preferred_approach, max_subtasks)
    more: dict[str, Any] = {"use_model": use_model, "with_analysis": with_analysis}
    chosen = form or (Form.text if output is None else _BY_SUFFIX.get(output.suffix.lower(), Form.json))
    with opened() as (store, tables):
        require(tables, BUILD_FAILURES)
        models = open_models(store.settings, store.engine)
        if dry_run:
            _write(_previewed(preview_goal(store, tables, ask, models, **more), chosen), output)
            return
        with progress("Planning") as now:
            made = plan_goal(store, tables, ask, models, advanced=advanced_model, begins=now, **more)
    took = round(1000 * (time.monotonic() - begun))
    for told in made.spent.tried:
        say(f"{command_path()}: {visible(told)}")
    _write(_made(made, goal, took, chosen), output)
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
    return to_json(told, indent=True) + "\n"


def _previewed(found: Preview, form: Form) -> str:
    if form is Form.json:
        return to_json({"dry_run": True, **found.told()}, indent=True) + "\n"
    lines = [f"Goal: {found.goal}", f"Would ask: {', '.join(found.models) or 'no model'}"]
    lines += [f"Constraint “{text}”: {told}" for text, told in found.constraints]
    lines += [found.reason] if found.reason else [f"Evidence ({len(found.evidence)} lines):"]
    lines += [f"  {n}| {text}" for n, text in enumerate(found.evidence, 1)]
    return visible("\n".join([*lines, "Nothing was asked and nothing stored."])) + "\n"


def _write(text: str, output: Path | None) -> None:
    if write_text(text, output):
        say(f"{command_path()}: wrote {output}.")
