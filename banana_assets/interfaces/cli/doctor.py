"""``banana doctor``, ``banana test-llm-planning``: whether this installation works, and how to mend what does not."""

from __future__ import annotations

import sys
import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banana_assets.interfaces.cli.output import Format, progress, say, shown, write_rows
from banana_assets.interfaces.cli.running import FINDINGS, command_path

if TYPE_CHECKING:
    from banana_assets.backends.checkup import Check

app = typer.Typer(add_completion=False)

NAME_WIDTH = 16
STATUS_WIDTH = 8
TEXT_WIDTH = 100


@app.command()
def doctor(
    quick: Annotated[
        bool, typer.Option("--quick", "-q", help="Check this machine alone; so unless --full is given.")
    ] = False,
    full: Annotated[
        bool,
        typer.Option(
            "--full", "-f", help="Ask the language models, vectors, Meilisearch and the daemon too, where set up."
        ),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show what --quick skips, details, and how long each check took.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", help="How it is written; jsonl writes a check a line.")] = (
        Format.table
    ),
) -> None:
    """Check that this installation works, and say how to mend what does not.

    Looks at settings, home, disk, clock, SQLite, records, tables, index and Dagster's definitions; writes records, a
    log and a table to a folder of its own and reads them back; parses, mines, diagnoses and plans on built-in lines.
    Leaves nothing behind. With --full each language model that is set up is asked one tiny question, which counts
    against the budgets.
    """
    if quick and full:
        raise typer.BadParameter("--quick and --full exclude each other.")
    from banana_assets.backends.checkup import checkup

    made: list[Check] = []
    with progress("Checking") as showing:
        for check in checkup(full=full, tell=showing):
            made.append(check)
            if form is Format.table:
                _write(check, verbose=verbose, skipped=full)
            elif form is Format.jsonl:
                write_rows([_row(check)], form)
    if form is Format.json:
        write_rows([_row(check) for check in made], form)
    counts = Counter(check.status for check in made)
    say(f"{command_path()}: {', '.join(f'{n} {status}' for status, n in counts.most_common())}.")
    if form is Format.table and not (full or verbose) and counts["skipped"]:
        left = ", ".join(check.name for check in made if check.status == "skipped")
        say(f"{command_path()}: skipped {left}; --verbose says why.")
    if counts["failed"]:
        raise typer.Exit(FINDINGS)


def _row(check: Check) -> dict[str, Any]:
    return {
        "check": check.name,
        "status": check.status,
        "said": check.said,
        "remedy": check.remedy or None,
        "seconds": round(check.seconds, 3),
        "details": list(check.details),
    }


def _write(check: Check, *, verbose: bool, skipped: bool) -> None:
    if check.status == "skipped" and not (verbose or skipped):
        return
    took = f" ({check.seconds:.1f} s)" if verbose else ""
    lines = textwrap.wrap(check.said + took, TEXT_WIDTH, break_on_hyphens=False)
    if check.remedy and (check.status != "ok" or verbose):
        lines += textwrap.wrap(check.remedy, TEXT_WIDTH, initial_indent="-> ", subsequent_indent="   ")
    if verbose:
        lines += [f"   {line}" for line in check.details]
    head = f"{check.status:{STATUS_WIDTH}}  {check.name:{NAME_WIDTH}}  "
    text = "\n".join((head if n == 0 else " " * len(head)) + line for n, line in enumerate(lines))
    sys.stdout.write(shown(text) + "\n")
    sys.stdout.flush()
