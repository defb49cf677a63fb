"""Builds as a sequence: which ones ended, when, and how long a branch stayed red."""

from __future__ import annotations

import polars as pl

ENDED = ("success", "failed", "error")
"""Statuses that say something about the code; cancelled, queued and running builds do not."""


def ended(builds: pl.DataFrame) -> pl.DataFrame:
    """The builds (BUILDS) that succeeded or failed, in order of time, with ``at`` and ``red``.

    ``at`` is when a build ended or, where that is unknown, began, or arrived. ``branch`` is empty where unknown.
    """
    return (
        builds.filter(pl.col("status").is_in(ENDED))
        .with_columns(
            at=pl.coalesce("finished_at", "started_at", "queued_at", "arrived_at"),
            red=pl.col("status") != "success",
            branch=pl.col("branch").fill_null(""),
        )
        .sort("at", "build_id")
    )


def red_periods(runs: pl.DataFrame) -> pl.DataFrame:
    """The times a line of builds was red: from its first failure to the next success.

    ``runs`` as ``ended`` gives them. A line is one job of a pipeline on a branch. Rows: pipeline, job, branch,
    ``red_at``, ``green_at`` (null while still red), ``failures`` in it.
    """
    line = ["pipeline", "job", "branch"]
    spells = runs.with_columns(spell=pl.col("red").rle_id().over(line))
    grouped = (
        spells.group_by([*line, "spell"], maintain_order=True)
        .agg(pl.col("red").first(), begins=pl.col("at").min(), failures=pl.len().cast(pl.Int64))
        .sort([*line, "spell"])
        .with_columns(green_at=pl.col("begins").shift(-1).over(line))
    )
    return grouped.filter("red").select(*line, pl.col("begins").alias("red_at"), "green_at", "failures")
