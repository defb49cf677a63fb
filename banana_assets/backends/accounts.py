"""All that is known of a failed build, gathered for whoever asks why it failed; what it quotes was read again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from banana_assets.backends.codebase.changing import Changes, changed
from banana_assets.backends.codebase.failed import cause_of, failed_tests
from banana_assets.backends.explaining import diagnosed
from banana_assets.backends.kept import Kept
from banana_assets.backends.lookup import BuildDetail, build_detail
from banana_assets.backends.plan_reading import PlanReading
from banana_assets.backends.quotes import Compared
from banana_assets.backends.reading_store import ReadingStore
from banana_assets.backends.search import open_search, there_is_an_index
from banana_assets.backends.tables import Tables
from banana_assets.core.builds.rows import failure_row
from banana_assets.core.builds.titles import telling, title_of
from banana_assets.core.evidence import Citation
from banana_assets.core.plans.types import Plan
from banana_assets.core.search.documents import answers_to, what_helped
from banana_assets.core.search.types import Filters
from banana_assets.core.tables import FLAKY_TESTS, PLAN_OUTCOMES, PLANS

KEPT_BYTES = 16 << 20
QUOTED_LINES = 18
MOST_QUOTES = 4
"""So much is quoted of what explains a failure, around the lines that say most; the pack has more."""

MOST_LIKE = 3
LEAST_WORDS = 0.5
"""A failure that shares less of the words of the cause is another one."""


@dataclass(frozen=True)
class Like:
    """Another failure like this one, and what helped there; ``words`` is the share of words they have in common."""

    cluster_id: str
    title: str
    helped: str
    words: float


@dataclass(frozen=True)
class Account:
    """What is known of a build.

    ``failure`` is a row of BUILD_FAILURES with a pack of so many tokens as were asked for, None where it did not fail
    or came without a log. ``cause`` quotes what explains it. ``flaky`` has rows of FLAKY_TESTS by test_id, of those
    that failed in it. ``helped`` says what made this failure go away or is proposed; ``like`` tells of others.
    """

    detail: BuildDetail
    failure: dict[str, Any] | None
    cause: tuple[Citation, ...]
    flaky: dict[str, dict[str, Any]]
    changes: Changes | None
    helped: str | None
    like: tuple[Like, ...]
    plan: Plan | None
    outcome: dict[str, Any] | None


class Accounts:
    """Gathers accounts of the builds of a store. Safe to use from several threads."""

    def __init__(self, store: ReadingStore, tables: Tables, quotes: Compared) -> None:
        self._store = store
        self._tables = tables
        self._quotes = quotes
        self._late: Kept[dict[str, Any]] = Kept(KEPT_BYTES)
        self._changes: Kept[Changes] = Kept(KEPT_BYTES)

    def of(self, told: str, root: Path, budget: int, progress: Callable[[str], None] = lambda _: None) -> Account:
        """The account of the build of that id, or a part of it. ``root`` is where its sources may be.

        Raises InputError when there is no such build.
        """
        detail = build_detail(
            self._store, self._tables, told, lambda build: self._diagnosed(build, None, progress), steps=False
        )
        failure = self._failure(detail, budget, progress)
        cluster = detail.cluster
        plan = PlanReading(self._store.records).latest("failure", cluster["cluster_id"]) if cluster else None
        return Account(
            detail=detail,
            failure=failure,
            cause=self._cause(detail.build["build_id"], failure),
            flaky=self._flaky(detail),
            changes=self._changed(detail, root) if failure else None,
            helped=self._helped(cluster) if cluster else None,
            like=tuple(self._like(failure, cluster)) if failure else (),
            plan=plan,
            outcome=self._outcome(plan) if plan else None,
        )

    def _failure(self, detail: BuildDetail, budget: int, progress: Callable[[str], None]) -> dict[str, Any] | None:
        found = detail.failure
        if found is None:
            return None
        if budget != self._store.settings.evidence_budget_tokens:
            found = self._diagnosed(detail.build, budget, progress)
        pack = self._quotes.pack(found["log_sha256"], found["pack"])
        if pack is None:
            # What the table quotes is not what the log says: it is read anew.
            found = self._diagnosed(detail.build, budget, progress)
            pack = self._quotes.pack(found["log_sha256"], found["pack"])
        return {**found, "pack": pack or "", "evidence": found["evidence"] if pack else []}

    def _diagnosed(self, build: dict[str, Any], budget: int | None, progress: Callable[[str], None]) -> dict[str, Any]:
        budget = budget or self._store.settings.evidence_budget_tokens
        builds = self._store.builds()
        key = (build["build_id"], build["log_sha256"], build["status"], budget)
        row = self._late.get(key)
        if row is None:
            progress(f"reading {build['log_lines']:,} lines of {build['build_id']}")
            found, _ = diagnosed(self._store, build, builds, budget)
            when = build["finished_at"] or build["arrived_at"]
            row = failure_row(found, build_id=build["build_id"], log_sha256=build["log_sha256"], failed_at=when)
            self._late.put(key, row, 2000 + len(row["pack"]) + len(row["cause_text"]))
        return row

    def _cause(self, build_id: str, failure: dict[str, Any] | None) -> tuple[Citation, ...]:
        if failure is None:
            return ()
        spans = [(span["first"], span["last"]) for span in failure["cause"]]
        title = title_of(failure["reason"], failure["cause_text"])
        told = telling(spans, failure["cause_text"].split("\n"), title, QUOTED_LINES)[:MOST_QUOTES]
        read = (self._quotes.read(build_id, failure["log_sha256"], first, last) for first, last, _ in told)
        return tuple(citation for citation in read if citation is not None)

    def _flaky(self, detail: BuildDetail) -> dict[str, dict[str, Any]]:
        ids = [test["test_id"] for test in detail.failing]
        if not ids:
            return {}
        rows = self._tables.scan(FLAKY_TESTS).filter(pl.col("test_id").is_in(ids)).collect()
        return {row["test_id"]: row for row in rows.iter_rows(named=True)}

    def _changed(self, detail: BuildDetail, root: Path) -> Changes | None:
        if detail.green is None:
            return None
        base, head = detail.green["commit_sha"], detail.build["commit_sha"]
        key = (str(root), base, head, detail.build["build_id"], detail.build["log_sha256"])
        found = self._changes.get(key)
        if found is None:
            assert detail.failure is not None
            found = changed(root, base, head, cause_of(detail.failure, failed_tests(detail)))
            if found.known:
                # What lies between two commits stays; a commit that is not known may still be fetched.
                self._changes.put(key, found, 2000 + 300 * len(found.files) + 300 * len(found.commits))
        return found

    def _helped(self, cluster: dict[str, Any]) -> str | None:
        outcomes = self._tables.scan(PLAN_OUTCOMES).filter(pl.col("cluster_id") == cluster["cluster_id"]).collect()
        mine = pl.col("plan_id").is_in(outcomes["plan_id"].to_list()) | (pl.col("subject") == cluster["cluster_id"])
        plans = self._tables.scan(PLANS).filter(mine).collect()
        builds = self._store.builds().filter(build_id=cluster["resolved_by"]) if cluster["resolved_by"] else None
        commits = dict(builds.select("build_id", "commit_sha").iter_rows()) if builds is not None else {}
        return what_helped(cluster, commits, answers_to(plans, outcomes).get(cluster["cluster_id"], []))

    def _like(self, failure: dict[str, Any], cluster: dict[str, Any] | None) -> list[Like]:
        settings = self._store.settings
        if not there_is_an_index(settings) or not failure["cause_text"].strip():
            return []
        with open_search(settings, meaning=False) as search:
            hits = search.text(failure["cause_text"], Filters(("failure",)), MOST_LIKE + 1)
        return [
            Like(hit.document.key, hit.document.title, hit.document.helped, hit.words)
            for hit in hits
            if hit.words is not None and hit.words >= LEAST_WORDS and hit.document.helped
            if cluster is None or hit.document.key != cluster["cluster_id"]
        ][:MOST_LIKE]

    def _outcome(self, plan: Plan) -> dict[str, Any] | None:
        rows = self._tables.scan(PLAN_OUTCOMES).filter(pl.col("plan_id") == plan.plan_id).collect()
        return rows.row(0, named=True) if rows.height else None
