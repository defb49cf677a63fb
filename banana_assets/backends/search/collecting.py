"""All documents there are now, out of the tables and the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from banana_assets.backends.reading_store import ReadingStore
from banana_assets.core.logs.states import decisions
from banana_assets.core.search.listing import READ, documents
from banana_assets.core.search.types import Document
from banana_assets.core.tables import TABLES

if TYPE_CHECKING:
    import polars as pl

    from banana_assets.backends.tables import Tables


def collect(store: ReadingStore, lake: Tables) -> list[Document]:
    """The documents that the index should hold, as of the last materialization."""
    frames = {name: lake.read(TABLES[name]) for name in READ}
    return documents(frames, notes_of(store, frames["log_patterns"]))


def notes_of(store: ReadingStore, patterns: pl.DataFrame) -> dict[str, str]:
    """What people said when they resolved or muted these patterns (LOG_PATTERNS), by pattern_id."""
    decided = decisions(patterns, store.pattern_states()).drop_nulls("note")
    return dict(decided.select("pattern_id", "note").iter_rows())
