"""How a pattern stands among the events around it: how rare it is, whether it comes more often than before, and
whether it is new."""

from __future__ import annotations

import polars as pl

LEAST_EVENTS = 20
"""Events with a time below which no trend is told: of twenty even events two to nine fall into a quarter by chance."""

LEAST_HOURS = 4
"""Hours with events below which a source has no latest quarter."""


def rarity(shapes: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """``pattern_id, rarity``: ln(N / f) / ln(N), where f of the N events of the pattern's sources are its own.

    That is the information of meeting it, as a share of what a single event among N would tell: 1 for a pattern seen
    once, 0 for one that is all there is. ``shapes`` has rows of LOG_SHAPES with ``pattern_id``; ``members`` has
    ``pattern_id, source``, a row each.
    """
    of_source = shapes.group_by("source").agg(total=pl.col("events").sum())
    total = members.join(of_source, on="source").group_by("pattern_id").agg(pl.col("total").sum())
    own = shapes.group_by("pattern_id").agg(own=pl.col("events").sum())
    told = (pl.col("total") / pl.col("own")).log() / pl.col("total").log()
    return total.join(own, on="pattern_id").select(
        "pattern_id", rarity=pl.when(pl.col("total") > 1).then(told.clip(0, 1)).otherwise(0.0)
    )


def trend(shapes: pl.DataFrame) -> pl.DataFrame:
    """``pattern_id, trend``: the rate in the latest quarter over the rate before; 1 is steady, 2 twice as often.

    The hours in which a source wrote anything, in order, are its time, so that pauses count for nothing; the latest
    quarter of them (rounded down) is against the rest. Half an event is added for each quarter, which keeps the ratio
    finite where there was nothing before. Null with fewer than LEAST_EVENTS events in sources of LEAST_HOURS hours.
    """
    timed = shapes.filter(pl.col("hour").is_not_null())
    hours = timed.select("source", "hour").unique().sort("source", "hour").group_by("source", maintain_order=True)
    late = pl.len() // 4
    spans = hours.agg(
        whole=pl.len().cast(pl.Int64),
        late=late.cast(pl.Int64),
        since=pl.col("hour").get((pl.len() - late).cast(pl.Int64), null_on_oob=True),
    ).filter(pl.col("whole") >= LEAST_HOURS)
    counted = (
        timed.join(spans, on="source")
        .group_by("pattern_id", "source")
        .agg(
            pl.col("whole", "late").first(),
            recent=pl.col("events").filter(pl.col("hour") >= pl.col("since")).sum(),
            events=pl.col("events").sum(),
        )
        .group_by("pattern_id")
        .agg(pl.col("whole", "late", "recent", "events").sum())
        .filter(pl.col("events") >= LEAST_EVENTS)
    )
    before = pl.col("whole") - pl.col("late")
    quarters = before / pl.col("late")
    return counted.select(
        "pattern_id",
        trend=(pl.col("recent") + 0.5) * quarters / (pl.col("events") - pl.col("recent") + 0.5 * quarters),
    )


def new_ones(shapes: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """``pattern_id`` of the patterns that first arrived on the latest day of arrival, and that a source has which sent
    logs on an earlier day already: what a source's first logs hold is not new but unknown."""
    latest = shapes["arrival_day"].max()
    known = shapes.filter(pl.col("arrival_day") < latest).select(pl.col("source").unique())
    first = shapes.group_by("pattern_id").agg(pl.col("arrival_day").min()).filter(pl.col("arrival_day") == latest)
    return (
        members.join(known, on="source", how="semi")
        .join(first, on="pattern_id", how="semi")
        .select("pattern_id")
        .unique()
    )


def new_and_severe(patterns: pl.DataFrame) -> pl.DataFrame:
    """The open patterns (LOG_PATTERNS) that are new and high or critical, each with a place to look.

    Columns: severity, frequency, named_template, example (file:line), pattern_id.
    """
    first = pl.col("examples").list.first()
    place = first.struct.field("path").fill_null("file " + first.struct.field("file_id").cast(pl.String))
    return (
        patterns.filter("is_new", pl.col("severity").is_in(["high", "critical"]), pl.col("state") == "open")
        .sort(["severity_number", "frequency", "pattern_id"], descending=[True, True, False])
        .select(
            "severity",
            "frequency",
            "named_template",
            example=pl.concat_str(place, first.struct.field("line"), separator=":"),
            pattern_id="pattern_id",
        )
    )
