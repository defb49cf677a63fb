"""Media: schemas, sources, items, proposals and what was written into files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from banana_assets.backends.records.tables import CleanText, UtcDateTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the tables of media."""
    op.create_table(
        "media_schemas",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("declaration", CleanText, nullable=False),
        sa.Column("set_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_media_schemas"),
    )
    op.create_table(
        "media_sources",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("collection", CleanText, nullable=False),
        sa.Column("uri", CleanText, nullable=False),
        sa.Column("uri_key", sa.String(32), nullable=False),
        sa.Column("form", sa.String(16), nullable=False),
        sa.Column("schema", sa.String(64), nullable=False),
        sa.Column("bytes", sa.BigInteger),
        sa.Column("mtime_ns", sa.BigInteger),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("read_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_media_sources"),
        sa.UniqueConstraint("uri_key", name="uq_media_sources_uri_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "media_items",
        sa.Column("item_id", sa.String(32), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("source_id", sa.Integer, nullable=False),
        sa.Column("collection", CleanText, nullable=False),
        sa.Column("schema", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("uri", CleanText, nullable=False),
        sa.Column("content_sha256", sa.String(64)),
        sa.Column("bytes", sa.BigInteger),
        sa.Column("known", CleanText, nullable=False),
        sa.Column("present", sa.Boolean, nullable=False),
        sa.Column("arrived_at", UtcDateTime, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.Column("arrival_day", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("item_id", name="pk_media_items"),
        sa.ForeignKeyConstraint(["source_id"], ["media_sources.id"], name="fk_media_items_source_id_media_sources"),
    )
    op.create_table(
        "media_writes",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("item_id", sa.String(32), nullable=False),
        sa.Column("path", CleanText, nullable=False),
        sa.Column("written_at", UtcDateTime, nullable=False),
        sa.Column("written_by", CleanText, nullable=False),
        sa.Column("before_sha256", sa.String(64), nullable=False),
        sa.Column("after_sha256", sa.String(64), nullable=False),
        sa.Column("same_head", sa.BigInteger, nullable=False),
        sa.Column("same_tail", sa.BigInteger, nullable=False),
        sa.Column("replaced_sha256", sa.String(64), nullable=False),
        sa.Column("undone_at", UtcDateTime),
        sa.Column("undone_by", CleanText),
        sa.PrimaryKeyConstraint("id", name="pk_media_writes"),
        sa.ForeignKeyConstraint(["item_id"], ["media_items.item_id"], name="fk_media_writes_item_id_media_items"),
        sa.ForeignKeyConstraint(["replaced_sha256"], ["blobs.sha256"], name="fk_media_writes_replaced_sha256_blobs"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "media_proposals",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("item_id", sa.String(32), nullable=False),
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
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("proposed_at", UtcDateTime, nullable=False),
        sa.Column("decided_at", UtcDateTime),
        sa.Column("decided_by", CleanText),
        sa.Column("note", CleanText),
        sa.Column("write_id", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_media_proposals"),
        sa.ForeignKeyConstraint(["item_id"], ["media_items.item_id"], name="fk_media_proposals_item_id_media_items"),
        sa.ForeignKeyConstraint(["write_id"], ["media_writes.id"], name="fk_media_proposals_write_id_media_writes"),
        sa.UniqueConstraint("value_key", name="uq_media_proposals_value_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_media_items_seq", "media_items", ["seq"])
    op.create_index("ix_media_items_source_id", "media_items", ["source_id"])
    op.create_index("ix_media_items_content_sha256", "media_items", ["content_sha256"])
    op.create_index("ix_media_writes_item_id", "media_writes", ["item_id"])
    op.create_index("ix_media_proposals_state", "media_proposals", ["state"])
    op.create_index("ix_media_proposals_item_id_field", "media_proposals", ["item_id", "field"])


def downgrade() -> None:
    """Drop them: what was read, proposed and decided is lost, files stay as they are."""
    for table in ("media_proposals", "media_writes", "media_items", "media_sources", "media_schemas"):
        op.drop_table(table)
