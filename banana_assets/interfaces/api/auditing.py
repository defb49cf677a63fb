"""Each request that changes something, or was refused for who asked, becomes an entry of the audit log."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from banana_assets.backends.audit import Entry, note
from banana_assets.core.errors import StoreError
from banana_assets.core.text import visible

READS = frozenset({"GET", "HEAD", "OPTIONS"})
REFUSED = frozenset({401, 403, 429})
LONGEST = 500
_ONE_LINE = dict.fromkeys(map(ord, "\t\n\u2028\u2029"), "\ufffd")


class Auditing:
    """Notes who did what after the answer is known, before it is sent: no change is acknowledged without its entry."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and note how it ended."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                status = message["status"]
                if status in REFUSED or _changes(scope):
                    await run_in_threadpool(self._note, scope, status)
            await send(message)

        await self.app(scope, receive, noted)

    @staticmethod
    def _note(scope: Scope, status: int) -> None:
        state = scope.get("state", {})
        client = scope.get("client")
        told = [state["audited"]] if state.get("audited") else []
        entry = Entry(
            at=datetime.now(UTC),
            actor=state.get("caller", "nobody"),
            action=scope["method"],
            target=visible(" ".join([scope["path"], *told])[:LONGEST]).translate(_ONE_LINE),
            status=status,
            address=client[0] if client else "unknown",
            request_id=state.get("request_id", ""),
        )
        try:
            note(scope["app"].state.service.store.engine, entry)
        except StoreError as error:
            # The answer says already that the store cannot be written, where it was to be.
            sys.stderr.write(f"banana serve: not in the audit log: {entry}: {error}\n")


def _changes(scope: Scope) -> bool:
    """Whether a request asks for a change: where one path takes both, its handler leaves in ``audited`` what is
    changed, or None."""
    state = scope.get("state", {})
    return scope["method"] not in READS and ("audited" not in state or state["audited"] is not None)
