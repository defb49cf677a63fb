"""Quotes read again where they are said to stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from banana_assets.backends.lines import texts_of
from banana_assets.backends.reading_store import ReadingStore
from banana_assets.core.advice.quoting import holds
from banana_assets.core.advice.soundness import citations
from banana_assets.core.errors import BananaError


def false_quotes(store: ReadingStore, cited: pl.DataFrame) -> pl.DataFrame:
    """Those of the citations (``soundness.citations``) whose log is not stored, or whose quote does not stand there.

    Each log is read once, an application's only as far as it is quoted.
    """
    wrong = []
    for (sha256,), group in cited.partition_by("sha256", as_dict=True, maintain_order=True).items():
        of_build = group["build_id"].is_not_null().any()
        end = None if of_build else int(group["last_line"].max())  # type: ignore[arg-type]
        try:
            with store.blobs.open(str(sha256)) as stream:
                lines = texts_of(stream, end)
        except BananaError:
            wrong.append(group)
            continue
        kept = [not holds(row, lines) for row in group.iter_rows(named=True)]  # type: ignore[arg-type]
        wrong.append(group.filter(pl.Series(kept, dtype=pl.Boolean)))
    return pl.concat([cited.clear(), *wrong])


def verified(store: ReadingStore, advice: pl.DataFrame, key: str) -> pl.DataFrame:
    """The rows of BOTTLENECKS or OPTIMIZATION_RECOMMENDATIONS without the citations that do not hold.

    The fact and the row that it comes from stay; what is no quote of its log is shown to nobody.
    """
    wrong = {(row[key], *_place(row)) for row in false_quotes(store, citations(advice, key)).iter_rows(named=True)}
    if not wrong:
        return advice
    rows = advice.to_dicts()
    for row in rows:
        for item in row["evidence"]:
            cited = item["citation"]
            if cited and (row[key], *_place(cited)) in wrong:
                item["citation"] = None
    return pl.DataFrame(rows, schema=advice.schema)


def _place(citation: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(citation[name] for name in ("build_id", "sha256", "first_line", "last_line", "quote"))
