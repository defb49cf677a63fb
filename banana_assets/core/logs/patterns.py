"""Patterns of log events: counted shapes of one file, and templates over all files."""

from __future__ import annotations

from datetime import date

import polars as pl

from banana_assets.core.logs.incremental import mined
from banana_assets.core.logs.lineage import formerly
from banana_assets.core.logs.masks import mask
from banana_assets.core.logs.standing import new_ones, rarity, trend
from banana_assets.core.logs.states import STATES, with_states
from banana_assets.core.tables.common import UTC
from banana_assets.core.tables.patterns import EXAMPLE, LOG_PATTERNS, LOG_SHAPES

EXAMPLE_CHARACTERS = 2_000
EXAMPLES = 3

SHAPE_SCHEMA = pl.Schema({n: t for n, t in LOG_SHAPES.dtypes.items() if n not in ("arrival_day", "file_id", "source")})
"""Columns and types of what ``shapes`` gives."""

OFTEN_ERROR, OFTEN_WARNING = 100, 1_000

RULES_VERSION = 2
"""Raise it with every change of masks or mining, so that stored templates are mined again."""

TYPICAL = 0.1
"""Share of a pattern's events from which a severity counts for the pattern."""


def shapes(events: pl.DataFrame) -> pl.DataFrame:
    """The events of one file (``events.EVENT_SCHEMA``) counted by hour and shape; columns ``SHAPE_SCHEMA``.

    Only one message of each shape is masked again, to learn the shape's text.
    """
    if not events.height:
        return pl.DataFrame(schema=SHAPE_SCHEMA)
    first = pl.col("first_line").arg_min()
    counted = (
        events.lazy()
        .with_columns(hour=pl.col("ts").dt.truncate("1h"))
        .group_by("hour", "shape_id")
        .agg(
            severity_number=pl.col("severity_number").max(),
            events=pl.len().cast(pl.Int64),
            first_ts=pl.col("ts").min(),
            last_ts=pl.col("ts").max(),
            first_line=pl.col("first_line").min(),
            message=pl.col("message").get(first),
        )
        .collect()
    )
    texts = counted.unique("shape_id", keep="any").select("shape_id", shape=mask_of("message"))
    return (
        counted.join(texts, on="shape_id", how="left")
        .with_columns(example=pl.col("message").str.slice(0, EXAMPLE_CHARACTERS))
        .select(pl.col(n).cast(t) for n, t in SHAPE_SCHEMA.items())
        .sort("hour", "first_line")
    )


def merge_shapes(parts: pl.DataFrame) -> pl.DataFrame:
    """One row an hour and shape out of the rows that ``shapes`` gave for several parts of one file."""
    merged = (
        parts.sort("first_line")
        .group_by("hour", "shape_id")
        .agg(
            pl.col("shape", "first_line", "example").first(),
            pl.col("severity_number", "last_ts").max(),
            pl.col("first_ts").min(),
            pl.col("events").sum(),
        )
    )
    return merged.select(pl.col(n).cast(t) for n, t in SHAPE_SCHEMA.items()).sort("hour", "first_line")


def mask_of(column: str) -> pl.Expr:
    """The shapes of a column of messages."""
    return pl.col(column).map_batches(mask, return_dtype=pl.String)


def typical_severity(severity: pl.Expr, events: pl.Expr) -> pl.Expr:
    """The highest severity that at least TYPICAL of the events reach, so that one odd line does not decide for all."""
    order = severity.arg_sort(descending=True)
    reached = events.gather(order).cum_sum() >= TYPICAL * events.sum()
    return severity.gather(order).get(reached.arg_max())


def severity_word(severity: pl.Expr, frequency: pl.Expr) -> pl.Expr:
    """How much a pattern asks for attention.

    ``critical``: fatal (OpenTelemetry 21-24), or an error (17-20) seen at least 100 times. ``high``: any other error,
    or a warning (13-16) seen at least 1,000 times. ``medium``: any other warning. ``low``: the rest. A rare error
    stays high, since the cause of a failure is mostly written once.
    """
    return (
        pl.when((severity >= 21) | ((severity >= 17) & (frequency >= OFTEN_ERROR)))
        .then(pl.lit("critical"))
        .when((severity >= 17) | ((severity >= 13) & (frequency >= OFTEN_WARNING)))
        .then(pl.lit("high"))
        .when(severity >= 13)
        .then(pl.lit("medium"))
        .otherwise(pl.lit("low"))
    )


_COUNTED = [c.name for c in LOG_SHAPES.columns if c.name not in ("shape", "example")]
"""Columns of LOG_SHAPES that counting needs: all but the texts."""


def patterns(
    shapes: pl.DataFrame | pl.LazyFrame,
    files: pl.DataFrame,
    *,
    previous: pl.DataFrame | None = None,
    states: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The templates of all shapes, in the columns of ``log_patterns``; the most frequent first, none dropped.

    ``shapes`` are rows of ``log_shapes``, whose texts are collected only where they are needed; ``files`` has
    ``file_id, path, arrived_at``. ``previous`` are the patterns as they were before, which saves mining their shapes
    again and tells what split or merged; ``states`` what people decided (STATES).
    """
    stored = shapes.lazy()
    rows = stored.select(_COUNTED).collect()
    if not rows.height:
        return LOG_PATTERNS.empty()
    before = LOG_PATTERNS.empty() if previous is None else previous

    def texts(ids: pl.Series) -> pl.DataFrame:
        chosen = stored.select("shape_id", "shape").filter(pl.col("shape_id").is_in(ids.implode()))
        return chosen.unique("shape_id", keep="any").collect()

    # What other rules made, or an earlier release that kept no groups, is of no use to this one.
    usable = before.filter(pl.col("rules_version") == RULES_VERSION, pl.col("groups").list.len() > 0)
    templates = mined(rows["shape_id"].unique(), texts, usable)
    rows = rows.join(
        templates.select("pattern_id", shape_id="shapes").explode("shape_id"), on="shape_id", how="left"
    ).join(files.select("file_id", "path", "arrived_at").unique("file_id"), on="file_id", how="left")
    counted = rows.group_by("pattern_id").agg(
        frequency=pl.col("events").sum(),
        severity_number=typical_severity(pl.col("severity_number"), pl.col("events")),
        first_seen=pl.col("first_ts").min(),
        last_seen=pl.col("last_ts").max(),
        first_arrived=pl.col("arrival_day").min(),
        last_arrived=pl.coalesce("arrived_at", pl.col("arrival_day").cast(UTC)).max(),
        sources=pl.col("source").unique().sort(),
        files=pl.col("file_id").n_unique().cast(pl.Int64),
    )
    found = templates.join(counted, on="pattern_id")
    members = rows.select("pattern_id", "source").unique()
    latest = rows["arrival_day"].max()
    assert isinstance(latest, date)
    found = (
        found.join(rarity(rows, members), on="pattern_id", how="left")
        .join(trend(rows), on="pattern_id", how="left")
        .join(new_ones(rows, members).with_columns(is_new=True), on="pattern_id", how="left")
        .join(formerly(found, before, latest), on="pattern_id", how="left")
        .with_columns(pl.col("is_new").fill_null(False), pl.col("formerly").fill_null([]))
    )
    found = with_states(found, pl.DataFrame(schema=STATES) if states is None else states)
    shown = _examples(rows, stored)
    whole = found.join(shown, on="pattern_id", how="left").with_columns(
        severity=severity_word(pl.col("severity_number"), pl.col("frequency")),
        rules_version=pl.lit(RULES_VERSION, dtype=pl.Int32),
    )
    return LOG_PATTERNS.conform(whole.sort(["frequency", "pattern_id"], descending=[True, False]))


def _examples(rows: pl.DataFrame, stored: pl.LazyFrame) -> pl.DataFrame:
    """``pattern_id, examples``: the earliest events of different shapes, and of the same where there are no others."""
    ordered = rows.select("pattern_id", "shape_id", "arrival_day", "file_id", "path", "first_line")
    chosen = (
        ordered.sort("file_id", "first_line")
        .with_columns(nth=pl.int_range(pl.len()).over("pattern_id", "shape_id"))
        .filter(pl.col("nth") < EXAMPLES)
        .sort("pattern_id", "nth", "file_id", "first_line")
        .group_by("pattern_id", maintain_order=True)
        .head(EXAMPLES)
    )
    text = (
        stored.filter(
            pl.col("arrival_day").is_in(chosen["arrival_day"].unique().implode()),
            pl.col("file_id").is_in(chosen["file_id"].unique().implode()),
            pl.col("first_line").is_in(chosen["first_line"].unique().implode()),
        )
        .select("file_id", "first_line", "example")
        .unique(["file_id", "first_line"], keep="any")
        .collect()
    )
    return (
        chosen.join(text, on=["file_id", "first_line"], how="left", maintain_order="left")
        .select("pattern_id", pl.struct("file_id", "path", line="first_line", text="example").cast(EXAMPLE).alias("e"))
        .group_by("pattern_id", maintain_order=True)
        .agg(examples=pl.col("e"))
    )
