"""``banana plans``: the plans there are, where they stand, and what became of them."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banana_assets.core.evidence import plural, seconds_text
from banana_assets.core.text import cut
from banana_assets.core.vocabulary import PLAN_KINDS, PLAN_STATUSES
from banana_assets.interfaces.cli.opened import opened_reading
from banana_assets.interfaces.cli.output import Format, say, write_rows

if TYPE_CHECKING:
    import polars as pl

    from banana_assets.backends.tables import Tables

app = typer.Typer(add_completion=False)

TABLE_ROWS = 20
GOAL_WIDTH = 90

Status = StrEnum("Status", list(PLAN_STATUSES))  # type: ignore[misc]
Kind = StrEnum("Kind", list(PLAN_KINDS))  # type: ignore[misc]


@app.command()
def plans(
    status: Annotated[
        list[Status] | None, typer.Option(help="Where it stands; repeat for more. Those that abstained are left out.")
    ] = None,
    kind: Annotated[Kind | None, typer.Option(help="What it answers.")] = None,
    outcome: Annotated[str | None, typer.Option(help="What became of it: fixed, recurred...")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help=f"Most rows; {TABLE_ROWS} in a table unless told, else all.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", "-f", help="How it is written.")] = Format.table,
) -> None:
    """List plans, the newest first: goal, where it stands, steps done, scores, who made it, and what became of it.

    `banana plan show ID` shows one in full; `banana why ID` walks from a step to the lines that it rests on.
    """
    import polars as pl

    from banana_assets.backends.plan_reading import PlanReading
    from banana_assets.backends.planned_reading import PlannedReading

    with opened_reading() as (store, tables):
        records = PlanReading(store.records)
        known = _with_outcomes(records.plans(kind=kind.value if kind else None), tables)
        steps = _progress(records.steps())
        failures = PlannedReading(store.records).counts()
    wanted = pl.col("status").is_in([s.value for s in status]) if status else pl.col("status") != "abstained"
    chosen = known.filter(wanted).reverse()
    if outcome is not None:
        chosen = chosen.filter(pl.col("outcome") == outcome)
    most = limit or (TABLE_ROWS if form is Format.table else max(chosen.height, 1))
    now = datetime.now(UTC)
    rows = [_row(row, steps, now) for row in chosen.head(most).iter_rows(named=True)]
    if form is Format.table:
        columns = ["plan_id", "status", "steps", "score", "spares", "made by", "age", "outcome", "goal"]
        write_rows([_for_people(row) for row in rows], form, columns=columns)
    else:
        write_rows(rows, form)
    _tell(known, chosen, most, failures, told=bool(status))


def _with_outcomes(known: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    from banana_assets.core.tables import PLAN_OUTCOMES

    outcomes = tables.scan(PLAN_OUTCOMES).select("plan_id", "outcome").collect()
    return known.join(outcomes, on="plan_id", how="left", maintain_order="left")


def _progress(steps: pl.DataFrame) -> dict[str, tuple[int, int]]:
    """Of each plan, the steps done and those that nobody called off."""
    import polars as pl

    stands = pl.col("status")
    found = steps.group_by("plan_id").agg(
        done=(stands == "completed").sum(), of=(stands != "cancelled").sum(), waits=(stands == "running").sum()
    )
    return {plan: (done, of) for plan, done, of in found.select("plan_id", "done", "of").iter_rows()}


def _row(row: dict[str, Any], steps: dict[str, tuple[int, int]], now: datetime) -> dict[str, Any]:
    done, of = steps.get(row["plan_id"], (0, 0))
    names = ("plan_id", "kind", "status", "goal", "subject", "planner", "model_used", "created_at", "reason")
    scores = ("optimization_score", "resource_efficiency", "outcome", "template_id", "supersedes")
    shown = {name: row[name] for name in (*names, *scores)}
    return shown | {"steps_done": done, "steps": of, "age_seconds": (now - row["created_at"]).total_seconds()}


def _for_people(row: dict[str, Any]) -> dict[str, Any]:
    text = row["reason"] if row["status"] == "abstained" else row["goal"]
    return {
        "plan_id": row["plan_id"],
        "status": row["status"],
        "steps": f"{row['steps_done']} of {row['steps']}" if row["steps"] else "",
        "score": row["optimization_score"],
        "spares": row["resource_efficiency"],
        "made by": row["planner"] if row["model_used"] == "none" else row["model_used"],
        "age": seconds_text(max(row["age_seconds"], 0)),
        "outcome": (row["outcome"] or "").replace("_", " "),
        "goal": cut(text, GOAL_WIDTH),
    }


def _tell(known: pl.DataFrame, chosen: pl.DataFrame, most: int, failures: dict[str, int], *, told: bool) -> None:
    if not known.height:
        say("banana plans: there are no plans yet; `banana materialize` makes them.")
    elif not chosen.height:
        say("banana plans: no plan is like that.")
    if chosen.height > most:
        say(f"banana plans: {chosen.height - most:,} more (--limit).")
    none = known.filter(status="abstained").height
    if none and not told:
        say(f"banana plans: {plural(none, 'abstention')} left out (--status abstained says why).")
    if waits := failures.get("waiting", 0) + failures.get("claimed", 0):
        say(f"banana plans: {plural(waits, 'failed build')} without a plan yet (`banana plan failures`).")
    if gone := failures.get("given_up", 0):
        say(f"banana plans: {plural(gone, 'failed build')} given up (`banana plan failures --state given_up`).")
