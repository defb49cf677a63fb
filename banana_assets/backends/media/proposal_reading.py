"""Reading proposals and what became of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import polars as pl

from banana_assets.backends.records.rows import Rows, among
from banana_assets.core.media.proposing import PROPOSALS


class ProposalReading:
    """The proposals of a store, for whoever only reads them."""

    def __init__(self, records: Rows) -> None:
        self.records = records

    def rows(
        self,
        *,
        states: Collection[str] = (),
        collection: str | None = None,
        field: str | None = None,
        ids: Collection[int] = (),
        after: int = 0,
        limit: int | None = None,
    ) -> pl.DataFrame:
        """Proposals (PROPOSALS) by their numbers, those past ``after``; values that people set are among them."""
        where, values = ["p.id > :after"], dict[str, Any](after=after)
        for column, told in (("i.collection", collection), ("p.field", field)):
            if told:
                name = column.replace(".", "_")
                where, values = [*where, f"{column} = :{name}"], values | {name: told}
        for column, several in (("p.state", states), ("p.id", ids)):
            if several:
                these, named = among(list(several), column.replace(".", "_"))
                where, values = [*where, f"{column} IN {these}"], values | named
        most = f" LIMIT {int(limit)}" if limit else ""
        columns = ", ".join(
            f"i.{name}" if name in ("collection", "uri") else f"p.{'id' if name == 'proposal_id' else name}"
            for name in PROPOSALS
        )
        joined = "media_proposals p JOIN media_items i ON i.item_id = p.item_id"
        statement = f"SELECT {columns} FROM {joined} WHERE {' AND '.join(where)} ORDER BY p.id{most}"
        stored = pl.Schema({name: pl.String if name == "value" else dtype for name, dtype in PROPOSALS.items()})
        found = self.records.frame(stored, statement, values)
        return found.with_columns(pl.col("value").str.json_decode(PROPOSALS["value"]))

    def counts(self) -> dict[str, int]:
        """How many there are in each state."""
        grouped = "FROM media_proposals WHERE origin != 'person' GROUP BY state ORDER BY state"
        return dict(self.records.rows(f"SELECT state, count(*) {grouped}"))
