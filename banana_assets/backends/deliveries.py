"""What webhooks brought: kept whole before it is acknowledged, taken in once, and again when somebody asks."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
import sqlalchemy as sa

from banana_assets.backends.blobs import register
from banana_assets.backends.records.api_tables import deliveries
from banana_assets.backends.records.engine import reading, writing
from banana_assets.backends.store import Store
from banana_assets.core.errors import BananaError, InputError


@dataclass(frozen=True)
class Taken:
    """What came of a delivery: the ids of builds, or why there is none."""

    builds: tuple[str, ...] = ()
    ignored: str | None = None


Take = Callable[[str, str, bytes], Taken]
"""Takes the body of an event in: provider, event, body."""


class Deliveries:
    """The deliveries in the records, their bodies among the blobs."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def keep(self, provider: str, delivery_id: str, event: str, body: bytes) -> tuple[int, bool]:
        """Keep a delivery; answers its number and whether it is new."""
        c = deliveries.c
        blob = self.store.blobs.write(io.BytesIO(body))
        with writing(self.store.engine) as connection:
            same = sa.and_(c.provider == provider, c.delivery_id == delivery_id)
            if (known := connection.execute(sa.select(c.id).where(same)).scalar()) is not None:
                return int(known), False
            register(connection, [blob])
            row = {
                "provider": provider,
                "delivery_id": delivery_id,
                "event": event,
                "sha256": blob.sha256,
                "received_at": datetime.now(UTC),
                "state": "kept",
                "attempts": 0,
                "builds": "[]",
            }
            done = connection.execute(sa.insert(deliveries).values(row))
            return int(done.inserted_primary_key[0]), True  # type: ignore[index]

    def process(self, number: int, take: Take) -> Taken:
        """Take a delivery in, and keep what came of it. Raises what ``take`` raises, after keeping that too."""
        c = deliveries.c
        with reading(self.store.engine) as connection:
            row = connection.execute(sa.select(deliveries).where(c.id == number)).one_or_none()
        if row is None:
            raise InputError(f"There is no delivery {number}.", "`banana deliveries` lists them.")
        try:
            taken = take(row.provider, row.event, self.store.blobs.read(row.sha256))
        except BananaError as error:
            self._note(number, "failed", (), str(error))
            raise
        self._note(number, "ignored" if taken.ignored else "done", taken.builds, taken.ignored)
        return taken

    def waiting(self) -> list[int]:
        """Deliveries that were kept and never taken in, the oldest first: a process was killed between the two."""
        with reading(self.store.engine) as connection:
            found = sa.select(deliveries.c.id).where(deliveries.c.state == "kept").order_by(deliveries.c.id)
            return list(connection.execute(found).scalars())

    def _note(self, number: int, state: str, builds: Sequence[str], message: str | None) -> None:
        c = deliveries.c
        change = {
            "state": state,
            "builds": orjson.dumps(list(builds)).decode(),
            "message": message,
            "attempts": c.attempts + 1,
            "done_at": datetime.now(UTC),
        }
        with writing(self.store.engine) as connection:
            connection.execute(sa.update(deliveries).where(c.id == number).values(change))
