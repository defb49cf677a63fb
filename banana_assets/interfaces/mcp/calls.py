"""What a tool is given beside its arguments: the parts it reads, who asks, and how to tell how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from banana_assets.backends.accounts import Accounts
from banana_assets.backends.feed import Feed
from banana_assets.backends.forecasting import ModelForecasts
from banana_assets.backends.frames import KeptTables
from banana_assets.backends.keys import Caller
from banana_assets.backends.log_pages import LogPages
from banana_assets.backends.lookup import BuildList
from banana_assets.backends.quotes import Compared
from banana_assets.backends.reports import Reports
from banana_assets.backends.settings import Settings
from banana_assets.backends.store import Store
from banana_assets.backends.tables import Tables

Progress = Callable[[float, float | None, str], None]
"""Takes how much is done, of how much (None where that is not known), and what is being done."""


@dataclass(frozen=True)
class Sources:
    """What tools read and write, shared by all calls of a server. Safe to use from several threads."""

    settings: Settings
    store: Store
    tables: Tables
    feed: Feed
    reports: Reports
    pages: LogPages
    quotes: Compared
    accounts: Accounts
    builds: BuildList
    forecasts: ModelForecasts

    @property
    def code_root(self) -> Path:
        """The folder of the code base: that of the settings, else where the process was started."""
        return self.settings.code_root or Path.cwd()


def sources_of(settings: Settings, store: Store, feed: Feed | None = None) -> Sources:
    """The parts that stand on an open store; ``feed`` where it is read already."""
    feed = feed or Feed(store, KeptTables(settings.tables_root))
    tables, quotes = feed.tables, Compared(store)
    accounts = Accounts(store, tables, quotes)
    return Sources(
        settings, store, tables, feed, feed.reports, LogPages(store), quotes, accounts, BuildList(store, tables),
        ModelForecasts(),
    )  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One call of a tool. ``progress`` may be called from the thread in which the tool runs."""

    sources: Sources
    caller: Caller
    progress: Progress
    now: datetime

    def may(self, scope: str) -> bool:
        """Whether the caller holds that scope."""
        return self.caller.may(scope)


def silent(done: float, total: float | None, message: str) -> None:
    """Progress that nobody listens to."""


def utc_now() -> datetime:
    """The time of a call."""
    return datetime.now(UTC)
