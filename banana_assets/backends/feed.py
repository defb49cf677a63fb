"""Builds as coding agents read them, the newest first: bounded, masked, with what is known of each failure.

Every build is rendered once and kept as bytes; a page is asked of the records again only when a build or a report has
come, or the tables of failures have changed. So a front end that polls costs one small query each time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import polars as pl
import sqlalchemy as sa

from banana_assets.backends.cursors import cursor_of, not_ours, values_of
from banana_assets.backends.explaining import build_lines, diagnosed
from banana_assets.backends.kept import Kept
from banana_assets.backends.records import tables as t
from banana_assets.backends.records.api_tables import reports
from banana_assets.backends.records.engine import reading
from banana_assets.backends.records.watching import Watch
from banana_assets.backends.reports import Reports
from banana_assets.backends.store import Store
from banana_assets.backends.tables import Tables
from banana_assets.core.builds.rows import failure_row
from banana_assets.core.errors import StoreError
from banana_assets.core.learning.wire import (
    DETAIL_BYTES,
    TAIL_BYTES,
    known_failures,
    log_summary,
    masked_tail,
    served_failure,
    wire_build,
)
from banana_assets.core.tables import BUILD_FAILURES, FAILURE_CLUSTERS

LOOK_SECONDS = 1.0
"""So old may be what is known of the tables; the records are always as they are."""

KEPT_BYTES = 64 << 20
"""Rendered builds and pages kept in memory, together."""

ended_at = sa.func.coalesce(t.builds.c.finished_at, t.builds.c.started_at, t.builds.c.queued_at, t.builds.c.arrived_at)
"""The time by which builds are ordered: the latest that is known of each."""


@dataclass(frozen=True)
class Stamp:
    """What an answer rests on: the newest change of a build, the newest report, and the state of the tables."""

    seq: int
    report: int
    tables: int


@dataclass(frozen=True)
class Page:
    """A page of rendered builds (JSON objects), how many there are in all, and the cursor of the next page."""

    items: tuple[bytes, ...]
    total: int
    following: str | None


class Feed:
    """The builds of a store. Safe to use from several threads."""

    def __init__(self, store: Store, tables: Tables, clock: Callable[[], float] = time.monotonic) -> None:
        self.store = store
        self.tables = tables
        self.reports = Reports(store.engine)
        self._clock = clock
        self._watch = Watch(store.engine)
        self._newest: tuple[int | None, int, int] = (None, 0, 0)
        self._lock = threading.Lock()
        self._looked = -LOOK_SECONDS
        self._versions: tuple[int | None, ...] = ()
        self._generation = 0
        self._failures: dict[str, dict[str, Any]] = {}
        self._kept: Kept[bytes] = Kept(KEPT_BYTES)

    def stamp(self) -> Stamp:
        """What an answer given now would rest on."""
        version = self._watch.version()
        newest, seq, report = self._newest
        if version is None or version != newest:
            seq, report = self._counted()
            # Told before they were counted: a change in between is met by the next one who asks.
            self._newest = (version, seq, report)
        self._look()
        return Stamp(seq, report, self._generation)

    def _counted(self) -> tuple[int, int]:
        query = sa.select(
            sa.select(sa.func.max(t.builds.c.seq)).scalar_subquery(),
            sa.select(sa.func.max(reports.c.id)).scalar_subquery(),
        )
        with reading(self.store.engine) as connection:
            seq, report = connection.execute(query).one()
        return seq or 0, report or 0

    def check(self) -> None:
        """Read the records now. Raises StoreError when that cannot be done, or their file is another one."""
        self._counted()
        self._watch.version()
        if self._watch.gone():
            raise StoreError(
                f"The records database {self.store.engine.url.database} was removed or replaced while it was open.",
                "Put it back, or start the server again.",
            )

    def close(self) -> None:
        """Let go of the records."""
        self._watch.close()

    def page(self, limit: int, skip: int = 0, cursor: str | None = None, status: str | None = None) -> Page:
        """So many builds after the first ``skip``, or after those of a cursor. Raises MissingError for a bad cursor."""
        c = t.builds.c
        those = sa.true() if status is None else c.status == status
        order = (ended_at.desc(), c.build_id.desc())
        query = sa.select(t.builds, ended_at.label("at")).where(those).order_by(*order).limit(limit + 1).offset(skip)
        if cursor is not None:
            at, build_id = read_cursor(cursor)
            query = query.where(sa.or_(ended_at < at, sa.and_(ended_at == at, c.build_id < build_id)))
        with reading(self.store.engine) as connection:
            rows = connection.execute(query).all()
            total = connection.execute(sa.select(sa.func.count()).select_from(t.builds).where(those)).scalar_one()
        shown = rows[:limit]
        following = cursor_of(shown[-1].at, shown[-1].build_id) if len(rows) > limit and shown else None
        return Page(tuple(self._rendered(shown)), total, following)

    def build(self, build_id: str) -> dict[str, Any] | None:
        """A build in full, with its log up to DETAIL_BYTES and what stands out in it; None when there is none."""
        with reading(self.store.engine) as connection:
            row = connection.execute(
                sa.select(t.builds, ended_at.label("at")).where(t.builds.c.build_id == build_id)
            ).first()
        if row is None:
            return None
        self._look()
        lines = self._lines(row)
        failure = self.failure(row.build_id, row.log_sha256) or self._explained(row)
        return wire_build(
            dict(row._mapping),
            masked_tail(lines, DETAIL_BYTES),
            failure=failure,
            reports=self.reports.of([build_id]).get(build_id, []),
        ) | {
            "log_summary": log_summary(lines, failure, row.status, self.store.problems_of(build_id)),
            "pack": failure["pack"] if failure else None,
            "pack_tokens": failure["pack_tokens"] if failure else None,
        }

    def cluster_of(self, build_id: str) -> str | None:
        """The cluster of a failed build, as far as the tables know it."""
        self._look()
        cluster = self._failures.get(build_id, {}).get("cluster")
        return str(cluster["cluster_id"]) if cluster else None

    def failure(self, build_id: str, log_sha256: str | None) -> dict[str, Any] | None:
        """Why a build with that log failed (``served_failure``), as far as the tables know it."""
        self._look()
        found = self._failures.get(build_id)
        return found if found and found["log_sha256"] == log_sha256 else None

    def _rendered(self, rows: Sequence[Any]) -> list[bytes]:
        said = self.reports.of([row.build_id for row in rows])
        found = []
        for row in rows:
            mine = said.get(row.build_id, [])
            key = (row.build_id, row.seq, len(mine), self._generation)
            item = self._kept.get(key)
            if item is None:
                log = masked_tail(self._lines(row), TAIL_BYTES)
                item = orjson.dumps(
                    wire_build(
                        dict(row._mapping), log, failure=self.failure(row.build_id, row.log_sha256), reports=mine
                    )
                )
                self._kept.put(key, item, len(item))
            found.append(item)
        return found

    def _lines(self, row: Any) -> list[str]:
        return build_lines(self.store, row.build_id) if row.log_sha256 else []

    def _explained(self, row: Any) -> dict[str, Any] | None:
        """Why a build failed that came after the tables were last computed; in no cluster yet."""
        if row.status not in ("failed", "error") or row.log_sha256 is None:
            return None
        builds = self.store.builds()
        build = builds.row(by_predicate=pl.col("build_id") == row.build_id, named=True)
        found, _ = diagnosed(self.store, build, builds, self.store.settings.evidence_budget_tokens)
        return served_failure(
            failure_row(found, build_id=row.build_id, log_sha256=row.log_sha256, failed_at=row.at), None
        )

    def _look(self) -> None:
        with self._lock:
            now = self._clock()
            if now - self._looked < LOOK_SECONDS:
                return
            self._looked = now
            versions = tuple(self.tables.version(table) for table in (BUILD_FAILURES, FAILURE_CLUSTERS))
            if versions != self._versions:
                self._failures = known_failures(*map(self.tables.read, (BUILD_FAILURES, FAILURE_CLUSTERS)))
                self._versions = versions
                self._generation += 1


def read_cursor(text: str) -> tuple[datetime, str]:
    """What a cursor says: when a build ended, and its id. Raises MissingError for one that is none of ours."""
    at, build_id = values_of(text, 2)
    try:
        moment = datetime.fromisoformat(at)
    except (ValueError, TypeError) as error:
        raise not_ours() from error
    if moment.tzinfo is None or not isinstance(build_id, str):
        raise not_ours()
    return moment, build_id
