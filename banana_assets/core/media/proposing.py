"""Proposals: values for what is missing, before and after somebody decided about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from banana_assets.core.evidence import stable_id
from banana_assets.core.schema import Type
from banana_assets.core.tables.common import UTC

_PROPOSALS: dict[str, Type] = {
    "proposal_id": pl.Int64,
    "item_id": pl.String,
    "collection": pl.String,
    "uri": pl.String,
    "field": pl.String,
    "value": pl.List(pl.String),
    "stands": pl.String,
    "origin": pl.String,
    "rule": pl.String,
    "source": pl.String,
    "confidence": pl.Float64,
    "tried": pl.Int64,
    "hits": pl.Int64,
    "low": pl.Float64,
    "call_id": pl.Int64,
    "state": pl.String,
    "proposed_at": UTC,
    "decided_at": UTC,
    "decided_by": pl.String,
    "note": pl.String,
    "write_id": pl.Int64,
}
PROPOSALS = pl.Schema(_PROPOSALS)
"""A row a proposal, as ``backends.media.proposals`` lists them."""


@dataclass(frozen=True)
class Proposal:
    """A value for a field of an item that has none.

    ``stands`` is the placeholder that stands there, None where nothing does. ``confidence`` is a rule's measured
    precision; of a model it is what it said of itself and what was measured, the lower of both, and low where nothing
    was measured (``tried`` is 0).
    """

    item_id: str
    field: str
    value: tuple[str, ...]
    origin: str
    rule: str
    source: str
    stands: str | None = None
    confidence: float | None = None
    tried: int = 0
    hits: int = 0
    low: float | None = None
    call_id: int | None = None

    @property
    def key(self) -> str:
        """The same for the same value of the same field of the same item."""
        return stable_id("proposal", self.item_id, self.field, "\x1e".join(self.value))


def of_offers(offered: pl.DataFrame) -> list[Proposal]:
    """Proposals out of what rules offer (``precision.offers``)."""
    return [
        Proposal(
            row["item_id"],
            row["field"],
            tuple(row["value"]),
            "derived",
            row["rule"],
            _said(row),
            stands=row["text"],
            confidence=row["precision"],
            tried=row["tried"],
            hits=row["hits"],
            low=row["low"],
        )
        for row in offered.iter_rows(named=True)
    ]


def _said(row: dict[str, Any]) -> str:
    spoken = f"{row['support']} others say so" if row["support"] > 1 else "its name says so"
    if "file name" not in row["rule"] and row["support"] == 1:
        spoken = "another one says so"
    more = f", {row['rules']} rules agree" if row["rules"] > 1 else ""
    return f"{spoken}{more}; right for {row['hits']:,} of {row['tried']:,} known values hidden from it"


def accepted_by_policy(proposals: Sequence[Proposal], least: float) -> list[Proposal]:
    """Those that need no person: derived, measured at ``least`` or better by the lower end of the interval, and in
    place of nothing. 0 is no policy."""
    if least <= 0:
        return []
    return [p for p in proposals if p.origin == "derived" and p.stands is None and p.low is not None and p.low >= least]
