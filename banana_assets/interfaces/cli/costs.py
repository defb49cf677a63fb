"""``banana costs``: what language models were asked, and what it cost."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from banana_assets.core.evidence import plural
from banana_assets.interfaces.cli.asked import moment
from banana_assets.interfaces.cli.opened import opened, opened_reading
from banana_assets.interfaces.cli.output import Format, say, write_rows

if TYPE_CHECKING:
    from banana_assets.core.models.budgets import Budgets

app = typer.Typer(add_completion=False)


class By(StrEnum):
    """What calls are summed up by."""

    day = "day"
    model = "model"
    task = "task"
    category = "category"
    outcome = "outcome"
    run = "run"


@app.command()
def costs(
    by: Annotated[list[By] | None, typer.Option(help="Sum up by this; day and model unless told. Repeatable.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="WHEN", help="Only calls since a day, a time, or for 24h, 7d, 2w.")
    ] = None,
    calls: Annotated[bool, typer.Option("--calls", help="Each call instead of sums.")] = False,
    form: Annotated[Format, typer.Option("--format", "-f", help="How it is written.")] = Format.table,
) -> None:
    """Sum up the calls to language models: how many, how they ended, tokens, US dollars and seconds.

    Models on own machines cost nothing, nor do answers kept from earlier calls. A call that never came back counts with
    the most it could have cost.
    """
    from banana_assets.backends.llm.configured import budgets
    from banana_assets.backends.llm.ledger_reading import LedgerReading
    from banana_assets.core.models.costs import costs as summed

    now = datetime.now(UTC)
    start = moment(since, now) if since else None
    with opened_reading() as (store, _):
        ledger, limits = LedgerReading(store.records), budgets(store.settings)
        if ledger.lost(now):
            _settle(limits, now)
        found = ledger.calls(start)
        day = ledger.taken(now)[1]
    if calls:
        columns = ["call_id", "started_at", "task", "subject", "provider", "model", "outcome", "input_tokens",
                   "output_tokens", "cost", "seconds", "error"]  # fmt: skip
        write_rows(list(found.iter_rows(named=True)), form, columns=columns)
    else:
        names = [b.value for b in dict.fromkeys(by or [By.day, By.model])]
        write_rows(list(summed(found, names).iter_rows(named=True)) if found.height else [], form)
    if not found.height:
        say("banana costs: no language model was asked" + (" since then." if since else "."))
    say(
        f"banana costs: today ${day.dollars:.4f} of ${limits.day.dollars:g} and {plural(day.tokens, 'token')} "
        f"of {limits.day.tokens:,}."
    )


def _settle(limits: Budgets, now: datetime) -> None:
    from banana_assets.backends.llm.ledger import Ledger

    with opened() as (store, _):
        Ledger(store.engine, limits).settle_lost(now)
