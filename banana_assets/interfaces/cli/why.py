"""``banana why``: from a plan's step back to the lines of a log, how they came in, and the runs in between."""

from __future__ import annotations

from typing import Annotated

import typer

from banana_assets.core.errors import InputError
from banana_assets.core.text import visible
from banana_assets.interfaces.cli.opened import opened_reading
from banana_assets.interfaces.cli.output import Format, say, write_object
from banana_assets.interfaces.cli.running import FINDINGS

app = typer.Typer(add_completion=False)


@app.command()
def why(
    plan_id: Annotated[
        str, typer.Argument(metavar="PLAN", help="Id of the plan, or how it begins.", show_default=False)
    ],
    step: Annotated[
        str | None, typer.Argument(metavar="[STEP]", help="Step, such as s2; all unless told.", show_default=False)
    ] = None,
    form: Annotated[Format, typer.Option("--format", "-f", help="How it is written.")] = Format.table,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Walk from a plan's step to what it rests on: the diagnosis or pattern, the lines of the log (read again now, and
    compared), how that log came in, and which Dagster run wrote each table in between.

    The exit status is 1 when a log does not say what is quoted from it.
    """
    from banana_assets.backends import lineage
    from banana_assets.backends.plan_reading import PlanReading
    from banana_assets.core.plans.lineage import as_text

    with opened_reading() as (store, tables):
        records = PlanReading(store.records)
        plan = records.plan(records.find(plan_id))
        if plan is None:
            raise InputError(f"There is no plan {plan_id}.", "`banana plans` lists them.")
        found = lineage.why(store, tables, plan, step)
    form = Format.json if as_json else form
    if form is Format.table:
        typer.echo(visible(as_text(found)))
        if plan.status == "abstained":
            say(f"banana why: it abstained. {plan.reason}")
    else:
        write_object(found.as_json(), form)
    if not found.holds:
        say("banana why: a log does not say what is quoted from it.")
        raise typer.Exit(FINDINGS)
