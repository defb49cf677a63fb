"""The ways in which logs write time: recognising and parsing them.

Each format is one regular expression with named groups: ``Y y m mon d`` (date), ``H M S f ms`` (time, fraction of a
second, milliseconds), ``z p`` (zone, AM or PM), ``e`` (Unix time), ``a b c`` (a date whose order the sample decides).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MON = "(?P<mon>(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6})"
_DOW = "(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? )"
_HMS = r"(?P<H>\d{1,2}):(?P<M>\d{2}):(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?"
_ZONE = r"(?P<z>Z| ?[+-]\d{2}:?\d{2}| (?:UTC|GMT)\b)?"

FORMATS: dict[str, str] = {
    "iso": rf"(?P<Y>\d{{4}})[-/.](?P<m>\d{{1,2}})[-/.](?P<d>\d{{1,2}})(?:[T _:-]|, )"
    rf"(?P<H>\d{{1,2}})[:.](?P<M>\d{{2}})[:.](?P<S>\d{{2}})(?:[.,:](?P<f>\d{{1,9}}))?{_ZONE}",
    "compact": r"(?P<Y>\d{4})(?P<m>\d{2})(?P<d>\d{2})[-T _](?P<H>\d{1,2}):(?P<M>\d{1,2}):(?P<S>\d{1,2})"
    rf"(?:[.,](?P<f>\d{{1,9}})|:(?P<ms>\d{{1,3}}))?{_ZONE}",
    "digits": rf"(?P<Y>\d{{4}})(?P<m>\d{{2}})(?P<d>\d{{2}})[T_ -]?(?P<H>\d{{2}})(?P<M>\d{{2}})(?P<S>\d{{2}})"
    rf"(?:[.,](?P<f>\d{{1,9}}))?{_ZONE}",
    "day month year": rf"{_DOW}?(?P<d>\d{{1,2}})[ /-]{_MON}[ /-](?P<Y>\d{{4}})[ :T]{_HMS}{_ZONE}",
    "asctime": rf"{_DOW}?{_MON} +(?P<d>\d{{1,2}}) {_HMS}(?: [A-Z]{{3,5}})? (?P<Y>\d{{4}})",
    "syslog": rf"{_DOW}?{_MON} +(?P<d>\d{{1,2}}),?(?: (?P<Y>\d{{4}}),?)? {_HMS}{_ZONE}",
    "slashed": rf"(?P<a>\d{{1,2}})[/.-](?P<b>\d{{1,2}})[/.-](?P<Y>\d{{4}})(?:[ T]|, ){_HMS}"
    rf"(?P<p> ?[AaPp]\.?[Mm]\.?)?{_ZONE}",
    "short year": rf"(?P<a>\d{{2}})[/.-](?P<b>\d{{2}})[/.-](?P<c>\d{{2}})[ T]{_HMS}{_ZONE}",
    "month day": rf"(?P<m>\d{{2}})[-./](?P<d>\d{{2}}) {_HMS}",
    "glog": rf"(?P<level>[A-Z])(?P<Y>\d{{4}})(?P<m>\d{{2}})(?P<d>\d{{2}}) {_HMS}",
    "klog": rf"(?P<level>[A-Z])(?P<m>\d{{2}})(?P<d>\d{{2}}) {_HMS}",
    "six digits": r"(?P<y>\d{2})(?P<m>\d{2})(?P<d>\d{2}) (?P<H>\d{2})(?P<M>\d{2})(?P<S>\d{2})",
    "epoch": r"(?P<e>1\d{9}(?:\d{3}){0,3})(?:\.(?P<f>\d{1,9}))?",
    "date": r"(?P<Y>\d{4})[-/.](?P<m>\d{2})[-/.](?P<d>\d{2})",
    "time": _HMS,
}
"""Name to expression, the more complete formats first. Valid for Python's ``re`` and for polars' engine."""

ORDERS = ("ymd", "mdy", "dmy")

COMPLETE = {"epoch": 2, "syslog": 1, "month day": 1, "klog": 1, "date": 0, "time": 0}
"""How much a format tells (3 unless named here): which of several times in a header is parsed."""

_GROUP = re.compile(r"\(\?P<(\w+)>((?:[^()\\]|\\.|\([^()]*\))*)\)")


def loose(name: str) -> str:
    """The format without groups and with any count of digits, so that text whose digit runs were shortened matches."""

    def open_up(match: re.Match[str]) -> str:
        return r"\d+" if r"\d" in match[2] and match[1] != "z" else f"(?:{match[2]})"

    pattern = re.sub(r"\\d\{[\d,]+\}", r"\\d+", _GROUP.sub(open_up, FORMATS[name]))
    pattern = re.sub(r"(?:\\d\+){2,}", r"\\d+", pattern)
    return pattern.replace(r"[T_ -]?\d+", r"(?:[T_ -]?\d+)?").replace(r"\d+:?\d+", r"\d+(?::?\d+)?")


@dataclass(frozen=True)
class TimeFormat:
    """One way of writing time: a name of ``FORMATS`` and, where its numbers are ambiguous, their order."""

    name: str
    order: str = ""

    def parse(self, text: pl.Series, *, year: int, now: datetime | None = None) -> pl.Series:
        """UTC datetimes (microseconds) of that text; null where it is no such time.

        No zone means UTC. No year means ``year``, or the year before where that would lie after ``now``.
        """
        return _parse(self, text, year, now)


def order_of(name: str, texts: Iterable[str]) -> str:
    """The order of day, month and year that suits all of the texts ('' where the format leaves no doubt)."""
    if "(?P<a>" not in FORMATS[name]:
        return ""
    found = [m for m in (re.match(FORMATS[name], t) for t in texts) if m]
    names = ("a", "b", "c") if "(?P<c>" in FORMATS[name] else ("a", "b")
    most = [max((int(m[g]) for m in found), default=1) for g in names]
    orders = ORDERS if len(names) == 3 else ("mdy", "dmy") if all("/" in m[0] for m in found) else ("dmy", "mdy")
    limit = {"y": 99, "m": 12, "d": 31}
    fits = [o for o in orders if all(n <= limit[part] for n, part in zip(most, o, strict=False))]
    return fits[0] if fits else orders[0]


def _number(field: str) -> pl.Expr:
    return pl.col(field).cast(pl.Int32, strict=False)


def _parse(form: TimeFormat, text: pl.Series, year: int, now: datetime | None) -> pl.Series:
    pattern = FORMATS[form.name]
    groups = list(re.compile(pattern).groupindex)
    frame = text.alias("t").to_frame().select(pl.col("t").str.extract_groups(f"^{pattern}").struct.unnest())
    if groups and frame.columns != groups:
        frame = frame.rename(dict(zip(frame.columns, groups, strict=True)))
    if "e" in groups:
        return frame.select(_epoch()).to_series()
    frame = frame.rename({g: part for g, part in zip("abc", _parts(form.order, groups), strict=False) if g in groups})
    have = set(frame.columns)
    if not have & {"m", "mon"}:
        # A time of day alone belongs to no day.
        return pl.Series([None] * len(text), dtype=pl.Datetime("us", "UTC"))
    month = (
        pl.col("mon")
        .str.slice(0, 3)
        .str.to_lowercase()
        .replace_strict(list(_MONTHS), list(range(1, 13)), default=None, return_dtype=pl.Int32)
        if "mon" in have
        else _number("m")
    )
    years = _number("Y") if "Y" in have else _number("y") + 2000 if "y" in have else pl.lit(None, dtype=pl.Int32)
    clock = [_number(part) if part in have else pl.lit(0, dtype=pl.Int32) for part in "HMS"]
    if "p" in have:
        noon = pl.col("p").str.to_lowercase().str.contains("p")
        clock[0] = (
            pl.when(pl.col("p").is_null())
            .then(clock[0])
            .otherwise(clock[0] % 12 + noon.cast(pl.Int32).fill_null(0) * 12)
        )
    micros = pl.lit(0, dtype=pl.Int32)
    if "f" in have:
        micros = pl.col("f").str.pad_end(6, "0").str.slice(0, 6).cast(pl.Int32, strict=False).fill_null(0)
    if "ms" in have:
        micros = micros + _number("ms").fill_null(0) * 1000
    frame = frame.select(
        Y=years,
        m=month,
        d=_number("d"),
        H=clock[0],
        M=clock[1],
        S=clock[2].clip(0, 59),
        u=micros,
        z=_offset() if "z" in have else pl.lit(0, dtype=pl.Int32),
    )
    valid = (
        pl.col("m").is_between(1, 12)
        & pl.col("d").is_between(1, 31)
        & pl.col("H").is_between(0, 23)
        & pl.col("M").is_between(0, 59)
    )
    frame = frame.with_columns(pl.when(valid).then(pl.col(c)).alias(c) for c in ("m", "d", "H", "M"))
    frame = frame.with_columns(dated=pl.col("Y").is_not_null(), Y=pl.col("Y").fill_null(year))
    ts = _datetime(pl.col("Y")) - pl.duration(minutes=pl.col("z"))
    if now is None:
        return frame.select(ts.alias("ts")).to_series()
    late = ~pl.col("dated") & (ts > pl.lit(now.astimezone(UTC)))
    return frame.select(
        pl.when(late).then(_datetime(pl.col("Y") - 1) - pl.duration(minutes=pl.col("z"))).otherwise(ts).alias("ts")
    ).to_series()


def _datetime(year: pl.Expr) -> pl.Expr:
    # A day that the month does not have (30 February) is no date: rolled over by adding days, then found out.
    first = pl.datetime(year, pl.col("m"), 1, pl.col("H"), pl.col("M"), pl.col("S"), pl.col("u"), time_zone="UTC")
    whole = first + pl.duration(days=pl.col("d") - 1)
    return pl.when(whole.dt.month() == pl.col("m")).then(whole)


def _parts(order: str, groups: Sequence[str]) -> list[str]:
    """What the groups a, b, c stand for."""
    letters = order or "ymd"
    if "c" not in groups:
        letters = letters.replace("y", "")
    return list(letters)


def _offset() -> pl.Expr:
    """Minutes east of UTC written as ``+02:00``, ``-0700``, ``Z`` or not at all."""
    digits = pl.col("z").str.replace_all(r"[^0-9]", "")
    minutes = digits.str.slice(0, 2).cast(pl.Int32, strict=False) * 60 + digits.str.slice(2, 2).cast(
        pl.Int32, strict=False
    )
    return pl.when(pl.col("z").str.contains("-", literal=True)).then(-minutes).otherwise(minutes).fill_null(0)


def _epoch() -> pl.Expr:
    """Unix time in seconds, milli-, micro- or nanoseconds, told by its count of digits."""
    digits = pl.col("e").str.len_bytes()
    number = pl.col("e").cast(pl.Int64, strict=False)
    fraction = pl.col("f").str.pad_end(6, "0").str.slice(0, 6).cast(pl.Int64, strict=False).fill_null(0)
    micros = (
        pl.when(digits == 10)
        .then(number * 1_000_000 + fraction)
        .when(digits == 13)
        .then(number * 1_000)
        .when(digits == 16)
        .then(number)
        .when(digits == 19)
        .then(number // 1_000)
    )
    return micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias("ts")
