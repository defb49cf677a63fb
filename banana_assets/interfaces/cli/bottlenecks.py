"""``banana bottlenecks``: what holds things up."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from banana_assets.core.text import cut
from banana_assets.core.vocabulary import SEVERITY_RANK
from banana_assets.interfaces.cli.asked import Severity
from banana_assets.interfaces.cli.opened import opened_tables, require
from banana_assets.interfaces.cli.output import Format, say, write_rows

app = typer.Typer(add_completion=False)

TABLE_ROWS = 50
TEXT_WIDTH = 150


class Kind(StrEnum):
    """What sort of bottleneck."""

    slow_step = "slow_step"
    critical_path = "critical_path"
    queue = "queue"
    failure_rate = "failure_rate"
    hot_hour = "hot_hour"
    resource_limit = "resource_limit"
    pattern_rate = "pattern_rate"


@app.command()
def bottlenecks(
    severity: Annotated[Severity, typer.Option(help="At least that severe.")] = Severity.low,
    kind: Annotated[list[Kind] | None, typer.Option(help="Of this sort; may be given again.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help=f"Most rows; {TABLE_ROWS} in a table unless told, else all.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", "-f", help="How it is written.")] = Format.table,
) -> None:
    """List what holds things up, the worst first: slow steps, queues, critical paths, what fails or comes more often,
    hot hours, resources near their limit. JSON has the rule behind each severity and the evidence."""
    import polars as pl

    from banana_assets.core.tables import BOTTLENECKS

    tables = opened_tables()
    require(tables, BOTTLENECKS)
    known = tables.read(BOTTLENECKS)
    worst = pl.col("severity").replace_strict(SEVERITY_RANK, return_dtype=pl.Int8)
    found = known.filter(worst >= SEVERITY_RANK[severity.value])
    if kind:
        found = found.filter(pl.col("kind").is_in([k.value for k in kind]))
    found = found.sort(worst, "kind", "subject", descending=[True, False, False])
    most = limit or (TABLE_ROWS if form is Format.table else max(found.height, 1))
    rows = found.head(most).to_dicts()
    if form is Format.table:
        write_rows(
            [_for_people(r) for r in rows], form, columns=["severity", "kind", "since", "description", "look_at"]
        )
    else:
        write_rows(rows, form)
    if not known.height:
        say("banana bottlenecks: none found in the data.")
    elif not found.height:
        say("banana bottlenecks: none is like that.")
    if found.height > most:
        say(f"banana bottlenecks: {found.height - most:,} more (--limit).")


def _for_people(row: dict[str, Any]) -> dict[str, Any]:
    text = row["description"]
    cited = next((e["citation"] for e in row["evidence"] if e["citation"]), None)
    first = row["evidence"][0]
    place = f"{cited['build_id'] or cited['sha256'][:12]}:{cited['first_line']}" if cited else first["key"]
    return row | {"description": cut(text, TEXT_WIDTH), "look_at": place}
