"""What calls to language models cost, summed up."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

BY = ("day", "model", "task", "category", "outcome", "run")
"""What calls can be summed up by."""


def costs(calls: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Calls (LLM_CALLS) summed up by some of BY, in their order; one row of all where none is named.

    ``calls`` counts each try; ``answered`` the tries that brought an answer, ``cached`` those of them that were kept
    from before, ``retries`` those that were not the first. ``seconds`` is the median of what was really asked.
    """
    keys = [_KEYS[name].alias(name) for name in by]
    asked = ~pl.col("cache_hit") & ~pl.col("outcome").is_in(["over_budget", "circuit_open", "reserved"])
    sums = [
        pl.len().alias("calls"),
        (pl.col("outcome") == "ok").sum().alias("answered"),
        pl.col("cache_hit").sum().alias("cached"),
        (pl.col("retries") > 0).sum().alias("retries"),
        pl.col("input_tokens").sum(),
        pl.col("output_tokens").sum(),
        pl.col("cost").sum(),
        pl.col("seconds").filter(asked).median().alias("seconds"),
    ]
    if not keys:
        return calls.select(sums)
    return calls.group_by(keys).agg(sums).sort(list(by))


_KEYS = {
    "day": pl.col("started_at").dt.date(),
    "model": pl.col("provider") + "/" + pl.col("model"),
    "task": pl.col("task"),
    "category": pl.col("category"),
    "outcome": pl.col("outcome"),
    "run": pl.col("run_id"),
}
