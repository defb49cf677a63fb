"""What a server does beside answering, from its start on: deliveries that were left, and what the first search needs.

None of it is waited for when the server starts. It ends with the server, between two steps.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.concurrency import run_in_threadpool

from banana_assets.backends.deliveries import Deliveries
from banana_assets.core.errors import BananaError
from banana_assets.interfaces.api import webhooks
from banana_assets.interfaces.api.service import Service

LEAVE_SECONDS = 5.0
"""So long the end of the server waits for a step. A delivery that is given up then is taken in after the next start."""


@asynccontextmanager
async def working(service: Service, *, warm: bool) -> AsyncIterator[None]:
    """Work in a thread until the block ends; ``warm``: make the first search as fast as later ones."""
    ended = threading.Event()
    # Told now: what is kept from here on is taken in by whoever receives it.
    waiting = Deliveries(service.store).waiting()
    if not waiting and not warm:
        yield
        return

    def work() -> None:
        for number in waiting:
            if ended.is_set():
                return
            webhooks.take(service, number)
        if warm and not ended.is_set():
            _warm(service)

    thread = threading.Thread(target=work, daemon=True, name="beside")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        await run_in_threadpool(thread.join, LEAVE_SECONDS)


def _warm(service: Service) -> None:
    """Ask the search something: weights and libraries are then in memory, where there is an index to be searched."""
    from banana_assets.backends.search import open_search, there_is_an_index

    try:
        if there_is_an_index(service.settings):
            with open_search(service.settings) as search:
                search.similar("no space left on device", limit=1)
    except BananaError:
        # Whoever searches is told.
        return
