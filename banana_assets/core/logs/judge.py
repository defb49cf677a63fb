"""Judging whether a word of a log message is a variable: by its form, by what stands before it, by how it varies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_VALUES = frozenset({"true", "false", "null", "nil", "root", "admin"})
"""Words that are values wherever they stand: booleans, nothing, and the accounts that every system has."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_KINDS = _words(
    "account address app application class container command database device directory disk domain event file group "
    "host hostname id image instance interface job key machine module name node package path pool port process program "
    "queue request resource role server service session table task thread topic user username volume worker"
)
"""Nouns that say what the word after them is the name of (`user alice`, `host db1`)."""

_UNITS = _words("B KB MB GB TB KiB MiB GiB TiB bytes kB ns us ms s sec secs second seconds min minutes hours h")

_STRONG = re.compile(r".*(?:<\*>|\d|[/\\@$~#%]).*")
"""Forms that names of things have and words of a language have not."""

_WEAK = re.compile(r".*(?:\w\.\w|[a-z]-[a-z].*-|\w_\w|[a-z][A-Z]).*")
"""Forms that names in programs have: dots, underscores, several hyphens, capitals inside."""

_ENUMERATION = re.compile(r"[A-Z][A-Z_]+")


def varies(
    rows: Sequence[Sequence[str]], place: int, values: Sequence[str], before: Sequence[str], constant: Sequence[int]
) -> bool:
    """Whether the differing words at a place are values of one variable, given the rest of the group.

    ``values`` are the distinct words there, ``constant`` the places where all rows agree.
    """
    words = {rows[0][p] for p in constant if any(c.isalpha() for c in rows[0][p].replace("<*>", ""))}
    if not words:
        return False
    noun = place > 0 and before[place].strip() in ("", ":", "=", "'", '"') and rows[0][place - 1].lower() in _KINDS
    if noun and (place - 1) not in constant:
        noun = False
    forms = list(map(_form, values))
    strong = forms.count("strong")
    if strong == len(values) or (before[place].startswith(" ") and place and all(v in _UNITS for v in values)):
        return True
    if forms.count("capitals") + forms.count("joined capitals") == len(values):
        return len(values) >= 12
    if place and any(is_value(v) for v in values):
        return True
    weak = strong + forms.count("weak") + forms.count("joined capitals")
    if place == 0 and not before[place]:
        # What comes first mostly says what happened: only many values, or much agreement after it, make it a name.
        return len(values) >= (3 if len(words) >= 4 else 8) if weak == len(values) else len(values) >= 20
    if weak == len(values) or strong * 2 >= len(values) or noun or before[place].endswith(("=", "'", '"')):
        return len(values) >= 3
    if len(words) < 2:
        return len(values) >= 10
    # The more of the message agrees, the fewer values are needed.
    return len(values) >= 5 - (len(words) >= 4) - (len(words) >= 6)


@lru_cache(1 << 17)
def _form(word: str) -> str:
    """What the form of a word (its first hundred characters) says: strong, weak, (joined) capitals or nothing."""
    word = word[:100]
    if _STRONG.fullmatch(word):
        return "strong"
    if _ENUMERATION.fullmatch(word):
        return "joined capitals" if _WEAK.fullmatch(word) else "capitals"
    return "weak" if _WEAK.fullmatch(word) else ""


def is_value(word: str) -> bool:
    """Whether a word is a value wherever it stands."""
    return word.lower() in _VALUES


def is_unit(word: str) -> bool:
    """Whether a word is a unit of size or time."""
    return word in _UNITS


def names_value(word: str) -> bool:
    """Whether the word after this one is the name of what this one says."""
    return word.lower() in _KINDS
