"""The MCP server on standard input and output. Nothing but the protocol is ever written to standard output."""

from __future__ import annotations

import getpass
import logging
import sys
from collections.abc import Iterable

from banana_assets.backends.keys import Caller
from banana_assets.backends.settings import load
from banana_assets.backends.store import open_store
from banana_assets.interfaces.mcp.calls import sources_of
from banana_assets.interfaces.mcp.server import create_server


def serve(scopes: Iterable[str]) -> None:
    """Answer until the input ends. Whoever starts the process is the caller, with those scopes."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="banana mcp: %(message)s", force=True)
    settings = load()
    caller = Caller(f"local {getpass.getuser()}", frozenset(scopes))
    with open_store(settings) as store:
        sources = sources_of(settings, store)
        try:
            create_server(lambda: sources, lambda context: caller).run("stdio")
        finally:
            sources.feed.close()
