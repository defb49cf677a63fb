"""``banana builds``: the builds, the newest first, and why those that failed did."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banana_assets.core.evidence import plural, seconds_text
from banana_assets.core.text import cut
from banana_assets.core.vocabulary import BUILD_STATUSES, FAILURE_CATEGORIES
from banana_assets.interfaces.cli.asked import moment
from banana_assets.interfaces.cli.opened import opened_reading
from banana_assets.interfaces.cli.output import Format, say, write_rows

if TYPE_CHECKING:
    import polars as pl

app = typer.Typer(add_completion=False)

TABLE_ROWS = 30
CAUSE_WIDTH = 80

Status = StrEnum("Status", list(BUILD_STATUSES))  # type: ignore[misc]
Category = StrEnum("Category", list(FAILURE_CATEGORIES))  # type: ignore[misc]


@app.command()
def builds(
    status: Annotated[list[Status] | None, typer.Option(help="How it stands; repeat for more.")] = None,
    job: Annotated[str | None, typer.Option(help="Job, pipeline, or pipeline/job.")] = None,
    branch: Annotated[str | None, typer.Option(help="Branch.")] = None,
    commit: Annotated[str | None, typer.Option(help="Commit, or how it begins.")] = None,
    category: Annotated[Category | None, typer.Option(help="Class of the failure.")] = None,
    cluster: Annotated[str | None, typer.Option(help="Cluster of the same failure, or how its id begins.")] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="DAY|DURATION", help="Since that day, or so long before the latest build: 24h, 7d."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help=f"Most rows; {TABLE_ROWS} in a table unless told, else all.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", "-f", help="How it is written.")] = Format.table,
) -> None:
    """List builds, the newest first: how each ended, why it failed, and whether it had failed so before.

    `seen` says which failure of its cluster a build is: new for the first one. `banana build ID` shows one in full.
    """
    from banana_assets.backends.lookup import build_list
    from banana_assets.core.builds import choosing
    from banana_assets.core.tables import FAILURE_CLUSTERS

    with opened_reading() as (store, tables):
        known = build_list(store, tables)
        clusters = tables.read(FAILURE_CLUSTERS) if cluster else None
    chosen = choosing.chosen(
        known,
        statuses=[s.value for s in status or ()],
        job=job,
        branch=branch,
        commit=commit,
        category=category.value if category else None,
        cluster_id=choosing.cluster_named(cluster, clusters) if cluster and clusters is not None else None,
        since=moment(since, known["at"].max()) if since else None,  # type: ignore[arg-type]
    )
    most = limit or (TABLE_ROWS if form is Format.table else max(chosen.height, 1))
    rows = list(chosen.head(most).iter_rows(named=True))
    if form is Format.table:
        columns = ["build_id", "job", "branch", "status", "when", "took", "category", "seen", "cluster", "cause"]
        write_rows([_for_people(row) for row in rows], form, columns=columns)
    else:
        write_rows(rows, form)
    if not known.height:
        say("banana builds: there are no builds yet; `banana ingest builds PATH` brings some in.")
    elif not chosen.height:
        say("banana builds: no build is like that.")
    if chosen.height > most:
        say(f"banana builds: {chosen.height - most:,} more (--limit).")
    if waiting := _unexplained(chosen.head(most)):
        are = "is" if waiting == 1 else "are"
        say(f"banana builds: {plural(waiting, 'failed build')} {are} not explained yet (`banana materialize`).")


def _unexplained(rows: pl.DataFrame) -> int:
    import polars as pl

    waiting = pl.col("status").is_in(["failed", "error"]) & pl.col("log_sha256").is_not_null()
    return rows.filter(waiting & pl.col("cluster_id").is_null()).height


def _for_people(row: dict[str, Any]) -> dict[str, Any]:
    seen = None if row["nth"] is None else "new" if row["nth"] == 1 else f"{row['nth']} of {row['of']}"
    cause = row["cause"] or (
        "came without a log" if row["status"] in ("failed", "error") and not row["log_sha256"] else ""
    )
    return {
        "build_id": row["build_id"],
        "job": f"{row['pipeline']}/{row['job']}",
        "branch": row["branch"],
        "status": row["status"],
        "when": row["at"],
        "took": "" if row["duration_seconds"] is None else seconds_text(row["duration_seconds"]),
        "category": row["category"],
        "seen": seen,
        "cluster": row["cluster_id"],
        "cause": cut(cause, CAUSE_WIDTH),
    }
