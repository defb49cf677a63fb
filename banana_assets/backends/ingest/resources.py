"""Taking in resource readings: CSV in long form (time, metric, value, perhaps source) or wide form (time, then a column
a metric)."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from banana_assets.backends.blobs import register
from banana_assets.backends.ingest.content import Content, check_text, from_path
from banana_assets.backends.ingest.naming import source_name, without_endings
from banana_assets.backends.ingest.paths import expand
from banana_assets.backends.ingest.report import Item, Progress, Report
from banana_assets.backends.ingest.samples import decode, encode
from banana_assets.backends.ingest.times import parse_moment
from banana_assets.backends.lines import Oddities
from banana_assets.backends.records import tables as t
from banana_assets.backends.records.engine import reading, writing
from banana_assets.backends.scratch import scratch_folder
from banana_assets.backends.store import Store
from banana_assets.core.errors import InputError
from banana_assets.core.tables.common import UTC as UTC_TYPE

_TIME = ("ts", "timestamp", "time", "datetime", "date")
_SOURCE = ("source", "host", "hostname", "instance", "series_id")
_FORMS = "Write the columns ts,metric,value or ts,source,metric,value, or ts and a column of numbers for each metric."


@dataclass(frozen=True)
class Readings:
    """Readings of a file: ``frame`` has source (String or null), metric, ts and value; ``repeated`` counts readings of
    one metric and moment beyond the first, which are left out."""

    frame: pl.DataFrame
    lines: int
    repeated: int


def ingest_resources(
    store: Store, paths: Iterable[Path | str], *, source: str | None = None, progress: Progress | None = None
) -> Report:
    """Take in CSV files of resource readings. ``source`` names what was measured, where no column does; told from the
    file's name where neither does.

    Of a file that grew only the new readings come in. Raises StoreError when the store itself fails.
    """
    report = Report(progress=progress)
    with scratch_folder(store.settings.home) as scratch:
        for found in expand(map(Path, paths)):
            if isinstance(found, InputError):
                report.refuse("", found)
                continue
            path = found.path
            if not found.named and ".csv" not in path.name.lower():
                report.add(Item(str(path), "aside", message="it is no CSV file"))
                continue
            try:
                _take(store, from_path(path, store.settings, scratch), source or _name(path), report)
            except InputError as error:
                report.refuse(str(path), error)
    return report


def _name(path: Path) -> str:
    return "stdin" if str(path) == "-" else source_name(Path(without_endings(path.name).removesuffix(".csv")))


def _take(store: Store, content: Content, source: str, report: Report) -> None:
    check_text(content)
    if not content.head(1):
        report.add(Item(content.name, "empty", source, message="it is empty"))
        return
    readings = read_csv(content)
    named = readings.frame.with_columns(pl.col("source").fill_null(source))
    for (name,), frame in named.partition_by("source", as_dict=True, include_key=False, maintain_order=True).items():
        outcome, stored, differ = _store(store, str(name), frame, content.name)
        notes = [f"{readings.repeated} repeated readings left out"] if readings.repeated else []
        notes += [f"{differ} readings differ from what is stored, which stays"] if differ else []
        report.add(Item(content.name, outcome, str(name), Oddities(lines=stored), "; ".join(notes)))  # type: ignore[arg-type]


def _store(store: Store, source: str, frame: pl.DataFrame, path: str) -> tuple[str, int, int]:
    """Store the readings that are new; the outcome, how many they are, and how many contradict what is stored."""
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
            return "known", 0, differ
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
        return ("grown" if fresh.height < frame.height else "new"), fresh.height, differ


def read_csv(content: Content) -> Readings:
    """The readings of a CSV file. Raises InputError naming the line or column that cannot be read."""
    data = content.whole()
    try:
        raw = pl.read_csv(data, infer_schema=False, truncate_ragged_lines=False, encoding="utf8-lossy")
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{content.name} is no CSV: {str(error).splitlines()[0]}.", _FORMS) from error
    raw = raw.rename({c: c.strip().lower() for c in raw.columns}).with_row_index("row", offset=2)
    when = next((c for c in _TIME if c in raw.columns), None)
    source = next((c for c in _SOURCE if c in raw.columns), None)
    if when is None:
        raise InputError(f"{content.name} has no column for the time ({', '.join(_TIME)}).", _FORMS)
    raw = raw.rename({when: "ts"} | ({source: "source"} if source else {}))
    if source is None:
        raw = raw.with_columns(pl.lit(None, dtype=pl.String).alias("source"))
    if {"metric", "value"} <= set(raw.columns):
        long = raw.select("row", "source", "metric", "ts", "value")
    else:
        metrics = [c for c in raw.columns if c not in ("row", "source", "ts")]
        if not metrics:
            raise InputError(f"{content.name} has no column of readings.", _FORMS)
        spread = raw.unpivot(metrics, index=["row", "source", "ts"], variable_name="of", value_name="reading")
        long = spread.rename({"of": "metric", "reading": "value"}).sort("row", "metric")
    long = long.filter(pl.col("value").str.strip_chars().is_in(["", "nan", "NaN", "null", "NULL"]).not_())
    frame = _typed(long, content.name)
    if frame.is_empty():
        raise InputError(f"{content.name} holds no reading.", _FORMS)
    once = frame.unique(["source", "metric", "ts"], keep="first", maintain_order=True)
    return Readings(once, raw.height, frame.height - once.height)


def _typed(long: pl.DataFrame, name: str) -> pl.DataFrame:
    moments = {text: parse_moment(text) for text in long["ts"].unique().to_list()}
    times = pl.Series("moment", [moments[text] for text in long["ts"].to_list()], dtype=UTC_TYPE)
    typed = long.with_columns(
        times, pl.col("value").str.strip_chars().cast(pl.Float64, strict=False).alias("number"), pl.col("metric")
    )
    bad = typed.filter(
        pl.col("moment").is_null()
        | pl.col("number").is_null()
        | ~pl.col("number").is_finite()
        | pl.col("metric").is_null()
    ).sort("row")
    if bad.height:
        row = bad.row(0, named=True)
        what = (
            f"the time {row['ts']!r}"
            if row["moment"] is None
            else "no metric"
            if row["metric"] is None
            else f"{row['value']!r} for {row['metric']}, which is no number"
        )
        raise InputError(f"{name} has on line {row['row']} {what}.", "Mend or remove that line; times are ISO 8601.")
    return typed.select("source", "metric", pl.col("moment").alias("ts"), pl.col("number").alias("value"))
