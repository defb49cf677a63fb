"""Runs of tests: one test in one build, whatever said how it ended."""

from __future__ import annotations

import polars as pl

from banana_assets.core.builds.results import TestResult
from banana_assets.core.evidence import stable_id
from banana_assets.core.metrics.runs import ended

TEST = ["pipeline", "suite", "classname", "name"]
"""What names a test: the same name in another pipeline may be another test."""

BAD = ("failed", "error")

MASS_SHARE = 0.2
MASS_TESTS = 5
"""A build in which so many tests fail, and so large a share of those that ran, says nothing about a single one."""

MASS_NAMED = 20
"""The same for a build of which only a log names failing tests, so that nobody knows how many ran."""


def identified(tests: pl.DataFrame) -> pl.DataFrame:
    """The frame (with the columns TEST) with ``test_id`` and ``title``."""
    names = tests.select(TEST).unique(maintain_order=True)
    ids = [stable_id(*row) for row in names.iter_rows()]
    titles = [
        TestResult(suite=suite, classname=classname, name=name, status="passed").title
        for _, suite, classname, name in names.iter_rows()
    ]
    named = names.with_columns(pl.Series("test_id", ids, pl.String), pl.Series("title", titles, pl.String))
    return tests.join(named, on=TEST, how="left", maintain_order="left")


def reported(test_results: pl.DataFrame, builds: pl.DataFrame, names: pl.DataFrame | None = None) -> pl.DataFrame:
    """Each test result (TEST_RESULTS) of a build that ended, with ``test_id, title, pipeline, job, branch, commit_sha,
    at``, ``bad`` (failed to the end) and ``mass`` (as most of that build did), in order of time.

    ``names`` (``suite, classname, name``) chooses tests; which builds are ``mass`` is told by all.
    """
    runs = ended(builds).select("build_id", "pipeline", "job", "branch", "commit_sha", "at")
    bad = pl.col("status").is_in(BAD)
    counts = test_results.group_by("build_id").agg(failed=bad.sum(), ran=(pl.col("status") != "skipped").sum())
    mass = counts.filter(pl.col("failed") >= MASS_TESTS, pl.col("failed") >= MASS_SHARE * pl.col("ran"))
    chosen = test_results if names is None else test_results.join(names, on=TEST[1:], how="semi")
    whole = chosen.join(runs, on="build_id", how="inner").with_columns(
        bad=bad, mass=pl.col("build_id").is_in(mass["build_id"].to_list())
    )
    return identified(whole.sort("at", "build_id", *TEST))


def told_by_logs(test_results: pl.DataFrame, builds: pl.DataFrame, failures: pl.DataFrame) -> pl.DataFrame:
    """Runs of tests that only the logs of failed builds name (BUILD_FAILURES), in the columns of ``reported``.

    Of jobs that never came with a test report. A failed build that names a test failed in it; one that does not name
    it says nothing of it. A green build passed every test that failed on its commit, or had failed before it.
    """
    runs = ended(builds).select("build_id", "pipeline", "job", "branch", "commit_sha", "at", "red")
    reports = runs.join(test_results.select("build_id"), on="build_id", how="semi")
    runs = runs.join(reports, on=["pipeline", "job"], how="anti")
    named = (
        failures.select("build_id", name="failing_tests", message="cause_text")
        .filter(pl.col("name").list.len() > 0)
        .with_columns(mass=pl.col("name").list.len() >= MASS_NAMED)
        .explode("name")
        .unique(["build_id", "name"], maintain_order=True)
        .join(runs.filter("red"), on="build_id", how="inner")
        .with_columns(status=pl.lit("failed"), bad=pl.lit(value=True))
    )
    green = runs.filter(~pl.col("red"))
    # Only what failed beside a green build of its commit can be flaky, so only its passes are worth their rows.
    tests = named.join(green, on=["pipeline", "job", "commit_sha"], how="semi").select("pipeline", "job", "name")
    known = (
        named.join(tests.unique(), on=["pipeline", "job", "name"], how="semi")
        .group_by("pipeline", "job", "name")
        .agg(begins=pl.col("at").min(), commits=pl.col("commit_sha").drop_nulls().unique())
    )
    passed = (
        known.join(green, on=["pipeline", "job"], how="inner")
        .filter(
            (pl.col("at") > pl.col("begins")) | pl.col("commit_sha").is_in(pl.col("commits")).fill_null(value=False)
        )
        .with_columns(
            status=pl.lit("passed"),
            bad=pl.lit(value=False),
            mass=pl.lit(value=False),
            message=pl.lit(None, dtype=pl.String),
        )
    )
    columns = ["build_id", "pipeline", "job", "branch", "commit_sha", "at", "name", "status", "bad", "mass", "message"]
    both = pl.concat([named.select(columns), passed.select(columns)]).with_columns(
        suite=pl.lit(""), classname=pl.lit(""), file=pl.lit(None, dtype=pl.String)
    )
    return identified(both.sort("at", "build_id", "name"))
