"""A check that writes to a place of its own what Banana keeps (records, blobs, tables), and reads it back."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import polars as pl

from banana_assets.backends.blobs import Blobs
from banana_assets.backends.checkup.check import Found, Place, failed, ok, skipped
from banana_assets.backends.records.engine import open_engine
from banana_assets.backends.records.migration import HEAD, ensure_current
from banana_assets.backends.store import Store
from banana_assets.backends.tables import Tables
from banana_assets.core.schema import Column, Table
from banana_assets.core.tables.common import UTC as MOMENT

REMEDY = "Free some room, or mend the permissions of the home."
PROBE = Table(
    "probe",
    "What a check writes.",
    (
        Column("at", MOMENT, "A moment."),
        Column("name", pl.String, "A text."),
        Column("values", pl.List(pl.Float64), "Numbers, or none."),
    ),
    key=("name",),
)
SIZES = (1_000, 300_000)
"""Bytes of noise: the first is kept in a table, the second in a file."""


def write_and_read(place: Place) -> Found:
    """Records from no schema to this one, a decision, blobs small and large, and a Delta table."""
    if place.scratch is None:
        return skipped("no folder could be made")
    folder = place.scratch / "written"
    engine = open_engine(f"sqlite:///{folder / 'banana.sqlite'}")
    try:
        ensure_current(engine)
        store = Store(place.settings, engine)
        store.set_baseline("probe", 2.5, set_by="banana doctor", set_at=datetime.now(UTC))
        if store.baselines()["value"].to_list() != [2.5]:
            return failed("records came back otherwise than they were written", REMEDY)
        blobs = Blobs(engine, str(folder / "blobs"))
        for size in SIZES:
            content = os.urandom(size)
            if blobs.read(blobs.put(BytesIO(content)).sha256) != content:
                return failed("a log came back otherwise than it was written", REMEDY)
    finally:
        engine.dispose()
    if not _table(folder):
        return failed("a table came back otherwise than it was written", REMEDY)
    return ok(f"records (all migrations up to {HEAD}), logs and a table")


def _table(folder: Path) -> bool:
    """Whether rows of a table come back as they were written."""
    frame = pl.DataFrame(
        [{"at": datetime(2026, 3, 1, tzinfo=UTC), "name": "ä\u200b", "values": [1.5, None]}], schema=PROBE.dtypes
    )
    tables = Tables(str(folder / "tables"))
    tables.replace(PROBE, frame)
    return tables.read(PROBE).equals(frame)
