"""What is known of each test over all its builds: rates, durations, since when it fails."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from banana_assets.core.builds.greens import greens
from banana_assets.core.builds.testruns import TEST, reported
from banana_assets.core.metrics.rates import wilson
from banana_assets.core.metrics.runs import ended
from banana_assets.core.metrics.slowdown import halves, mann_whitney_greater
from banana_assets.core.tables.failures import TEST_HISTORY

SLOWER = 1.1
LEAST_SECONDS = 0.01
"""A shift of less is nothing to anybody."""
RESOLUTION = 0.001
"""Test reports write durations in milliseconds, and many tests take none."""
CHANCE = 0.01


def test_history(test_results: pl.DataFrame, builds: pl.DataFrame) -> pl.DataFrame:
    """TEST_HISTORY out of TEST_RESULTS and BUILDS, a row a test. A retry that passed counts as passed."""
    runs = reported(test_results, builds)
    if not runs.height:
        return TEST_HISTORY.empty()
    ran, passed = pl.col("status") != "skipped", pl.col("status").is_in(["passed", "flaky"])
    timed = pl.col("duration_seconds").filter(passed & pl.col("duration_seconds").is_not_null())
    whole = runs.group_by("test_id", maintain_order=True).agg(
        *(pl.col(name).first() for name in [*TEST, "title"]),
        pl.col("file").drop_nulls().last(),
        jobs=pl.col("job").unique().sort(),
        runs=ran.sum().cast(pl.Int64),
        failures=pl.col("bad").sum().cast(pl.Int64),
        skipped=(~ran).sum().cast(pl.Int64),
        median_seconds=timed.median(),
        p95_seconds=timed.quantile(0.95, "linear"),
        total_seconds=pl.when(pl.col("duration_seconds").count() > 0).then(pl.col("duration_seconds").sum()),
        durations=timed,
        first_seen=pl.col("at").first(),
        last_seen=pl.col("at").last(),
        last_status=pl.col("status").last(),
        last_passed_at=pl.col("at").filter(passed).last(),
        last_passed_build=pl.col("build_id").filter(passed).last(),
    )
    bounds = [wilson(k, n) for k, n in whole.select("failures", "runs").iter_rows()]
    trends = [trend(np.asarray(seconds, dtype=np.float64)) for seconds in whole["durations"]]
    rated = whole.drop("durations").with_columns(
        pl.Series("failure_rate_low", [low for low, _ in bounds], pl.Float64),
        pl.Series("failure_rate_high", [high for _, high in bounds], pl.Float64),
        pl.Series("duration_ratio", [ratio for ratio, _ in trends], pl.Float64),
        pl.Series("slower", [slower for _, slower in trends], pl.Boolean),
        failure_rate=pl.when(pl.col("runs") > 0).then(pl.col("failures") / pl.col("runs")),
    )
    joined = rated.join(failing_now(runs, ended(builds)), on="test_id", how="left").with_columns(
        pl.col("failing_builds").fill_null(0)
    )
    return TEST_HISTORY.conform(joined).sort("test_id")


def failing_now(runs: pl.DataFrame, ended_builds: pl.DataFrame) -> pl.DataFrame:
    """The tests that failed when they ran last, and whose job and branch has not been green since.

    ``test_id, failing_since, failing_since_build, failing_since_commit, failing_builds``, along that job and branch.
    ``runs`` as ``reported`` gives them, ``ended_builds`` as ``runs.ended`` does.
    """
    ran = runs.filter(pl.col("status") != "skipped").sort("at", "build_id")
    last = ran.group_by("test_id", maintain_order=True).agg(
        pl.col("pipeline", "job", "branch", "bad", "at", "build_id").last()
    )
    red = greens(last.filter("bad"), ended_builds).filter(pl.col("next_id").is_null())
    along = ran.join(red, on=["test_id", "job", "branch"], how="semi")
    # Failures with no pass after them, on this line, are the streak to the latest build.
    streak = along.filter(~(~pl.col("bad")).cum_sum(reverse=True).over("test_id").cast(pl.Boolean))
    return streak.group_by("test_id", maintain_order=True).agg(
        failing_since=pl.col("at").first(),
        failing_since_build=pl.col("build_id").first(),
        failing_since_commit=pl.col("commit_sha").first(),
        failing_builds=pl.len().cast(pl.Int64),
    )


def trend(seconds: NDArray[np.float64]) -> tuple[float | None, bool]:
    """How the latest third of durations (s, in order of time) compares with those before, and whether it is longer.

    The ratio of medians (of a millisecond at least), None with fewer than fifteen; longer where it is above 1.1, the
    difference 10 ms or more, and no chance by the one-sided test of H. B. Mann and D. R. Whitney (1947), p < .01.
    """
    parts = halves(seconds)
    if parts is None:
        return None, False
    now, before = parts
    middle, usual = float(np.median(now)), float(np.median(before))
    ratio = max(middle, RESOLUTION) / max(usual, RESOLUTION)
    if ratio <= SLOWER or middle - usual < LEAST_SECONDS:
        return ratio, False
    return ratio, mann_whitney_greater(now, before) < CHANCE
