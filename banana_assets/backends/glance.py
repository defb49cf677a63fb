"""Builds at one glance: which ones, how they stand and why they failed, without their logs.

Failures that came after the tables were last computed are explained when somebody looks, a few at a time, and kept in
memory.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from banana_assets.backends.cursors import cursor_of
from banana_assets.backends.feed import Feed, ended_at, read_cursor
from banana_assets.backends.kept import Kept
from banana_assets.backends.lookup import explained, find_build
from banana_assets.backends.records import tables as t
from banana_assets.backends.records.engine import reading
from banana_assets.core.errors import BananaError, StoreError
from banana_assets.core.learning.wire import served_failure

BATCH = 500
QUICK_LINES = 20_000
"""A log up to here is explained while one waits."""

KEPT_BYTES = 16 << 20
MOST_EXPLAINED = 5
"""Failures explained after one look, the newest first."""

MOST_WORDS = 300
"""Jobs and branches offered to choose from."""


@dataclass(frozen=True)
class Asked:
    """Which builds: each that is told must hold; ``text`` is looked for in names, commit, command and cause."""

    status: str | None = None
    job: str | None = None
    branch: str | None = None
    category: str | None = None
    text: str | None = None

    def holds(self, build: Mapping[str, Any], failure: dict[str, Any] | None) -> bool:
        """Whether that failure, and the text, are what is asked for."""
        if self.category is not None and (failure is None or failure["diagnosis"]["category"] != self.category):
            return False
        if self.text is None:
            return True
        names = ("build_id", "pipeline", "job", "branch", "commit_sha", "command")
        told = [build[name] for name in names if build[name]]
        if failure is not None:
            diagnosis = failure["diagnosis"]
            told += [diagnosis["title"], diagnosis["category"], *diagnosis["failing_tests"]]
        text = "\n".join(told).casefold()
        return all(word in text for word in self.text.casefold().split())


@dataclass(frozen=True)
class Shown:
    """A page of builds (rows of the records, with ``at`` and ``failure`` as ``served_failure`` has it), the cursor of
    the next page, and the newest failed ones that nobody explained yet."""

    builds: tuple[dict[str, Any], ...]
    following: str | None
    unexplained: tuple[tuple[str, str], ...]


class Glance:
    """Looks at the builds of a feed. Safe to use from several threads."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self._late: Kept[dict[str, Any]] = Kept(KEPT_BYTES)
        self._explaining = threading.Lock()
        self._refused: set[tuple[str, str]] = set()
        self.explained = 0

    def builds(self, asked: Asked, limit: int, cursor: str | None = None) -> Shown:
        """So many of the builds that are asked for, the newest first. Raises InputError for a bad cursor."""
        c = t.builds.c
        where = [c[name] == told for name, told in (("status", asked.status), ("job", asked.job)) if told is not None]
        where += [c.branch == asked.branch] if asked.branch is not None else []
        where += [c.status.in_(("failed", "error"))] if asked.category is not None else []
        query = sa.select(t.builds, ended_at.label("at")).where(*where).order_by(ended_at.desc(), c.build_id.desc())
        after = read_cursor(cursor) if cursor is not None else None
        found: list[dict[str, Any]] = []
        plain = asked.category is None and asked.text is None
        batch = limit + 1 if plain else BATCH
        with reading(self.feed.store.engine) as connection:
            while len(found) <= limit:
                those = query
                if after is not None:
                    at, build_id = after
                    those = query.where(sa.or_(ended_at < at, sa.and_(ended_at == at, c.build_id < build_id)))
                rows = connection.execute(those.limit(batch)).all()
                for row in rows:
                    build = dict(row._mapping)
                    failure = self.failure(row.build_id, row.log_sha256)
                    if asked.holds(build, failure):
                        found.append(build | {"failure": failure})
                if len(rows) < batch:
                    break
                after = rows[-1].at, rows[-1].build_id
        shown = found[:limit]
        following = cursor_of(shown[-1]["at"], shown[-1]["build_id"]) if len(found) > limit and shown else None
        return Shown(tuple(shown), following, tuple(self._unexplained(shown)))

    def failure(self, build_id: str, log_sha256: str | None) -> dict[str, Any] | None:
        """Why a build failed (``served_failure``), by the tables or explained since."""
        found = self.feed.failure(build_id, log_sha256)
        late = self._late.get((build_id, log_sha256)) if found is None else None
        return served_failure(late, None) if late else found

    def late(self, build: Mapping[str, Any]) -> dict[str, Any] | None:
        """The row of BUILD_FAILURES of a build that the tables do not know: kept, explained now where that is quick,
        else None until it was explained (``explain``)."""
        key = build["build_id"], build["log_sha256"]
        if build["log_lines"] <= QUICK_LINES and key not in self._refused and self._late.get(key) is None:
            self._explain(*key)
        return self._late.get(key)

    def counts(self) -> dict[str, int]:
        """Builds by status."""
        query = sa.select(t.builds.c.status, sa.func.count().label("count")).group_by(t.builds.c.status)
        with reading(self.feed.store.engine) as connection:
            return {row.status: row[1] for row in connection.execute(query)}

    def words(self, column: str) -> list[str]:
        """What stands in that column (``job``, ``branch``), the most frequent MOST_WORDS in their order."""
        told = t.builds.c[column]
        query = sa.select(told).where(told.is_not(None)).group_by(told).order_by(sa.func.count().desc(), told)
        with reading(self.feed.store.engine) as connection:
            return sorted(connection.execute(query.limit(MOST_WORDS)).scalars())

    def knows(self, build_id: str, log_sha256: str | None) -> bool:
        """Whether that failure was explained since the tables were computed."""
        return self._late.get((build_id, log_sha256)) is not None

    def explain(self, those: tuple[tuple[str, str], ...], *, wait: bool = False) -> None:
        """Explain these failures (build_id, log_sha256) and keep what is found; one caller at a time, others leave
        unless they ``wait``."""
        if not self._explaining.acquire(blocking=wait):
            return
        try:
            for key in those:
                if self._late.get(key) is None and key not in self._refused:
                    self._explain(*key)
        finally:
            self._explaining.release()

    def _explain(self, build_id: str, log_sha256: str) -> None:
        store = self.feed.store
        try:
            builds = store.builds()
        except StoreError:
            # The records are away; whoever looks when they are back has it explained.
            return
        try:
            row = explained(store, find_build(builds, build_id), builds)
        except BananaError:
            # Its log cannot be read, or it is gone: the build's own page says so.
            self._refused.add((build_id, log_sha256))
            return
        self._late.put((build_id, log_sha256), row, sum(len(value) for value in row.values() if isinstance(value, str)))
        self.explained += 1

    def _unexplained(self, shown: list[dict[str, Any]]) -> list[tuple[str, str]]:
        keys = [
            (build["build_id"], build["log_sha256"])
            for build in shown
            if build["failure"] is None and build["log_sha256"] and build["status"] in ("failed", "error")
        ]
        return [key for key in keys if key not in self._refused][:MOST_EXPLAINED]
