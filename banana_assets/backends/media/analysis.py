"""The analysis of metadata, in one place for the command, the HTTP interface and the tools of agents."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import polars as pl

from banana_assets.backends.media.reading import MediaReading
from banana_assets.backends.reading_store import ReadingStore
from banana_assets.core.errors import InputError, MissingError
from banana_assets.core.media.items import Library
from banana_assets.core.media.quality import quality
from banana_assets.core.media.report import analysis

NOTHING = "There are no media yet."
REMEDY = "Run `banana ingest media PATH --collection NAME` first."

_KEPT = 16
_made: OrderedDict[tuple[object, ...], dict[str, Any]] = OrderedDict()
"""The last analyses of this process: the same question about records that did not change has the same answer."""


def analyze_metadata_quality(
    store: ReadingStore,
    *,
    collection: str | None = None,
    min_completeness: float = 0.0,
    include_recommendations: bool = True,
    detailed_analysis: bool = False,
) -> dict[str, Any]:
    """How complete and valid the metadata are: the keys of ``core.media.report.analysis``, and ``analysisTimestamp``.

    ``collection`` is the name of one, or a part of the paths of the items that are meant. ``min_completeness`` is a
    share (0..1) or a percentage (up to 100). Without media the lists are empty and ``message`` says what to run.
    Raises MissingError for a collection that there is not, InputError for a percentage outside 0 to 100.
    """
    least = share_of(min_completeness)
    records = MediaReading(store.records)
    asked = (store.records.address, records.cursor(), collection, least, include_recommendations, detailed_analysis)
    if asked not in _made:
        wholes = records.libraries()
        libraries = chosen(wholes, collection)
        told = analysis(
            libraries,
            quality(libraries, wholes=wholes),
            collection=collection,
            min_completeness=least,
            include_recommendations=include_recommendations,
            detailed=detailed_analysis,
        )
        _made[asked] = told if libraries else told | {"message": f"{NOTHING} {REMEDY}"}
        while len(_made) > _KEPT:
            _made.popitem(last=False)
    return _made[asked] | {"analysisTimestamp": datetime.now(UTC).isoformat()}


def share_of(told: float) -> float:
    """A share: 0.7, or 70 for per cent. Raises InputError outside 0 to 100."""
    if not 0 <= told <= 100:
        raise InputError(f"A completeness of {told:g} cannot be.", "Give a share (0.7) or a percentage (70).")
    return told if told <= 1 else told / 100


def chosen(libraries: Sequence[Library], collection: str | None) -> Sequence[Library]:
    """What of the libraries is of one collection, or all of them.

    Raises MissingError where neither a collection is called so nor the place of any item has it in it.
    """
    if not collection or not libraries:
        return libraries
    for rule in (pl.col("collection") == collection, pl.col("uri").str.contains(collection, literal=True)):
        found = [narrowed(one, one.items.filter(rule)) for one in libraries]
        if kept := [one for one in found if one.items.height]:
            return kept
    names = sorted({name for one in libraries for name in one.items["collection"].unique()})
    raise MissingError(f"There is no collection {collection}.", f"There are {', '.join(names[:20])}.")


def narrowed(one: Library, items: pl.DataFrame) -> Library:
    """The library of those items alone."""
    return replace(one, items=items, values=one.values.join(items.select("item_id"), on="item_id", how="semi"))
