"""The tables of the records, in SQLAlchemy Core. ``migrations/`` builds them step by step; a test compares the two."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


_UNSTORABLE = re.compile("[\\0\ud800-\udfff]")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. SQLite has no time zones: there it is kept without one and comes back with UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Refuse naive times, whose meaning depends on the machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """The moment, always with UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class CleanText(TypeDecorator[str]):
    """Text that both databases take: NUL (Postgres has none) and lone surrogates (undecodable file names) become
    U+FFFD."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        """The text with what no database stores replaced."""
        return None if value is None else clean_text(value)


def clean_text(text: str) -> str:
    """The text with NUL and lone surrogates (which undecodable file names hold) replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


SHA256 = sa.String(64)

blobs = sa.Table(
    "blobs",
    metadata,
    sa.Column("sha256", SHA256, primary_key=True),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("stored_bytes", sa.BigInteger, nullable=False),
    sa.Column("content", sa.LargeBinary),
    sa.Column("created_at", UtcDateTime, nullable=False),
)
"""What is stored by content: ``content`` holds the compressed bytes of small ones, the others are files."""

log_files = sa.Table(
    "log_files",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("source", CleanText, nullable=False),
    sa.Column("path", CleanText, nullable=False),
    sa.Column("sha256", SHA256, sa.ForeignKey("blobs.sha256"), nullable=False),
    sa.Column("content_sha256", SHA256, nullable=False),
    sa.Column("head_sha256", SHA256),
    sa.Column("continues", sa.Integer, sa.ForeignKey("log_files.id")),
    sa.Column("start_byte", sa.BigInteger, nullable=False),
    sa.Column("first_line", sa.BigInteger, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("lines", sa.BigInteger, nullable=False),
    sa.Column("invalid_utf8_lines", sa.BigInteger, nullable=False),
    sa.Column("nul_lines", sa.BigInteger, nullable=False),
    sa.Column("long_lines", sa.BigInteger, nullable=False),
    sa.Column("arrived_at", UtcDateTime, nullable=False),
    sa.Column("arrival_day", sa.Date, nullable=False, index=True),
    sa.UniqueConstraint("source", "content_sha256"),
    sqlite_autoincrement=True,
)
"""Ingested application logs. ``sha256`` addresses the stored bytes, which begin at ``start_byte`` of the file as it was
when it was read; ``content_sha256`` is the hash of that whole file, ``head_sha256`` of its first kilobyte;
``continues`` is the row that holds the bytes before."""

builds = sa.Table(
    "builds",
    metadata,
    sa.Column("build_id", CleanText, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False, unique=True),
    sa.Column("fingerprint", SHA256, nullable=False),
    sa.Column("pipeline", CleanText, nullable=False),
    sa.Column("job", CleanText, nullable=False),
    sa.Column("branch", CleanText),
    sa.Column("commit_sha", CleanText),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("exit_code", sa.Integer),
    sa.Column("command", CleanText),
    sa.Column("url", CleanText),
    sa.Column("queued_at", UtcDateTime),
    sa.Column("started_at", UtcDateTime),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("duration_seconds", sa.Double),
    sa.Column("log_sha256", SHA256, sa.ForeignKey("blobs.sha256")),
    sa.Column("log_lines", sa.BigInteger, nullable=False),
    sa.Column("log_bytes", sa.BigInteger, nullable=False),
    sa.Column("invalid_utf8_lines", sa.BigInteger, nullable=False),
    sa.Column("nul_lines", sa.BigInteger, nullable=False),
    sa.Column("long_lines", sa.BigInteger, nullable=False),
    sa.Column("origin", sa.String(16), nullable=False),
    sa.Column("path", CleanText),
    sa.Column("arrived_at", UtcDateTime, nullable=False),
    sa.Column("arrival_day", sa.Date, nullable=False, index=True),
)
"""Builds. ``seq`` grows with every arrival or change (the cursor of whoever follows them); ``fingerprint`` is the hash
of all facts told about the build, by which the same facts are known again."""

test_results = sa.Table(
    "test_results",
    metadata,
    sa.Column("build_id", CleanText, sa.ForeignKey("builds.build_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("test_key", sa.String(32), primary_key=True),
    sa.Column("suite", CleanText, nullable=False),
    sa.Column("classname", CleanText, nullable=False),
    sa.Column("name", CleanText, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("duration_seconds", sa.Double),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("message", CleanText),
    sa.Column("file", CleanText),
    sa.Column("line", sa.BigInteger),
)
"""Test results. ``test_key`` is the hash of suite, class and name, since names outgrow what an index takes."""

reported_problems = sa.Table(
    "reported_problems",
    metadata,
    sa.Column("build_id", CleanText, sa.ForeignKey("builds.build_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("tool", CleanText, nullable=False),
    sa.Column("severity", sa.String(8), nullable=False),
    sa.Column("code", CleanText, nullable=False),
    sa.Column("file", CleanText, nullable=False),
    sa.Column("line", sa.BigInteger),
    sa.Column("col", sa.BigInteger),
    sa.Column("message", CleanText, nullable=False),
)
"""What the reports of analysers (SARIF) beside a build's log say, in their order."""

resource_series = sa.Table(
    "resource_series",
    metadata,
    sa.Column("series_id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("source", CleanText, nullable=False),
    sa.Column("build_id", CleanText, sa.ForeignKey("builds.build_id", ondelete="CASCADE"), unique=True),
    sa.Column("sha256", SHA256, sa.ForeignKey("blobs.sha256"), nullable=False),
    sa.Column("first_ts", UtcDateTime, nullable=False),
    sa.Column("last_ts", UtcDateTime, nullable=False),
    sa.Column("samples", sa.BigInteger, nullable=False),
    sa.Column("path", CleanText),
    sa.Column("arrived_at", UtcDateTime, nullable=False),
    sa.Column("arrival_day", sa.Date, nullable=False, index=True),
    sqlite_autoincrement=True,
)
"""Resource series: one stored set of readings of one source, or of one build."""

sa.Index(
    "uq_resource_series_source_sha256",
    resource_series.c.source,
    resource_series.c.sha256,
    unique=True,
    sqlite_where=resource_series.c.build_id.is_(None),
    postgresql_where=resource_series.c.build_id.is_(None),
)

pattern_states = sa.Table(
    "pattern_states",
    metadata,
    sa.Column("pattern_id", sa.String(32), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("note", CleanText),
    sa.Column("until", sa.Date),
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.Column("changed_by", CleanText, nullable=False),
)
"""What people decided about log patterns (``vocabulary.PATTERN_STATES``), the last decision on each. ``until`` is the
day on which a mute ends."""

test_quarantines = sa.Table(
    "test_quarantines",
    metadata,
    sa.Column("test_id", sa.String(32), primary_key=True),
    sa.Column("pipeline", CleanText, nullable=False),
    sa.Column("title", CleanText, nullable=False),
    sa.Column("until", sa.Date, nullable=False),
    sa.Column("reason", CleanText, nullable=False),
    sa.Column("set_at", UtcDateTime, nullable=False),
    sa.Column("set_by", CleanText, nullable=False),
    sa.Column("lifted_at", UtcDateTime),
    sa.Column("lifted_by", CleanText),
)
"""Tests that people took out of judgement, the last quarantine of each. ``until`` is the day on which it ends;
``lifted_at`` is set when somebody ended it before."""

recommendation_states = sa.Table(
    "recommendation_states",
    metadata,
    sa.Column("recommendation_id", sa.String(32), primary_key=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("note", CleanText),
    sa.Column("implemented_at", UtcDateTime),
    sa.Column("set_at", UtcDateTime, nullable=False),
    sa.Column("set_by", CleanText, nullable=False),
)
"""What people decided about recommendations (``vocabulary.RECOMMENDATION_DECISIONS``), the last decision on each.
``implemented_at`` is the moment from which its effect is measured."""

baselines = sa.Table(
    "baselines",
    metadata,
    sa.Column("metric", sa.String(128), primary_key=True),
    sa.Column("value", sa.Double, nullable=False),
    sa.Column("set_at", UtcDateTime, nullable=False),
    sa.Column("set_by", CleanText, nullable=False),
)
"""What people want a metric to be compared with, the last value set for each."""
