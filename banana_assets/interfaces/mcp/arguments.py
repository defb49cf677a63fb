"""Arguments that tools and prompts do not know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from banana_assets.core.errors import BananaError
from banana_assets.core.text import cut

MOST_SHOWN = 200
"""Characters of a wrong name or value that an error repeats."""


def known_only(whose: str, told: Iterable[str], known: Sequence[str]) -> None:
    """Raise a BananaError for the first name that is not known, with the nearest that is."""
    for name in told:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"Did you mean {near[0]}?" if near else f"It takes {', '.join(known) or 'none'}."
            raise BananaError(f"{whose} has no argument {cut(name, MOST_SHOWN)!r}.", hint)
