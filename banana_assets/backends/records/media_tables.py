"""Records of media: schemas, what was read, items with their values, proposals for missing ones, what was written."""

from __future__ import annotations

import sqlalchemy as sa

from banana_assets.backends.records.tables import SHA256, CleanText, UtcDateTime, metadata

media_schemas = sa.Table(
    "media_schemas",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("declaration", CleanText, nullable=False),
    sa.Column("set_at", UtcDateTime, nullable=False),
)
"""Schemas of records that people brought (``core.media.schema.told`` as JSON), the last of each name."""

media_sources = sa.Table(
    "media_sources",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("collection", CleanText, nullable=False),
    sa.Column("uri", CleanText, nullable=False),
    sa.Column("uri_key", sa.String(32), nullable=False),
    sa.Column("form", sa.String(16), nullable=False),
    sa.Column("schema", sa.String(64), nullable=False),
    sa.Column("bytes", sa.BigInteger),
    sa.Column("mtime_ns", sa.BigInteger),
    sa.Column("sha256", SHA256, nullable=False),
    sa.Column("read_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("uri_key", name="uq_media_sources_uri_key"),
    sqlite_autoincrement=True,
)
"""Files, exports and feeds as they were when read last. ``uri_key`` is the hash of collection and place. A file whose
size and time are as they were is not opened again; one whose ``sha256`` is, is not read again."""

media_items = sa.Table(
    "media_items",
    metadata,
    sa.Column("item_id", sa.String(32), primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False, index=True),
    sa.Column("source_id", sa.Integer, sa.ForeignKey("media_sources.id"), nullable=False, index=True),
    sa.Column("collection", CleanText, nullable=False),
    sa.Column("schema", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("uri", CleanText, nullable=False),
    sa.Column("content_sha256", SHA256, index=True),
    sa.Column("bytes", sa.BigInteger),
    sa.Column("known", CleanText, nullable=False),
    sa.Column("present", sa.Boolean, nullable=False),
    sa.Column("arrived_at", UtcDateTime, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.Column("arrival_day", sa.Date, nullable=False),
)
"""Items. ``known`` is what its source says (JSON, a list of field, value, origin, source, confidence); ``seq`` grows
with every arrival or change."""

media_writes = sa.Table(
    "media_writes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("item_id", sa.String(32), sa.ForeignKey("media_items.item_id"), nullable=False, index=True),
    sa.Column("path", CleanText, nullable=False),
    sa.Column("written_at", UtcDateTime, nullable=False),
    sa.Column("written_by", CleanText, nullable=False),
    sa.Column("before_sha256", SHA256, nullable=False),
    sa.Column("after_sha256", SHA256, nullable=False),
    sa.Column("same_head", sa.BigInteger, nullable=False),
    sa.Column("same_tail", sa.BigInteger, nullable=False),
    sa.Column("replaced_sha256", SHA256, sa.ForeignKey("blobs.sha256"), nullable=False),
    sa.Column("undone_at", UtcDateTime),
    sa.Column("undone_by", CleanText),
    sqlite_autoincrement=True,
)
"""What was written into files. The bytes between the first ``same_head`` and the last ``same_tail`` ones are the only
ones that changed; as they were before they are the blob ``replaced_sha256``, so that a file can be given back byte by
byte."""

media_proposals = sa.Table(
    "media_proposals",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("item_id", sa.String(32), sa.ForeignKey("media_items.item_id"), nullable=False),
    sa.Column("field", sa.String(64), nullable=False),
    sa.Column("value", CleanText, nullable=False),
    sa.Column("value_key", sa.String(32), nullable=False),
    sa.Column("stands", CleanText),
    sa.Column("origin", sa.String(16), nullable=False),
    sa.Column("rule", CleanText, nullable=False),
    sa.Column("source", CleanText, nullable=False),
    sa.Column("confidence", sa.Double),
    sa.Column("tried", sa.Integer, nullable=False),
    sa.Column("hits", sa.Integer, nullable=False),
    sa.Column("low", sa.Double),
    sa.Column("call_id", sa.Integer),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("proposed_at", UtcDateTime, nullable=False),
    sa.Column("decided_at", UtcDateTime),
    sa.Column("decided_by", CleanText),
    sa.Column("note", CleanText),
    sa.Column("write_id", sa.Integer, sa.ForeignKey("media_writes.id")),
    sa.UniqueConstraint("value_key", name="uq_media_proposals_value_key"),
    sa.Index("ix_media_proposals_item_id_field", "item_id", "field"),
    sqlite_autoincrement=True,
)
"""Values proposed for fields that are missing (``vocabulary.PROPOSAL_STATES``). ``value_key`` is the hash of item,
field and value: what was rejected is not proposed again. ``stands`` is the placeholder that stood in the field.
``tried``, ``hits`` and ``low`` are how the rule did on known values that were hidden from it. One of the origin
``person`` is a value that somebody set."""
