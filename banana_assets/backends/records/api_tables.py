"""Records of the HTTP interface: who may ask, what was done, what was reported."""

from __future__ import annotations

import sqlalchemy as sa

from banana_assets.backends.records.tables import SHA256, CleanText, UtcDateTime, metadata

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("key_id", sa.String(16), primary_key=True),
    sa.Column("name", CleanText, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("scopes", sa.String(64), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("created_by", CleanText, nullable=False),
    sa.Column("expires_at", UtcDateTime),
    sa.Column("revoked_at", UtcDateTime),
)
"""Keys of callers. ``digest`` is an HMAC-SHA-256 of the secret half, which is stored nowhere; ``scopes`` are words of
``vocabulary.SCOPES``, a space between them."""

audit_log = sa.Table(
    "audit_log",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("actor", CleanText, nullable=False),
    sa.Column("action", CleanText, nullable=False),
    sa.Column("target", CleanText, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("address", CleanText, nullable=False),
    sa.Column("request_id", CleanText, nullable=False),
    sqlite_autoincrement=True,
)
"""What was changed, or refused, through an interface: who, what, on what, and how it ended (HTTP status)."""

reports = sa.Table(
    "reports",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("build_id", CleanText, sa.ForeignKey("builds.build_id", ondelete="CASCADE"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("type", sa.String(64), nullable=False),
    sa.Column("analysis", CleanText, nullable=False),
    sa.Column("recommendations", CleanText, nullable=False),
    sa.Column("confidence", sa.Double, nullable=False),
    sa.Column("findings", CleanText, nullable=False),
    sa.Column("model_version", CleanText),
    sa.Column("cluster_id", sa.String(64)),
    sa.Column("plan_id", sa.String(32)),
    sa.Column("created_at", UtcDateTime, nullable=False, index=True),
    sa.Column("created_by", CleanText, nullable=False),
    sa.Column("idempotency_key", sa.String(255)),
    sa.Column("content_sha256", SHA256, nullable=False),
    sa.UniqueConstraint("build_id", "position"),
    sa.UniqueConstraint("created_by", "idempotency_key"),
    sqlite_autoincrement=True,
)
"""What coding agents reported about builds: unverified words of others. ``position`` counts from 0 within a build
(the ``report_id`` on the wire); ``recommendations`` and ``findings`` are JSON."""

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("provider", sa.String(16), nullable=False),
    sa.Column("delivery_id", sa.String(128), nullable=False),
    sa.Column("event", sa.String(64), nullable=False),
    sa.Column("sha256", SHA256, sa.ForeignKey("blobs.sha256"), nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False, index=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("builds", CleanText, nullable=False),
    sa.Column("message", CleanText),
    sa.Column("done_at", UtcDateTime),
    sa.UniqueConstraint("provider", "delivery_id"),
    sqlite_autoincrement=True,
)
"""What webhooks brought, body and all, so that it can be taken in again: ``state`` is ``kept`` until it is ``done``,
``ignored`` or ``failed``; ``builds`` lists the ids (JSON) that came of it."""

dashboard_sessions = sa.Table(
    "dashboard_sessions",
    metadata,
    sa.Column("session_id", sa.String(16), primary_key=True),
    sa.Column("name", CleanText, nullable=False),
    sa.Column("scopes", sa.String(64), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("created_by", CleanText, nullable=False),
    sa.Column("opened_at", UtcDateTime),
    sa.Column("ends_at", UtcDateTime, nullable=False),
    sa.Column("revoked_at", UtcDateTime),
)
"""Who looks at the dashboard: a link that was not opened yet, or a session. ``ends_at`` is the link's end, and from its
opening on the session's. No secret is kept: link and cookie are signed."""
