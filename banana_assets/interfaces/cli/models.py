"""``banana models``: which language models are set up, whether they answer, and what may still be spent."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from banana_assets.interfaces.cli.output import Format, say, write_object, write_rows

app = typer.Typer(add_completion=False)

COLUMNS = ["provider", "model", "used_for", "price", "ready", "breaker", "said"]


@app.command()
def models(form: Annotated[Format, typer.Option("--format", "-f", help="How it is written.")] = Format.table) -> None:
    """Show the language models that are set up: what for, price, whether they answer now, and the budgets.

    Asks each whether it is there, which costs nothing. Exits with 1 where one that is set up does not answer.
    """
    from banana_assets.backends.llm.ledger_reading import LedgerReading
    from banana_assets.backends.llm.standing import absent, budget_rows, standing
    from banana_assets.backends.reading_store import open_reading
    from banana_assets.backends.settings import load, there_is_a_store

    settings, now = load(), datetime.now(UTC)
    if there_is_a_store(settings):
        with open_reading(settings) as store:
            ledger = LedgerReading(store.records)
            found, budgets = standing(settings, ledger, now), budget_rows(settings, ledger, now)
    else:
        found, budgets = standing(settings, None, now), budget_rows(settings, None, now)
    found += absent(settings, [row.provider for row in found])
    rows = [row.row() for row in found]
    if form is Format.json:
        write_object({"models": rows, "budgets": budgets}, form)
    else:
        write_rows(rows, form, columns=COLUMNS)
        if form is Format.table:
            sys.stdout.write("\n")
        write_rows(budgets, form)
    set_up = [row for row in found if row.configured]
    if not set_up:
        say("banana models: none is set up; plans are made without one.")
    if any(not row.ready for row in set_up):
        raise typer.Exit(1)
