"""Tests that pass and fail on the same commit.

The definition is that of Q. Luo, F. Hariri, L. Eloussi and D. Marinov, "An empirical analysis of flaky tests" (FSE
2014); the flip rate that of E. Kowalczyk, K. Nair, Z. Gao, L. Silberstein, T. Long and A. Memon, "Modeling and ranking
flaky tests at Apple" (ICSE-SEIP 2020).
"""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import polars as pl

from banana_assets.core.builds.categories import from_words
from banana_assets.core.builds.quarantine import quarantined
from banana_assets.core.builds.testruns import BAD, TEST, identified, reported, told_by_logs
from banana_assets.core.metrics.rates import wilson
from banana_assets.core.tables.failures import FLAKY_TESTS
from banana_assets.core.vocabulary import FLAKY_KINDS

SHOWN_FLAKES = 50
SURE = 0.95
KIND_SHARE = 2 / 3
BROKEN_COMMITS = 2


def flaky_tests(
    test_results: pl.DataFrame, builds: pl.DataFrame, failures: pl.DataFrame, quarantines: pl.DataFrame, today: date
) -> pl.DataFrame:
    """FLAKY_TESTS out of TEST_RESULTS, BUILDS and BUILD_FAILURES: tests with a flake, and those in QUARANTINES.

    A **flake** is a build in which a test passed only when tried again (JUnit's retries, several results of one test),
    or failed while another build of the same job passed it on the same commit. Builds in which most tests fail count
    for none (``testruns.MASS_SHARE``), so a test that fails with all others is not flaky, and neither is one that
    always fails. A flaky test is **broken** now when it failed in every run of the last two commits of a job, on the
    branch on which it ran last, and **quiet** when it has since passed so often in a row that luck explains it with
    less than 5 % (``by_luck``). ``today`` decides which quarantines are over.
    """
    told = [
        part.with_columns(source=pl.lit(source))
        for part, source in (
            (reported(test_results, builds, _suspects(test_results, builds, quarantines)), "report"),
            (told_by_logs(test_results, builds, failures), "log"),
        )
    ]
    columns = [
        "test_id", *TEST, "title", "file", "job", "branch", "commit_sha", "build_id", "at", "status", "bad", "mass",
        "message", "source",
    ]  # fmt: skip
    runs = pl.concat([part.select(columns) for part in told]).sort("at", "build_id", "test_id")
    counted = runs.filter(~pl.col("mass"), pl.col("status") != "skipped")
    flakes = _flakes(counted)
    wanted = pl.concat([flakes.select("test_id"), quarantines.select("test_id")]).unique()
    mine = counted.join(wanted, on="test_id", how="semi")
    if not mine.height:
        return FLAKY_TESTS.empty()
    whole = (
        _counts(mine)
        .join(_of_flakes(flakes), on="test_id", how="left")
        .join(_after(mine, flakes), on="test_id", how="left")
        .join(_flips(mine), on="test_id", how="left")
        .join(_broken(mine), on="test_id", how="left")
        .with_columns(pl.col("flakes", "retried", "mixed_commits", "clean_runs").fill_null(0))
    )
    rows = [_judged(row) for row in whole.iter_rows(named=True)]
    frame = pl.DataFrame(rows, schema={c: t for c, t in FLAKY_TESTS.dtypes.items() if not c.startswith("quarantine")})
    return FLAKY_TESTS.conform(quarantined(frame, quarantines, today)).sort("test_id")


def _suspects(test_results: pl.DataFrame, builds: pl.DataFrame, quarantines: pl.DataFrame) -> pl.DataFrame:
    """The names of tests that ever failed, or are or were in quarantine: few of all, and no other is of interest."""
    failed = test_results.filter(pl.col("status").is_in([*BAD, "flaky"])).select(TEST[1:])
    if not quarantines.height:
        return failed.unique()
    pipelines = test_results.join(builds.select("build_id", "pipeline"), on="build_id")
    known = identified(pipelines.select(TEST).unique())
    held = known.join(quarantines, on="test_id", how="semi").select(TEST[1:])
    return pl.concat([failed, held]).unique()


def _flakes(counted: pl.DataFrame) -> pl.DataFrame:
    """The runs that failed by chance, with ``how`` and ``other_build_id``, a build that passed on the same commit."""
    beside = ["test_id", "job", "commit_sha"]
    passed = (
        counted.filter(~pl.col("bad"), pl.col("commit_sha").is_not_null())
        .group_by(beside, maintain_order=True)
        .agg(other_build_id=pl.col("build_id").last())
    )
    failed = counted.filter("bad").join(passed, on=beside, how="inner").with_columns(how=pl.lit("failed"))
    retried = counted.filter(pl.col("status") == "flaky").with_columns(
        how=pl.lit("retried"), other_build_id=pl.lit(None, dtype=pl.String)
    )
    columns = [*counted.columns, "how", "other_build_id"]
    return pl.concat([failed.select(columns), retried.select(columns)]).sort("at", "build_id", "test_id")


def _counts(mine: pl.DataFrame) -> pl.DataFrame:
    return mine.group_by("test_id", maintain_order=True).agg(
        *(pl.col(name).first() for name in [*TEST, "title", "source"]),
        pl.col("file").drop_nulls().last(),
        jobs=pl.col("job").unique().sort(),
        runs=pl.len().cast(pl.Int64),
        failures=pl.col("bad").sum().cast(pl.Int64),
        last_seen=pl.col("at").last(),
    )


def _of_flakes(flakes: pl.DataFrame) -> pl.DataFrame:
    failed = pl.col("how") == "failed"
    return flakes.group_by("test_id", maintain_order=True).agg(
        flakes=pl.col("build_id").n_unique().cast(pl.Int64),
        retried=(~failed).sum().cast(pl.Int64),
        mixed_commits=pl.struct("job", "commit_sha").filter(failed).n_unique().cast(pl.Int64),
        first_flake=pl.col("at").first(),
        last_flake=pl.col("at").last(),
        message=pl.col("message").drop_nulls().last(),
        messages=pl.col("message").drop_nulls(),
        evidence=pl.struct("build_id", "commit_sha", "at", "how", "other_build_id").tail(SHOWN_FLAKES).reverse(),
    )


def _after(mine: pl.DataFrame, flakes: pl.DataFrame) -> pl.DataFrame:
    """``clean_runs``: passes after the last flake with no failure among them; ``runs_then``: runs up to that flake."""
    last = flakes.group_by("test_id").agg(last=pl.col("at").last())
    later = mine.join(last, on="test_id").with_columns(after=pl.col("at") > pl.col("last"))
    clean = ~pl.col("bad").cum_sum(reverse=True).over("test_id").cast(pl.Boolean)
    return (
        later.with_columns(clean=clean & pl.col("after"))
        .group_by("test_id", maintain_order=True)
        .agg(clean_runs=pl.col("clean").sum().cast(pl.Int64), runs_then=(~pl.col("after")).sum().cast(pl.Int64))
    )


def _flips(mine: pl.DataFrame) -> pl.DataFrame:
    line = ["test_id", "job", "branch"]
    turned = mine.with_columns(flip=(pl.col("bad") != pl.col("bad").shift(1)).over(line))
    return turned.group_by("test_id", maintain_order=True).agg(flip_rate=pl.col("flip").mean())


def _broken(mine: pl.DataFrame) -> pl.DataFrame:
    """``test_id, broken``: whether it failed in every run of the last two commits of some job, on its latest branch."""
    line = ["test_id", "job", "branch"]
    latest = mine.group_by("test_id", maintain_order=True).agg(pl.col("branch").last())
    mine = mine.join(latest, on=["test_id", "branch"], how="semi")
    # A build of an unknown commit stands for one of its own.
    commits = (
        mine.with_columns(commit=pl.coalesce("commit_sha", "build_id"))
        .group_by(*line, "commit", maintain_order=True)
        .agg(failed=pl.col("bad").all(), at=pl.col("at").last())
        .sort("at", maintain_order=True)
    )
    last = commits.group_by(line, maintain_order=True).agg(
        broken=(pl.col("failed").tail(BROKEN_COMMITS).all()) & (pl.len() >= BROKEN_COMMITS)
    )
    return last.group_by("test_id", maintain_order=True).agg(pl.col("broken").any())


def _judged(row: dict[str, Any]) -> dict[str, Any]:
    low, high = wilson(row["flakes"], row["runs"])
    kind = _kind(row["messages"] or [])
    out = {name: row.get(name) for name in FLAKY_TESTS.dtypes if not name.startswith("quarantine")}
    return out | {
        "state": _state(row),
        "flake_rate": row["flakes"] / row["runs"],
        "flake_rate_low": low,
        "flake_rate_high": high,
        "kind": kind,
        "evidence": row["evidence"] or [],
    }


def _state(row: dict[str, Any]) -> str:
    if row["broken"]:
        return "broken"
    if not row["flakes"]:
        return "quiet"
    return "quiet" if by_luck(row["flakes"], row["runs_then"], row["clean_runs"]) <= 1 - SURE else "flaky"


def by_luck(flakes: int, runs: int, clean: int) -> float:
    """The chance that a test with so many flakes in so many runs passes that many more in a row.

    The posterior predictive probability of the Beta-binomial model with a uniform prior (Gelman et al., Bayesian Data
    Analysis, section 2.1): few runs tell little of a rate, so they ask for more passes.
    """

    def log_beta(a: int, b: int) -> float:
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)

    passed = max(runs - flakes, 0)
    return math.exp(log_beta(flakes + 1, passed + 1 + clean) - log_beta(flakes + 1, passed + 1))


def _kind(messages: list[str]) -> str | None:
    """What at least two thirds of the messages speak of, where that is a class of its own."""
    kinds = [from_words(message) for message in messages]
    return next((kind for kind in FLAKY_KINDS if kinds and kinds.count(kind) >= KIND_SHARE * len(kinds)), None)
