"""Things as people name them: by their id, or by a part of it that only one has."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from banana_assets.core.errors import InputError
from banana_assets.core.text import shortlist

MOST_SUGGESTED = 4
LEAST_PREFIX = 4
"""Characters of an id of hexadecimal digits that somebody must have meant."""


def found(told: str, ids: Sequence[str], kind: str, remedy: str) -> str:
    """The id that was meant, of ids that people make: the very one, or the only one that begins so, or that holds it.

    Raises InputError when there is none or several, naming those that are near.
    """
    known = set(ids)
    if told in known:
        return told
    for rule in (str.startswith, str.__contains__):
        likely = sorted(name for name in known if told and rule(name, told))
        if likely:
            return _only(told, likely)
    near = get_close_matches(told, sorted(known), MOST_SUGGESTED, 0.6)
    nearest = f" The nearest {'is' if len(near) == 1 else 'are'} {', '.join(near)}." if near else ""
    raise InputError(f"There is no {kind} {told}.{nearest}", remedy)


def begun(told: str, ids: Sequence[str], kind: str, remedy: str) -> str:
    """The id that was meant, of ids that are hashes: the very one, or the only one that begins with these characters.

    Raises InputError when there is none or several.
    """
    if told in ids:
        return told
    likely = [name for name in ids if name.startswith(told)] if len(told) >= LEAST_PREFIX else []
    if likely:
        return _only(told, likely)
    raise InputError(f"There is no {kind} {told}.", remedy)


def _only(told: str, likely: Sequence[str]) -> str:
    if len(likely) == 1:
        return likely[0]
    raise InputError(f"{told} may be {shortlist(likely, MOST_SUGGESTED)}.", "Say which, with more of its id.")
