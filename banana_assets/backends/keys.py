"""Keys of callers: made once, shown once, stored as a digest.

A key reads ``banana_<id>_<secret>``: the id finds its row, the secret is 256 random bits. Stored is the HMAC-SHA-256 of
the whole key under this home's server secret (RFC 2104), so that a stolen database opens nothing, and the comparison
takes the same time wherever two digests differ.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from banana_assets.backends.records.api_tables import api_keys
from banana_assets.backends.records.engine import reading, writing
from banana_assets.backends.settings import Settings
from banana_assets.core.errors import InputError, StoreError
from banana_assets.core.vocabulary import SCOPES

PREFIX = "banana"
SECRET_FILE = "server.secret"
SECRET_BYTES = 32
_KEY = re.compile(rf"{PREFIX}_([0-9a-f]{{12}})_([A-Za-z0-9_-]{{43}})", re.ASCII)


@dataclass(frozen=True)
class Key:
    """A key that holds: who it stands for and what it may do."""

    key_id: str
    name: str
    scopes: frozenset[str]
    expires_at: datetime | None


@dataclass(frozen=True)
class Caller:
    """Who asks: the name that the audit shows, and what they may do."""

    name: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Whether that scope is theirs; ``admin`` holds all."""
        return scope in self.scopes or "admin" in self.scopes


def server_secret(settings: Settings) -> bytes:
    """The secret of this home, made when it is first needed; only its owner can read the file.

    ``BANANA_SERVER_SECRET`` takes its place where several machines serve one database. Raises StoreError when the file
    cannot be made or read.
    """
    if settings.server_secret is not None:
        return hashlib.sha256(settings.server_secret.get_secret_value().encode()).digest()
    path = settings.home / SECRET_FILE
    try:
        if not path.exists():
            _make(path)
        found = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path} cannot be used: {error.strerror}.", "Mend its permissions.") from error
    if len(found) != SECRET_BYTES:
        raise StoreError(f"{path} is damaged.", "Remove it and make new keys: `banana keys create`.")
    return found


def scopes_of(words: Iterable[str]) -> list[str]:
    """These scopes in their order, each once. Raises InputError for a word that is none, or no word at all."""
    chosen = sorted(set(words), key=lambda s: SCOPES.index(s) if s in SCOPES else len(SCOPES))
    if unknown := [scope for scope in chosen if scope not in SCOPES]:
        raise InputError(f"There is no scope {', '.join(unknown)}.", f"Scopes are {', '.join(SCOPES)}.")
    if not chosen:
        raise InputError("It needs a scope.", f"Say what it may do: {', '.join(SCOPES)}.")
    return chosen


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    own = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # A link is made only where there is none yet: of two processes that start at once, one secret stays.
        try:
            os.link(own, path)
        except FileExistsError:
            return
    finally:
        own.unlink()


class Keys:
    """The keys in the records."""

    def __init__(self, engine: sa.Engine, secret: bytes) -> None:
        self.engine = engine
        self._secret = secret

    def create(
        self, name: str, scopes: Iterable[str], *, by: str, at: datetime, expires_at: datetime | None = None
    ) -> str:
        """A new key; this is the only time it can be read. Raises InputError for a scope or an end that cannot be."""
        chosen = scopes_of(scopes)
        if not name.strip():
            raise InputError("A key needs a name.", "Name who will use it.")
        if expires_at is not None and expires_at <= at:
            raise InputError(f"A key until {expires_at:%F %T} would be over already.", "Name a later time.")
        key_id = secrets.token_hex(6)
        text = f"{PREFIX}_{key_id}_{secrets.token_urlsafe(32)}"
        row = {
            "key_id": key_id,
            "name": name.strip(),
            "digest": self._digest(text),
            "scopes": " ".join(chosen),
            "created_at": at,
            "created_by": by,
            "expires_at": expires_at,
        }
        with writing(self.engine) as connection:
            connection.execute(sa.insert(api_keys).values(row))
        return text

    def check(self, text: str, now: datetime) -> Key | None:
        """Whom the key stands for; None when it is not one of ours, revoked, or over."""
        shape = _KEY.fullmatch(text)
        if shape is None:
            return None
        with reading(self.engine) as connection:
            row = connection.execute(sa.select(api_keys).where(api_keys.c.key_id == shape[1])).one_or_none()
        # Compared also where there is no such key, so that ids cannot be told by the time it takes.
        same = hmac.compare_digest(self._digest(text), row.digest if row else "0" * 64)
        if row is None or not same or row.revoked_at is not None:
            return None
        if row.expires_at is not None and row.expires_at <= now:
            return None
        return Key(row.key_id, row.name, frozenset(row.scopes.split()), row.expires_at)

    def any(self) -> bool:
        """Whether a key was ever made, revoked ones included: from then on nobody enters without one."""
        with reading(self.engine) as connection:
            return connection.execute(sa.select(api_keys.c.key_id).limit(1)).first() is not None

    def revoke(self, key_id: str, at: datetime) -> bool:
        """End a key at once; whether there was one that still held. Raises InputError for an unknown id."""
        with writing(self.engine) as connection:
            if connection.execute(sa.select(api_keys.c.key_id).where(api_keys.c.key_id == key_id)).first() is None:
                raise InputError(f"There is no key {key_id}.", "`banana keys list` shows them.")
            held = sa.and_(api_keys.c.key_id == key_id, api_keys.c.revoked_at.is_(None))
            return bool(connection.execute(sa.update(api_keys).where(held).values(revoked_at=at)).rowcount)

    def _digest(self, text: str) -> str:
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()
