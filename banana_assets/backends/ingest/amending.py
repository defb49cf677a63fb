"""Builds that come piece by piece: facts, the log, reports and readings, each when it is there.

A piece replaces the one before and leaves the others alone. The same piece again changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from banana_assets.backends.blobs import Blob
from banana_assets.backends.ingest.build_rows import Facts, Saved, Series, facts_fingerprint, save_build
from banana_assets.backends.ingest.content import Content, check_text
from banana_assets.backends.ingest.endings import ended
from banana_assets.backends.ingest.manifest import Row
from banana_assets.backends.ingest.scanning import store_log
from banana_assets.backends.lines import Oddities
from banana_assets.backends.records import tables as t
from banana_assets.backends.records.engine import reading, writing
from banana_assets.backends.store import Store
from banana_assets.core.builds.problems import Problem
from banana_assets.core.builds.results import TestResult
from banana_assets.core.errors import ContradictionError

ORIGIN = "http"
NOT_ENDED = ("queued", "running")


@dataclass(frozen=True)
class Pieces:
    """What is told of a build now; None is left as it is. ``row`` has the facts that a manifest may say.

    ``onward``: who tells it tells it late sometimes, so that a build that has ended runs no more.
    """

    row: Row | None = None
    log: Content | None = None
    tests: Sequence[TestResult] | None = None
    problems: Sequence[Problem] | None = None
    series: Series | None = None
    onward: bool = False


def amend_build(store: Store, build_id: str, pieces: Pieces, met: Oddities | None = None) -> Saved:
    """Bring in pieces of a build, which begins with the first of them. What its log holds is added to ``met``.

    How it ended is what is told; a log tells it where nothing else did, and a build that is said to run keeps running.
    Raises InputError for a log that is no text or too large, or times out of order; StoreError when the store cannot
    be written.
    """
    blob, oddities = None, Oddities()
    if pieces.log is not None:
        check_text(pieces.log)
        blob, oddities = store_log(store, pieces.log)
    if met is not None:
        met += oddities
    while True:
        with reading(store.engine) as connection:
            seq, before = _known(connection, build_id)
        facts = _with(before, pieces, blob, oddities)
        if facts.started_at and facts.finished_at and facts.finished_at < facts.started_at:
            raise ContradictionError("The build finished before it started.", "Mend started_at or finished_at.")
        # The log is read here, before the transaction: writers wait for each other.
        whole = facts if facts.status in NOT_ENDED else ended(facts, pieces.log)
        whole = whole if whole.status else replace(whole, status="running")
        whole = replace(whole, fingerprint=facts_fingerprint(whole))
        with writing(store.engine) as connection:
            if _known(connection, build_id)[0] == seq:
                return save_build(connection, whole)


def _with(facts: Facts, pieces: Pieces, blob: Blob | None, oddities: Oddities) -> Facts:
    row = pieces.row
    told: dict[str, Any] = {}
    if row is not None:
        names = ("pipeline", "job", "branch", "status", "exit_code", "command", "url")
        told = {name: getattr(row, name) for name in (*names, "queued_at", "started_at", "finished_at")}
        told |= {"commit_sha": row.commit}
        told = {name: value for name, value in told.items() if value is not None}
        if row.exit_code is not None and row.status is None:
            told["status"] = "success" if row.exit_code == 0 else "failed"
        if pieces.onward and _stage(told.get("status")) < _stage(facts.status):
            told.pop("status", None)
    if blob is not None:
        told |= {"log": blob, "oddities": oddities}
    for name in ("tests", "problems", "series"):
        if (value := getattr(pieces, name)) is not None:
            told[name] = value
    whole = replace(facts, **told)
    # In the order in which the records give them back, so that the same pieces have the same fingerprint.
    return replace(whole, tests=tuple(sorted(whole.tests, key=lambda test: test.key)))


def _stage(status: str | None) -> int:
    """How far a build is that stands so: not known, queued, running, ended."""
    return {None: 0, "": 0, "queued": 1, "running": 2}.get(status, 3)


def _known(connection: sa.Connection, build_id: str) -> tuple[int, Facts]:
    """The build as it is stored, and the number of its last change; 0 and a bare one where there is none."""
    row = connection.execute(sa.select(t.builds).where(t.builds.c.build_id == build_id)).one_or_none()
    if row is None:
        return 0, Facts(build_id, "", pipeline="default", job="default", status="", origin=ORIGIN)
    names = ("pipeline", "job", "status", "origin", "branch", "commit_sha", "exit_code", "command", "url", "path")
    values = {name: row._mapping[name] for name in (*names, "queued_at", "started_at", "finished_at")}
    counts = Oddities(
        **{name: row._mapping[f"log_{name}" if name in ("lines", "bytes") else name] for name in vars(Oddities())}
    )
    facts = Facts(
        build_id,
        row.fingerprint,
        **values,
        log=_blob(connection, row.log_sha256) if row.log_sha256 else None,
        oddities=counts,
        tests=_tests(connection, build_id),
        problems=_problems(connection, build_id),
        series=_series(connection, build_id),
    )
    return row.seq, facts


def _blob(connection: sa.Connection, sha256: str) -> Blob:
    c = t.blobs.c
    return Blob(
        *connection.execute(sa.select(c.sha256, c.bytes, c.stored_bytes, c.content).where(c.sha256 == sha256)).one()
    )


def _tests(connection: sa.Connection, build_id: str) -> tuple[TestResult, ...]:
    c = t.test_results.c
    columns = (c.suite, c.classname, c.name, c.status, c.duration_seconds, c.attempts, c.message, c.file, c.line)
    found = connection.execute(sa.select(*columns).where(c.build_id == build_id).order_by(c.suite, c.classname, c.name))
    return tuple(TestResult(*row) for row in found)


def _problems(connection: sa.Connection, build_id: str) -> tuple[Problem, ...]:
    c = t.reported_problems.c
    columns = (c.file, c.line, c.col, c.severity, c.code, c.message, c.tool)
    found = connection.execute(sa.select(*columns).where(c.build_id == build_id).order_by(c.position))
    return tuple(Problem(None, *row) for row in found)


def _series(connection: sa.Connection, build_id: str) -> Series | None:
    c = t.resource_series.c
    columns = (c.source, c.sha256, c.first_ts, c.last_ts, c.samples)
    row = connection.execute(sa.select(*columns).where(c.build_id == build_id)).one_or_none()
    return Series(row.source, _blob(connection, row.sha256), row.first_ts, row.last_ts, row.samples) if row else None
