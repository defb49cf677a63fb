"""A text as it would be read: without what a terminal swallows, with escapes undone, with base64 decoded.

Each view knows which part of the text each of its own parts comes from.
"""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import base64
import binascii
import html
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from banana_assets.core.text import Late

Forms = tuple[tuple[str, Late[str]], ...]

LAYERS = 3
"""So many layers of escapes are undone, one in the other."""

_CONTROLS = bytes({*range(32), 127} - {9, 10, 13})

# Control characters but tab, line feed and the carriage return that ends a line; characters without width, of
# direction, tags and variation selectors; fillers that are drawn as nothing.
HIDDEN = Late(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
# ECMA-48 sequences and OSC strings, also as `cat -v` writes the escape character.
SEQUENCE = Late("\x1b(?:\\][^\x07\x1b\n]*(?:\x07|\x1b\\\\)?|\\[[0-?]*[ -/]*[@-~]|[ -/]+[0-~]|[@-Z\\\\^_])?")
_CARET_SEQUENCE = Late(r"\^\[\[[0-?]*[ -/]*[@-~]")
_C1_SEQUENCE = Late("\x9b[0-?]*[ -/]*[@-~]")
_CARRIAGE_RETURN = Late(r"\r(?!\r{0,3}\n)")
_SWALLOWED = (
    ("\x1b", SEQUENCE),
    ("^[[", _CARET_SEQUENCE),
    ("\x9b", _C1_SEQUENCE),
    ("\r", _CARRIAGE_RETURN),
    ("", HIDDEN),
)
"""How each begins, and what it is."""

_ESCAPED = (
    ("%", Late(r"%(?:[0-9A-Fa-f]{2})")),
    ("\\", Late(r"\\\\{0,7}(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[rnt])")),
    ("&", Late(r"&(?:quot|amp|lt|gt|apos|equals|colon|#[0-9]{1,6}|#x[0-9A-Fa-f]{1,5});")),
)

# Text in base64: each group of four begins with a letter that stands for the upper bits of a printable character.
_BASE64 = r"(?:[I-Za-f][A-Za-z0-9+/_-]{3}){4,}[A-Za-z0-9+/_-]*={0,2}"
_LINE_OF_BASE64 = Late(r"[ \t]*\r?\n[ \t]*([A-Za-z0-9+/_-]+={0,2})(?=[ \t]*(?:\r?\n|$|[\"']))")
_NARROWEST, _WIDEST = 40, 160
"""So long are the lines that base64 is wrapped at; a shorter one is the last."""
_READABLE = bytes([9, 10, 13, *range(32, 127)])


@dataclass(frozen=True, slots=True)
class View:
    """A text made of another: piece i begins at ``starts[i]`` and stands for ``begins[i]`` to ``ends[i]`` of the other.

    Where a piece is as long as what it stands for, characters correspond one to one. ``apart``: pieces have nothing to do with
    each other, and none of them stands for a part of its origin.
    """

    text: str
    starts: list[int]
    begins: list[int]
    ends: list[int]
    apart: bool = False

    def spans(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Where the characters ``start`` to ``end`` of the view come from."""
        first = bisect_right(self.starts, start) - 1
        last = bisect_right(self.starts, end - 1) - 1
        if self.apart:
            yield from zip(self.begins[first : last + 1], self.ends[first : last + 1], strict=True)
        else:
            begin, stop = self.begins[first], self.ends[last]
            if self._as_long(first):
                begin += start - self.starts[first]
            if self._as_long(last):
                stop = self.begins[last] + end - self.starts[last]
            yield begin, stop

    def _as_long(self, i: int) -> bool:
        stop = self.starts[i + 1] if i + 1 < len(self.starts) else len(self.text)
        return stop - self.starts[i] == self.ends[i] - self.begins[i]


def swallowed(text: str) -> View | None:
    """The text without what a terminal swallows; None where it swallows nothing."""
    return _substituted(text, _SWALLOWED, lambda _: "")


def unescaped(text: str) -> View | None:
    """The text with percent, JSON and HTML escapes undone; None where there are none."""
    return _substituted(text, _ESCAPED, _character)


def decoded(text: str) -> View | None:
    """What stands in runs of base64 that hold text, two line feeds after each; None where there are none."""
    view = View("", [], [], [], apart=True)
    parts: list[str] = []
    after = length = 0
    for m in _base64().finditer(text.encode("ascii", "replace")):
        first, last = m.span()
        if first < after:
            continue
        encoded, after = _unwrapped(text, first, last)
        if plain := _plain(encoded):
            parts.append(plain + "\n\n")
            view.starts.append(length)
            view.begins.append(first)
            view.ends.append(after)
            length += len(parts[-1])
    return View("".join(parts), view.starts, view.begins, view.ends, apart=True) if parts else None


def layers(text: str) -> Iterator[View]:
    """Views of the text, each of the one before: what is swallowed goes, escapes are undone, and so on until nothing does."""
    idle = 0
    for undo in (swallowed, unescaped) * LAYERS:
        view = undo(text)
        idle = 0 if view else idle + 1
        if view:
            text = view.text
            yield view
        elif idle == 2:
            return


def readings(text: str) -> Iterator[str]:
    """The text, and every other text that it could be read as."""
    yield text
    for view in layers(text):
        text = view.text
        yield text
    if inner := decoded(text):
        yield inner.text


def _substituted(text: str, patterns: Forms, put: Callable[[str], str]) -> View | None:
    # One pattern with one first character at a time: the regular expression engine then jumps from one to the next.
    there = (pattern for begins, pattern in patterns if (begins in text if begins else _some(text)))
    spans = (m.span() for pattern in there for m in pattern.finditer(text))
    found = sorted(spans, key=lambda span: (span[0], -span[1]))
    if not found:
        return None
    parts: list[str] = []
    starts: list[int] = []
    begins: list[int] = []
    ends: list[int] = []
    at = length = 0
    for first, last in found:
        if first < at:
            continue
        if first > at:
            parts.append(text[at:first])
            starts.append(length)
            begins.append(at)
            ends.append(first)
            length += first - at
        if piece := put(text[first:last]):
            parts.append(piece)
            starts.append(length)
            begins.append(first)
            ends.append(last)
            length += len(piece)
        at = last
    if at < len(text):
        parts.append(text[at:])
        starts.append(length)
        begins.append(at)
        ends.append(len(text))
    return View("".join(parts), starts, begins, ends) if parts else None


def _some(text: str) -> bool:
    """Whether there may be hidden characters."""
    if not text.isascii():
        return True
    data = text.encode()
    return len(data.translate(None, _CONTROLS)) < len(data)


@cache
def _character(escape: str) -> str:
    if escape[0] == "%":
        return chr(int(escape[1:], 16))
    if escape[0] == "&":
        return {"&equals;": "=", "&colon;": ":"}.get(escape) or html.unescape(escape)
    bare = escape.lstrip("\\")
    return {"n": "\n", "r": " ", "t": "\t"}.get(bare) or chr(int(bare[1:], 16))


@cache
def _base64() -> Any:
    import re2

    return re2.compile(_BASE64)


def _unwrapped(text: str, first: int, last: int) -> tuple[str, int]:
    """A run of base64 with the lines that it goes on in, and where it ends."""
    parts = [text[first:last]]
    width = len(parts[0])
    while (
        _NARROWEST <= width <= _WIDEST
        and len(parts[-1]) == width
        and parts[-1][-1] != "="
        and (line := _LINE_OF_BASE64.match(text, last))
        and (len(line[1]) == width or (len(line[1]) < width and len(line[1]) % 4 == 0))
    ):
        parts.append(line[1])
        last = line.end()
    return "".join(parts), last


def _plain(encoded: str) -> str:
    """The text that the base64 stands for, empty where it stands for none."""
    bare = encoded.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        plain = base64.b64decode(bare[: len(bare) - (len(bare) % 4 == 1)] + "=" * (-len(bare) % 4))
    except binascii.Error:
        return ""
    if len(plain.translate(None, _READABLE)) > 0.1 * len(plain):
        return ""
    return plain.decode("utf-8", "replace")
