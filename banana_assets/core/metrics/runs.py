"""Builds as a sequence: which ones ended, when, and how long a branch stayed red."""

from __future__ import annotations

import polars as pl

ENDED = ("success", "failed", "error")
"""Statuses that say something about the code; cancelled, queued and running builds do not."""

LINE = ["pipeline", "job", "branch"]
"""What makes a line of builds: a job of a pipeline on a branch."""


def ended(builds: pl.DataFrame) -> pl.DataFrame:
    """The builds (BUILDS) that succeeded or failed, in order of time, with ``at``, ``timed`` and ``red``.

    ``at`` is when a build ended or, where that is unknown, began, was asked for, or arrived; ``timed`` whether it
    carries a time of its own. ``branch`` is empty where unknown.
    """
    return (
        builds.filter(pl.col("status").is_in(ENDED))
        .with_columns(
            at=pl.coalesce("finished_at", "started_at", "queued_at", "arrived_at"),
            timed=pl.any_horizontal(pl.col("finished_at", "started_at", "queued_at").is_not_null()),
            red=pl.col("status") != "success",
            branch=pl.col("branch").fill_null(""),
        )
        .sort("at", "build_id")
    )


def overtaken() -> pl.Expr:
    """Whether a build of ``ended`` began before another one of its line that had already ended: what it says is old."""
    begun = pl.col("started_at")
    return (begun < begun.cum_max().shift(1).over(LINE)).fill_null(value=False)


def red_periods(runs: pl.DataFrame) -> pl.DataFrame:
    """The times a line of builds was red: from its first failure to the next success.

    ``runs`` as ``ended`` gives them. A line is one job of a pipeline on a branch. A build that began before another
    one of its line that had already ended (builds that overlap) neither opens nor closes a period. Rows: pipeline,
    job, branch, ``red_at``, ``green_at`` (null while still red), ``failures`` in it, ``timed`` (whether both ends are
    times of the builds themselves, not of their arrival).
    """
    current = runs.filter(~overtaken())
    spells = current.with_columns(spell=pl.col("red").rle_id().over(LINE))
    grouped = (
        spells.group_by([*LINE, "spell"], maintain_order=True)
        .agg(
            pl.col("red").first(),
            begins=pl.col("at").min(),
            begins_timed=pl.col("timed").first(),
            failures=pl.len().cast(pl.Int64),
        )
        .sort([*LINE, "spell"])
        .with_columns(
            green_at=pl.col("begins").shift(-1).over(LINE),
            timed=pl.col("begins_timed") & pl.col("begins_timed").shift(-1).over(LINE).fill_null(value=True),
        )
    )
    return grouped.filter("red").select(*LINE, pl.col("begins").alias("red_at"), "green_at", "failures", "timed")
