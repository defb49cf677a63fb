"""``banana schedule``: in which order, how many at once, in which sizes and when work should run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banana_assets.core.errors import InputError
from banana_assets.core.evidence import seconds_text
from banana_assets.core.units import bytes_of
from banana_assets.interfaces.cli.opened import opened_reading
from banana_assets.interfaces.cli.output import Format, say, write_object, write_rows
from banana_assets.interfaces.cli.running import command_path, given

if TYPE_CHECKING:
    import polars as pl

    from banana_assets.backends.scheduling import Answer

app = typer.Typer(add_completion=False)

SMALLEST_RISK = 0.02
"""Smaller risks are not told apart: benchmarks/windows.py."""


class Report(StrEnum):
    """How the original wrote it; ``detailed`` is the table with every column."""

    table = "table"
    json = "json"
    detailed = "detailed"


class Show(StrEnum):
    """Which part is shown."""

    queues = "queues"
    order = "order"
    windows = "windows"
    batches = "batches"


@app.command()
def schedule(
    show: Annotated[
        Show,
        typer.Option(
            help="queues: what another order saves and how many to run at once; order: what waits now; windows: when "
            "there is room; batches: how large. A table shows one, JSON has all."
        ),
    ] = Show.queues,
    queue: Annotated[str | None, typer.Option(help="Only this pipeline or queue of tasks.")] = None,
    look_ahead_hours: Annotated[
        int, typer.Option(min=1, max=168, help="Hours ahead that windows are looked for.")
    ] = 24,
    target_date: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only windows that begin on this day (UTC), as 2026-03-31.")
    ] = None,
    risk: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Chance of running out of room up to which a time has room.")
    ] = 0.1,
    at_once: Annotated[
        int | None, typer.Option(min=1, help="Tasks that may run at once; the most that were seen unless told.")
    ] = None,
    memory: Annotated[str | None, typer.Option(help="Memory for all tasks together: 8G, 512M.")] = None,
    cores: Annotated[float | None, typer.Option(min=0.01, help="Cores for all tasks together.")] = None,
    batch_seconds: Annotated[float | None, typer.Option(min=0.001, help="Seconds that a batch may take.")] = None,
    form: Annotated[Format, typer.Option("--format", "-f", help="How it is written.")] = Format.table,
    report: Annotated[
        Report | None, typer.Option("--output-format", hidden=True, help="The same; detailed is --verbose.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Every column in a table.")] = False,
    balance_load: Annotated[bool, typer.Option("--balance-load", hidden=True, help="--show queues.")] = False,
    peak_mitigation: Annotated[bool, typer.Option("--peak-mitigation", hidden=True, help="--show windows.")] = False,
    resource_efficiency: Annotated[
        bool, typer.Option("--resource-efficiency", hidden=True, help="--show batches.")
    ] = False,
    conflict_resolution: Annotated[
        bool, typer.Option("--conflict-resolution", hidden=True, help="--show order.")
    ] = False,
    use_model: Annotated[
        str | None, typer.Option("--use-model", hidden=True, help="No schedule needs a language model.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", hidden=True, help="Always so: nothing is changed or started.")
    ] = False,
    auto_apply: Annotated[
        bool, typer.Option("--auto-apply", hidden=True, help="Refused: nothing is started by itself.")
    ] = False,
) -> None:
    """Say in which order, how many at once, in which sizes and when work should run, from what was measured.

    Orders are run again on the history of each queue, beside first come first served; what is saved has an interval,
    and it is said when nothing is. Works on builds, and on tasks of `banana ingest tasks`.
    """
    if auto_apply:
        raise InputError(
            "Nothing is started or moved by itself.", "Leave --auto-apply out, and start what waits in the order told."
        )
    asked = (balance_load, peak_mitigation, resource_efficiency, conflict_resolution)
    parts = [part for part, yes in zip(_OF_FLAGS, asked, strict=True) if yes]
    if len(parts) > 1:
        raise InputError("One part is shown at a time.", "Give one of those options, or --format json, which has all.")
    if parts:
        show = parts[0]
        say(f"{command_path()}: {given(*_FLAGS)[0]} shows what --show {show} does.")
    verbose = verbose or report is Report.detailed
    if report is not None:
        form = Format.json if report is Report.json else Format.table
    if use_model is not None:
        say(f"{command_path()}: no language model is asked: every figure is measured.")
    if dry_run:
        say(f"{command_path()}: nothing is changed or started, with --dry-run or without.")
    from banana_assets.backends.scheduling import schedule_now
    from banana_assets.core.scheduling.asked import Told, overtaken

    told = Told(at_once, _bytes(memory), cores, batch_seconds)
    with opened_reading(BRING) as (store, tables):
        found = schedule_now(store, tables, queue=queue, told=told, accepted=risk, hours=look_ahead_hours)
    if found.queues.is_empty():
        named = f" {queue!r}" if queue else ""
        raise InputError(
            f"There is no queue{named} in the data.",
            "Bring in builds with `banana ingest builds`, or tasks with `banana ingest tasks`.",
        )
    windows = _on(found.windows, target_date)
    if form is Format.json:
        write_object({"queues": found.queues.to_dicts(), "windows": windows.to_dicts(), "looked_at": found.now}, form)
        return
    rows = _ROWS[show](found, windows)
    write_rows(
        [_for_people(r) for r in rows] if form is Format.table else rows,
        form,
        columns=None if verbose else _COLUMNS[show],
    )
    if not rows:
        say(f"{command_path()}: {_NOTHING[show]}")
    if show is Show.windows:
        for sentence in overtaken(windows, found.now):
            say(f"{command_path()}: {sentence} {NEWER}")


BRING = "banana ingest builds PATH` or `banana ingest tasks FILE"
NEWER = "`banana watch` and `banana ingest resources` bring newer readings in, `banana materialize` forecasts."


def _queues(found: Answer, windows: pl.DataFrame) -> list[dict[str, Any]]:
    return found.queues.sort("first_come_wait", "queue", descending=[True, False]).to_dicts()


def _order(found: Answer, windows: pl.DataFrame) -> list[dict[str, Any]]:
    return [{"queue": row["queue"]} | place for row in found.queues.to_dicts() for place in row["waiting"]]


def _batches(found: Answer, windows: pl.DataFrame) -> list[dict[str, Any]]:
    return [{"queue": row["queue"]} | batch for row in found.queues.to_dicts() for batch in row["batches"]]


def _windows(found: Answer, windows: pl.DataFrame) -> list[dict[str, Any]]:
    return windows.sort("queue", "kind", "host", "begins_at").to_dicts()


_ROWS: dict[Show, Callable[[Answer, pl.DataFrame], list[dict[str, Any]]]] = {
    Show.queues: _queues,
    Show.order: _order,
    Show.windows: _windows,
    Show.batches: _batches,
}
_OF_FLAGS = (Show.queues, Show.windows, Show.batches, Show.order)
"""What the original's options stand for: load, peaks, efficiency, conflicts."""
_FLAGS = ("balance_load", "peak_mitigation", "resource_efficiency", "conflict_resolution")
_COLUMNS = {
    Show.queues: ["queue", "tasks", "verdict", "saved", "statement", "parallel_statement"],
    Show.order: ["queue", "place", "task_id", "kind", "first_come_place", "begins_at", "expected"],
    Show.windows: ["queue", "kind", "host", "begins_at", "ends_at", "best_at", "risk", "peak_risk", "fits", "tightest"],
    Show.batches: ["queue", "kind", "batches", "size_now", "size", "statement"],
}
_NOTHING = {
    Show.queues: "no queue has ended tasks.",
    Show.order: "nothing waits now.",
    Show.windows: "there is no time with room at that risk, or no forecast and less than a week of history: `banana "
    "watch` and `banana ingest resources` bring readings in, `banana materialize` forecasts.",
    Show.batches: "no task says how many items it had (column items).",
}


def _for_people(row: dict[str, Any]) -> dict[str, Any]:
    made = dict(row)
    if "saved_seconds" in row:
        saved = row["saved_seconds"]
        made["saved"] = (
            "" if row["verdict"] == "no_waiting" else f"{'-' if saved < 0 else ''}{seconds_text(abs(saved))}"
        )
    if row.get("expected_seconds") is not None:
        made["expected"] = seconds_text(row["expected_seconds"])
    for name in ("risk", "peak_risk"):
        if row.get(name) is not None:
            made[name] = f"{row[name]:.1%}" if row[name] >= SMALLEST_RISK else f"< {SMALLEST_RISK:.0%}"
    return made


def _on(windows: pl.DataFrame, day: str | None) -> pl.DataFrame:
    import polars as pl

    if day is None:
        return windows
    try:
        begin = datetime.combine(date.fromisoformat(day), time(), UTC)
    except ValueError as error:
        raise InputError(f"{day!r} is no day.", "Write it as 2026-03-31.") from error
    return windows.filter(pl.col("begins_at") >= begin, pl.col("begins_at") < begin + timedelta(days=1))


def _bytes(text: str | None) -> float | None:
    if text is None:
        return None
    amount = bytes_of(text)
    if not amount:
        raise InputError(f"{text!r} is no amount of memory.", "Write it as 8G, 512M or in bytes.")
    return amount
