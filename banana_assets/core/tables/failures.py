"""What fails again and what fails by chance: clusters of failures, the history of tests, flaky tests."""

from __future__ import annotations

import polars as pl

from banana_assets.core.schema import Column, Table
from banana_assets.core.tables.common import CITATION, UTC
from banana_assets.core.vocabulary import (
    CLUSTER_STATES,
    FAILURE_CATEGORIES,
    FLAKY_KINDS,
    FLAKY_STATES,
    QUARANTINE_STATES,
    TEST_STATUSES,
)

MEMBER = pl.Struct({"fingerprint": pl.String, "first_seen": UTC, "similarity": pl.Float64})

FORMER_CLUSTER = pl.Struct({"cluster_id": pl.String, "title": pl.String, "kind": pl.String, "changed_on": pl.Date})

FAILURE_CLUSTERS = Table(
    "failure_clusters",
    "Failures that are the same one over builds, jobs and branches: how often, since when, whether new or gone.",
    (
        Column("cluster_id", pl.String, "fingerprint of its first failure; kept when failures are added"),
        Column("title", pl.String, "what the first of its failures says, in one line"),
        Column("category", pl.String, "class of the failure", allowed=FAILURE_CATEGORIES),
        Column("tool", pl.String, "the tool that reported it", nullable=True),
        Column("failures", pl.Int64, "failed builds", minimum=1),
        Column("builds", pl.List(pl.String), "these builds, the oldest first (builds.build_id)"),
        Column("jobs", pl.List(pl.String), "where it fails: pipeline/job"),
        Column("branches", pl.List(pl.String), "branches on which it fails"),
        Column("commits", pl.Int64, "commits on which it failed", minimum=0),
        Column("failing_tests", pl.List(pl.String), "at most 20 tests that fail in it, the most frequent first"),
        Column("cause", pl.List(CITATION), "lines of the first failure's log that explain it"),
        Column("first_seen", UTC, "when the first of its builds ended"),
        Column("last_seen", UTC, "when the latest of its builds ended"),
        Column("first_build", pl.String, "the first build that failed so"),
        Column("first_commit", pl.String, "its commit", nullable=True),
        Column("last_build", pl.String, "the latest build that failed so"),
        Column(
            "last_green_build",
            pl.String,
            "last green build before the first failure: of its job and branch, else of its job",
            nullable=True,
        ),
        Column("last_green_commit", pl.String, "its commit", nullable=True),
        Column("last_green_at", UTC, "when it ended", nullable=True),
        Column(
            "state",
            pl.String,
            "resolved when each job was green, on each branch, after it last failed so there; else open",
            allowed=CLUSTER_STATES,
        ),
        Column("resolved_at", UTC, "when the last of these green builds ended", nullable=True),
        Column("resolved_by", pl.String, "that green build", nullable=True),
        Column("recurrences", pl.Int64, "times it came back on a job and branch that was green in between", minimum=0),
        Column(
            "is_new",
            pl.Boolean,
            "open, first seen in the 7 days before the latest build, never green in between, and green before it",
        ),
        Column("fingerprints", pl.List(MEMBER), "fingerprints joined in it and how near each is to the first"),
        Column("formerly", pl.List(FORMER_CLUSTER), "clusters that were merged into it or that it was split from"),
        Column("rules_version", pl.String, "version of the rules of diagnosis and of clustering"),
    ),
    key=("cluster_id",),
    sources={
        "cluster_id": ("build_failures.fingerprint",),
        "title": ("build_failures.reason",),
        "category": ("build_failures.category",),
        "failures": ("build_failures.build_id",),
        "builds": ("build_failures.build_id",),
        "jobs": ("builds.pipeline", "builds.job"),
        "branches": ("builds.branch",),
        "commits": ("builds.commit_sha",),
        "failing_tests": ("build_failures.failing_tests",),
        "cause": ("build_failures.cause", "build_failures.cause_text"),
        "first_seen": ("builds.finished_at",),
        "last_seen": ("builds.finished_at",),
        "last_green_build": ("builds.status", "builds.job", "builds.branch"),
        "state": ("builds.status",),
        "fingerprints": ("build_failures.fingerprint", "build_failures.cause_text"),
    },
)

_TEST = (
    Column("test_id", pl.String, "hash of pipeline, suite, class and name"),
    Column("pipeline", pl.String, "pipeline that runs it"),
    Column("suite", pl.String, "suite or file that holds the test, empty where unnamed"),
    Column("classname", pl.String, "class or module, empty where unnamed"),
    Column("name", pl.String, "test name with its parameters"),
    Column("title", pl.String, "the test as people write it"),
    Column("file", pl.String, "source file of the test", nullable=True),
    Column("jobs", pl.List(pl.String), "jobs that run it"),
)
_TEST_SOURCES = {
    "test_id": ("builds.pipeline", "test_results.suite", "test_results.classname", "test_results.name"),
    "title": ("test_results.suite", "test_results.classname", "test_results.name"),
    "jobs": ("builds.job",),
}

TEST_HISTORY = Table(
    "test_history",
    "Each test over its builds: how often it fails, how long it takes and whether that grows, since when it fails.",
    (
        *_TEST,
        Column("runs", pl.Int64, "builds in which it ran", minimum=0),
        Column("failures", pl.Int64, "builds in which it failed to the end", minimum=0),
        Column("skipped", pl.Int64, "builds in which it was skipped", minimum=0),
        Column("failure_rate", pl.Float64, "failures of runs; null without a run", "1", True, (), 0, 1),
        Column("failure_rate_low", pl.Float64, "lower end of its 95 % Wilson interval", "1", minimum=0, maximum=1),
        Column("failure_rate_high", pl.Float64, "upper end", "1", minimum=0, maximum=1),
        Column("median_seconds", pl.Float64, "median duration of runs that passed", "s", nullable=True, minimum=0),
        Column("p95_seconds", pl.Float64, "95th percentile of these", "s", nullable=True, minimum=0),
        Column("total_seconds", pl.Float64, "time of all its runs", "s", nullable=True, minimum=0),
        Column(
            "duration_ratio",
            pl.Float64,
            "median of the latest third of the runs that passed (5 to 20) over that of those before (10 to 100); null "
            "with fewer",
            nullable=True,
            minimum=0,
        ),
        Column(
            "slower",
            pl.Boolean,
            "that ratio is above 1.1, by 10 ms or more, and no chance: Mann-Whitney, one-sided, p < .01",
        ),
        Column("first_seen", UTC, "when the first build with it ended"),
        Column("last_seen", UTC, "when the latest build with it ended"),
        Column("last_status", pl.String, "how it ended there", allowed=TEST_STATUSES),
        Column("last_passed_at", UTC, "when it last passed", nullable=True),
        Column("last_passed_build", pl.String, "in which build", nullable=True),
        Column(
            "failing_since", UTC, "for a test that fails now: when that began, on its job and branch", nullable=True
        ),
        Column("failing_since_build", pl.String, "the first build of that time", nullable=True),
        Column("failing_since_commit", pl.String, "its commit", nullable=True),
        Column("failing_builds", pl.Int64, "builds in a row in which it failed, to the latest", minimum=0),
    ),
    key=("test_id",),
    sources={
        **_TEST_SOURCES,
        "runs": ("test_results.status",),
        "failures": ("test_results.status",),
        "median_seconds": ("test_results.duration_seconds",),
        "duration_ratio": ("test_results.duration_seconds",),
        "last_status": ("test_results.status",),
        "failing_since": ("test_results.status", "builds.finished_at"),
    },
)

FLAKE = pl.Struct(
    {"build_id": pl.String, "commit_sha": pl.String, "at": UTC, "how": pl.String, "other_build_id": pl.String}
)

FLAKY_TESTS = Table(
    "flaky_tests",
    "Tests that pass and fail on the same commit, how often, and which ones people have put in quarantine.",
    (
        *_TEST,
        Column("state", pl.String, "flaky, quiet since, or broken: it only fails now", allowed=FLAKY_STATES),
        Column("runs", pl.Int64, "builds in which it ran, without those in which most tests failed", minimum=0),
        Column("failures", pl.Int64, "of these, builds in which it failed to the end", minimum=0),
        Column("flakes", pl.Int64, "of these, builds in which it failed by chance", minimum=0),
        Column("retried", pl.Int64, "of these, builds in which it passed when tried again", minimum=0),
        Column("mixed_commits", pl.Int64, "commits on which one job saw it pass and fail", minimum=0),
        Column("flake_rate", pl.Float64, "flakes of runs", "1", minimum=0, maximum=1),
        Column("flake_rate_low", pl.Float64, "lower end of its 95 % Wilson interval", "1", minimum=0, maximum=1),
        Column("flake_rate_high", pl.Float64, "upper end", "1", minimum=0, maximum=1),
        Column(
            "flip_rate",
            pl.Float64,
            "share of runs that ended otherwise than the run before, on one job and branch; null for a single run",
            "1",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column("first_flake", UTC, "when it first failed by chance", nullable=True),
        Column("last_flake", UTC, "when it last did", nullable=True),
        Column("clean_runs", pl.Int64, "runs without a failure since then", minimum=0),
        Column("evidence", pl.List(FLAKE), "the latest 50 flakes: retried, or failed beside a build that passed"),
        Column("kind", pl.String, "what most of its messages speak of", nullable=True, allowed=FLAKY_KINDS),
        Column("message", pl.String, "what it said at its last flake", nullable=True),
        Column("source", pl.String, "a test report, or the log alone", allowed=("report", "log")),
        Column("last_seen", UTC, "when the latest build with it ended"),
        Column("quarantine", pl.String, "whether people took it out of judgement", allowed=QUARANTINE_STATES),
        Column("quarantined_until", pl.Date, "the day on which that ends", nullable=True),
        Column("quarantine_reason", pl.String, "why", nullable=True),
    ),
    key=("test_id",),
    sources={
        **_TEST_SOURCES,
        "runs": ("test_results.status", "builds.status"),
        "flakes": ("test_results.status", "test_results.attempts", "builds.commit_sha", "build_failures.failing_tests"),
        "flake_rate": ("test_results.status",),
        "kind": ("test_results.message", "build_failures.category"),
    },
)
