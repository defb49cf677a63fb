"""Code bases kept as they are sent, so that an answer costs nothing while nothing changed."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

from banana_assets.backends.codebase import git
from banana_assets.backends.codebase.folder import Folder
from banana_assets.backends.codebase.listing import Listing, listing
from banana_assets.backends.codebase.reading import DEPTH, Bounds, of_listing, state_of
from banana_assets.core.codebase.wire import wire, wire_structure
from banana_assets.core.errors import BananaError

FRESH_SECONDS = 2.0
STALE_SECONDS = 30.0
PATIENCE = 20
"""A look at what changed is taken so many times its own duration apart at least: 5 % of a processor at most."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A code base as it is sent: ``body`` is the whole JSON answer ``{"status": "ok", "codebase": ...}``.

    ``etag`` is the same while the body is (without quotation marks). ``structure`` is the other contract's object, in
    which ``with_models`` puts the language models. ``state`` is what the files were known by.
    """

    body: bytes
    etag: str
    structure: dict[str, Any]
    state: bytes


@dataclass(slots=True)
class _Entry:
    rendered: Rendered
    looked_at: float
    cost: float
    refreshing: bool = False


@dataclass(frozen=True, slots=True)
class _Key:
    root: str
    depth: int
    show_root: bool
    submodules: bool


class CodeBases:
    """Code bases by folder, at most so many bytes of them; safe to be used by many threads.

    An answer is given at once while it is younger than two seconds (or twenty looks). Up to half a minute it is given,
    too, while one thread looks whether files changed; an older one waits for that look. A look lists the files with
    their sizes and times and the commit; contents are read again only when these differ.
    """

    def __init__(
        self,
        *,
        most_bytes: int = 64 << 20,
        bounds: Bounds | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most_bytes = most_bytes
        self._bounds = bounds or Bounds()
        self._clock = clock
        self._entries: OrderedDict[_Key, _Entry] = OrderedDict()
        self._lock = threading.Lock()
        self._reading: dict[_Key, threading.Lock] = {}

    def get(
        self, root: Path | str, *, depth: int = DEPTH, show_root: bool = False, submodules: bool = False
    ) -> Rendered:
        """The code base in a folder (see ``reading.read``). Raises InputError for a folder that cannot be opened."""
        key = _Key(str(root), depth, show_root, submodules)
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
                age = self._clock() - entry.looked_at
                fresh = max(FRESH_SECONDS, PATIENCE * entry.cost)
                if age < fresh:
                    return entry.rendered
                if age < max(STALE_SECONDS, 2 * fresh):
                    if not entry.refreshing:
                        entry.refreshing = True
                        threading.Thread(target=self._refresh, args=(key,), daemon=True, name="codebase").start()
                    return entry.rendered
            reading = self._reading.setdefault(key, threading.Lock())
        return self._looked(key, reading, self._clock())

    def _refresh(self, key: _Key) -> None:
        with self._lock:
            reading = self._reading.setdefault(key, threading.Lock())
        try:
            self._looked(key, reading, self._clock())
        except BananaError:
            # The folder went away: whoever asks next is told so.
            with self._lock:
                self._entries.pop(key, None)

    def _looked(self, key: _Key, reading: threading.Lock, asked: float) -> Rendered:
        """Look whether something changed; one thread at a time, the others take what it found."""
        with reading:
            with self._lock:
                entry = self._entries.get(key)
            if entry is not None and entry.looked_at >= asked:
                return entry.rendered
            begun = self._clock()
            with Folder(key.root) as folder:
                found = listing(folder, most=self._bounds.files, submodules=key.submodules)
                state = _digest(folder, found)
                cost = self._clock() - begun
                if entry is not None and entry.rendered.state == state:
                    kept = entry.rendered
                else:
                    kept = self._rendered(folder, found, key, state)
            with self._lock:
                self._entries[key] = _Entry(kept, begun, cost)
                self._entries.move_to_end(key)
                self._make_room()
        return kept

    def _rendered(self, folder: Folder, found: Listing, key: _Key, state: bytes) -> Rendered:
        codebase = of_listing(folder, found, depth=key.depth, show_root=key.show_root, bounds=self._bounds)
        body = orjson.dumps({"status": "ok", "codebase": wire(codebase)})
        return Rendered(body, blake2b(body, digest_size=16).hexdigest(), wire_structure(codebase), state)

    def _make_room(self) -> None:
        while len(self._entries) > 1 and sum(len(e.rendered.body) for e in self._entries.values()) > self._most_bytes:
            old, _ = self._entries.popitem(last=False)
            self._reading.pop(old, None)


def _digest(folder: Folder, found: Listing) -> bytes:
    digest = blake2b(digest_size=20)
    for part in state_of(found):
        digest.update(part)
    if found.by == "git":
        digest.update(repr(git.head(folder.path)).encode())
    digest.update(repr(sorted(found.skipped.items())).encode())
    return digest.digest()


def with_models(structure: dict[str, Any], available: list[str], active: str | None) -> dict[str, Any]:
    """The other contract's object with the language models that may be asked."""
    return {**structure, "models": {"available": available, "active": active}}
