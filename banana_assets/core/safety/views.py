"""A text as it would be read: without what a terminal swallows, with escapes undone, with base64 decoded.

Each view knows which part of the text each of its own parts comes from.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

SWALLOWED = re.compile(
    # colours and other control sequences, also as `cat -v` writes them; carriage returns that end no line;
    # backspaces and other controls; characters without width, of direction, tags and variation selectors
    "(?:\x1b|\\^\\[|\x9b)\\[?[0-?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b\n]*(?:\x07|\x1b\\\\)?|\r(?!\n)"
    "|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
_MAYBE_SWALLOWED = re.compile(r"[^\t\n -~]|\^\[|\r(?!\n)")
_ESCAPED = re.compile(
    r"%[0-9A-Fa-f]{2}|\\+u[0-9A-Fa-f]{4}|\\+x[0-9A-Fa-f]{2}|\\+[rnt](?![A-Za-z])|&(?:quot|amp|lt|gt|apos|equals|colon|#[0-9]{1,6}|#x[0-9A-Fa-f]{1,5});"
)
# Text in base64: each group of four begins with a letter that stands for the upper bits of a printable character.
_BASE64 = re.compile(r"(?:[I-Za-f][A-Za-z0-9+/_-]{3}){4,}[A-Za-z0-9+/_-]*={0,2}")
_LINE_OF_BASE64 = re.compile(r"[ \t]*\r?\n[ \t]*([A-Za-z0-9+/_-]+={0,2})(?=[ \t]*(?:\r?\n|$|[\"']))")
_WRAPPED_FROM = 40
"""A line of base64 shorter than this is the last one."""


@dataclass(frozen=True, slots=True)
class View:
    """A text made of another: piece i begins at ``starts[i]`` and stands for ``begins[i]`` to ``ends[i]`` of the other.

    Where a piece is as long as what it stands for, characters correspond one to one.
    """

    text: str
    starts: list[int]
    begins: list[int]
    ends: list[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where the characters ``start`` to ``end`` of the view come from."""
        return self._begin(start), self._end(end)

    def _begin(self, at: int) -> int:
        i = bisect_right(self.starts, at) - 1
        length = (self.starts[i + 1] if i + 1 < len(self.starts) else len(self.text)) - self.starts[i]
        return self.begins[i] + (at - self.starts[i] if length == self.ends[i] - self.begins[i] else 0)

    def _end(self, at: int) -> int:
        i = bisect_right(self.starts, at - 1) - 1
        length = (self.starts[i + 1] if i + 1 < len(self.starts) else len(self.text)) - self.starts[i]
        return self.begins[i] + at - self.starts[i] if length == self.ends[i] - self.begins[i] else self.ends[i]


def of(text: str) -> Iterator[View]:
    """The ways in which the text reads otherwise than it stands."""
    if _MAYBE_SWALLOWED.search(text) and (view := _substituted(text, SWALLOWED, lambda _: "")):
        yield view
    if ("%" in text or "\\" in text or "&" in text) and (view := _substituted(text, _ESCAPED, _unescaped)):
        yield view
    yield from _decoded(text)


def _substituted(text: str, pattern: re.Pattern[str], put: object) -> View | None:
    view = View("", [], [], [])
    parts: list[str] = []
    at = length = 0
    for m in pattern.finditer(text):
        for piece, begin, end in ((text[at : m.start()], at, m.start()), (put(m[0]), m.start(), m.end())):  # type: ignore[operator]
            if piece:
                parts.append(piece)
                view.starts.append(length)
                view.begins.append(begin)
                view.ends.append(end)
                length += len(piece)
        at = m.end()
    if not at:
        return None
    if text[at:]:
        parts.append(text[at:])
        view.starts.append(length)
        view.begins.append(at)
        view.ends.append(len(text))
    return View("".join(parts), view.starts, view.begins, view.ends) if parts else None


def _unescaped(escape: str) -> str:
    if escape[0] == "%":
        return chr(int(escape[1:], 16))
    if escape[0] == "&":
        return {"&equals;": "=", "&colon;": ":"}.get(escape) or html.unescape(escape)
    bare = escape.lstrip("\\")
    return {"n": "\n", "r": " ", "t": "\t"}.get(bare) or chr(int(bare[1:], 16))


def _decoded(text: str) -> Iterator[View]:
    after = 0
    for m in _BASE64.finditer(text):
        if m.start() < after:
            continue
        encoded, after = _unwrapped(text, m)
        if plain := _plain(encoded):
            yield View(plain, [0], [m.start()], [after])


def _unwrapped(text: str, m: re.Match[str]) -> tuple[str, int]:
    """A run of base64 with the lines that it goes on in, and where it ends."""
    parts, end = [m[0]], m.end()
    while len(parts[-1]) >= _WRAPPED_FROM and (line := _LINE_OF_BASE64.match(text, end)):
        parts.append(line[1])
        end = line.end()
    return "".join(parts), end


def _plain(encoded: str) -> str:
    """The text that the base64 stands for, empty where it stands for none."""
    bare = encoded.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        decoded = base64.b64decode(bare[: len(bare) - (len(bare) % 4 == 1)] + "=" * (-len(bare) % 4))
    except binascii.Error:
        return ""
    plain = decoded.decode("utf-8", "replace")
    readable = sum(c.isprintable() or c in "\r\n\t" for c in plain) - plain.count("\ufffd")
    return plain if plain and readable >= 0.9 * len(plain) else ""
