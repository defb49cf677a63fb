"""The vectors in Chroma: a collection a kind, embedded in this process or on a server.

A folder of Chroma's is never opened by two processes, since two writers lose vectors without a word. Whoever has it
open holds the lock beside it: one process that embeds Chroma, or the server that `banana up` starts for many, which
leaves its address for those that come later.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from banana_assets.backends.records.rows import in_parts
from banana_assets.backends.settings import Settings
from banana_assets.core.errors import BananaError
from banana_assets.core.search.types import COLLECTIONS, Document, Filters
from banana_assets.core.vocabulary import SEVERITIES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOLDER, LOCK, ADDRESS = "chroma", "chroma.lock", "chroma.url"
LOCK_SECONDS = 2.0
"""An embedded Chroma is open as long as one update or search takes."""
REQUEST_SECONDS = 30.0
HEARTBEAT_SECONDS = 2.0
BATCH = 1000
_HASH = "content_hash"


class NoVectorsError(BananaError):
    """Chroma cannot be used now."""


class Vectors:
    """Open collections of unit vectors, compared by cosine."""

    def __init__(self, client: Any, mode: str, close: Callable[[], None]) -> None:
        self.mode = mode
        self._client = client
        self._close = close
        self._opened: dict[str, Any] = {}

    def close(self) -> None:
        """Give the folder back to others."""
        self._opened.clear()
        self._close()

    def hashes(self) -> dict[str, str]:
        """The content hash of each document that has a vector, by its id."""
        found: dict[str, str] = {}
        for kind in COLLECTIONS:
            with _translated():
                stored = self._collection(kind).get(include=["metadatas"])
            for name, metadata in zip(stored["ids"], stored["metadatas"] or [], strict=True):
                found[name] = str((metadata or {}).get(_HASH, ""))
        return found

    def put(self, documents: Sequence[Document], vectors: NDArray[np.float32]) -> None:
        """Add or replace the vectors of these documents, a row each."""
        for kind in COLLECTIONS:
            rows = [i for i, document in enumerate(documents) if document.kind == kind]
            for part in in_parts(rows, BATCH):
                with _translated():
                    self._collection(kind).upsert(
                        ids=[documents[i].document_id for i in part],
                        embeddings=vectors[part],
                        metadatas=[_metadata(documents[i]) for i in part],
                    )

    def remove(self, ids: Iterable[str]) -> None:
        """Remove the vectors of those documents, where they have any."""
        by_kind: dict[str, list[str]] = {}
        for name in ids:
            by_kind.setdefault(name.partition("-")[0], []).append(name)
        for kind, names in by_kind.items():
            for part in in_parts(names, BATCH):
                with _translated():
                    self._collection(kind).delete(ids=list(part))

    def clear(self) -> None:
        """Remove all collections."""
        with _translated():
            there = {collection.name for collection in self._client.list_collections()}
            for name in there & set(COLLECTIONS.values()):
                self._client.delete_collection(name)
        self._opened.clear()

    def find(self, vector: NDArray[np.float32], filters: Filters, limit: int) -> list[tuple[str, float]]:
        """Ids and cosines of the nearest documents, the nearest first."""
        found: list[tuple[str, float]] = []
        where = _where(filters)
        for kind in filters.kinds or COLLECTIONS:
            with _translated():
                answer = self._collection(kind).query(
                    query_embeddings=vector[None, :], n_results=limit, where=where, include=["distances"]
                )
            distances = answer["distances"]
            found += [
                (name, 1 - distance)
                for name, distance in zip(answer["ids"][0], distances[0] if distances else [], strict=True)
            ]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def _collection(self, kind: str) -> Any:
        if kind not in self._opened:
            from banana_assets.backends.search.chroma_function import MiniLMFunction

            self._opened[kind] = self._client.get_or_create_collection(
                COLLECTIONS[kind], embedding_function=MiniLMFunction(), configuration={"hnsw": {"space": "cosine"}}
            )
        return self._opened[kind]


def open_vectors(settings: Settings, folder: Path, *, fresh: bool = False) -> Vectors:
    """Chroma at the address of the settings, else embedded, else on the server of this home; ``fresh`` empties it.

    Raises NoVectorsError, which says why, where a server does not answer or another process has the folder open.
    """
    if settings.chroma_url:
        if not answers(settings.chroma_url):
            raise NoVectorsError(
                f"Chroma at {settings.chroma_url} does not answer.", "Start it, or unset BANANA_CHROMA_URL."
            )
        return _on_server(settings.chroma_url, fresh=fresh)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if (url := served(folder)) and answers(url):
            return _on_server(url, fresh=fresh)
        return _embedded(folder, fresh=fresh)
    except Timeout:
        if (url := served(folder)) and answers(url):
            return _on_server(url, fresh=fresh)
        raise NoVectorsError(
            f"Another process has the vectors in {folder / FOLDER} open.",
            "Try again in a moment, or run `banana up`, whose server many may ask at once.",
        ) from None
    except OSError as error:
        raise NoVectorsError(f"{folder} cannot be used: {error.strerror}.", "Mend its permissions.") from error


def served(folder: Path) -> str:
    """The address that the last server of this folder left; it need not run any more."""
    try:
        return (folder / ADDRESS).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def answers(url: str) -> bool:
    """Whether a Chroma server answers there."""
    import httpx

    try:
        return httpx.get(f"{url.rstrip('/')}/api/v2/heartbeat", timeout=HEARTBEAT_SECONDS, trust_env=False).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


@dataclass
class _Shared:
    """Chroma embedded in this process, once, for all of its threads that use it."""

    client: Any
    lock: FileLock
    users: int = 0


_shared: dict[Path, _Shared] = {}
_guard = threading.Lock()


def _embedded(folder: Path, *, fresh: bool) -> Vectors:
    with _guard:
        first = folder not in _shared
        if first:
            _shared[folder] = _embed(folder, fresh=fresh)
        _shared[folder].users += 1
    vectors = Vectors(_shared[folder].client, "embedded", lambda: _leave(folder))
    if fresh and not first:
        vectors.clear()
    return vectors


def _embed(folder: Path, *, fresh: bool) -> _Shared:
    # Whoever leaves last gives the lock back, in whatever thread.
    lock = FileLock(folder / LOCK, thread_local=False)
    lock.acquire(timeout=LOCK_SECONDS)
    try:
        chroma = _chroma()
        if fresh:
            # Also what is damaged and could not be emptied.
            shutil.rmtree(folder / FOLDER, ignore_errors=True)
        with _translated():
            return _Shared(chroma.PersistentClient(folder / FOLDER, settings=_quiet()), lock)
    except BaseException:
        lock.release()
        raise


def _leave(folder: Path) -> None:
    with _guard:
        shared = _shared[folder]
        shared.users -= 1
        if not shared.users:
            del _shared[folder]
            shared.client.close()
            shared.lock.release()


def _on_server(url: str, *, fresh: bool) -> Vectors:
    import httpx

    parts = urlsplit(url)
    secure = parts.scheme == "https"
    chroma = _chroma()
    with _translated():
        client = chroma.HttpClient(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or (443 if secure else 8000),
            ssl=secure,
            settings=_quiet(),
        )
        # The client waits for ever unless told, and has no setting for it.
        client._server._session.timeout = httpx.Timeout(REQUEST_SECONDS)
    vectors = Vectors(client, "server", client.close)
    if fresh:
        vectors.clear()
    return vectors


def _chroma() -> Any:
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import chromadb
    except ImportError as error:
        raise NoVectorsError(f"chromadb cannot be loaded: {error}.", "Install it again.") from error
    return chromadb


def _quiet() -> Any:
    from chromadb.config import Settings as ChromaSettings

    return ChromaSettings(anonymized_telemetry=False)


@contextmanager
def _translated() -> Iterator[None]:
    import httpx
    from chromadb.errors import ChromaError

    try:
        yield
    except (ChromaError, httpx.HTTPError, OSError, ValueError) as error:
        raise NoVectorsError(
            f"Chroma refused: {str(error).strip().partition(chr(10))[0] or type(error).__name__}.",
            "When its data are damaged, `banana search --rebuild` makes them anew.",
        ) from error


def _metadata(document: Document) -> Mapping[str, Any]:
    values: dict[str, Any] = {_HASH: document.content_hash}
    if document.severity:
        values["severity"] = SEVERITIES.index(document.severity)
    if document.sources:
        values["sources"] = list(dict.fromkeys(document.sources))
    for name, at in (("first_seen", document.first_seen), ("last_seen", document.last_seen)):
        if isinstance(at, datetime):
            values[name] = at.timestamp()
    return values


def _where(filters: Filters) -> dict[str, Any] | None:
    parts: list[dict[str, Any]] = []
    if filters.severity:
        parts.append({"severity": {"$gte": SEVERITIES.index(filters.severity)}})
    if filters.source is not None:
        parts.append({"sources": {"$contains": filters.source}})
    if filters.since:
        parts.append({"last_seen": {"$gte": filters.since.timestamp()}})
    if filters.until:
        parts.append({"first_seen": {"$lte": filters.until.timestamp()}})
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else {"$and": parts}
