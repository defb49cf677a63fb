"""Words of logs and code, as they are indexed and asked for.

An identifier is found as a whole and by its parts, since people remember ``NotFound`` of ``ModuleNotFoundError`` and
``toolbelt`` of ``requests_toolbelt``; a path by the names in it; an error code as it is written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from banana_assets.core.builds.fingerprint import masked

LONGEST = 64
"""Longer runs are no words: hashes, encoded data."""

_ARTICLES = {"a", "an", "the", "that", "this", "it", "its"}
_VERBS = {"are", "be", "has", "have", "is", "was", "were", "will"}
_LINKS = {"and", "as", "at", "by", "for", "from", "in", "not", "of", "on", "or", "to", "with"}
STOP_WORDS = frozenset(_ARTICLES | _VERBS | _LINKS)
"""Words that say nothing on their own (of English, the language of logs)."""

_RUN = re.compile(r"\w+")
_PART = re.compile(r"[A-Z]+(?![^\W\dA-Z_])|[A-Z]?[^\W\dA-Z_]+|\d+")
_VARIABLE = re.compile(r"<[a-z*_ -]*>")
_GAPS = re.compile(r"\s+")


def words(text: str) -> Iterator[str]:
    """The words of a text in lower case, in order: each identifier, and after it its parts where it has several;
    letters without accents.

    ``requests_toolbelt.adapters`` gives ``requests_toolbelt requests toolbelt adapters``.
    """
    for match in _RUN.finditer(text if text.isascii() else _bare(text)):
        run = match[0].strip("_")
        if not run or len(run) > LONGEST:
            continue
        yield run.lower()
        parts = [part.lower() for part in _PART.findall(run)]
        if len(parts) > 1:
            yield from (part for part in parts if len(part) > 1)


def _bare(text: str) -> str:
    """The letters without their accents and other marks."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def asked(text: str) -> list[str]:
    """The distinct words of a question, in order, without those that say nothing unless there are no others."""
    found = list(dict.fromkeys(words(text)))
    return [word for word in found if word not in STOP_WORDS and len(word) > 1] or found


def essence(text: str) -> str:
    """The text without what differs from run to run (times, numbers, ids, folders): what is embedded."""
    lines = (_VARIABLE.sub(" ", masked(line)) for line in text.splitlines())
    kept = dict.fromkeys(line for line in (_GAPS.sub(" ", line).strip() for line in lines) if len(line) > 2)
    return "\n".join(kept)


def near(word: str, candidates: Iterable[str]) -> list[str]:
    """Those of the candidates that are the word with a slip of the finger, the nearest first.

    One slip in words of four to seven letters, two in longer ones; numbers and shorter words are taken as written. A
    slip is a letter too many, one missing, one for another, or two neighbours the other way round (Damerau, 1964).
    """
    if len(word) < 4 or any(c.isdigit() for c in word):
        return []
    most = 1 if len(word) < 8 else 2
    measured = ((distance(word, candidate, most), candidate) for candidate in candidates)
    return [candidate for slips, candidate in sorted(measured) if 0 < slips <= most]


def distance(a: str, b: str, most: int) -> int:
    """Slips that turn one word into the other (optimal string alignment); ``most`` + 1 where there are more."""
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row, older = row, [i], before
        for j, y in enumerate(b, 1):
            slips = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                slips = min(slips, older[j - 2] + 1)
            row.append(slips)
        if min(row) > most:
            return most + 1
        before = last
    return min(row[-1], most + 1)


def trigrams(word: str) -> list[str]:
    """The distinct runs of three letters in a word."""
    return list(dict.fromkeys(word[i : i + 3] for i in range(len(word) - 2)))


def coverage(found: Iterable[str], weights: Mapping[str, float]) -> float:
    """The share of a question's words, by their weights, that these are: 0 to 1."""
    total = sum(weights.values())
    return sum(weights[word] for word in found) / total if total else 0.0
