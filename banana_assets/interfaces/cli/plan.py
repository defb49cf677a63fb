"""``banana plan``: one plan shown, exported, and followed step by step; what is ours in it launched after approval."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from banana_assets.core.errors import InputError
from banana_assets.core.evidence import plural
from banana_assets.core.text import visible
from banana_assets.interfaces.cli.asked import user
from banana_assets.interfaces.cli.opened import opened, opened_reading
from banana_assets.interfaces.cli.output import Format, say, to_json, write_object, write_rows, write_text

if TYPE_CHECKING:
    from banana_assets.backends.plan_reading import PlanReading
    from banana_assets.backends.plan_records import PlanRecords
    from banana_assets.backends.store import Store
    from banana_assets.core.plans.types import Plan

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Show, export and follow one plan.")

FAILURE_ROWS = 30


class As(StrEnum):
    """What a plan is exported as."""

    markdown = "markdown"
    issue = "issue"
    json = "json"


class State(StrEnum):
    """Where the planning of a failed build stands."""

    waiting = "waiting"
    claimed = "claimed"
    planned = "planned"
    given_up = "given_up"


Id = Annotated[str, typer.Argument(metavar="PLAN", help="Id of the plan, or how it begins.", show_default=False)]
Step = Annotated[str, typer.Argument(metavar="STEP", help="Step, such as s2.", show_default=False)]
MaybeStep = Annotated[str | None, typer.Argument(metavar="[STEP]", help="Step, such as s2.", show_default=False)]
Note = Annotated[str | None, typer.Option(help="Why, or what came of it, for whoever looks later.")]
By = Annotated[str | None, typer.Option(help="Who does it; you unless told.")]
Shown = Annotated[Format, typer.Option("--format", "-f", help="How it is written.")]


@app.command()
def show(plan_id: Id, form: Shown = Format.table) -> None:
    """Show a plan in full: steps with where they stand, what they rest on, prediction, scores and how they came."""
    from banana_assets.core.plans.export import as_json
    from banana_assets.core.plans.pathways import progress, standing
    from banana_assets.core.plans.text import as_text

    with _looked_up(plan_id) as (records, plan):
        steps = {row["step_id"]: row for row in records.steps(plan.plan_id).to_dicts()}
    statuses = {step: row["status"] for step, row in steps.items()}
    if form is not Format.table:
        told = as_json(plan, statuses)
        for step in told["subtasks"]:
            kept = steps.get(step["id"], {})
            step |= {k: kept.get(k) for k in ("note", "run_id", "approved_by", "approved_at", "started_at", "ended_at")}
        write_object(told, form)
        return
    typer.echo(visible(as_text(plan)))
    if plan.status == "abstained":
        return
    typer.echo(f"\nSteps done: {progress(plan, statuses)}")
    for found in standing(plan, statuses):
        row = steps.get(found.step.id, {})
        said = [f"waits for {', '.join(found.waits_for)}"] if found.waits_for and found.status == "pending" else []
        said += ["ready"] if found.ready else []
        said += [f"by {row['changed_by']}, {_time(row['changed_at'])}"] if found.status != "pending" else []
        said += [f"run {row['run_id']}"] if row.get("run_id") else []
        said += [str(row["note"])] if row.get("note") else []
        if found.step.action:
            ours = f"{found.step.action.kind} {' '.join(found.step.action.arguments)}".strip()
            said.append(f"can be launched here: {ours}")
            said += [f"approved by {row['approved_by']}"] if row.get("approved_by") else []
        typer.echo(visible(f"  {found.step.id}  {found.status}" + (f" ({'; '.join(said)})" if said else "")))


@app.command()
def export(
    plan_id: Id,
    form: Annotated[As, typer.Option("--as", help="Markdown checklist, text of an issue (title first), or JSON.")] = (
        As.markdown
    ),
    output: Annotated[Path | None, typer.Option("-o", "--output", help="File; stdout unless told.")] = None,
) -> None:
    """Write a plan for elsewhere, without secrets, its evidence as numbered quotes."""
    from banana_assets.core.plans import export as exports

    with _looked_up(plan_id) as (records, plan):
        statuses = _statuses(records, plan)
    if form is As.json:
        text = to_json(exports.as_json(plan, statuses), indent=True) + "\n"
    else:
        text = (exports.issue if form is As.issue else exports.markdown)(plan, statuses)
    if write_text(text, output):
        say(f"banana plan: wrote {output}.")


@app.command()
def start(plan_id: Id, step: MaybeStep = None, note: Note = None, by: By = None) -> None:
    """Say that a step is begun; the first that may begin unless told."""
    from banana_assets.core.plans.pathways import next_step

    with _plan(plan_id) as (_, records, plan):
        chosen = step or next_step(plan, _statuses(records, plan))
        _move(records, plan, chosen, "start", note, by)


@app.command()
def done(plan_id: Id, step: MaybeStep = None, note: Note = None, by: By = None) -> None:
    """Say that a step is done; without a step, that the whole plan is."""
    _step_or_plan(plan_id, step, "done", note, by)


@app.command()
def fail(plan_id: Id, step: MaybeStep = None, note: Note = None, by: By = None) -> None:
    """Say that a step did not work; without a step, that the whole plan did not."""
    _step_or_plan(plan_id, step, "fail", note, by)


@app.command()
def cancel(plan_id: Id, step: MaybeStep = None, note: Note = None, by: By = None) -> None:
    """Call off a step that is not needed, so that what waits for it may go on; without a step, the whole plan."""
    _step_or_plan(plan_id, step, "cancel", note, by)


@app.command()
def undo(plan_id: Id, step: MaybeStep = None, note: Note = None, by: By = None) -> None:
    """Make a step pending again; without a step, the whole plan."""
    _step_or_plan(plan_id, step, "undo", note, by)


@app.command()
def approve(plan_id: Id, step: Step, by: By = None) -> None:
    """Let a step be launched here. It says what would run; other steps are for people and agents."""
    from banana_assets.backends.acting import admit

    with _plan(plan_id) as (store, records, plan):
        what = admit(store, plan, step)
        records.approve(plan.plan_id, step, by=by or user(), at=datetime.now(UTC))
    say(f"banana plan: approved to {what.said}. `banana plan launch {plan.plan_id} {step}` does it.")


@app.command()
def launch(
    plan_id: Id,
    step: Step,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Approve it as well.")] = False,
    by: By = None,
) -> None:
    """Run a step that is ours (ingest, materialize, backfill, compact) as a Dagster run, once it is approved.

    `approved_actions` in the settings names the kinds that need nobody's approval.
    """
    from importlib.metadata import entry_points

    with _plan(plan_id) as (_, _, plan):
        plan_id = plan.plan_id
    # Running needs Dagster, which these rooms never import: the part is found by name.
    for found in entry_points(group="banana.parts", name="launch-step"):
        if not found.load()(plan_id, step, approve=yes, by=by or user()):
            raise typer.Exit(1)
        return
    raise InputError("The part that launches steps is not installed.", "Install banana-assets anew.")


@app.command()
def failures(
    state: Annotated[list[State] | None, typer.Option(help="Where its planning stands; repeat for more.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help=f"Most rows; {FAILURE_ROWS} in a table unless told, else all.")
    ] = None,
    form: Shown = Format.table,
) -> None:
    """List failed builds and whether they have a plan: waiting, claimed, planned, or given up with the reason."""
    import polars as pl

    from banana_assets.backends.planned_reading import PlannedReading

    with opened_reading() as (store, _):
        known = PlannedReading(store.records).states()
    wanted = [s.value for s in state] if state else ["waiting", "claimed", "given_up"]
    chosen = known.filter(pl.col("state").is_in(wanted))
    most = limit or (FAILURE_ROWS if form is Format.table else max(chosen.height, 1))
    rows = chosen.head(most).drop("seq").to_dicts()
    columns = ["build_id", "state", "attempts", "plan_id", "arrival_day", "error"]
    write_rows(rows, form, columns=columns if form is Format.table else None)
    if chosen.height > most:
        say(f"banana plan: {chosen.height - most:,} more (--limit).")
    elif not chosen.height and not state:
        say(f"banana plan: {plural(known.height, 'failed build')} with a log, and none waits for a plan.")


@app.command()
def again(builds: Annotated[list[str], typer.Argument(metavar="BUILD...", help="Ids of failed builds.")]) -> None:
    """Let failed builds that were given up be planned anew."""
    from banana_assets.backends.planned import Planned

    with opened() as (store, _):
        count = Planned(store.engine).again(builds, now=datetime.now(UTC))
    if not count:
        raise InputError("None of these was given up.", "`banana plan failures --state given_up` lists those.")
    say(f"banana plan: {plural(count, 'failed build')} will be planned anew.")


@contextmanager
def _plan(told: str) -> Iterator[tuple[Store, PlanRecords, Plan]]:
    """The plan of that id, or of the only one that begins so."""
    from banana_assets.backends.plan_records import PlanRecords

    with opened() as (store, _):
        records = PlanRecords(store.engine)
        yield store, records, _named(records, told)


@contextmanager
def _looked_up(told: str) -> Iterator[tuple[PlanReading, Plan]]:
    """The plan of that id as ``_plan`` finds it, to be read alone."""
    from banana_assets.backends.plan_reading import PlanReading

    with opened_reading() as (store, _):
        records = PlanReading(store.records)
        yield records, _named(records, told)


def _named(records: PlanReading, told: str) -> Plan:
    plan = records.plan(records.find(told))
    if plan is None:
        raise InputError(f"There is no plan {told}.", "`banana plans` lists them.")
    return plan


def _statuses(records: PlanReading, plan: Plan) -> dict[str, str]:
    return {row["step_id"]: row["status"] for row in records.steps(plan.plan_id).to_dicts()}


def _move(records: PlanRecords, plan: Plan, step: str, move: str, note: str | None, by: str | None) -> None:
    from banana_assets.core.plans.pathways import MOVES, check, moved, progress

    statuses = _statuses(records, plan)
    if statuses.get(step) == MOVES[move][1]:
        _already(step, statuses[step], note)
        return
    status = moved(plan, statuses, step, move)
    allowed = check(plan, step, move)
    now = records.set_step(plan.plan_id, step, status, by=by or user(), at=datetime.now(UTC), note=note, check=allowed)
    plan = replace(plan, status=now)
    say(f"banana plan: {step} is {status}; the plan is {now}, {progress(plan, _statuses(records, plan))} steps done.")


def _step_or_plan(told: str, step: str | None, move: str, note: str | None, by: str | None) -> None:
    from banana_assets.core.plans.pathways import MOVES, plan_moved

    status = MOVES[move][1]
    with _plan(told) as (_, records, plan):
        if step is not None:
            _move(records, plan, step, move, note, by)
            return
        if note is not None:
            raise InputError("A note stands with a step.", "Name the step.")
        if plan.status == status:
            _already("the plan", status, note)
            return
        allowed = partial(plan_moved, plan.plan_id, move=move)
        records.set_status(plan.plan_id, status, by=by or user(), at=datetime.now(UTC), check=allowed)
    say(f"banana plan: the plan is {status}.")


def _already(what: str, status: str, note: str | None) -> None:
    """Said again, as a script may that is run again: nothing is left to do, and no time or name is changed."""
    dropped = "; the note is not kept" if note is not None else ""
    say(f"banana plan: {what} is {status} already{dropped}.")


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
