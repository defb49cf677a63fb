"""Taking in resource readings: CSV in long form (time, metric, value, perhaps source) or wide form (time, then a column
a metric), Prometheus text and OpenMetrics, from files and addresses."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import polars as pl

from banana_assets.backends.ingest.build_rows import Series
from banana_assets.backends.ingest.content import Content, check_text, from_path
from banana_assets.backends.ingest.naming import source_name, without_endings
from banana_assets.backends.ingest.paths import expand
from banana_assets.backends.ingest.prometheus import (
    as_readings,
    is_exposition,
    notes_of,
    parse_exposition,
    scrape,
)
from banana_assets.backends.ingest.report import Item, Progress, Report
from banana_assets.backends.ingest.samples import encode
from banana_assets.backends.ingest.stored_readings import store_readings
from banana_assets.backends.ingest.times import parse_moment
from banana_assets.backends.lines import Oddities
from banana_assets.backends.scratch import scratch_folder
from banana_assets.backends.store import Store
from banana_assets.core.errors import InputError
from banana_assets.core.evidence import plural
from banana_assets.core.tables.common import UTC as UTC_TYPE
from banana_assets.core.units import base_unit

_TIME = ("ts", "timestamp", "time", "datetime", "date")
_SOURCE = ("source", "host", "hostname", "instance", "series_id")
_ENDINGS = (".csv", ".prom", ".openmetrics")
_FORMS = "Write the columns ts,metric,value or ts,source,metric,value, or ts and a column of numbers for each metric."


@dataclass(frozen=True)
class Readings:
    """Readings of a file: ``frame`` has source (String or null), metric, ts and value; ``repeated`` counts readings of
    one metric and moment beyond the first, which are left out; ``notes`` say what else was done."""

    frame: pl.DataFrame
    lines: int
    repeated: int
    notes: tuple[str, ...] = ()


def ingest_resources(
    store: Store,
    paths: Iterable[Path | str],
    *,
    source: str | None = None,
    match: Sequence[str] = (),
    progress: Progress | None = None,
) -> Report:
    """Take in files of resource readings (CSV, Prometheus text, OpenMetrics), and what http addresses answer.

    ``source`` names what was measured, where no column or label does; told from the file's name or the address where
    neither does. ``match`` are globs of the Prometheus metrics wanted. Of a file that grew only the new readings come
    in. Raises StoreError when the store itself fails.
    """
    report = Report(progress=progress)
    told = list(paths)
    for address in (path for path in told if isinstance(path, str) and path.startswith(("http://", "https://"))):
        try:
            content = Content.of_bytes(address, scrape(address))
            _take(store, content, source or urlsplit(address).netloc, report, match, datetime.now(UTC))
        except InputError as error:
            report.refuse(address, error)
    files = [path for path in told if not (isinstance(path, str) and path.startswith(("http://", "https://")))]
    with scratch_folder(store.settings.home) as scratch:
        for found in expand(map(Path, files)):
            if isinstance(found, InputError):
                report.refuse("", found)
                continue
            path = found.path
            if not found.named and not any(ending in path.name.lower() for ending in _ENDINGS):
                report.add(Item(str(path), "aside", message="its name is not that of readings (.csv, .prom)"))
                continue
            try:
                content = from_path(path, store.settings, scratch)
                _take(store, content, source or _name(path), report, match, _written(path))
            except InputError as error:
                report.refuse(str(path), error)
    return report


def series_of(store: Store, content: Content, source: str) -> Series:
    """The readings of one build, at rest; ``source`` names what was measured where no column does.

    Raises InputError for what is no table of readings, or has readings of several sources.
    """
    readings = read_csv(content)
    sources = readings.frame["source"].drop_nulls().unique().to_list()
    if len(sources) > 1:
        raise InputError(f"{content.name} holds readings of several sources.", "Give each build the readings of one.")
    blob = store.blobs.write(io.BytesIO(encode(readings.frame)))
    return Series.of(sources[0] if sources else source, readings.frame, blob)


def _name(path: Path) -> str:
    stem = without_endings(path.name)
    for ending in _ENDINGS:
        stem = stem.removesuffix(ending)
    return "stdin" if str(path) == "-" else source_name(Path(stem))


def _written(path: Path) -> datetime:
    """When a file was written: the time of samples that carry none, and the same however often it is read."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return datetime.now(UTC)


def _take(store: Store, content: Content, source: str, report: Report, match: Sequence[str], written: datetime) -> None:
    check_text(content)
    head = content.head()
    if not head:
        report.add(Item(content.name, "empty", source, message="it is empty"))
        return
    readings = read_exposition(content, written, match) if is_exposition(head) else read_csv(content)
    named = readings.frame.with_columns(pl.col("source").fill_null(source))
    notes = [f"{plural(readings.repeated, 'repeated reading')} left out"] if readings.repeated else []
    notes += readings.notes
    for (name,), frame in named.partition_by("source", as_dict=True, include_key=False, maintain_order=True).items():
        done = store_readings(store, str(name), frame, content.name)
        if done.differ:
            notes.append(
                f"{plural(done.differ, 'reading differs', 'readings differ')} from what is stored, which stays"
            )
        notes += done.jumps
        report.add(Item(content.name, done.outcome, str(name), Oddities(lines=done.stored), "; ".join(notes)))
        notes = []


def read_exposition(content: Content, now: datetime, match: Sequence[str] = ()) -> Readings:
    """The readings of Prometheus text or OpenMetrics; ``now`` is the time of samples that carry none."""
    data = content.whole()
    found = parse_exposition(data, content.name, now=now, match=match)
    readings, single, resets = as_readings(found.frame)
    notes = notes_of(found, single, resets)
    if readings.is_empty():
        why = f": {'; '.join(notes)}" if notes else ""
        raise InputError(
            f"{content.name} holds no reading{why}.",
            "For rates of counters use `banana watch --url`, which reads again and again.",
        )
    based, renamed = in_base_units(readings)
    once = based.unique(["source", "metric", "ts"], keep="first", maintain_order=True)
    return Readings(once, data.count(b"\n"), based.height - once.height, tuple(notes + renamed))


def in_base_units(readings: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """The readings with metrics named in other units than bytes, seconds and percent in those, and what was changed."""
    changes = {name: changed for name in readings["metric"].unique().to_list() if (changed := base_unit(name))}
    if not changes:
        return readings, []
    factor = pl.col("metric").replace_strict(
        {n: f for n, (_, f) in changes.items()}, default=1.0, return_dtype=pl.Float64
    )
    named = pl.col("metric").replace({n: base for n, (base, _) in changes.items()})
    notes = [f"{name} taken as {base} (x {factor:g})" for name, (base, factor) in sorted(changes.items())]
    return readings.with_columns(value=pl.col("value") * factor, metric=named), notes


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
    one_a_row = {"metric", "value"} <= set(raw.columns)
    if one_a_row:
        long = raw.select("row", "source", "metric", "ts", "value")
    else:
        metrics = [c for c in raw.columns if c not in ("row", "source", "ts")]
        if not metrics:
            raise InputError(f"{content.name} has no column of readings.", _FORMS)
        spread = raw.unpivot(metrics, index=["row", "source", "ts"], variable_name="of", value_name="reading")
        long = spread.rename({"of": "metric", "reading": "value"}).sort("row", "metric")
    empty = pl.col("value").str.strip_chars().str.to_lowercase().is_in(["", "nan", "null"]).fill_null(value=True)
    # A row that says nothing at all is a line of a spreadsheet's end; one that says half of it was torn.
    said = long.filter(~(empty & pl.col("ts").is_null() & (pl.col("metric").is_null() if one_a_row else True)))
    frame = _typed(said.with_columns(gap=empty), content.name)
    gaps = said.height - frame.height
    if frame.is_empty():
        raise InputError(f"{content.name} holds no reading.", _FORMS)
    based, notes = in_base_units(frame)
    once = based.unique(["source", "metric", "ts"], keep="first", maintain_order=True)
    missing = [f"{plural(gaps, 'reading')} without a value left out"] if gaps else []
    return Readings(once, raw.height, based.height - once.height, (*missing, *notes))


def _typed(long: pl.DataFrame, name: str) -> pl.DataFrame:
    moments = {text: parse_moment(text) for text in long["ts"].unique().to_list()}
    times = pl.Series("moment", [moments[text] for text in long["ts"].to_list()], dtype=UTC_TYPE)
    typed = long.with_columns(
        times, pl.col("value").str.strip_chars().cast(pl.Float64, strict=False).alias("number"), pl.col("metric")
    )
    bad = typed.filter(
        pl.col("moment").is_null()
        | pl.col("metric").is_null()
        | (~pl.col("gap") & (pl.col("number").is_null() | ~pl.col("number").is_finite()))
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
    return typed.filter(~pl.col("gap")).select(
        "source", "metric", pl.col("moment").alias("ts"), pl.col("number").alias("value")
    )
