"""What to do about metadata: fields to fill in, values to put right, copies to look at, by METADATA_QUALITY."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from banana_assets.core.advice.impact import Impact, of_shares, part
from banana_assets.core.advice.observed import Target, target
from banana_assets.core.evidence import Evidence, fact, plural

MOST = 12
WORTH = {"missing": 1.0, "invalid": 0.5, "duplicate": 0.5, "boilerplate": 0.25, "short": 0.25, "decline": 0.5}
"""What a value put right counts beside one that was missing: a judgement, by kind of fault."""

WHOLE = "share of the values that the metadata of all collections should have"


@dataclass(frozen=True)
class Advised:
    """A recommendation about metadata."""

    subject: str
    text: str
    impact: Impact
    difficulty: str
    goal: Target
    evidence: Evidence


def advised(quality: pl.DataFrame) -> list[Advised]:
    """The weightiest things to do, at most MOST, one a collection, field and sort of fault."""
    whole = quality.filter((pl.col("collection") == "") & (pl.col("field") == "") & (pl.col("measure") == "missing"))
    expected = int(whole["of"].sum())
    if not expected:
        return []
    rows = quality.filter(
        (pl.col("collection") != "")
        & (pl.col("affected") > 0)
        & ((pl.col("field") != "") | pl.col("measure").str.starts_with("duplicate"))
    )
    made = list(_of_rows(rows, expected))
    return sorted(made, key=lambda a: (-a.impact.score, a.subject))[:MOST]


def counts_around(quality: pl.DataFrame, goal: Target, since: datetime) -> tuple[tuple[int, int], tuple[int, int]]:
    """What was counted last before the moment and what is counted since: faults and values, (0, 0) where nothing."""
    measure, _, field = goal["item"].partition(" ")
    row = quality.filter(
        (pl.col("record_schema") == goal["job"])
        & (pl.col("collection") == goal["pipeline"])
        & (pl.col("field") == field)
        & (pl.col("measure") == measure)
    )
    past: list[dict[str, Any]] = row["history"][0].to_list() if row.height else []
    before = [(s["affected"], s["of"]) for s in past if s["at"] < since]
    after = [(s["affected"], s["of"]) for s in past if s["at"] >= since]
    return before[-1] if before else (0, 0), after[-1] if after else (0, 0)


def _of_rows(rows: pl.DataFrame, expected: int) -> Iterator[Advised]:
    for row in rows.sort("record_schema", "collection", "field", "measure").iter_rows(named=True):
        measure, field, collection = row["measure"], row["field"], row["collection"]
        worth = WORTH[measure.partition("_")[0]]
        could = row["derivable"] or 0
        impact = of_shares(
            WHOLE,
            part(f"{row['affected']:,} of {expected:,} expected values", row["affected"] / expected),
            part(f"weight of {measure.replace('_', ' ')}", worth),
        )
        yield Advised(
            f"metadata {row['record_schema']} {collection} {measure} {field}".rstrip(),
            _text(row, could),
            impact,
            "low" if could * 2 >= row["affected"] and could else "medium",
            target("metadata_faults", collection, row["record_schema"], f"{measure} {field}".rstrip()),
            fact(row["statement"], "metadata_quality", "/".join((row["record_schema"], collection, field, measure))),
        )


def _text(row: dict[str, Any], could: int) -> str:
    measure, field, collection, n = row["measure"], row["field"], row["collection"], row["affected"]
    if measure == "missing":
        how = "none follows from the rest of the library"
        if could:
            how = f"{could:,} follow from the rest of the library (`banana optimize-metadata --fill-gaps`)"
        return f"Fill in {field} of {collection}: {n:,} of {plural(row['of'], 'item')} lack it; {how}."
    if measure == "decline":
        return f"Look at where {collection} comes from: {row['statement']}."
    why = row["reasons"][0]["reason"] if row["reasons"] else ""
    if measure.startswith("duplicate"):
        return f"Look at {plural(n, 'item')} of {collection} that may be there twice: {row['statement']}."
    return f"Put {field} of {collection} right: {row['statement'].partition(': ')[2]}, most of them: {why}."
