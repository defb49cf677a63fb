"""Judging whether a word of a log message is a variable: by its form, by what stands before it, by how it varies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_VALUES = frozenset({"true", "false", "null", "nil", "root", "admin"})
"""Words that are values wherever they stand: booleans, nothing, and the accounts that every system has."""

_IDENTIFIER = re.compile(r".*(?:<\*>|\d|[A-Za-z0-9]\.[A-Za-z0-9].*\.|[/\\@$~#%]|[a-z0-9]-[a-z0-9].*-).*|.*_.*_.*")
"""Forms that names of things have and plain words have not: digits, dots, slashes, several hyphens."""

_ENUMERATION = re.compile(r"[A-Z][A-Z_]+")


@dataclass(frozen=True)
class Judge:
    """What is known of all messages of a log: how often each word stands in them."""

    shapes: Counter[str]

    @classmethod
    def learn(cls, messages: Iterable[Sequence[str]]) -> Judge:
        """Count in how many masked texts each word stands."""
        counts: Counter[str] = Counter()
        for words in messages:
            counts.update(set(words))
        return cls(counts)

    def varies(
        self,
        rows: Sequence[Sequence[str]],
        place: int,
        values: Sequence[str],
        before: Sequence[str],
        constant: Sequence[int],
    ) -> bool:
        """Whether the differing words at a place are values of one variable, given the rest of the group.

        ``values`` are the distinct words there, ``constant`` the places where all rows agree.
        """
        if not any(word.isalpha() or len(word) > 2 for word in (rows[0][p] for p in constant) if word != "<*>"):
            return False
        identifiers = sum(1 for v in values if _IDENTIFIER.fullmatch(v))
        if identifiers == len(values):
            return True
        need = 5
        if "=" in before[place] or before[place].endswith(": "):
            need = 3
        if identifiers * 2 >= len(values):
            need = 3
        if all(_ENUMERATION.fullmatch(v) for v in values):
            need = 12
        if place == 0 and not before[place]:
            need = 20
        return len(values) >= need

    def is_value(self, word: str, before: str, row: Sequence[str], place: int) -> bool:
        """Whether a word that never differs is a variable all the same."""
        return word.lower() in _VALUES
