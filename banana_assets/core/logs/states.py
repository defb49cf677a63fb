"""What people decided about patterns, and whether it still holds."""

from __future__ import annotations

import polars as pl

from banana_assets.core.schema import Type
from banana_assets.core.tables.common import UTC

_TYPES: dict[str, Type] = {
    "pattern_id": pl.String,
    "state": pl.String,
    "note": pl.String,
    "until": pl.Date,
    "changed_at": UTC,
    "changed_by": pl.String,
}
STATES = pl.Schema(_TYPES)
"""Columns and types of decisions, a row a pattern (``Store.pattern_states``)."""


def decisions(patterns: pl.DataFrame, states: pl.DataFrame) -> pl.DataFrame:
    """The decision (STATES) that holds for each pattern with one: the newest on it or on one that it came from.

    ``patterns`` has ``pattern_id`` and ``formerly`` of LOG_PATTERNS; ``pattern_id`` of the answer is that of today.
    """
    own = patterns.select("pattern_id", decided_on="pattern_id")
    former = (
        patterns.select("pattern_id", decided_on=pl.col("formerly").list.eval(pl.element().struct.field("pattern_id")))
        .explode("decided_on", empty_as_null=False, keep_nulls=False)
        .cast(own.schema)
    )
    return (
        pl.concat([own, former])
        .join(states.rename({"pattern_id": "decided_on"}), on="decided_on")
        .sort("changed_at", "decided_on")
        .unique("pattern_id", keep="last", maintain_order=True)
        .select(STATES.names())
        .sort("pattern_id")
    )


def with_states(patterns: pl.DataFrame, states: pl.DataFrame) -> pl.DataFrame:
    """The patterns with ``state`` and ``regressed`` by the decisions (STATES) that people took.

    ``patterns`` has ``pattern_id, last_seen, last_arrived, formerly`` of LOG_PATTERNS. A pattern that was seen after
    it was resolved is open again and ``regressed``: by the time of its last event, or by the arrival of its last file
    where its lines carry no time or one of the future. A mute ends with the first file that arrives on its last day
    or later, whatever it holds: arrivals are the clock, so that the same input has the same states.
    """
    seen = pl.min_horizontal("last_seen", "last_arrived")
    now = pl.col("last_arrived").max().dt.date()
    again = ((pl.col("state") == "resolved") & (seen > pl.col("changed_at"))).fill_null(False)
    ended = ((pl.col("state") == "muted") & (pl.col("until") <= now)).fill_null(False)
    decided = decisions(patterns, states).select("pattern_id", "state", "until", "changed_at")
    return (
        patterns.drop("state", "regressed", strict=False)
        .join(decided, on="pattern_id", how="left", maintain_order="left")
        .with_columns(
            state=pl.when(again | ended).then(pl.lit("open")).otherwise(pl.col("state").fill_null("open")),
            regressed=again,
        )
        .drop("until", "changed_at")
    )
