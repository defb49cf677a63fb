"""Masking what varies by its form alone: numbers, addresses, paths, identifiers. The masked text is a message's shape.

Masks run on text whose runs of digits are shortened to ``0``, so that they see each distinct text once, however many
lines carry it: `connected to 10.0.3.17:5432 in 12 ms` and a million like it are one text to them.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import polars as pl

from banana_assets.core.logs.textlines import split_lines
from banana_assets.core.text import Late

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAMES = (
    "url",
    "email",
    "uuid",
    "timestamp",
    "mac",
    "ip",
    "path",
    "source",
    "host",
    "quoted",
    "hex",
    "duration",
    "size",
    "version",
    "id",
    "number",
    "rest",
)
"""Names of the masks, as ``<ip>`` in a shape."""

_MON = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DOW = "(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?"

_MASKS: tuple[tuple[str, str], ...] = (
    (r"(=\s?)\"[^\"]*\"", '${1}"<quoted>"'),
    (r"\b[a-zA-Z][a-zA-Z0-9+.\-]*://[^\s\"'<>\])},;|]+", "<url>"),
    (r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,}\b", "<email>"),
    (r"\b[0-9a-fA-F]+(?:-[0-9a-fA-F]+){4}\b", "<uuid>"),
    (r"\b0[-/.]0[-/.]0[T ,]{1,2}[0-9]+:0:0(?:[.,:]0)?(?:Z\b| ?[+-]0(?::0)?\b)?", "<timestamp>"),
    (rf"\b{_DOW}{_MON} +0 0:0:0(?: [A-Z]{{3,4}})?(?: 0)?\b", "<timestamp>"),
    (rf"\b0[-/ ]{_MON}[-/ ]0[: ]0:0:0(?: ?[+-]0)?", "<timestamp>"),
    (r"\b[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){5}\b", "<mac>"),
    (r"\b(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}\b", "<ip>"),
    (r"(?:\b[A-Za-z0-9][A-Za-z0-9.\-]*)?/?\b0\.0\.0\.0(?::0)?\b", "<ip>"),
    (r"\b[A-Za-z]:\\[^\s\"'<>|,;)\]]*", "<path>"),
    (
        r"(^|[\s\"'=(\[{,:>@])(?:/(?:[^\s\"'()\[\]{},;:=|<>?]|<\w+>)+)+/?(?:\?[^\s\"'<>|]*)?(?: HTTP/[0-9.]+)?",
        "${1}<path>",
    ),
    (r"\b[\w$]+\.(java|scala|kt|py|go|rs|c|cc|cpp|h|js|ts|rb|php|cs):0\b", "<source>"),
    (r"\b[A-Za-z][A-Za-z0-9]*(?:[-.][A-Za-z0-9]+)+:0\b", "<host>"),
    (r"\b0x[0-9a-fA-F]+\b", "<hex>"),
    (r"\b(?:[0-9]+[a-f]|[a-f]+[0-9])[0-9a-f]{4,}\b", "<hex>"),
    (r"\b(?:[0-9]+[A-F]|[A-F]+[0-9])[0-9A-F]{4,}\b", "<hex>"),
    (r"\b0(?:\.0)?(?:ns|us|µs|ms|s|secs?|mins?|m|hrs?|h|d)\b", "<duration>"),
    (r"(^|[\s\[])0:0(?::0)?(?:[.,]0)?($|[\s,\]])", "${1}<duration>${2}"),
    (r"<0 ?(?:ms|s|secs?|seconds?|mins?|minutes?)\b", "<duration>"),
    (r"\b0(?:\.0)?(?:[KMGTP]i?[Bb]?|k[Bb]?|[mgt][bB]|B|[Bb]ytes)\b", "<size>"),
    (r"\bv[0-9]+(?:\.[0-9]+)+\b", "<version>"),
    (r"\b[A-Za-z]\w*?(?:_-?0|0000)\w*", "<id>"),
    (r"\b[A-Za-z]+[0-9]+(?:-[A-Za-z]*[0-9]*)*-[A-Za-z]+[0-9]+(?:-\w+)*\b", "<id>"),
    (r"\b0[A-Za-z_]\w*", "<id>"),
    (r"(^|[\s(=:,\[{])[-+]0\b", "${1}0"),
    (r"\b0(?:\.0)*\b", "<number>"),
    # What is left of shortened digits stands for any: right after no letter, or four and more.
    (r"(^|[^A-Za-z0-9\x{80}-\x{10FFFF}])0|0x[0-9a-fA-F]+|0000", "${1}<number>"),
)
"""Expression on shortened text and what replaces it, in order; the special before the general."""

_HEX = Late(r"(?<=0x)[0-9a-fA-F]{1,16}")
_COUNT = Late(r"(?<![A-Za-z0-9\x80-\U0010ffff])[0-9]+")
_NAMED = Late(r"(?<=[A-Za-z\x80-\U0010ffff])[0-9]{4,}")
FEW = 200
"""Messages up to which a text at a time is sooner done than what works on blocks is loaded."""

MAX_SHAPE = 4_000
"""Characters of a shape; what lies beyond is one variable."""

_BLOCK = 1 << 17
"""Bytes shortened at once: small enough to stay in the processor's cache."""


def shorten_bytes(data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """UTF-8 text with each run of digits shortened to ``0``.

    Right after a letter up to three digits stay, since they belong to a name (``ssh2``, ``sha256``) rather than count,
    and more become ``0000``.
    """
    import numpy as np

    padded = np.zeros(len(data) + 8, np.uint8)
    padded[4:-4] = data
    return np.concatenate([_shortened(padded[i : i + _BLOCK + 8]) for i in range(0, len(data), _BLOCK)] or [data])


def _shortened(text: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The inner part of a block that has four bytes of its neighbours at each end."""
    import numpy as np

    n = len(text) - 8
    digit = (text - 48) < 10
    last = digit[:-1]
    first = digit[1:] & ~last
    lowered = (text[:-1] | 32) - 97
    letter = lowered < 26
    # Bytes of characters beyond ASCII end up here.
    letter |= (lowered >= 63) & (lowered < 159)
    named = first & letter
    # The n-th digit of a run right after a letter; each mask begins one byte further on.
    second = named[:-1] & digit[2:]
    third = second[:-1] & digit[3:]
    fourth = third[:-1] & digit[4:]
    here, start = digit[4 : 4 + n], first[3 : 3 + n]
    zero = start ^ named[3 : 3 + n]
    for i in range(4):
        zero |= fourth[i : i + n]
    inner = text[4 : 4 + n]
    out = zero.view(np.uint8)
    out *= 15
    out &= inner
    np.subtract(inner, out, out=out)
    # What is left out: the digits of a run after its first, or after its fourth right after a letter.
    start |= second[2 : 2 + n]
    start |= third[1 : 1 + n]
    start |= fourth[:n]
    # polars compacts several times faster than numpy's boolean index does.
    return pl.Series(out).filter(pl.Series(here == start)).to_numpy()


def shorten(messages: pl.Series) -> pl.Series:
    """The messages (null as '', line feeds as blanks) with their digits shortened as by ``shorten_block``."""
    if not len(messages):
        return messages
    flat = messages.fill_null("").str.replace_all("\n", " ", literal=True)
    if len(flat) <= FEW:
        return pl.Series(messages.name, map(_shortened_text, flat.to_list()), pl.String)
    return split_lines(shorten_block(flat.str.join("\n")[0].encode() + b"\n"))


def _shortened_text(text: str) -> str:
    """One message as ``shorten_block`` makes it."""
    zeros = _HEX.sub(lambda found: "0" * len(found[0]), text.removesuffix("\r"))
    return _NAMED.sub("0000", _COUNT.sub("0", zeros))


def shorten_block(block: bytes) -> NDArray[np.uint8]:
    """UTF-8 text with its hexadecimal numbers and runs of digits shortened; line feeds stay where they are."""
    import numpy as np

    return shorten_bytes(_without_hex(np.frombuffer(block, np.uint8)))


def _without_hex(text: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The text with ``0`` for each digit of its ``0x`` numbers (the first sixteen)."""
    import numpy as np

    hexadecimal = np.isin(np.arange(256), np.frombuffer(b"0123456789abcdefABCDEF", np.uint8))
    places = np.flatnonzero((text[:-1] == ord("0")) & (text[1:] == ord("x"))) + 2
    if not len(places):
        return text
    out = np.append(text, np.zeros(16, np.uint8))
    for _ in range(16):
        places = places[hexadecimal[out[places]]]
        out[places] = ord("0")
        places = places + 1
    return out[: len(text)]


def mask_short(shortened: pl.Series) -> pl.Series:
    """Shapes of messages that went through ``shorten``."""
    frame = shortened.to_frame("m")
    expression = pl.col("m")
    for pattern, name in _MASKS:
        # Unicode word boundaries would make the engine many times slower on text that is not ASCII.
        expression = expression.str.replace_all(pattern.replace(r"\b", r"(?-u:\b)"), name)
    shape = expression.str.strip_chars()
    long = shape.str.len_bytes() > MAX_SHAPE
    return frame.select(
        pl.when(long).then(shape.str.slice(0, MAX_SHAPE) + " <rest>").otherwise(shape).alias("m")
    ).to_series()


def mask(messages: pl.Series) -> pl.Series:
    """The shape of each message: what varies by its form replaced by its name (``<ip>``, ``<number>``...)."""
    return _by_distinct(messages, "shape")


def shape_ids(messages: pl.Series) -> pl.Series:
    """The ``shape_id`` (Int64) of each message."""
    return _by_distinct(messages, "shape_id")


def shape_id(shape: str) -> int:
    """A signed 64-bit hash (BLAKE2b) of a shape: the same on every machine and in every version."""
    return int.from_bytes(blake2b(shape.encode(), digest_size=8).digest(), "big", signed=True)


def _by_distinct(messages: pl.Series, what: str) -> pl.Series:
    short = shorten(messages).alias("short")
    distinct = short.unique(maintain_order=True)
    shape = mask_short(distinct)
    table = pl.DataFrame({"short": distinct, "shape": shape})
    if what == "shape_id":
        ids = [shape_id(text) for text in shape.to_list()]
        table = table.with_columns(shape_id=pl.Series(ids, dtype=pl.Int64))
    return short.to_frame().join(table, on="short", how="left", maintain_order="left")[what].alias(messages.name)
