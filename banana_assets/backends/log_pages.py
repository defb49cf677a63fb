"""Stored logs, a few hundred lines at a time, masked and styled: a log of any size opens at once.

The lines of logs looked at lately are kept in memory; a larger one is read up to the place that is shown.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from banana_assets.backends.kept import Kept
from banana_assets.backends.lines import read_lines, texts_of
from banana_assets.backends.reading_store import ReadingStore
from banana_assets.core.learning.wire import KEY_BYTES
from banana_assets.core.logs.ansi import PLAIN, Piece, pieces
from banana_assets.core.safety.secrets import mask_lines

KEPT_BYTES = 192 << 20
KEPT_LOG = 48 << 20
"""Bytes of a log that is kept whole."""

LONGEST = 4_000
"""Characters of a line that are shown."""

FEW = 400
"""Lines found that are masked one by one; for more the whole log is, which costs less."""
FOUND_BYTES = 32 << 20
"""Of numbers of lines found lately."""


@dataclass(frozen=True)
class Line:
    """A line as it is shown: its number from 1, its styled pieces, and how many characters were left out."""

    number: int
    pieces: tuple[Piece, ...]
    omitted: int = 0


class LogPages:
    """Looks into the logs of a store."""

    def __init__(self, store: ReadingStore) -> None:
        self.store = store
        self._kept: Kept[list[str]] = Kept(KEPT_BYTES)
        self._found: Kept[array[int]] = Kept(FOUND_BYTES)

    def lines(self, sha256: str, size: int, first: int, last: int) -> list[Line]:
        """Lines ``first`` to ``last`` (from 1) of the log of so many bytes; those that are there."""
        texts, start = self._texts(sha256, size, first, last)
        if start + len(texts) <= first:
            return []
        # A key over several lines is known as one only from its beginning.
        masked = mask_lines(texts).lines
        shown, style = [], PLAIN
        for number, text in enumerate(masked[first - start :], first):
            parts, style = pieces(text[:LONGEST], style)
            shown.append(Line(number, tuple(parts), max(0, len(text) - LONGEST)))
        return shown

    def find(self, sha256: str, size: int, text: str) -> Sequence[int]:
        """The numbers of all lines that hold that text in any case, in order; kept for whoever goes on reading them.

        Looked for in the masked text: whoever may search must not be able to guess a secret letter by letter.
        """
        key = sha256, text.lower()
        found = self._found.get(key)
        if found is None:
            found = self._sought(sha256, size, re.compile(re.escape(text), re.IGNORECASE))
            self._found.put(key, found, found.itemsize * len(found) + len(text))
        return found

    def _sought(self, sha256: str, size: int, sought: re.Pattern[str]) -> array[int]:
        if size <= KEPT_LOG:
            near = (n for n, line in enumerate(self._whole(sha256), 1) if sought.search(line))
            few = list(islice(near, FEW + 1))
            if len(few) <= FEW:
                return array("Q", (n for n in few if sought.search(self._masked_line(sha256, size, n))))
        found, before = array("Q"), 0
        for part in self.masked(sha256, size):
            lines = part.split("\n")[:-1]
            found.extend(n for n, line in enumerate(lines, before + 1) if sought.search(line))
            before += len(lines)
        return found

    def _masked_line(self, sha256: str, size: int, number: int) -> str:
        texts, _ = self._texts(sha256, size, number, number)
        return mask_lines(texts).lines[-1]

    def masked(self, sha256: str, size: int) -> Iterator[str]:
        """The whole log as text without its secrets, in parts of whole lines."""
        held: list[str] = []
        for line in self._all(sha256, size):
            held.append(line)
            if len(held) >= 20_000:
                # Parts overlap by the length of a key, so that one on the border is known.
                whole = mask_lines(held).lines
                keep = _last(held, KEY_BYTES)
                yield "\n".join(whole[:-keep]) + "\n" if keep < len(held) else ""
                held = held[-keep:]
        yield "\n".join(mask_lines(held).lines) + "\n"

    def _texts(self, sha256: str, size: int, first: int, last: int) -> tuple[list[str], int]:
        """Lines from a little before ``first`` to ``last``, and the number of the first of them."""
        if size <= KEPT_LOG:
            whole = self._whole(sha256)
            before = _last(whole[max(0, first - 1 - 1000) : first - 1], KEY_BYTES)
            return whole[first - 1 - before : last], first - before
        texts: list[str] = []
        start = max(1, first - 1000)
        with self.store.blobs.open(sha256) as stream:
            for chunk in read_lines(stream):
                numbers = chunk["line"]
                if numbers[-1] >= start:
                    texts += chunk.filter((numbers >= start) & (numbers <= last))["text"].to_list()
                if numbers[-1] >= last:
                    break
        return texts, start

    def _whole(self, sha256: str) -> list[str]:
        found = self._kept.get(sha256)
        if found is None:
            with self.store.blobs.open(sha256) as stream:
                found = texts_of(stream)
            self._kept.put(sha256, found, sum(map(len, found)) + 64 * len(found))
        return found

    def _all(self, sha256: str, size: int) -> Iterator[str]:
        if size <= KEPT_LOG:
            yield from self._whole(sha256)
            return
        with self.store.blobs.open(sha256) as stream:
            for chunk in read_lines(stream):
                yield from chunk["text"].to_list()


def _last(lines: Sequence[str], most: int) -> int:
    """How many of the last lines have so many characters together; at least one where there is one."""
    size = count = 0
    for line in reversed(lines):
        if size > most:
            break
        size, count = size + len(line) + 1, count + 1
    return count
