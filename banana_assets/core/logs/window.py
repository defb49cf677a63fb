"""What logs did in a span of time: counts by level, and the patterns that came in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from banana_assets.core.vocabulary import LOG_LEVELS, SEVERITIES

LEAST_OF_LEVEL = {level: 4 * n + 1 for n, level in enumerate(LOG_LEVELS)}
"""The least OpenTelemetry severity number of each level."""

SEVERITY_RULE = (
    "critical: fatal, or an error seen at least 100 times; high: any other error, or a warning seen at least 1,000 "
    "times; medium: any other warning; low: the rest; counted over all there is"
)
"""``patterns.severity_word`` in words."""

_CELLS = ("file_id", "source", "hour", "shape_id", "severity_number", "events", "first_ts", "last_ts")
_RANK = {word: n for n, word in enumerate(SEVERITIES)}
_ERROR, _WARN = LEAST_OF_LEVEL["error"], LEAST_OF_LEVEL["warn"]


@dataclass(frozen=True)
class Window:
    """The cells (rows of LOG_SHAPES without texts) of a span, and what of it has logs.

    ``begin`` is None where the span reaches before all time; ``counted`` is the whole hour that events count from.
    ``first`` is the earliest event of all, ``untimed`` how many of the cells' events carry no time and count by when
    their file arrived.
    """

    begin: datetime | None
    counted: datetime | None
    end: datetime | None
    first: datetime | None
    cells: pl.DataFrame
    untimed: int

    @property
    def events(self) -> int:
        """Events in the span."""
        return int(self.cells["events"].sum())

    def at_level(self, least: int, most: int = 24) -> int:
        """Events in the span of those severities; an hour's events of one shape have the highest of them."""
        return int(self.cells.filter(pl.col("severity_number").is_between(least, most))["events"].sum())

    @property
    def errors(self) -> int:
        """Events in the span that are errors or worse."""
        return self.at_level(_ERROR)

    @property
    def warnings(self) -> int:
        """Warnings in the span."""
        return self.at_level(_WARN, _ERROR - 1)


def window(shapes: pl.DataFrame, files: pl.DataFrame, hours: float) -> Window:
    """The last ``hours`` up to the latest event of LOG_SHAPES; the hour in which they begin counts whole.

    A time of the future is none: no event is later than its file's arrival (``files``, LOG_FILES). Events without a
    time count by that.
    """
    arrived = files.select("file_id", "arrived_at")
    cells = shapes.select(_CELLS).join(arrived, on="file_id", how="left")
    seen = cells.drop_nulls("last_ts").select(pl.min_horizontal("last_ts", "arrived_at")).to_series().max()
    end = seen or cells["arrived_at"].max()
    if not isinstance(end, datetime):
        return Window(None, None, None, None, cells, 0)
    try:
        begin = end - timedelta(hours=hours)
    except OverflowError:
        begin = None
    at = pl.coalesce("hour", "arrived_at")
    start = None if begin is None else begin.replace(minute=0, second=0, microsecond=0)
    kept = cells if start is None else cells.filter(at >= start)
    first = cells["first_ts"].min()
    untimed = int(kept.filter(pl.col("hour").is_null())["events"].sum())
    return Window(begin, start, end, first if isinstance(first, datetime) else None, kept, untimed)


def patterns_within(found: Window, patterns: pl.DataFrame, least: int = 0) -> pl.DataFrame:
    """The patterns (LOG_PATTERNS) that came in the span with a severity number of ``least`` or more, the worst first.

    Columns beside: ``within`` (events in the span), ``rank`` (of the severity), ``last_within``.
    """
    cells = found.cells.filter(pl.col("severity_number") >= least)
    members = patterns.select("pattern_id", shape_id="shapes").explode("shape_id", empty_as_null=False)
    counted = (
        cells.join(members, on="shape_id")
        .group_by("pattern_id")
        .agg(within=pl.col("events").sum(), last_within=pl.col("last_ts").max())
    )
    return (
        patterns.join(counted, on="pattern_id")
        .with_columns(rank=pl.col("severity").replace_strict(_RANK, return_dtype=pl.Int8))
        .sort(["rank", "within", "pattern_id"], descending=[True, True, False])
    )
