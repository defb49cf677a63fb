"""``banana materialize``: compute the assets from what came in."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

import typer

from banana_assets.core.errors import InputError
from banana_assets.interfaces.cli.output import say

JOBS = ("everything", "patterns", "ingest")
app = typer.Typer(add_completion=False)


@app.command()
def materialize(
    job: Annotated[str, typer.Argument(help=f"What to compute: {', '.join(JOBS)}.")] = "everything",
    day: Annotated[list[str] | None, typer.Option(help="Arrival day (YYYY-MM-DD); repeat for more.")] = None,
) -> None:
    """Compute the assets, by default for every day that has something new."""
    if job not in JOBS:
        raise InputError(f"There is no job {job!r}.", f"Jobs are {', '.join(JOBS)}.")
    # Imported here: help and completion need none of it.
    from banana_assets.backends.pending import arrival_days
    from banana_assets.backends.settings import load
    from banana_assets.backends.store import open_store
    from banana_assets.backends.tables import Tables
    from banana_assets.launch.running import run_job

    settings = load()
    days = [_day(text) for text in day or []]
    if not days:
        with open_store(settings) as store:
            days = arrival_days(store, Tables(settings.tables_root), today=datetime.now(UTC).date())
    _known(days)
    report = run_job(settings, job, days, lambda line: say(f"  {line}"))
    for asset, check, why in report.failed_checks:
        say(f"check {check} of {asset} does not hold: {why}")
    if not report.success:
        say(f"banana materialize: {report.error}")
        raise typer.Exit(1)
    say(f"{len(report.assets)} assets in {report.seconds:.1f} s. `banana up` shows them.")
    if report.failed_checks:
        raise typer.Exit(1)


def _known(days: list[date]) -> None:
    from banana_assets.assets.shared import days as partitions

    keys = partitions.get_partition_keys()
    for day in days:
        if day.isoformat() not in keys:
            raise InputError(f"Nothing arrived on {day}.", f"The days of arrival are {keys[0]} to {keys[-1]}.")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text!r} is no day.", "Write days as 2026-11-22.") from error
