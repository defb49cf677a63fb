"""Builds as rows: what is told of a build, and its writing, by which the same facts change nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

import polars as pl
import sqlalchemy as sa

from banana_assets.backends.blobs import Blob, register
from banana_assets.backends.lines import Oddities
from banana_assets.backends.records import tables as t
from banana_assets.backends.records.engine import writing
from banana_assets.backends.store import Store
from banana_assets.core.builds.problems import Problem
from banana_assets.core.builds.results import TestResult


@dataclass(frozen=True)
class Series:
    """The resource readings of a build, at rest: their blob, their span and their number."""

    source: str
    blob: Blob
    first_ts: datetime
    last_ts: datetime
    samples: int

    @classmethod
    def of(cls, source: str, frame: pl.DataFrame, blob: Blob) -> Series:
        """The series of readings whose encoding is in the blob; the frame has a row at least."""
        times = frame["ts"].sort()
        return cls(source, blob, times[0], times[-1], frame.height)


@dataclass(frozen=True)
class Facts:
    """Everything told of a build; its blobs are at rest. ``fingerprint`` is the hash by which the same facts are known
    again (see ``fingerprint_of``)."""

    build_id: str
    fingerprint: str
    pipeline: str
    job: str
    status: str
    origin: str
    branch: str | None = None
    commit_sha: str | None = None
    exit_code: int | None = None
    command: str | None = None
    url: str | None = None
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    log: Blob | None = None
    oddities: Oddities = field(default_factory=Oddities)
    tests: Sequence[TestResult] = ()
    problems: Sequence[Problem] = ()
    series: Series | None = None
    path: str | None = None

    @property
    def duration_seconds(self) -> float | None:
        """The time it ran, where both ends are known and in order."""
        if self.started_at is None or self.finished_at is None or self.finished_at < self.started_at:
            return None
        return (self.finished_at - self.started_at).total_seconds()


def fingerprint_of(facts: Iterable[object]) -> str:
    """A hash of facts: texts, numbers, moments and lists of them."""
    return hashlib.sha256(json.dumps(list(facts), default=str, ensure_ascii=True).encode()).hexdigest()


def facts_fingerprint(facts: Facts) -> str:
    """The fingerprint of a build as it was told, whatever file told it."""
    told = replace(facts, build_id="", fingerprint="", tests=(), problems=(), series=None, log=None)
    told = replace(told, path=None, origin="", oddities=Oddities())
    tests = [repr(test) for test in facts.tests]
    return fingerprint_of(
        [
            *vars(told).values(),
            facts.log.sha256 if facts.log else None,
            hashlib.sha256("\n".join(tests).encode("utf-8", "surrogatepass")).hexdigest(),
            facts.series.blob.sha256 if facts.series else None,
            facts.series.source if facts.series else None,
            *([repr(problem) for problem in facts.problems]),
        ]
    )


def id_of(facts: Iterable[object]) -> str:
    """The id of a build that these facts identify: 16 hexadecimal digits."""
    return fingerprint_of(facts)[:16]


Saved = Literal["new", "changed", "known"]


def save_builds(store: Store, builds: Sequence[Facts]) -> list[Saved]:
    """Write builds in one transaction: all of them or, when it fails, none.

    A build of a known id with the same fingerprint is left alone; with another one it is replaced, keeping the day of
    its arrival. Raises StoreError when the database cannot be written.
    """
    with writing(store.engine) as connection:
        return [save_build(connection, facts) for facts in builds]


def save_build(connection: sa.Connection, facts: Facts) -> Saved:
    """Write one build as part of the caller's transaction (see ``save_builds``)."""
    known = connection.execute(
        sa.select(t.builds.c.fingerprint, t.builds.c.arrived_at).where(t.builds.c.build_id == facts.build_id)
    ).one_or_none()
    if known is not None and known.fingerprint == facts.fingerprint:
        return "known"
    seq = (connection.execute(sa.select(sa.func.max(t.builds.c.seq))).scalar() or 0) + 1
    register(connection, [b for b in (facts.log, facts.series and facts.series.blob) if b])
    arrived = datetime.now(UTC) if known is None else known.arrived_at
    values = {**_values(facts), "seq": seq, "arrived_at": arrived, "arrival_day": arrived.date()}
    if known is None:
        connection.execute(t.builds.insert().values(values))
    else:
        connection.execute(t.builds.update().where(t.builds.c.build_id == facts.build_id).values(values))
        for table in (t.test_results, t.reported_problems):
            connection.execute(table.delete().where(table.c.build_id == facts.build_id))
    if facts.tests:
        connection.execute(t.test_results.insert(), [_test(facts.build_id, test) for test in facts.tests])
    if facts.problems:
        connection.execute(
            t.reported_problems.insert(),
            [_problem(facts.build_id, place, problem) for place, problem in enumerate(facts.problems)],
        )
    _write_series(connection, facts, arrived)
    return "new" if known is None else "changed"


def _values(facts: Facts) -> dict[str, Any]:
    return {
        "build_id": facts.build_id,
        "fingerprint": facts.fingerprint,
        "pipeline": facts.pipeline,
        "job": facts.job,
        "branch": facts.branch,
        "commit_sha": facts.commit_sha,
        "status": facts.status,
        "exit_code": facts.exit_code,
        "command": facts.command,
        "url": facts.url,
        "queued_at": facts.queued_at,
        "started_at": facts.started_at,
        "finished_at": facts.finished_at,
        "duration_seconds": facts.duration_seconds,
        "log_sha256": facts.log.sha256 if facts.log else None,
        "log_lines": facts.oddities.lines,
        "log_bytes": facts.oddities.bytes,
        "invalid_utf8_lines": facts.oddities.invalid_utf8_lines,
        "nul_lines": facts.oddities.nul_lines,
        "long_lines": facts.oddities.long_lines,
        "origin": facts.origin,
        "path": facts.path,
    }


def _test(build_id: str, test: TestResult) -> dict[str, Any]:
    key = "\0".join((test.suite, test.classname, test.name)).encode("utf-8", "surrogatepass")
    return {
        "build_id": build_id,
        "test_key": hashlib.sha256(key).hexdigest()[:32],
        "suite": test.suite,
        "classname": test.classname,
        "name": test.name,
        "status": test.status,
        "duration_seconds": test.duration_seconds,
        "attempts": test.attempts,
        "message": test.message,
        "file": test.file,
        "line": test.line,
    }


def _problem(build_id: str, position: int, problem: Problem) -> dict[str, Any]:
    return {
        "build_id": build_id,
        "position": position,
        "tool": problem.tool,
        "severity": problem.severity,
        "code": problem.code,
        "file": problem.file,
        "line": problem.line,
        "col": problem.column,
        "message": problem.message,
    }


def _write_series(connection: sa.Connection, facts: Facts, arrived: datetime) -> None:
    c, series = t.resource_series.c, facts.series
    stored = connection.execute(sa.select(c.sha256).where(c.build_id == facts.build_id)).scalar()
    if stored == (series.blob.sha256 if series else None):
        return
    connection.execute(t.resource_series.delete().where(c.build_id == facts.build_id))
    if series is not None:
        connection.execute(
            t.resource_series.insert().values(
                source=series.source,
                build_id=facts.build_id,
                sha256=series.blob.sha256,
                first_ts=series.first_ts,
                last_ts=series.last_ts,
                samples=series.samples,
                path=facts.path,
                arrived_at=arrived,
                arrival_day=arrived.date(),
            )
        )
