"""One build looked up: its facts, why it failed, what is known of that failure and of its tests.

Builds and test results come from the records, so that a build shows as soon as it is ingested; diagnoses, clusters and
the history of tests come from the tables, as of the last materialization.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from banana_assets.backends.explaining import build_lines, diagnosed
from banana_assets.backends.reading_store import ReadingStore
from banana_assets.backends.tables import Tables
from banana_assets.core.builds.greens import last_green
from banana_assets.core.builds.listing import listed
from banana_assets.core.builds.quarantine import quarantined
from banana_assets.core.builds.testruns import BAD, TEST, identified
from banana_assets.core.errors import MissingError
from banana_assets.core.ids import found
from banana_assets.core.tables import BUILD_FAILURES, FAILURE_CLUSTERS, FLAKY_TESTS, TEST_RESULTS

if TYPE_CHECKING:
    from banana_assets.core.builds.timing import TimedStep


@dataclass(frozen=True)
class BuildDetail:
    """A build in full.

    ``build`` is its row of BUILDS; ``failure`` that of BUILD_FAILURES, explained now where it is not yet; ``cluster``
    that of FAILURE_CLUSTERS, where it is computed; ``nth`` the place of this failure in its cluster, 1 the first.
    ``green`` is the last green build of its job before it, ``same_commit`` the other builds of that job on its commit
    (rows of BUILDS), the oldest first. ``tests`` counts its results by status, where it came with a report. ``failing``
    has a row a test that failed or was flaky, without a report those that the log names: ``title, status, message,
    earlier`` (builds before in which it failed), ``quarantine`` as of today and, for one known to be flaky, ``flakes``,
    ``runs`` and its state ``flaky``.
    """

    build: dict[str, Any]
    steps: tuple[TimedStep, ...]
    failure: dict[str, Any] | None
    cluster: dict[str, Any] | None
    nth: int | None
    green: dict[str, Any] | None
    same_commit: tuple[dict[str, Any], ...]
    tests: dict[str, int]
    failing: tuple[dict[str, Any], ...]

    @property
    def chance(self) -> str:
        """Why it may have failed by chance; empty where nothing says so."""
        if not self.failure:
            return ""
        passed = next((other["build_id"] for other in self.same_commit if other["status"] == "success"), None)
        if passed:
            return f"{passed} was green on the same commit"
        failed = [test for test in self.failing if test["status"] != "flaky"]
        flaky = all(test["flakes"] and test["flaky"] != "broken" for test in failed)
        return "every test that failed is known to be flaky" if failed and flaky else ""


def build_list(store: ReadingStore, tables: Tables) -> pl.DataFrame:
    """All builds, the newest first, with what is known of their failures (``listing.listed``)."""
    return listed(store.builds(), tables.read(BUILD_FAILURES), tables.read(FAILURE_CLUSTERS))


class BuildList:
    """The list of all builds, put together once for each state of the records and the tables."""

    def __init__(self, store: ReadingStore, tables: Tables) -> None:
        self._store = store
        self._tables = tables
        self._kept: tuple[pl.DataFrame, tuple[int | None, ...], pl.DataFrame] | None = None

    def read(self) -> pl.DataFrame:
        """The list as it is now (``build_list``)."""
        builds, kept = self._store.builds(), self._kept
        versions = tuple(self._tables.version(table) for table in (BUILD_FAILURES, FAILURE_CLUSTERS))
        if kept is None or kept[0] is not builds or kept[1] != versions:
            kept = self._kept = builds, versions, build_list(self._store, self._tables)
        return kept[2]


def find_build(builds: pl.DataFrame, told: str | None) -> dict[str, Any]:
    """The build (a row of BUILDS) of that id, or the only one that begins so or holds it; for None the newest failed.

    Raises InputError when there is none or several, naming the nearest.
    """
    if told is None:
        failed = builds.filter(pl.col("status").is_in(BAD)).sort(pl.coalesce("finished_at", "arrived_at"))
        if failed.is_empty():
            raise MissingError("No failed build is in the data.", "`banana ingest builds PATH` brings some in.")
        return failed.row(-1, named=True)
    ids = builds["build_id"].to_list()
    return builds.row(ids.index(found(told, ids, "build", "`banana builds` lists them.")), named=True)


def build_detail(
    store: ReadingStore,
    tables: Tables,
    told: str | None,
    late: Callable[[dict[str, Any]], dict[str, Any] | None] | None = None,
    *,
    steps: bool = True,
) -> BuildDetail:
    """Everything known of the build of that id (or a part of it), or of the newest failed one for None.

    Raises InputError when there is no such build.

    Without ``steps`` its log is not read for them. ``late`` gives the failure (a row of BUILD_FAILURES) of a build that
    the tables do not know yet, or None while nobody does; without, it is explained now.
    """
    builds = store.builds()
    build = find_build(builds, told)
    mine = pl.col("build_id") == build["build_id"]
    log = pl.lit(build["log_sha256"], dtype=pl.String)
    failures = tables.scan(BUILD_FAILURES).filter(mine, pl.col("log_sha256") == log).collect()
    failed = build["status"] in ("failed", "error")
    failure = failures.row(0, named=True) if failed and failures.height else None
    if failed and failure is None and build["log_sha256"]:
        failure = late(build) if late else explained(store, build, builds)
    clusters = tables.scan(FAILURE_CLUSTERS).filter(pl.col("builds").list.contains(build["build_id"])).collect()
    cluster = clusters.row(0, named=True) if failed and clusters.height else None
    beside = builds.filter(
        ~mine,
        pl.col("pipeline") == build["pipeline"],
        pl.col("job") == build["job"],
        pl.col("commit_sha") == pl.lit(build["commit_sha"], dtype=pl.String),
    ).sort(pl.coalesce("finished_at", "arrived_at"), "build_id")
    results = store.test_results_of([build["build_id"]])
    from banana_assets.core.builds.timing import timed_steps

    timed = timed_steps(build_lines(store, build["build_id"])) if steps and build["log_sha256"] else []
    return BuildDetail(
        build=build,
        steps=tuple(timed),
        failure=failure,
        cluster=cluster,
        nth=cluster["builds"].index(build["build_id"]) + 1 if cluster else None,
        green=last_green(builds, build),
        same_commit=tuple(beside.iter_rows(named=True)),
        tests=dict(results.group_by("status").len().sort("status").iter_rows()),
        failing=tuple(_failing(tables, results, failure, build, builds, store.quarantines()).iter_rows(named=True)),
    )


def explained(store: ReadingStore, build: dict[str, Any], builds: pl.DataFrame) -> dict[str, Any]:
    """Why a build (a row of ``builds``) failed, found out now: a row of BUILD_FAILURES."""
    from banana_assets.core.builds.rows import failure_row

    found, _ = diagnosed(store, build, builds, store.settings.evidence_budget_tokens)
    when = build["finished_at"] or build["arrived_at"]
    return failure_row(found, build_id=build["build_id"], log_sha256=build["log_sha256"], failed_at=when)


def _failing(
    tables: Tables,
    results: pl.DataFrame,
    failure: dict[str, Any] | None,
    build: dict[str, Any],
    builds: pl.DataFrame,
    quarantines: pl.DataFrame,
) -> pl.DataFrame:
    bad = results.filter(pl.col("status").is_in([*BAD, "flaky"]))
    reported = bool(results.height)
    if not reported and failure:
        told = pl.DataFrame({"name": failure["failing_tests"]}, schema={"name": pl.String}).unique(maintain_order=True)
        unknown = pl.lit(None, dtype=pl.String)
        bad = told.with_columns(suite=pl.lit(""), classname=pl.lit(""), status=pl.lit("failed"), message=unknown)
    if bad.is_empty():
        return bad
    mine = identified(bad.with_columns(pipeline=pl.lit(build["pipeline"])))
    ended = pl.coalesce("finished_at", "arrived_at")
    before = builds.filter(
        pl.col("pipeline") == build["pipeline"], ended < (build["finished_at"] or build["arrived_at"])
    )
    named = TEST[1:]
    by_logs = (
        tables.scan(BUILD_FAILURES)
        .select("build_id", name="failing_tests", suite=pl.lit(""), classname=pl.lit(""))
        .explode("name", empty_as_null=False)
    )
    by_reports = tables.scan(TEST_RESULTS).filter(pl.col("status").is_in([*BAD, "flaky"]))
    earlier = (
        (by_reports if reported else by_logs)
        .join(before.lazy().select("build_id"), on="build_id", how="semi")
        .join(mine.lazy().select(named), on=named, how="semi")
        .group_by(named)
        .agg(earlier=pl.col("build_id").n_unique().cast(pl.Int64))
        .collect()
    )
    flaky = tables.scan(FLAKY_TESTS).select("test_id", "flakes", "runs", flaky="state").collect()
    held = quarantined(mine.select("test_id"), quarantines, datetime.now(UTC).date())
    return (
        mine.join(earlier, on=named, how="left")
        .join(flaky, on="test_id", how="left")
        .join(held, on="test_id", how="left")
        .with_columns(pl.col("earlier").fill_null(0))
        .sort("title")
    )
