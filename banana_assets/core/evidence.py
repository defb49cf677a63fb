"""Saying why: facts with the row they come from, citations of log lines, and ids that stay the same."""

from __future__ import annotations

import hashlib
from typing import TypedDict


class Citation(TypedDict):
    """A place in a stored log; ``quote`` is the text of its lines as they stand, joined by a newline."""

    build_id: str | None
    sha256: str
    first_line: int
    last_line: int
    quote: str


class Evidence(TypedDict):
    """A fact, the row it comes from and, where it rests on a log, the place there."""

    fact: str
    table: str
    key: str
    citation: Citation | None


def fact(text: str, table: str, key: str, citation: Citation | None = None) -> Evidence:
    """One piece of evidence."""
    return {"fact": text, "table": table, "key": key, "citation": citation}


def stable_id(*parts: str) -> str:
    """Sixteen hexadecimal digits that are the same for the same parts, on every machine and day."""
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).hexdigest()


def seconds_text(seconds: float) -> str:
    """A time for people: ``0.4 s``, ``42 s``, ``3 min 20 s``, ``2 h 5 min``, ``3.2 days``."""
    if seconds < 1:
        return f"{seconds:.2g} s"
    if seconds < 60:
        return f"{seconds:.3g} s"
    if round(seconds) < 3600:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    if seconds < 2 * 86400:
        hours, rest = divmod(round(seconds / 60), 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{seconds / 86400:.1f} days"


def plural(n: int, one: str, many: str = "") -> str:
    """``1 build``, ``3 builds``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
