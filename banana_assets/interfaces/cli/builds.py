"""``banana builds``: the builds, the newest first, and why those that failed did."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banana_assets.core.errors import InputError
from banana_assets.core.evidence import plural, seconds_text
from banana_assets.core.text import cut
from banana_assets.core.vocabulary import BUILD_STATUSES, FAILURE_CATEGORIES
from banana_assets.interfaces.cli.asked import moment, shortlist
from banana_assets.interfaces.cli.opened import opened
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
    from banana_assets.core.tables import FAILURE_CLUSTERS

    with opened() as (store, tables):
        known = build_list(store, tables)
        clusters = tables.read(FAILURE_CLUSTERS) if cluster else None
    chosen = _chosen(known, status, job, branch, commit, category)
    if clusters is not None and cluster is not None:
        chosen = _where(chosen, cluster_id=_cluster(cluster, clusters))
    if since is not None:
        chosen = _since(chosen, since, known)
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


def _where(frame: pl.DataFrame, **equal: str) -> pl.DataFrame:
    return frame.filter(**equal)


def _chosen(
    known: pl.DataFrame,
    status: list[Any] | None,
    job: str | None,
    branch: str | None,
    commit: str | None,
    category: Any,
) -> pl.DataFrame:
    import polars as pl

    frame = known
    if status:
        frame = frame.filter(pl.col("status").is_in([s.value for s in status]))
    if job is not None:
        whole = pl.concat_str("pipeline", "job", separator="/")
        named = (pl.col("job") == job) | (pl.col("pipeline") == job) | (whole == job)
        if known.height and not known.select(named.any()).item():
            jobs = known.select(whole.unique().sort()).to_series().to_list()
            raise InputError(f"No build is of the job {job}.", f"There are {shortlist(jobs)}.")
        frame = frame.filter(named)
    if branch is not None:
        if known.height and branch not in set(known["branch"]):
            branches = sorted(known["branch"].drop_nulls().unique().to_list())
            raise InputError(f"No build is of the branch {branch}.", f"There are {shortlist(branches)}.")
        frame = frame.filter(pl.col("branch") == branch)
    if commit is not None:
        frame = frame.filter(pl.col("commit_sha").str.starts_with(commit))
    if category is not None:
        frame = frame.filter(pl.col("category") == category.value)
    return frame


def _since(chosen: pl.DataFrame, since: str, known: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return chosen.filter(pl.col("at") >= moment(since, known.select(pl.col("at").max()).item()))


def _cluster(told: str, clusters: pl.DataFrame) -> str:
    """The cluster of that id, of one that begins so, or the one that the one of that id became."""
    from banana_assets.core.builds.listing import found

    for row in clusters.select("cluster_id", "formerly").iter_rows(named=True):
        if told in [former["cluster_id"] for former in row["formerly"] if former["kind"] == "merged"]:
            return str(row["cluster_id"])
    remedy = "`banana builds --status failed` shows them."
    return found(told, clusters["cluster_id"].to_list(), "cluster", remedy)


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
