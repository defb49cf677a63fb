"""Series as people hand them over: text in three columns, made into numbers and times by stated rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from banana_assets.core.errors import InputError
from banana_assets.core.evidence import plural

COLUMNS = ("series_id", "ts", "y")
MOST_CELLS = 20_000_000
MOST_NAMED = 5
_MORE_READINGS = "Give at least two readings of it."


@dataclass(frozen=True)
class Readings:
    """``frame``: row (place in the input), series_id, ts (microseconds, UTC), text (the time as given), y (float or
    null), in the order of the input. ``notes`` say what was odd and what was done about it; ``zoned`` whether times
    carried an offset."""

    frame: pl.DataFrame
    notes: tuple[str, ...]
    zoned: bool


def parse(frame: pl.DataFrame, where: str) -> Readings:
    """The readings in a frame of text columns ``series_id, ts, y``.

    Rules: a value that is empty or NaN is a gap. Infinity, a value that is no number or a time that is no time is an
    InputError that names the row. Times without an offset are taken as UTC. Errors count rows from 2, after the header.
    """
    absent = [c for c in COLUMNS if c not in frame.columns]
    if absent:
        raise InputError(
            f"{where} has no column {', '.join(absent)}.", "Give a CSV file with the columns series_id,ts,y."
        )
    if not frame.height:
        raise InputError(f"{where} has no rows.", "Give at least two readings a series.")
    text = frame.select(pl.col(c).cast(pl.String).str.strip_chars() for c in COLUMNS).with_row_index("row")
    y = pl.col("y")
    empty = y.is_null() | y.str.to_lowercase().is_in(["", "nan", "null", "none", "na"])
    parsed = text.with_columns(
        empty=empty,
        number=pl.when(empty).then(None).otherwise(y.cast(pl.Float64, strict=False)),
        series_id=pl.col("series_id").fill_null(""),
    )
    _first(parsed.filter(~pl.col("empty") & pl.col("number").is_null()), where, "is no number", "y")
    infinite = parsed.filter(pl.col("number").is_infinite())
    _first(infinite, where, "is infinite", "y", "Leave the value empty where nothing was read.")
    zoned = text["ts"].str.contains(r"(?:Z|[+-]\d\d:?\d\d)$").any()
    parsed = parsed.with_columns(moment=_times(parsed["ts"], zoned))
    _first(parsed.filter(pl.col("moment").is_null()), where, "is no time", "ts", "Write times as 2026-01-31 14:05:00.")
    gaps = int(parsed["number"].is_nan().fill_null(False).sum()) + int(parsed["empty"].sum())
    notes = (f"{plural(gaps, 'reading')} without a value taken as gaps.",) if gaps else ()
    clean = parsed.select(
        "row",
        "series_id",
        pl.col("moment").alias("ts"),
        pl.col("ts").alias("text"),
        pl.col("number").fill_nan(None).alias("y"),
    )
    return Readings(clean, notes, bool(zoned))


def _times(text: pl.Series, zoned: bool) -> pl.Series:
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"):
        times = text.str.to_datetime(form, time_unit="us", strict=False)
        if not times.null_count():
            return times
    if zoned:
        tidy = text.str.replace(" ", "T", literal=True).str.replace(r"Z$", "+00:00")
        tidy = pl.select(
            pl.when(tidy.str.contains(r"[+-]\d\d:?\d\d$")).then(tidy).otherwise(tidy + "+00:00")
        ).to_series()
        times = tidy.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="us", strict=False)
        return times.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    tidy = text.str.replace("T", " ", literal=True)
    best = pl.Series([None] * len(text), dtype=pl.Datetime("us"))
    for form in ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M"):
        best = pl.select(pl.coalesce(best, tidy.str.to_datetime(form, time_unit="us", strict=False))).to_series()
    days = tidy.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
    return pl.select(pl.coalesce(best, days)).to_series()


def _first(bad: pl.DataFrame, where: str, what: str, column: str, remedy: str = "") -> None:
    if bad.height:
        row = bad.row(0, named=True)
        more = f" (and {plural(bad.height - 1, 'further row')})" if bad.height > 1 else ""
        raise InputError(f"{where}, row {row['row'] + 2}: {column} {row[column]!r} {what}{more}.", remedy)


@dataclass(frozen=True)
class Grid:
    """One series on a regular grid: ``values`` with NaN where nothing was read, ``step`` in seconds, times of both
    ends in seconds since 1970, by the clocks of the time zone where there is one. ``last`` is the time of the last
    reading in UTC."""

    name: str
    begin: int
    step: int
    values: np.ndarray
    last: int


def local(times: pl.Series, zone: str | None) -> pl.Series:
    """What the clocks of that time zone show at these times (UTC). InputError for an unknown zone."""
    if zone is None:
        return times
    try:
        return times.dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.replace_time_zone(None)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"There is no time zone {zone!r}.", "Name one like Europe/Berlin.") from error


def grids(readings: Readings, zone: str | None = None) -> tuple[list[Grid], list[str]]:
    """Each series on the grid of its most frequent step, in the order of first appearance, and what was odd.

    Rules: unordered readings are sorted; readings at one time, or nearer to one grid point than to the next, are
    averaged; other times move to the nearest point of the grid that ends at the last reading. A series with fewer than
    two times, or whose clock jumps so far that the grid would have more than a hundred points a reading, is left out
    and named; where no series is left, that is an InputError. With a ``zone`` the grid is that of its clocks: the hour
    that is left out in spring is a gap, the two of autumn are averaged, and every hour of the day stays in its place.
    """
    frame = readings.frame.drop_nulls("y")
    lost = sorted(set(readings.frame["series_id"].unique()) - set(frame["series_id"].unique()))
    left = [InputError(f"Series {name!r} has no value at all.", _MORE_READINGS) for name in lost]
    notes: list[str] = []
    unordered = frame.filter(pl.col("ts") < pl.col("ts").shift(1).over("series_id")).height
    if unordered:
        notes.append(f"{plural(unordered, 'reading')} out of order; sorted by time.")
    repeated = frame.height - frame.select("series_id", "ts").n_unique()
    if repeated:
        notes.append(f"{plural(repeated, 'reading')} at a time that was read before; averaged.")
    cells = 0
    found = []
    for (name,), group in frame.partition_by("series_id", as_dict=True, maintain_order=True).items():
        seconds = local(group["ts"], zone).dt.epoch("s").to_numpy()
        values = group["y"].to_numpy()
        order = np.argsort(seconds, kind="stable")
        last = group["ts"].dt.epoch("s").to_numpy().max()
        grid = _grid(str(name), seconds[order], values[order], int(last))
        if isinstance(grid, InputError):
            left.append(grid)
            continue
        cells += len(grid.values)
        if cells > MOST_CELLS:
            raise InputError(
                f"The series have over {MOST_CELLS:,} grid points.", "Give fewer series, or means over longer steps."
            )
        found.append(grid)
    if not found:
        raise left[0]
    if left:
        notes.append(f"{plural(len(left), 'series', 'series')} left out:")
        notes += [error.message for error in left[:MOST_NAMED]]
        if len(left) > MOST_NAMED:
            notes.append(f"And {len(left) - MOST_NAMED:,} more of them.")
    return found, notes


def _grid(name: str, seconds: np.ndarray, values: np.ndarray, last: int) -> Grid | InputError:
    """The series on its grid, or why it has none."""
    moments = np.unique(seconds)
    if len(moments) < 2:
        return InputError(f"Series {name!r} has one point; two are needed to know its step.", _MORE_READINGS)
    steps, counts = np.unique(np.diff(moments), return_counts=True)
    step = int(steps[np.argmax(counts)])
    # Times that never repeat a distance (irregular sampling): their median says more than a step that came twice.
    if counts.max() < 0.2 * counts.sum():
        step = int(np.median(np.diff(moments)))
    length = round(float(moments[-1] - moments[0]) / step) + 1
    if length > 100 * len(moments) + 1000:
        at = int(np.argmax(np.diff(moments)))
        jump = np.datetime64(int(moments[at]), "s"), np.datetime64(int(moments[at + 1]), "s")
        return InputError(
            f"The clock of series {name!r} jumps from {jump[0]} to {jump[1]}, {length:,} steps of {step} s for "
            f"{len(moments):,} readings.",
            "Correct or remove the readings on one side of the jump.",
        )
    place = length - 1 + np.rint((seconds - moments[-1]) / step).astype(np.int64)
    place = np.clip(place, 0, None)
    sums = np.bincount(place, weights=values, minlength=length)
    n = np.bincount(place, minlength=length)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / n
    first = int(np.argmax(n > 0))
    return Grid(name, int(moments[-1]) - (length - 1 - first) * step, step, means[first:], last)
