"""What the handlers of one server share: the open store, the tables, and who may ask."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from banana_assets.backends.codebase import CodeBases
from banana_assets.backends.feed import Feed
from banana_assets.backends.frames import KeptTables
from banana_assets.backends.kept import Kept
from banana_assets.backends.keys import Keys, server_secret
from banana_assets.backends.reports import Reports
from banana_assets.backends.sessions import Sessions
from banana_assets.backends.settings import Settings
from banana_assets.backends.store import Store, open_store
from banana_assets.backends.tables import Tables
from banana_assets.interfaces.api.access import Access

ANSWERS_BYTES = 32 << 20


@dataclass(frozen=True)
class Service:
    """The parts. ``answers`` keeps whole rendered answers by what they rest on; ``origins`` are the front ends that
    may call from a browser; ``rendering`` holds answers that are being worked out."""

    settings: Settings
    store: Store
    tables: Tables
    keys: Keys
    sessions: Sessions
    access: Access
    feed: Feed
    reports: Reports
    answers: Kept[bytes]
    codebases: CodeBases
    origins: tuple[str, ...]
    rendering: dict[Hashable, asyncio.Future[Any]] = field(default_factory=dict)


def open_service(settings: Settings, *, open_here: bool) -> Service:
    """Open the store and what stands on it; ``open_here`` allows the open mode. Close ``service.store`` at the end."""
    store = open_store(settings)
    tables = KeptTables(settings.tables_root)
    secret = server_secret(settings)
    keys = Keys(store.engine, secret)
    access = Access(
        keys,
        open_here=open_here,
        per_minute=settings.request_limit_per_minute,
        session_id_is_key=settings.session_id_is_key,
    )
    return Service(
        settings=settings,
        store=store,
        tables=tables,
        keys=keys,
        sessions=Sessions(store.engine, secret),
        access=access,
        feed=Feed(store, tables),
        reports=Reports(store.engine),
        answers=Kept(ANSWERS_BYTES),
        codebases=CodeBases(),
        origins=listed(settings.allowed_origins),
    )


def listed(text: str) -> tuple[str, ...]:
    """The words of a setting with commas between."""
    return tuple(word.strip() for word in text.split(",") if word.strip())
