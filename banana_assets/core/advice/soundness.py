"""What must hold of advice. Each function answers the rows that break the rule; none means that it holds."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl


def citations(advice: pl.DataFrame, key: str) -> pl.DataFrame:
    """The citations in ``evidence`` of the rows that the data speak for now, each once.

    Columns: the key, build_id, sha256, first_line, last_line, quote.
    """
    current = advice.filter("found") if "found" in advice.columns else advice
    place = pl.col("evidence").struct.field("citation")
    return (
        current.select(key, "evidence")
        .explode("evidence", empty_as_null=False, keep_nulls=False)
        .select(key, place)
        .drop_nulls("citation")
        .unnest("citation")
        .unique(maintain_order=True)
    )


def rowless_evidence(advice: pl.DataFrame, key: str, keys: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Evidence of what is found now that names a row which its table does not hold.

    ``keys`` maps a table to the keys that it has; evidence from other tables is not looked at. Columns: the advice's
    key, table, key.
    """
    current = advice.filter("found") if "found" in advice.columns else advice
    named = (
        current.select(pl.col(key).alias("advice"), "evidence")
        .explode("evidence", empty_as_null=False, keep_nulls=False)
        .unnest("evidence")
        .select("advice", "table", "key")
    )
    parts = [
        named.filter((pl.col("table") == table) & ~pl.col("key").is_in(held.implode())) for table, held in keys.items()
    ]
    return pl.concat([named.clear(), *parts]).rename({"advice": key})


def unsound_states(recommendations: pl.DataFrame) -> pl.DataFrame:
    """Recommendations whose status, times and effect contradict each other. Columns: recommendation_id, status, why."""
    status = pl.col("status")
    rules = {
        "open, but not found": (status == "open") & ~pl.col("found"),
        "closed without time or reason": (status == "closed")
        & (pl.col("closed_at").is_null() | pl.col("closed_reason").is_null() | pl.col("found")),
        "implemented without a time": (status == "implemented") & pl.col("implemented_at").is_null(),
        "decided by nobody": status.is_in(["implemented", "dismissed"]) & pl.col("decided_by").is_null(),
        "an effect of what was not implemented": (status != "implemented") & pl.col("effect").is_not_null(),
    }
    parts = [
        recommendations.filter(rule).select("recommendation_id", "status", why=pl.lit(why))
        for why, rule in rules.items()
    ]
    return pl.concat(parts).sort("recommendation_id", "why")


def said_twice(recommendations: pl.DataFrame) -> pl.DataFrame:
    """Open recommendations that say the same as another. Columns: recommendation_id, description."""
    still_open = recommendations.filter(pl.col("status") == "open")
    same = pl.col("description").is_duplicated() | pl.struct("recommendation_type", "subject").is_duplicated()
    return still_open.filter(same).select("recommendation_id", "description").sort("description", "recommendation_id")
