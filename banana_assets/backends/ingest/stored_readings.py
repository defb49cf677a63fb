"""Readings into the store: only what is new of a source, and never a change of what is stored."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
import sqlalchemy as sa

from banana_assets.backends.blobs import register
from banana_assets.backends.ingest.report import Outcome
from banana_assets.backends.ingest.samples import decode, encode
from banana_assets.backends.records import tables as t
from banana_assets.backends.records.engine import reading, writing
from banana_assets.backends.store import Store


@dataclass(frozen=True)
class Stored:
    """What became of readings: the outcome, how many were new, how many contradict what is stored, and which metrics
    look as if their unit had changed, a sentence each."""

    outcome: Outcome
    stored: int
    differ: int
    jumps: tuple[str, ...] = ()


def store_readings(store: Store, source: str, frame: pl.DataFrame, path: str) -> Stored:
    """Store those readings (metric, ts, value) of a source that are new.

    A stored reading is never changed. Raises StoreError when the store cannot be written.
    """
    c = t.resource_series.c
    mine = sa.and_(c.source == source, c.build_id.is_(None))
    low, high = frame["ts"].min(), frame["ts"].max()
    while True:
        with reading(store.engine) as connection:
            newest = connection.execute(sa.select(sa.func.max(c.series_id)).where(mine)).scalar() or 0
            overlapping = connection.execute(
                sa.select(c.sha256).where(mine, c.first_ts <= high, c.last_ts >= low)
            ).scalars()
            addresses = list(dict.fromkeys(overlapping))
        fresh, differ = frame, 0
        for address in addresses:
            stored = decode(store.blobs.read(address))
            both = fresh.join(stored, on=["metric", "ts"], how="inner", suffix="_stored")
            differ += both.filter(pl.col("value") != pl.col("value_stored")).height
            fresh = fresh.join(stored, on=["metric", "ts"], how="anti")
        if fresh.is_empty():
            return Stored("known", 0, differ)
        blob = store.blobs.write(io.BytesIO(encode(fresh)))
        now = datetime.now(UTC)
        with writing(store.engine) as connection:
            if (connection.execute(sa.select(sa.func.max(c.series_id)).where(mine)).scalar() or 0) != newest:
                continue
            register(connection, [blob])
            connection.execute(
                t.resource_series.insert().values(
                    source=source,
                    sha256=blob.sha256,
                    first_ts=fresh["ts"].min(),
                    last_ts=fresh["ts"].max(),
                    samples=fresh.height,
                    path=path,
                    arrived_at=now,
                    arrival_day=now.date(),
                )
            )
        jumps = _jumps(store, newest, fresh) if newest else ()
        return Stored("grown" if fresh.height < frame.height else "new", fresh.height, differ, jumps)


def _jumps(store: Store, series_id: int, fresh: pl.DataFrame) -> tuple[str, ...]:
    """Metrics in bytes whose values are a unit's multiple of those of the series before: perhaps the unit changed."""
    c = t.resource_series.c
    with reading(store.engine) as connection:
        address = connection.execute(sa.select(c.sha256).where(c.series_id == series_id)).scalar_one()
    bytes_alone = fresh.filter(pl.col("metric").str.contains(r"bytes(?:\{|$)"))
    if bytes_alone.is_empty():
        return ()
    medians = [
        part.group_by("metric").agg(value=pl.col("value").median())
        for part in (bytes_alone, decode(store.blobs.read(address)))
    ]
    both = (
        medians[0]
        .join(medians[1], on="metric", suffix="_before")
        .filter(pl.col("value") > 0, pl.col("value_before") > 0)
    )
    found = []
    for metric, now, before in both.sort("metric").iter_rows():
        for factor in (1e3, 1e6, 1e9):
            # Powers of 1,000 and of 1,024 are as near to each other as usage is to itself.
            for ratio, said in ((now / before, f"{factor:,.0f} times"), (before / now, f"a {factor:,.0f}th of")):
                if 0.9 < ratio / factor < 1.2:
                    found.append(f"{metric} is about {said} what was stored before: did its unit change?")
    return tuple(found)
