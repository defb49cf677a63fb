"""The search: words and meaning together, kept up to date from documents.

Words are always there, in a file of the home folder. Meaning needs the weights and a Chroma that is free, and
Meilisearch is asked for words instead where its address is set; when one of these is missing, search goes on without
it and says so.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from banana_assets.backends.search.fulltext import FullText
from banana_assets.backends.settings import Settings
from banana_assets.core.errors import BananaError
from banana_assets.core.safety.secrets import mask
from banana_assets.core.search.types import Document, Filters, Hit, Updated, fused
from banana_assets.core.search.words import essence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from banana_assets.backends.search.meilisearch import Meilisearch
    from banana_assets.backends.search.remembered import Remembered
    from banana_assets.backends.search.vectors import Vectors

FOLDER = "search"
AHEAD = 50
"""Hits of each ranking that are joined; a hit further down cannot become one of the first."""
LEAST_COSINE = 0.3
"""Texts that have less in common are unrelated."""
EMBEDDED_AT_ONCE = 2000
"""Texts embedded by one update, half a minute's work; the next one goes on."""
CHUNK = 256
LONGEST_QUESTION = 20_000


def folder_of(settings: Settings) -> Path:
    """Where the index is kept."""
    return settings.home / FOLDER


def there_is_an_index(settings: Settings) -> bool:
    """Whether something has been indexed in this home."""
    return FullText.there_is_one(folder_of(settings))


def open_search(settings: Settings, *, meaning: bool = True) -> Search:
    """Open the search of these settings; without ``meaning`` neither Chroma nor the weights are looked at."""
    return Search(settings, meaning=meaning)


class Search:
    """What is indexed, to be asked and to be kept up to date. ``notes`` says what it goes without, and why."""

    def __init__(self, settings: Settings, *, meaning: bool = True) -> None:
        self._settings = settings
        self._folder = folder_of(settings)
        self._shelf = FullText(self._folder)
        self._meaning = meaning
        self._vectors: Vectors | None = None
        self._remembered: Remembered | None = None
        self._meilisearch: Meilisearch | None = None
        self.notes: list[str] = []
        if settings.meilisearch_url:
            from banana_assets.backends.search.meilisearch import Meilisearch

            self._meilisearch = Meilisearch(settings.meilisearch_url, settings.meilisearch_key)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give files, folder and connections back."""
        for part in (self._vectors, self._remembered, self._meilisearch, self._shelf):
            if part is not None:
                part.close()

    @property
    def mode(self) -> str:
        """How it searches now: ``words``, or ``words and meaning`` with where Chroma is."""
        return f"words and meaning (Chroma {self._vectors.mode})" if self._vectors else "words"

    def sources(self) -> list[str]:
        """The sources that documents are about."""
        return self._shelf.sources()

    def latest(self) -> datetime | None:
        """The latest moment of what happened (``FullText.latest``)."""
        return self._shelf.latest()

    def documents(self, ids: Sequence[str]) -> dict[str, Document]:
        """Those of the documents that there are, by id."""
        return self._shelf.get(ids)

    def text(self, question: str, filters: Filters | None = None, limit: int = 10) -> list[Hit]:
        """The documents that have most of the words that were asked for, the best first."""
        filters, question = filters or Filters(), question[:LONGEST_QUESTION]
        if self._meilisearch is not None:
            try:
                found = self._meilisearch.find(question, filters, limit)
            except BananaError as error:
                self._without("meilisearch", str(error))
            else:
                known = self._shelf.get([name for name, _ in found])
                return [Hit(known[name], score, words=score) for name, score in found if name in known]
        return self._shelf.find(question, filters, limit)

    def similar(self, question: str, filters: Filters | None = None, limit: int = 10) -> list[Hit]:
        """The documents that mean most nearly the same, the nearest first; by words where meaning is not to be had."""
        filters = filters or Filters()
        hits = self._by_meaning(question, filters, limit)
        return self.text(question, filters, limit) if hits is None else hits

    def search(self, question: str, filters: Filters | None = None, limit: int = 10) -> list[Hit]:
        """What words and meaning find together, the best first (reciprocal rank fusion)."""
        filters = filters or Filters()
        by_words = self.text(question, filters, AHEAD)
        by_meaning = self._by_meaning(question, filters, AHEAD)
        if by_meaning is None:
            return by_words[:limit]
        words = {hit.document.document_id: hit for hit in by_words}
        meant = {hit.document.document_id: hit for hit in by_meaning}
        joined = [
            Hit(
                (words.get(name) or meant[name]).document,
                score,
                words=words[name].words if name in words else None,
                cosine=meant[name].cosine if name in meant else None,
            )
            for name, score in fused(list(words), list(meant)).items()
        ]
        return joined[:limit]

    def by(self, how: str) -> Callable[[str, Filters, int], list[Hit]]:
        """How it is searched: by ``words`` (``text``), by ``meaning`` (``similar``), or by ``both`` (``search``)."""
        return {"words": self.text, "meaning": self.similar, "both": self.search}[how]

    def update(self, documents: Iterable[Document], *, most: int | None = EMBEDDED_AT_ONCE) -> Updated:
        """Make the index hold exactly these documents; only what is new or has changed is written and embedded.

        At most ``most`` texts are embedded; where there are more, the first ones, and the next update goes on.
        """
        began = time.monotonic()
        wanted = {document.document_id: document for document in documents}
        known = self._shelf.hashes()
        changed = [d for d in wanted.values() if known.get(d.document_id) != d.content_hash]
        gone = [name for name in known if name not in wanted]
        if changed or gone:
            self._shelf.change(changed, gone)
        if self._meilisearch is not None:
            try:
                self._meilisearch.update(wanted)
            except BananaError as error:
                self._without("meilisearch", str(error))
        embedded, waiting = self._update_vectors(wanted, most)
        return Updated(
            documents=dict(sorted(Counter(d.kind for d in wanted.values()).items())),
            written=len(changed),
            removed=len(gone),
            embedded=embedded,
            waiting=waiting,
            mode=self.mode,
            note=" ".join(self.notes),
            seconds=time.monotonic() - began,
        )

    def rebuild(self, documents: Iterable[Document]) -> Updated:
        """Throw the index away and make it anew of these documents; embeddings of known texts are kept."""
        self._shelf.clear()
        if self._meilisearch is not None:
            try:
                self._meilisearch.clear()
            except BananaError as error:
                self._without("meilisearch", str(error))
        try:
            if self._vectors is not None:
                self._vectors.clear()
            else:
                self._open_vectors(fresh=True)
        except BananaError as error:
            self._without("meaning", str(error))
        return self.update(documents, most=None)

    def _by_meaning(self, text: str, filters: Filters, limit: int) -> list[Hit] | None:
        said = essence(mask(text[:LONGEST_QUESTION]).text) or text
        try:
            vectors = self._open_vectors()
            if vectors is None:
                return None
            (vector,) = self._embedded([said])
            found = vectors.find(vector, filters, limit)
        except BananaError as error:
            self._without("meaning", str(error))
            return None
        known = self._shelf.get([name for name, _ in found])
        return [Hit(known[n], cosine, cosine=cosine) for n, cosine in found if n in known and cosine >= LEAST_COSINE]

    def _update_vectors(self, wanted: dict[str, Document], most: int | None) -> tuple[int, int]:
        """How many texts were embedded, and how many wait for the next time."""
        try:
            vectors = self._open_vectors()
            if vectors is None:
                return 0, 0
            known = vectors.hashes()
            vectors.remove(name for name in known if name not in wanted)
            changed = [d for d in wanted.values() if known.get(d.document_id) != d.content_hash]
            embedded = waiting = 0
            for first in range(0, len(changed), CHUNK):
                part = changed[first : first + CHUNK]
                fresh = self._unknown([d.essence for d in part])
                if most is not None and embedded + len(fresh) > most:
                    left = set(fresh[max(most - embedded, 0) :])
                    waiting += len(left)
                    part = [d for d in part if d.essence not in left]
                    fresh = fresh[: len(fresh) - len(left)]
                if part:
                    vectors.put(part, self._embedded([d.essence for d in part]))
                embedded += len(fresh)
        except BananaError as error:
            self._without("meaning", str(error))
            return 0, 0
        return embedded, waiting

    def _unknown(self, texts: Sequence[str]) -> list[str]:
        known = self._memory().get(texts)
        return [text for text in dict.fromkeys(texts) if text not in known]

    def _embedded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of the texts, a row each; those of known texts are looked up."""
        import numpy as np

        from banana_assets.backends.search.embedding import loaded

        memory = self._memory()
        known = memory.get(texts)
        if fresh := [text for text in dict.fromkeys(texts) if text not in known]:
            vectors = loaded(self._folder).embed(fresh)
            memory.put(fresh, vectors)
            known |= dict(zip(fresh, vectors, strict=True))
        return np.stack([known[text] for text in texts])

    def _memory(self) -> Remembered:
        from banana_assets.backends.search.embedding import DIMENSIONS, MODEL
        from banana_assets.backends.search.remembered import Remembered

        self._remembered = self._remembered or Remembered(self._folder, MODEL, DIMENSIONS)
        return self._remembered

    def _open_vectors(self, *, fresh: bool = False) -> Vectors | None:
        """Chroma, opened when it is first needed; None where search goes on without meaning."""
        if not self._meaning:
            return None
        if self._vectors is None:
            from banana_assets.backends.search.embedding import check_installed
            from banana_assets.backends.search.vectors import open_vectors

            try:
                check_installed()
                self._vectors = open_vectors(self._settings, self._folder, fresh=fresh)
            except BananaError as error:
                self._without("meaning", str(error))
        return self._vectors

    def _without(self, what: str, why: str) -> None:
        if what == "meaning":
            self._meaning = False
            if self._vectors is not None:
                self._vectors.close()
                self._vectors = None
            self.notes.append(f"Searching by words alone: {why}")
            return
        assert self._meilisearch is not None
        self._meilisearch.close()
        self._meilisearch = None
        self.notes.append(f"Searching words in SQLite: {why}")
