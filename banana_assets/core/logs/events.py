"""Log events out of lines: header fields taken apart, continuation lines joined to the event they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

import polars as pl

from banana_assets.core.logs.header import Header, prefix_pattern
from banana_assets.core.logs.masks import shape_ids
from banana_assets.core.logs.severity import severity
from banana_assets.core.tables.raw import LOG_EVENTS

MAX_EVENT_LINES = 1_000
"""Lines after which an event ends, so that a log without headers further on is not one event."""

SURE = 0.6
"""Header confidence from which a line without the header continues the event before it."""

EVENT_SCHEMA = pl.Schema({n: t for n, t in LOG_EVENTS.dtypes.items() if n not in ("arrival_day", "file_id")})
"""Columns and types of the frames that ``events`` gives."""

_CONTINUES = (
    r"^(?:\s+\S|\s*$|Caused by: |Traceback \(most recent call last\)|\.{3} \d+ (?:more|common frames)|[})\]]+[,;]?\s*$"
    r"|(?:[\w$]+\.)+[\w$]*(?:Exception|Error|Throwable)\b)"
)
"""Lines that continue an event whatever the header: indented or blank ones, and the parts of a stack trace."""


def fields(text: pl.Series, header: Header) -> pl.DataFrame:
    """The header's fields of each line, as text.

    Columns ``ts_text``, ``time`` (index of the layout, or 0), ``level``, ``host``, ``component``, ``process``,
    ``thread``, ``message`` (String; the whole line where the header does not fit) and ``fits`` (Boolean).
    """
    if header.kind == "json":
        return _structured(text, header, _json_field, text.str.starts_with("{"))
    if header.kind == "logfmt":
        return _structured(text, header, _logfmt_field, text.str.contains(r"^[A-Za-z_@][\w.@-]*="))
    return _delimited(text, header)


def _empty_fields(n: int) -> dict[str, pl.Series]:
    names = ("ts_text", "level", "host", "component", "process", "thread")
    return {name: pl.Series(name, [None], dtype=pl.String).new_from_index(0, n) for name in names}


def _delimited(text: pl.Series, header: Header) -> pl.DataFrame:
    frame = pl.DataFrame({"row": pl.int_range(len(text), eager=True, dtype=pl.UInt32), "text": text})
    done: list[pl.DataFrame] = []
    for index, layout in enumerate(header.layouts):
        fits = frame["text"].str.contains(prefix_pattern([layout.pattern(groups=False)]))
        mine, frame = frame.filter(fits), frame.filter(~fits)
        if not mine.height:
            continue
        pattern = prefix_pattern([layout.pattern(groups=True)]) + r"(?P<message>.*)"
        groups = list(re.compile(pattern.replace(r"\x{FEFF}", "\ufeff")).groupindex)
        taken = mine.select("row", pl.col("text").str.extract_groups(f"(?s){pattern}").struct.rename_fields(groups))
        taken = taken.unnest("text").rename({"ts": "ts_text"}, strict=False)
        if layout.time is not None and layout.time.name in ("glog", "klog") and "level" not in taken.columns:
            taken = taken.with_columns(level=pl.col("ts_text").str.slice(0, 1))
        done.append(taken.with_columns(time=pl.lit(index, dtype=pl.Int32), fits=pl.lit(True)))
    done.append(frame.select("row", message="text", time=pl.lit(0, dtype=pl.Int32), fits=pl.lit(False)))
    whole = pl.concat(done, how="diagonal").sort("row")
    missing = [s for name, s in _empty_fields(whole.height).items() if name not in whole.columns]
    return whole.with_columns(missing).drop("row")


def _structured(text: pl.Series, header: Header, extract: object, fits: pl.Series) -> pl.DataFrame:
    found = _empty_fields(len(text))
    assert callable(extract)
    for name, key in header.keys:
        found["ts_text" if name == "ts" else name] = extract(text, key)
    message = found.pop("message", pl.Series([None], dtype=pl.String).new_from_index(0, len(text)))
    frame = pl.DataFrame({**found, "message": message, "text": text, "fits": fits})
    return frame.select(
        *found,
        message=pl.coalesce("message", "text"),
        time=pl.lit(0, dtype=pl.Int32),
        fits=pl.col("fits"),
    )


def _json_field(text: pl.Series, key: str) -> pl.Series:
    """The value at a (dotted) key; lines that are no JSON object give null."""
    objects = text.to_frame("t").select(pl.when(pl.col("t").str.contains(r"^\{.*\}\s*$")).then(pl.col("t"))).to_series()
    path = "$" + "".join(f"['{part}']" for part in key.split("."))
    try:
        return objects.str.json_path_match(path)
    except pl.exceptions.ComputeError:
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(text))


def _logfmt_field(text: pl.Series, key: str) -> pl.Series:
    pattern = rf'(?:^|\s){re.escape(key)}=(?:"((?:[^"\\]|\\.)*)"|(\S*))'
    groups = text.str.extract_groups(pattern).struct.unnest()
    return groups.select(pl.coalesce(groups.columns).str.replace_all(r'\\"', '"')).to_series()


def events(
    chunks: Iterable[pl.DataFrame], header: Header, *, year: int, now: datetime | None = None
) -> Iterator[pl.DataFrame]:
    """Frames of events out of frames of lines (``line``, ``text`` as ``read_lines`` gives them), in order.

    Columns and types are ``EVENT_SCHEMA``: a row an event, whose first line gives fields and message. A line that
    continues (indented, part of a stack trace, or without the header in a log that surely has one) belongs to the
    event before it, also across frames, up to ``MAX_EVENT_LINES`` lines. A time without a year is of ``year``, or of
    the year before where it would lie after ``now``; without a zone it is UTC.
    """
    held: pl.DataFrame | None = None
    for chunk in chunks:
        if not chunk.height:
            continue
        frame = _lines_to_events(chunk, header, year, now, held)
        # The last event stays back: the next frame may continue it.
        held = frame.tail(1)
        if frame.height > 1:
            yield frame.head(frame.height - 1)
    if held is not None and held.height:
        yield held


def _lines_to_events(
    chunk: pl.DataFrame, header: Header, year: int, now: datetime | None, held: pl.DataFrame | None
) -> pl.DataFrame:
    parts = fields(chunk["text"], header)
    lone = pl.lit(header.confidence >= SURE)
    begins = parts.select(
        pl.when("fits").then(True).otherwise(~lone & ~pl.col("message").str.contains(_CONTINUES))
    ).to_series()
    first = int(chunk["line"][0])
    starts = begins.arg_true()
    if held is None and (not len(starts) or starts[0] != 0):
        starts = pl.concat([pl.Series([0], dtype=pl.UInt32), starts.cast(pl.UInt32)])
    taken = int(starts[0]) if len(starts) else chunk.height
    carried: list[pl.DataFrame] = []
    extra: list[int] = []
    if held is not None and taken:
        room = MAX_EVENT_LINES - int(held["last_line"][0] - held["first_line"][0] + 1)
        joined = min(taken, max(room, 0))
        held = held.with_columns(last_line=pl.col("last_line") + joined)
        extra = list(range(joined, taken, MAX_EVENT_LINES))
    if held is not None:
        carried = [held]
    bounds = pl.concat([pl.Series(extra, dtype=pl.Int64), starts.cast(pl.Int64)])
    bounds = _split_long(bounds, chunk.height)
    if not len(bounds):
        return carried[0]
    ends = pl.concat([bounds.slice(1) - 1, pl.Series([chunk.height - 1], dtype=pl.Int64)])
    rows = parts[bounds]
    fresh = rows.select(
        first_line=first + bounds,
        last_line=first + ends,
        ts=_times(rows, header, year, now),
        severity_text=pl.col("level").str.strip_chars(),
        host="host",
        component=pl.col("component").str.strip_chars(),
        process="process",
        thread=pl.col("thread").str.strip_chars("[] "),
        message="message",
        shape_id=shape_ids(rows["message"]),
        severity_number=severity(rows["level"], rows["message"]),
    )
    return pl.concat([*carried, fresh.select(pl.col(n).cast(t) for n, t in EVENT_SCHEMA.items())])


def _split_long(bounds: pl.Series, height: int) -> pl.Series:
    """The starts of events with further ones inside events that are too long."""
    if not len(bounds):
        return bounds
    lengths = pl.concat([bounds.slice(1), pl.Series([height], dtype=pl.Int64)]) - bounds
    if not (lengths > MAX_EVENT_LINES).any():
        return bounds
    frame = pl.DataFrame({"start": bounds, "length": lengths})
    return frame.select(
        (pl.int_ranges(pl.col("start"), pl.col("start") + pl.col("length"), MAX_EVENT_LINES)).explode()
    ).to_series()


def _times(rows: pl.DataFrame, header: Header, year: int, now: datetime | None) -> pl.Series:
    """UTC times of the ``ts_text`` of each row."""
    forms = [header.time] if header.kind != "delimited" else [layout.time for layout in header.layouts]
    places = rows.select("time", "ts_text").with_row_index("row").filter(pl.col("ts_text").is_not_null())
    parsed = []
    for index, form in enumerate(forms):
        some = places.filter(pl.col("time") == index)
        if form is not None and some.height:
            parsed.append(some.select("row", ts=form.parse(some["ts_text"], year=year, now=now)))
    empty = pl.DataFrame(schema={"row": pl.UInt32, "ts": pl.Datetime("us", "UTC")})
    every = pl.DataFrame({"row": pl.int_range(rows.height, eager=True, dtype=pl.UInt32)})
    return every.join(pl.concat([empty, *parsed]), on="row", how="left", maintain_order="left")["ts"]
