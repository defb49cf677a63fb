"""Records with a declared schema, media first: what they say, and how good that is."""

from __future__ import annotations

import polars as pl

from banana_assets.core.schema import Column, Table
from banana_assets.core.tables.common import ARRIVAL_DAY, UTC
from banana_assets.core.vocabulary import QUALITY_MEASURES

VALUE = pl.Struct(
    {
        "field": pl.String,
        "value": pl.List(pl.String),
        "origin": pl.String,
        "source": pl.String,
        "confidence": pl.Float64,
    }
)
"""A value of an item and where it comes from (``vocabulary.VALUE_ORIGINS``): ``source`` says it in words (which tag,
which column, which rule); ``confidence`` is null where it was read and not derived."""

MEDIA_ITEMS = Table(
    "media_items",
    "Media and other records with a declared schema: what files, feeds and exports say of each, every value with its "
    "provenance.",
    (
        Column("item_id", pl.String, "hash of collection and place: the same item keeps its id"),
        Column("collection", pl.String, "the collection it belongs to"),
        Column("record_schema", pl.String, "the schema that says which fields it has"),
        Column("kind", pl.String, "what sort of item it is, in the schema's words; empty where the schema has none"),
        Column("uri", pl.String, "where it is: a path, the address of a feed's entry, the key in an export"),
        Column("title", pl.String, "by what people know it", nullable=True),
        Column("content_sha256", pl.String, "hash of the bytes of a file", nullable=True),
        Column("bytes", pl.Int64, "size of a file", "bytes", nullable=True, minimum=0),
        Column("values", pl.List(VALUE), "what is known of it, a value a field"),
        Column("present", pl.Boolean, "whether it was there when its source was read last"),
        Column("arrived_at", UTC, "when it was first ingested"),
        Column("changed_at", UTC, "when it last said something else"),
        ARRIVAL_DAY,
    ),
    key=("item_id",),
)

EXAMPLE = pl.Struct({"item_id": pl.String, "title": pl.String, "value": pl.String, "why": pl.String})
REASON = pl.Struct({"reason": pl.String, "items": pl.Int64})
SNAPSHOT = pl.Struct({"at": UTC, "affected": pl.Int64, "of": pl.Int64})

METADATA_QUALITY = Table(
    "metadata_quality",
    "How complete and valid metadata are, by collection and field: what is missing, invalid, short, boilerplate or "
    "there twice, and what grew worse with newer arrivals.",
    (
        Column("record_schema", pl.String, "which schema"),
        Column("collection", pl.String, "which collection; empty: all of the schema together"),
        Column("field", pl.String, "which field; empty: all fields together, or items as a whole"),
        Column("measure", pl.String, "what is counted", allowed=QUALITY_MEASURES),
        Column("affected", pl.Int64, "values or items that it is true of", minimum=0),
        Column("of", pl.Int64, "values or items looked at", minimum=0),
        Column("share", pl.Float64, "affected / of", "1", minimum=0, maximum=1),
        Column(
            "score",
            pl.Float64,
            "for `missing`: completeness with the fields weighted, 1 where nothing is missing",
            "1",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column(
            "derivable",
            pl.Int64,
            "for `missing`: values that rules offer, which were right for 95 % of known ones on this library",
            nullable=True,
            minimum=0,
        ),
        Column("before", pl.Float64, "the share among earlier arrivals, for `decline`", "1", nullable=True),
        Column("since", UTC, "first arrival of the newer ones, for `decline`", nullable=True),
        Column("statement", pl.String, "the figures in words"),
        Column("reasons", pl.List(REASON), "how often for which reason, the most frequent first"),
        Column("examples", pl.List(EXAMPLE), "some of the items"),
        Column("history", pl.List(SNAPSHOT), "what was counted when, the oldest first; only where it changed"),
    ),
    key=("record_schema", "collection", "field", "measure"),
    sources={
        "affected": ("media_items.values", "media_items.content_sha256"),
        "since": ("media_items.arrived_at",),
        "examples": ("media_items.item_id",),
    },
)
