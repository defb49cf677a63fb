"""Citations made and compared with the stored logs: what a plan quotes is read again, and shown without secrets."""

from __future__ import annotations

import threading

import polars as pl

from banana_assets.backends.kept import Kept
from banana_assets.backends.lines import texts_of
from banana_assets.backends.reading_store import ReadingStore
from banana_assets.core.advice.quoting import holds
from banana_assets.core.builds.requoting import requoted
from banana_assets.core.errors import BananaError
from banana_assets.core.evidence import Citation
from banana_assets.core.plans.quotes import Log, cited
from banana_assets.core.safety.secrets import mask, mask_lines

LOG_BYTES = 32 << 20
"""Logs that are held in memory at once; a larger one is held alone."""

COMPARED_BYTES = 8 << 20
"""Quotes held in memory that were found in their logs."""


class Quotes:
    """Reads logs of the store, each once while it is among the last few asked for."""

    def __init__(self, store: ReadingStore) -> None:
        self._store = store
        self._logs: Kept[Log] = Kept(LOG_BYTES)

    def log(self, sha256: str) -> Log | None:
        """The log of a build; None where it is not stored any more."""
        held = self._logs.get(sha256)
        if held is None:
            try:
                held = Log(sha256, self._lines(sha256))
            except BananaError:
                return None
            size = 2 * sum(len(text) + 64 for text in held.texts)
            self._logs.put(sha256, held, min(size, LOG_BYTES))
        return held

    def restated(self, citation: Citation) -> Citation | None:
        """The citation as it may be shown; None where the log does not say what it quotes."""
        if citation["build_id"] is None:
            return self._of_application(citation)
        log = self.log(citation["sha256"])
        first, last = citation["first_line"], citation["last_line"]
        shown = log.quote(first, last) if log else None
        if log is None or shown is None or not shown.strip():
            return None
        raw = log.texts[first - 1 : last]
        if citation["quote"] not in (shown, "\n".join(raw), "\n".join(mask_lines(raw).lines)):
            return None
        return {**citation, "quote": shown}

    def holds(self, citation: Citation) -> bool:
        """Whether the log says exactly what is quoted, but for secrets."""
        return self.restated(citation) == citation

    def _of_application(self, citation: Citation) -> Citation | None:
        """A message of an application's log stands in its line, as it is or masked."""
        try:
            lines = self._lines(citation["sha256"], citation["last_line"])
        except BananaError:
            return None
        masked = mask(citation["quote"]).text
        first, last = citation["first_line"], citation["last_line"]
        if holds(citation, lines):
            return {**citation, "quote": masked}
        shown = [""] * (first - 1) + list(mask_lines(lines[first - 1 : last]).lines)
        return citation if masked == citation["quote"] and holds(citation, shown) else None

    def _lines(self, sha256: str, most: int | None = None) -> list[str]:
        with self._store.blobs.open(sha256) as stream:
            return texts_of(stream, most)


class Compared:
    """Citations compared with their logs once: what a stored log says never changes. Safe to use from several
    threads."""

    def __init__(self, store: ReadingStore) -> None:
        self._quotes = Quotes(store)
        self._reading = threading.Lock()
        self._held: Kept[Citation] = Kept(COMPARED_BYTES)
        self._packs: Kept[str] = Kept(COMPARED_BYTES)

    def restated(self, citation: Citation) -> Citation | None:
        """The citation as it may be shown; None where the log does not say what it quotes."""
        key = tuple(citation.values())
        held = self._held.get(key)
        if held is None:
            with self._reading:
                held = self._quotes.restated(citation)
            if held is not None:
                self._held.put(key, held, 500 + len(held["quote"]) + len(citation["quote"]))
        return held

    def read(self, build_id: str, sha256: str, first: int, last: int) -> Citation | None:
        """These lines of a build's log as a citation; None where they are not there, or nothing stands on them."""
        key = (build_id, sha256, first, last)
        held = self._held.get(key)
        if held is None:
            log = self.log(sha256)
            held = log.citation(build_id, first, last) if log else None
            if held is not None:
                self._held.put(key, held, 500 + len(held["quote"]))
        return held

    def log(self, sha256: str) -> Log | None:
        """A stored log; None where it is not stored any more."""
        with self._reading:
            return self._quotes.log(sha256)

    def pack(self, sha256: str, pack: str) -> str | None:
        """The pack of a build with that log, its lines read again; None where the log does not say what it quotes."""
        key = (sha256, pack)
        held = self._packs.get(key)
        if held is None:
            log = self.log(sha256)
            held = requoted(pack, log) if log else None
            if held is not None:
                self._packs.put(key, held, 500 + 2 * len(pack))
        return held


def false_citations(store: ReadingStore, plans: pl.DataFrame) -> tuple[int, pl.DataFrame]:
    """How many different places plans (PLANS) cite, and those citations that the logs do not say, by plan and step."""
    rows = cited(plans).sort("sha256")
    fields = list(Citation.__annotations__)
    places = rows.unique(fields, maintain_order=True)
    quotes = Quotes(store)
    found: list[Citation] = places.select(fields).to_dicts()  # type: ignore[assignment]
    wrong = [not quotes.holds(citation) for citation in found]
    offending = places.filter(pl.Series(wrong, dtype=pl.Boolean))
    return places.height, rows.join(offending.select(fields), on=fields, how="semi", nulls_equal=True)
