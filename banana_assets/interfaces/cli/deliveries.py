"""``banana deliveries``: what webhooks brought."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from banana_assets.interfaces.cli.opened import opened, opened_reading
from banana_assets.interfaces.cli.output import Format, say, write_rows

BRING = "banana serve"

app = typer.Typer(add_completion=False)


@app.callback(invoke_without_command=True)
def deliveries(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="Most rows.")] = 30,
    form: Annotated[Format, typer.Option("--format", "-f", help="How it is written.")] = Format.table,
) -> None:
    """List what webhooks brought, the newest first, and what came of it."""
    if context.invoked_subcommand is not None:
        return
    from banana_assets.backends.delivery_reading import delivery_list

    with opened_reading(BRING) as (store, _):
        found = delivery_list(store.records, limit)
    columns = ["id", "provider", "event", "received_at", "state", "attempts", "builds", "message"]
    write_rows(list(found.iter_rows(named=True)), form, columns=columns)
    if not found.height:
        say("banana deliveries: no webhook has come yet; `banana serve` takes them at /webhooks/github and /gitlab.")


@app.command()
def replay(number: Annotated[int, typer.Argument(min=1, help="Its number, as `banana deliveries` shows it.")]) -> None:
    """Take a delivery in again, for instance after a token was set with which its log can be fetched."""
    from banana_assets.backends.ci.taking import take_event
    from banana_assets.backends.deliveries import Deliveries

    with opened(BRING) as (store, _):
        taken = Deliveries(store).process(number, partial(take_event, store))
    say(f"banana deliveries: {taken.ignored or 'took in ' + ', '.join(taken.builds)}.")
