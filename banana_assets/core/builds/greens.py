"""The green builds around a failed one: the last before it, and the first after it.

Builds are compared along a line: one job of a pipeline on one branch.
"""

from __future__ import annotations

from typing import Any

import polars as pl

JOB = ["pipeline", "job"]
LINE = [*JOB, "branch"]


def greens(failed: pl.DataFrame, runs: pl.DataFrame) -> pl.DataFrame:
    """The failed builds (``build_id``, LINE and ``at``) with the green ones of ``runs`` (as ``runs.ended`` gives them).

    ``green_id, green_commit, green_at``: the last green build before it on its line, else the job's last on any branch;
    ``next_id, next_at``: the first green build after it on its line; ``before``: how many green ones its line had
    before it. Null where there is none. In order of ``at``, then ``build_id``.
    """
    green = runs.filter(~pl.col("red")).select(*LINE, "at", id="build_id", commit="commit_sha", when="at").sort("at")
    green = green.with_columns(before=pl.col("id").cum_count().over(LINE).cast(pl.Int64))
    mine = failed.sort("at", "build_id")
    own = _asof(mine, green, LINE, "backward").select("id", "commit", "when", "before")
    any_branch = _asof(mine, green.drop("before", "branch"), JOB, "backward").select("id", "commit", "when")
    after = _asof(mine, green, LINE, "forward").select("id", "when")
    here = own["id"].is_not_null()
    return mine.with_columns(
        green_id=pl.select(pl.when(here).then(own["id"]).otherwise(any_branch["id"])).to_series(),
        green_commit=pl.select(pl.when(here).then(own["commit"]).otherwise(any_branch["commit"])).to_series(),
        green_at=pl.select(pl.when(here).then(own["when"]).otherwise(any_branch["when"])).to_series(),
        next_id=after["id"],
        next_at=after["when"],
        before=own["before"].fill_null(0),
    )


def _asof(left: pl.DataFrame, right: pl.DataFrame, by: list[str], strategy: Any) -> pl.DataFrame:
    return left.select(*by, "at").join_asof(
        right, on="at", by=by, strategy=strategy, allow_exact_matches=False, check_sortedness=False
    )


def last_green(builds: pl.DataFrame, build: dict[str, Any], *, log: bool = False) -> dict[str, Any] | None:
    """The last green build (a row of BUILDS) of the same job before this one, of its branch where there is one, else
    of any; with ``log`` only one that has a log."""
    when = build["finished_at"] or build["arrived_at"]
    ended = pl.coalesce("finished_at", "arrived_at")
    rows = builds.filter(
        pl.col("status") == "success",
        pl.lit(not log) | pl.col("log_sha256").is_not_null(),
        pl.col("pipeline") == build["pipeline"],
        pl.col("job") == build["job"],
        ended < when,
    ).sort(pl.col("branch").eq_missing(pl.lit(build["branch"], dtype=pl.String)), ended, "build_id")
    return rows.row(-1, named=True) if rows.height else None
