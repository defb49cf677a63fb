"""Which failed builds still need a plan, and who is making it: each failure is planned once.

A failure is a failed build with the log that it has now: with another log it is another failure, and needs a plan of
its own. Whoever plans claims failures first, for so many seconds, since a killed process says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from banana_assets.backends.planned_reading import PlannedReading
from banana_assets.backends.records import tables as t
from banana_assets.backends.records.engine import EngineRows, reading, writing
from banana_assets.backends.records.plan_tables import planned_failures
from banana_assets.backends.records.rows import in_parts

LEASE_SECONDS = 900
MOST_ATTEMPTS = 3
SILENT = f"nobody finished it: {MOST_ATTEMPTS} runs that had claimed it ended without a word"
FAILED = ("failed", "error")

_B, _P = t.builds.c, planned_failures.c
_JOINED = sa.outerjoin(t.builds, planned_failures, sa.and_(_B.build_id == _P.build_id, _B.log_sha256 == _P.log_sha256))
_FAILURES = sa.and_(_B.status.in_(FAILED), _B.log_sha256.is_not(None))


class Planned(PlannedReading):
    """The records of planned failures. Every change is one write transaction, so that no failure has two owners."""

    def __init__(self, engine: sa.Engine) -> None:
        super().__init__(EngineRows(engine))
        self.engine = engine

    def waiting(self, limit: int, *, now: datetime, without: Collection[str] = ()) -> list[str]:
        """At most so many failed builds that need a plan and that nobody plans now, in the order of their arrival.

        Those of ``without`` are left out: somebody was asked to plan them, and has not claimed them yet.

        Failures that were tried before come after all others, and in batches of a tenth for each attempt: among those
        that went down with a run the one that took it down is found, and does not cost the others their attempts.
        """
        attempts = sa.func.coalesce(_P.attempts, 0)
        query = sa.select(_B.build_id, attempts).select_from(_JOINED).where(_FAILURES, _is_free(now))
        with reading(self.engine) as connection:
            found = connection.execute(query.order_by(attempts, _B.seq).limit(limit + len(without))).all()
        rows = [(build_id, tried) for build_id, tried in found if build_id not in without]
        if not rows:
            return []
        least: int = rows[0][1]
        return [build_id for build_id, tried in rows if tried == least][: max(1, limit // 10**least)]

    def claim(
        self,
        build_ids: Sequence[str],
        *,
        by: str,
        now: datetime,
        seconds: float = LEASE_SECONDS,
        logs: Mapping[str, str] | None = None,
    ) -> list[str]:
        """Those of the builds that are now mine to plan, for so many seconds; an attempt of each.

        ``by`` names one run or process: what it holds already it gets again. With ``logs`` (build to sha256), builds
        that have another log by now are left for whoever has a diagnosis of it. A failure whose attempts all ended
        without a word is given up here.
        """
        chosen = sorted(set(build_ids))
        query = sa.select(_B.build_id, _B.seq, _B.log_sha256, _P.state, _P.attempts, _P.claimed_by, _P.error)
        query = query.select_from(_JOINED)
        free = sa.or_(_is_free(now), sa.and_(_P.state == "claimed", _P.claimed_by == by))
        mine: list[tuple[int, str]] = []
        changes: list[dict[str, Any]] = []
        with writing(self.engine) as connection:
            parts = (query.where(_FAILURES, free, _B.build_id.in_(part)) for part in in_parts(chosen))
            for row in [row for part in parts for row in connection.execute(part)]:
                if logs and logs.get(row.build_id) != row.log_sha256:
                    continue
                # What is known of another log's failure does not count.
                held = row.state == "claimed" and row.claimed_by == by
                attempts = (row.attempts or 0) + (not held)
                change = {"of": row.build_id, "log_sha256": row.log_sha256, "changed_at": now, "error": row.error}
                if attempts > MOST_ATTEMPTS:
                    change |= {"state": "given_up", "error": SILENT, "claimed_by": None, "claimed_until": None}
                    changes.append(change | {"attempts": row.attempts})
                    continue
                until = now + timedelta(seconds=seconds)
                change |= {"state": "claimed", "claimed_by": by, "claimed_until": until, "attempts": attempts}
                changes.append(change)
                mine.append((row.seq, row.build_id))
            _put(connection, changes)
        return [build_id for _, build_id in sorted(mine)]

    @contextmanager
    def claimed(
        self,
        build_ids: Sequence[str],
        *,
        by: str,
        clock: Callable[[], datetime],
        seconds: float = LEASE_SECONDS,
        logs: Mapping[str, str] | None = None,
    ) -> Iterator[list[str]]:
        """Claim, and hand back what is not settled at the end of the block: as failed where the block raised.

        An interrupt says nothing about a failure, and counts as no attempt. Only a process that is killed leaves
        claims behind, until they end by themselves.
        """
        mine = self.claim(build_ids, by=by, now=clock(), seconds=seconds, logs=logs)
        try:
            yield mine
        except Exception as error:
            self.failed(mine, f"{type(error).__name__}: {error}", by=by, now=clock())
            raise
        except BaseException:
            self.release(by=by, now=clock())
            raise
        self.release(by=by, now=clock())

    def planned(
        self, build_ids: Sequence[str], *, plan_id: str, cluster_id: str | None, by: str, now: datetime
    ) -> list[str]:
        """Settle those of the builds that ``by`` still holds; these. The plan must be saved already.

        Whoever settles something is alive: what it holds else is its own for another lease.
        """
        values = {"state": "planned", "plan_id": plan_id, "cluster_id": cluster_id, "error": None}
        with writing(self.engine) as connection:
            return _hand_back(connection, build_ids, by, values, now)

    def failed(self, build_ids: Sequence[str], error: str, *, by: str, now: datetime) -> list[str]:
        """Hand back those of the builds that ``by`` holds, with the reason; those given up after their last attempt."""
        values = {"state": "waiting", "error": error}
        with writing(self.engine) as connection:
            ours = _hand_back(connection, build_ids, by, values, now)
            over = sa.and_(_P.build_id.in_(ours), _P.attempts >= MOST_ATTEMPTS)
            gone = [row[0] for row in connection.execute(sa.select(_P.build_id).where(over).order_by(_P.build_id))]
            connection.execute(sa.update(planned_failures).where(over).values(state="given_up"))
        return gone

    def release(self, *, by: str, now: datetime) -> int:
        """Hand back what ``by`` still holds, without counting it as an attempt; how many."""
        values = {"state": "waiting", "claimed_by": None, "claimed_until": None, "changed_at": now}
        mine = sa.and_(_P.state == "claimed", _P.claimed_by == by)
        with writing(self.engine) as connection:
            change = sa.update(planned_failures).where(mine).values(values | {"attempts": _P.attempts - 1})
            return int(connection.execute(change).rowcount)

    def again(self, build_ids: Sequence[str], *, now: datetime) -> int:
        """Let failures that were given up be tried anew; how many."""
        values = {"state": "waiting", "attempts": 0, "changed_at": now}
        gone = sa.and_(_P.build_id.in_(list(build_ids)), _P.state == "given_up")
        with writing(self.engine) as connection:
            return int(connection.execute(sa.update(planned_failures).where(gone).values(values)).rowcount)

    def owners(self, *, now: datetime) -> dict[str, int]:
        """Who holds claims that have not ended, and on how many failures."""
        live = sa.and_(_P.state == "claimed", _P.claimed_until > now)
        query = sa.select(_P.claimed_by, sa.func.count()).where(live).group_by(_P.claimed_by)
        with reading(self.engine) as connection:
            return {str(by): n for by, n in connection.execute(query)}


def _is_free(now: datetime) -> sa.ColumnElement[bool]:
    """No row for this log, or one that waits, or one whose claim has ended."""
    ended = sa.and_(_P.state == "claimed", _P.claimed_until <= now)
    return sa.or_(_P.build_id.is_(None), _P.state == "waiting", ended)


def _put(connection: sa.Connection, changes: list[dict[str, Any]]) -> None:
    """Write the rows of claimed failures (build ``of``), in place of what is known of them; no plan is theirs yet."""
    query = sa.select(_P.build_id)
    parts = in_parts([change["of"] for change in changes])
    known = {build for part in parts for build in connection.execute(query.where(_P.build_id.in_(part))).scalars()}
    old = [change for change in changes if change["of"] in known]
    new = [change for change in changes if change["of"] not in known]
    names = [name for name in changes[0] if name != "of"] if changes else []
    values: dict[str, Any] = {name: sa.bindparam(name) for name in names} | {"plan_id": None, "cluster_id": None}
    if old:
        own = sa.update(planned_failures).where(_P.build_id == sa.bindparam("of"))
        connection.execute(own.values(values), old)
    if new:
        connection.execute(sa.insert(planned_failures).values(values | {"build_id": sa.bindparam("of")}), new)


def _hand_back(
    connection: sa.Connection, build_ids: Sequence[str], by: str, values: dict[str, Any], now: datetime
) -> list[str]:
    """Change those of the rows that ``by`` holds and end its claim on them; these. Its other claims begin anew."""
    mine = sa.and_(_P.state == "claimed", _P.claimed_by == by)
    held = set(connection.execute(sa.select(_P.build_id).where(mine)).scalars())
    ours = sorted(held & set(build_ids))
    ended = {**values, "claimed_by": None, "claimed_until": None, "changed_at": now}
    connection.execute(sa.update(planned_failures).where(_P.build_id.in_(ours)).values(ended))
    until = now + timedelta(seconds=LEASE_SECONDS)
    late = sa.and_(mine, _P.claimed_until < until)
    connection.execute(sa.update(planned_failures).where(late).values(claimed_until=until))
    return ours
