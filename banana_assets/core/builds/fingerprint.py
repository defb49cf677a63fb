"""What stays the same of a failure from run to run, and a hash of it."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from banana_assets.core.text import Late

_STEPS: tuple[tuple[Late[str], str], ...] = tuple(
    (Late(pattern), mask)
    for pattern, mask in (
        (r"\b[a-z][a-z0-9+.-]*://[^\s'\"<>)\]]+", "<url>"),
        (r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b", "<uuid>"),
        (r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?", "<time>"),
        (r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b", "<time>"),
        (r"\b0x[0-9a-fA-F]+\b", "<hex>"),
        # The directory differs between machines, the file's name does not.
        (r"(?:[A-Za-z]:)?(?:[\\/][\w.@+~ -]*?)*[\\/](?=[\w.@+-]+)", "/"),
        (r"(?<![\w.])(?:[\w.@+-]+/)+(?=[\w.@+-]+)", "/"),
        (r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}\b", "<hex>"),
        (r"\d+(?:[.,]\d+)*", "<n>"),
        (r"([=\-_~*^.─━⎯])\1{3,}", r"\1\1\1"),
        (r"\s+", " "),
    )
)


def masked(text: str) -> str:
    """The text with what varies between runs taken out: numbers, times, ids, hashes, directories, addresses."""
    for pattern, mask in _STEPS:
        text = pattern.sub(mask, text)
    return text.strip()


def fingerprint(category: str, cause: Iterable[str]) -> str:
    """16 hexadecimal digits, the same for the same failure in another run, on another machine, in another folder.

    The order of the cause's lines does not count (parallel jobs interleave), nor how often one repeats.
    """
    shapes = sorted({shape for line in cause if len(shape := masked(line)) > 3})
    digest = blake2b("\n".join([category, *shapes[:40]]).encode(), digest_size=8)
    return digest.hexdigest()
