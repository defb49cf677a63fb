"""Which of the builds are meant: by how they stand, where and when they ran, and why they failed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from banana_assets.core.errors import InputError
from banana_assets.core.ids import found
from banana_assets.core.text import shortlist


def chosen(
    known: pl.DataFrame,
    *,
    statuses: Sequence[str] = (),
    job: str | None = None,
    branch: str | None = None,
    commit: str | None = None,
    category: str | None = None,
    cluster_id: str | None = None,
    since: datetime | None = None,
) -> pl.DataFrame:
    """The builds (``listing.listed``) for which each of these holds that is told.

    ``job`` is a job, a pipeline, or pipeline/job; ``commit`` may be its beginning. Raises InputError for a job, a
    branch or a commit that no build has, naming those that there are of the first two.
    """
    frame = known
    if statuses:
        frame = frame.filter(pl.col("status").is_in(list(statuses)))
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
        named = pl.col("commit_sha").str.starts_with(commit)
        if known.height and not known.select(named.any()).item():
            raise InputError(f"No build is of the commit {commit}.", "Give more or less of its beginning, or none.")
        frame = frame.filter(named)
    if category is not None:
        frame = frame.filter(pl.col("category") == category)
    if cluster_id is not None:
        frame = frame.filter(pl.col("cluster_id") == cluster_id)
    return frame if since is None else frame.filter(pl.col("at") >= since)


def cluster_named(told: str, clusters: pl.DataFrame) -> str:
    """The id of the cluster (FAILURE_CLUSTERS) of that id, of one that begins so, or the one that it became.

    Raises InputError when there is none or several.
    """
    for row in clusters.select("cluster_id", "formerly").iter_rows(named=True):
        if told in [former["cluster_id"] for former in row["formerly"] if former["kind"] == "merged"]:
            return str(row["cluster_id"])
    return found(told, clusters["cluster_id"].to_list(), "cluster", "`banana builds --status failed` shows them.")
