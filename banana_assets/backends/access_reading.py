"""Who was let in, for whoever only looks: the keys and sessions in the records."""

from __future__ import annotations

import polars as pl

from banana_assets.backends.records.rows import Rows
from banana_assets.core.schema import Type
from banana_assets.core.tables.common import UTC

_KEYS: dict[str, Type] = {
    "key_id": pl.String,
    "name": pl.String,
    "scopes": pl.String,
    "created_at": UTC,
    "created_by": pl.String,
    "expires_at": UTC,
    "revoked_at": UTC,
}
KEYS = pl.Schema(_KEYS)
"""Columns and types of ``key_list``."""

_SESSIONS: dict[str, Type] = {
    "session_id": pl.String,
    "name": pl.String,
    "scopes": pl.String,
    "created_at": UTC,
    "created_by": pl.String,
    "opened_at": UTC,
    "ends_at": UTC,
    "revoked_at": UTC,
}
SESSIONS = pl.Schema(_SESSIONS)
"""Columns and types of ``session_list``."""


def key_list(records: Rows) -> pl.DataFrame:
    """All keys (KEYS), the newest first; of no key more than its id."""
    return records.frame(KEYS, f"SELECT {', '.join(KEYS)} FROM api_keys ORDER BY created_at DESC, key_id")


def session_list(records: Rows) -> pl.DataFrame:
    """All sessions and links (SESSIONS), the newest first."""
    columns = ", ".join(SESSIONS)
    return records.frame(SESSIONS, f"SELECT {columns} FROM dashboard_sessions ORDER BY created_at DESC, session_id")
