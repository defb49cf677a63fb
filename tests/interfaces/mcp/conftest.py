"""Tools asked in this process, on a home that has something of everything."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import anyio
import pytest
from mcp import Client
from mcp_types import CallToolResult

from banana_assets.backends.keys import Caller
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.interfaces.mcp.calls import Call, Sources, silent, sources_of
from banana_assets.interfaces.mcp.server import TOOLS, create_server
from tests.interfaces.mcp.answering_home import make

T = TypeVar("T")
Ask = Callable[..., Any]
NOW = datetime(2026, 3, 15, tzinfo=UTC)


@pytest.fixture(scope="session")
def answering(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home; tests that change it copy it."""
    home = tmp_path_factory.mktemp("homes") / "home"
    make(home, tmp_path_factory.mktemp("files"))
    return home


@pytest.fixture(scope="session")
def sources(answering: Path) -> Iterator[Sources]:
    """What tools read there."""
    settings = load_from(answering)
    with open_store(settings) as store:
        found = sources_of(settings, store)
        yield found
        found.feed.close()


@pytest.fixture
def own_sources(answering: Path, home: Path) -> Iterator[Sources]:
    """The same of a copy that a test may change."""
    shutil.copytree(answering, home)
    settings = load_from(home)
    with open_store(settings) as store:
        found = sources_of(settings, store)
        yield found
        found.feed.close()


@pytest.fixture
def no_sources(home: Path) -> Iterator[Sources]:
    """What there is in a home into which nothing was brought."""
    settings = load_from(home)
    with open_store(settings) as store:
        found = sources_of(settings, store)
        yield found
        found.feed.close()


@lru_cache(maxsize=4)
def _server(caller: Caller) -> tuple[Any, list[Sources]]:
    """A server, which takes a while to make, and the place for what it reads."""
    place: list[Sources] = []
    return create_server(lambda: place[0], lambda context: caller), place


def in_client(sources: Sources, job: Callable[[Client], Awaitable[T]], *scopes: str) -> T:
    """What a job does with a client of a server on these sources."""

    async def whole() -> T:
        server, place = _server(Caller("tests", frozenset({"read", *scopes})))
        place[:] = [sources]
        async with Client(server) as client:
            return await job(client)

    return anyio.run(whole)


def asked(sources: Sources, name: str, *scopes: str, **arguments: Any) -> CallToolResult:
    """What a client gets that calls a tool; it holds the answer against the output schema."""
    return in_client(sources, lambda client: client.call_tool(name, arguments), *scopes)


@pytest.fixture(scope="session")
def ask(sources: Sources) -> Ask:
    """Run a tool's function on the shared home, as JSON: ``ask("get_planning_metrics", include_trends=False)``."""
    return asking(sources)


def asking(sources: Sources, *scopes: str) -> Ask:
    """The same on other sources and with more scopes."""
    functions = {spec.name: spec.function for spec in TOOLS}
    caller = Caller("tests", frozenset({"read", *scopes}))

    def run(name: str, **arguments: Any) -> Any:
        made = functions[name](Call(sources, caller, silent, NOW), **arguments)
        return made.model_dump(mode="json", by_alias=True)

    return run
