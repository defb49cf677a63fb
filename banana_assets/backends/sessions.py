"""Sessions of people who look at the dashboard: opened once by a link, then known by a signed cookie.

A session begins as a link that works once, within ten minutes. Link, cookie and the token of forms are signed with
HMAC-SHA-256 (RFC 2104) under this home's server secret, each for its own purpose, so that none can stand in for another
and a stolen database opens nothing. Whether a session still holds is asked of the records each time: it ends at once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from banana_assets.backends.keys import scopes_of
from banana_assets.backends.records.api_tables import dashboard_sessions
from banana_assets.backends.records.engine import reading, writing
from banana_assets.core.errors import InputError

LINK_MINUTES = 10
SESSION_DAYS = 7
_SIGNED = re.compile(r"([0-9a-f]{16})\.([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True)
class Session:
    """A session that holds: who looks and what they may do."""

    session_id: str
    name: str
    scopes: frozenset[str]


class Sessions:
    """The sessions in the records."""

    def __init__(self, engine: sa.Engine, secret: bytes) -> None:
        self.engine = engine
        self._secret = secret

    def invite(self, name: str, scopes: Iterable[str], *, by: str, at: datetime) -> str:
        """The code of a link that opens a session, once, within LINK_MINUTES. Raises InputError for a scope that is
        none."""
        session_id = secrets.token_hex(8)
        row = {
            "session_id": session_id,
            "name": name.strip() or by,
            "scopes": " ".join(scopes_of(scopes)),
            "created_at": at,
            "created_by": by,
            "ends_at": at + timedelta(minutes=LINK_MINUTES),
        }
        with writing(self.engine) as connection:
            connection.execute(sa.insert(dashboard_sessions).values(row))
        return self._signed("link", session_id)

    def open(self, code: str, at: datetime) -> Session | None:
        """Open the session of a link; None when the link is none of ours, was used, or is over."""
        session_id = self._verified("link", code)
        c = dashboard_sessions.c
        if session_id is None:
            return None
        waiting = sa.and_(c.session_id == session_id, c.opened_at.is_(None), c.revoked_at.is_(None), c.ends_at > at)
        values = {"opened_at": at, "ends_at": at + timedelta(days=SESSION_DAYS)}
        with writing(self.engine) as connection:
            if not connection.execute(sa.update(dashboard_sessions).where(waiting).values(values)).rowcount:
                return None
        return self.check(self.cookie(session_id), at)

    def check(self, cookie: str, now: datetime) -> Session | None:
        """Whose session a cookie stands for; None when it is none of ours, over, or revoked."""
        session_id = self._verified("cookie", cookie)
        if session_id is None:
            return None
        with reading(self.engine) as connection:
            query = sa.select(dashboard_sessions).where(dashboard_sessions.c.session_id == session_id)
            row = connection.execute(query).one_or_none()
        if row is None or row.opened_at is None or row.revoked_at is not None or row.ends_at <= now:
            return None
        return Session(row.session_id, row.name, frozenset(row.scopes.split()))

    def cookie(self, session_id: str) -> str:
        """What the browser keeps."""
        return self._signed("cookie", session_id)

    @property
    def cookie_name(self) -> str:
        """The cookie's name: browsers tell ports of one host not apart, so that each home has its own."""
        return f"banana_{self._mac('name', '')[:8]}"

    def token(self, session_id: str) -> str:
        """What forms of that session carry, so that no other site can send them."""
        return self._mac("token", session_id)

    def revoke(self, session_id: str, at: datetime) -> bool:
        """End a session, or its link, at once; whether it still held. Raises InputError for an unknown id."""
        c = dashboard_sessions.c
        with writing(self.engine) as connection:
            if connection.execute(sa.select(c.session_id).where(c.session_id == session_id)).first() is None:
                raise InputError(f"There is no session {session_id}.", "`banana keys sessions` shows them.")
            held = sa.and_(c.session_id == session_id, c.revoked_at.is_(None), c.ends_at > at)
            return bool(connection.execute(sa.update(dashboard_sessions).where(held).values(revoked_at=at)).rowcount)

    def _signed(self, purpose: str, session_id: str) -> str:
        return f"{session_id}.{self._mac(purpose, session_id)}"

    def _verified(self, purpose: str, text: str) -> str | None:
        shape = _SIGNED.fullmatch(text)
        if shape is None or not hmac.compare_digest(self._mac(purpose, shape[1]), shape[2]):
            return None
        return shape[1]

    def _mac(self, purpose: str, session_id: str) -> str:
        return hmac.new(self._secret, f"dashboard {purpose} {session_id}".encode(), hashlib.sha256).hexdigest()
