"""The store: records and blobs together, answering in the frames of core/tables."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from banana_assets.backends.blobs import Blobs
from banana_assets.backends.reading_store import ReadingStore
from banana_assets.backends.records import tables as t
from banana_assets.backends.records.engine import EngineRows, open_engine, writing
from banana_assets.backends.records.migration import ensure_current
from banana_assets.backends.settings import Settings
from banana_assets.core.errors import InputError
from banana_assets.core.vocabulary import PATTERN_STATES, RECOMMENDATION_DECISIONS


def open_store(settings: Settings) -> Store:
    """Open the store of these settings, making its schema in an empty home.

    Raises StoreError when it cannot be reached, or holds the schema of another version.
    """
    engine = open_engine(settings.records_url)
    try:
        ensure_current(engine)
    except BaseException:
        engine.dispose()
        raise
    return Store(settings, engine)


class Store(ReadingStore):
    """An open store: what a ``ReadingStore`` answers, blobs that can be added to, and what people decide."""

    def __init__(self, settings: Settings, engine: sa.Engine) -> None:
        super().__init__(settings, EngineRows(engine))
        self.engine = engine
        self.blobs: Blobs = Blobs(engine, settings.blobs_root)

    def set_pattern_state(
        self,
        pattern_id: str,
        state: str,
        *,
        changed_by: str,
        changed_at: datetime,
        note: str | None = None,
        until: date | None = None,
    ) -> None:
        """Keep a decision about a pattern in place of the one before. Only a mute may end by itself (``until``).

        Raises InputError for an unknown state, or an end of what is no mute.
        """
        if state not in PATTERN_STATES:
            raise InputError(f"There is no state {state}.", f"Use one of {', '.join(PATTERN_STATES)}.")
        if until is not None and state != "muted":
            raise InputError(f"A pattern that is {state} has no end.", "Leave `until` away, or mute it.")
        values = {"state": state, "note": note, "until": until, "changed_at": changed_at, "changed_by": changed_by}
        self._set(t.pattern_states.c.pattern_id, pattern_id, values)

    def set_recommendation_state(
        self,
        recommendation_id: str,
        status: str,
        *,
        set_by: str,
        set_at: datetime,
        note: str | None = None,
        implemented_at: datetime | None = None,
    ) -> None:
        """Keep a decision about a recommendation in place of the one before.

        ``implemented_at`` is the moment from which the effect is measured. Raises InputError for an unknown status, a
        moment without ``implemented`` and the other way round.
        """
        if status not in RECOMMENDATION_DECISIONS:
            raise InputError(f"There is no status {status}.", f"Use one of {', '.join(RECOMMENDATION_DECISIONS)}.")
        if (status == "implemented") != (implemented_at is not None):
            raise InputError(
                f"A recommendation that is {status} {'needs' if implemented_at is None else 'has no'} implemented_at.",
                "Give it with implemented alone.",
            )
        values = {"status": status, "note": note, "implemented_at": implemented_at, "set_at": set_at, "set_by": set_by}
        self._set(t.recommendation_states.c.recommendation_id, recommendation_id, values)

    def set_baseline(self, metric: str, value: float, *, set_by: str, set_at: datetime) -> None:
        """Keep a metric's baseline in place of the one before. Raises InputError when it is no finite number."""
        if not math.isfinite(value):
            raise InputError(f"The baseline {value} of {metric} is no finite number.", "Give a number.")
        self._set(t.baselines.c.metric, metric, {"value": value, "set_at": set_at, "set_by": set_by})

    def remove_baseline(self, metric: str) -> bool:
        """Forget a metric's baseline; whether there was one."""
        with writing(self.engine) as connection:
            return bool(connection.execute(sa.delete(t.baselines).where(t.baselines.c.metric == metric)).rowcount)

    def set_quarantine(
        self, test_id: str, *, pipeline: str, title: str, until: date, reason: str, set_by: str, set_at: datetime
    ) -> None:
        """Put a test in quarantine up to a day, in place of the quarantine before.

        Raises InputError without a reason, or when it would be over already.
        """
        if not reason.strip():
            raise InputError("A quarantine needs a reason.", "Say why, for whoever looks later.")
        if until <= set_at.date():
            raise InputError(f"A quarantine until {until} would be over already.", "Name a later day.")
        values = {"pipeline": pipeline, "title": title, "until": until, "reason": reason, "set_by": set_by}
        self._set(
            t.test_quarantines.c.test_id, test_id, {**values, "set_at": set_at, "lifted_at": None, "lifted_by": None}
        )

    def lift_quarantine(self, test_id: str, *, lifted_by: str, lifted_at: datetime) -> bool:
        """End a quarantine before its day; whether there was one that still held."""
        c = t.test_quarantines.c
        holds = sa.and_(c.test_id == test_id, c.lifted_at.is_(None), c.until > lifted_at.date())
        change = sa.update(t.test_quarantines).where(holds).values(lifted_at=lifted_at, lifted_by=lifted_by)
        with writing(self.engine) as connection:
            return bool(connection.execute(change).rowcount)

    def _set(self, key: sa.Column[str], value: str, values: dict[str, Any]) -> None:
        with writing(self.engine) as connection:
            # Writers go one after the other, so nothing can come between the two statements.
            changed = connection.execute(sa.update(key.table).where(key == value).values(values))
            if not changed.rowcount:
                connection.execute(sa.insert(key.table).values({key.name: value, **values}))
