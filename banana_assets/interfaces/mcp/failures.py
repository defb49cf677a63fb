"""Tools about failed builds: which there are, the newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import BaseModel, Field

from banana_assets.core.builds.choosing import chosen
from banana_assets.core.builds.greens import LINE, greens
from banana_assets.core.builds.testruns import BAD
from banana_assets.core.evidence import plural
from banana_assets.core.metrics.runs import ended
from banana_assets.core.tables import FAILURE_CLUSTERS
from banana_assets.core.vocabulary import FAILURE_CATEGORIES
from banana_assets.interfaces.cli.asked import moment
from banana_assets.interfaces.mcp.calls import Call
from banana_assets.interfaces.mcp.naming import cluster_named
from banana_assets.interfaces.mcp.paging import DEFAULT_BYTES, Cursor, MaxBytes, Paged, Part, fill, listed
from banana_assets.interfaces.mcp.records import Missing, before_data
from banana_assets.interfaces.mcp.tools import ToolSpec, tool

INGEST = "banana ingest builds PATH"
Category = Literal[FAILURE_CATEGORIES]  # type: ignore[valid-type]
State = Literal["open", "resolved"]
Since = Annotated[
    str | None,
    Field(max_length=40, description="Since that day or time (UTC), or so long before the latest build: 24h, 7d."),
]


class FailedBuild(BaseModel):
    """A failed build in a line."""

    build_id: str
    pipeline: str
    job: str
    branch: str | None
    commit: str | None
    status: str
    at: datetime = Field(description="When it ended.")
    duration_seconds: float | None
    category: str | None
    confidence: float | None
    title: str | None = Field(description="The cause in a line; null where it is not explained yet.")
    cluster_id: str | None = Field(description="The failure that it is one of; null where it is not compared yet.")
    nth: int | None = Field(description="Which failure of its kind it is, 1 the first.")
    failures: int | None = Field(description="How many of its kind there are.")
    is_new: bool | None = Field(description="Whether that failure is new: open, recent, and green before it.")
    state: State = Field(description="Whether its job was green on its branch since.")
    resolved_by: str | None = Field(description="The first build that was.")


class FailedBuilds(Paged):
    """Failed builds, the newest first."""

    builds: list[FailedBuild]
    total: int = Field(description="How many there are that were asked for.")
    missing: list[Missing] = Field(description="What the data do not hold.")


@tool("List failed builds")
def list_failed_builds(
    call: Call,
    job: Annotated[str | None, Field(max_length=500, description="Job, pipeline, or pipeline/job.")] = None,
    branch: Annotated[str | None, Field(max_length=500, description="Branch.")] = None,
    commit: Annotated[str | None, Field(max_length=64, description="Commit, or how it begins.")] = None,
    category: Annotated[Category | None, Field(description="Class of the failure.")] = None,
    cluster: Annotated[
        str | None, Field(max_length=64, description="Cluster of the same failure, or how its id begins.")
    ] = None,
    status: Annotated[Literal["failed", "error"] | None, Field(description="How it ended; either unless told.")] = None,
    since: Since = None,
    new_only: Annotated[
        bool, Field(description="Only failures that are new, or not compared with others yet.")
    ] = False,
    state: Annotated[State | None, Field(description="Only those not green since, or green again.")] = None,
    limit: Annotated[int, Field(ge=1, le=200, description="Most builds.")] = 20,
    max_bytes: MaxBytes = DEFAULT_BYTES,
    cursor: Cursor = None,
) -> FailedBuilds:
    """List builds that failed, the newest first: the cause in a line, whether it is new and still fails."""
    known = call.sources.builds.read()
    clusters = call.sources.tables.read(FAILURE_CLUSTERS)
    latest: Any = known["at"].max()
    begin = moment(since, latest) if since else None
    rows = chosen(
        known,
        statuses=(status,) if status else BAD,
        job=job,
        branch=branch,
        commit=commit,
        category=category,
        cluster_id=cluster_named(call, cluster) if cluster else None,
        since=begin,
    )
    fresh = clusters.filter("is_new")["cluster_id"].to_list()
    rows = rows.with_columns(is_new=pl.when(pl.col("cluster_id").is_not_null()).then(pl.col("cluster_id").is_in(fresh)))
    if new_only:
        rows = rows.filter(pl.col("is_new").fill_null(value=True))
    rows = _with_state(rows, known)
    if state is not None:
        rows = rows.filter(state=state)
    asked = {"job": job, "branch": branch, "commit": commit, "category": category, "cluster": cluster} | {
        "status": status, "since": since, "new_only": new_only, "state": state
    }  # fmt: skip
    ids = rows["build_id"].to_list()
    made = FailedBuilds(builds=[], total=len(ids), missing=_missing(known, rows, begin))
    builds = Part(made, "builds", ids, lambda n: _line(rows.row(n, named=True)), limit)
    fill(made, [builds, listed(made, "missing")], asked, cursor, max_bytes)
    return made


def _with_state(rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The rows with ``resolved_by`` and ``state``, by the builds that came after each."""
    line = [pl.col(name).fill_null("") for name in LINE]
    again = greens(rows.select("build_id", *line, "at"), ended(known))
    resolved = pl.col("resolved_by").is_not_null()
    return rows.join(
        again.select("build_id", resolved_by="next_id"), on="build_id", how="left", maintain_order="left"
    ).with_columns(state=pl.when(resolved).then(pl.lit("resolved")).otherwise(pl.lit("open")))


def _line(row: dict[str, Any]) -> FailedBuild:
    told = {name: row[name] for name in FailedBuild.model_fields if name in row}
    return FailedBuild.model_validate(
        told | {"commit": row["commit_sha"], "title": row["cause"], "failures": row["of"]}
    )


def _missing(known: pl.DataFrame, rows: pl.DataFrame, begin: datetime | None) -> list[Missing]:
    if known.is_empty():
        return [Missing(what="There are no builds yet.", run=INGEST)]
    found: list[Missing] = []
    earliest: Any = known["at"].min()
    latest: Any = known["at"].max()
    found += before_data(begin, earliest, "builds", INGEST)
    if begin is not None and begin > latest:
        found.append(Missing(what=f"The latest build in the data ended {latest:%Y-%m-%d %H:%M} UTC.", run=INGEST))
    waiting = rows.filter(pl.col("cluster_id").is_null() & pl.col("log_sha256").is_not_null()).height
    if waiting:
        told = (
            f"{plural(waiting, 'build')} came after the tables were computed; explain_failure explains them one by one."
        )
        found.append(Missing(what=told, run="banana materialize"))
    return found


TOOLS: tuple[ToolSpec, ...] = (list_failed_builds,)
