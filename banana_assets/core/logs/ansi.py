"""Terminal output as styled text: colours kept as words, everything else that would move a terminal left out.

Sources: ECMA-48 (5th edition) for control sequences and SGR; the de-facto OSC 8 hyperlinks, of which the text stays and
the address goes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from banana_assets.core.text import visible

# CSI, OSC and other strings (ended by BEL or ST, or by the line), two-character escapes.
_ESCAPE = re.compile(
    r"\x1b\[([0-9;:<=>?]*)[ -/]*([@-~])|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)|\x1b[ -/]*[0-~]|\x9b([0-9;:]*)([@-~])"
)
_ERASE = re.compile(r"\x1b\[[02]?K")
_LEVELS = (0, 95, 135, 175, 215, 255)
_BASIC = (
    (0, 0, 0), (205, 49, 49), (13, 188, 121), (229, 229, 16),
    (36, 114, 200), (188, 63, 188), (17, 168, 205), (229, 229, 229),
    (102, 102, 102), (241, 76, 76), (35, 209, 139), (245, 245, 67),
    (59, 142, 234), (214, 112, 214), (41, 184, 219), (255, 255, 255),
)  # fmt: skip
"""Red, green and blue of the sixteen colours as terminals usually show them; others become the nearest of these."""


class Piece(NamedTuple):
    """A stretch of text with its styles: ``f0`` to ``f15`` for its colour, ``g0`` to ``g15`` for that behind it,
    ``bold``, ``dim``, ``italic``, ``underline``, ``strike``."""

    text: str
    styles: tuple[str, ...]


@dataclass(frozen=True)
class Style:
    """What the terminal would write in, at one place."""

    front: int | None = None
    back: int | None = None
    effects: frozenset[str] = frozenset()
    inverse: bool = False

    def words(self) -> tuple[str, ...]:
        """The styles as ``Piece`` names them."""
        front, back = (self.back, self.front) if self.inverse else (self.front, self.back)
        if self.inverse:
            front, back = (0 if front is None else front), (7 if back is None else back)
        told = [f"f{front}"] if front is not None else []
        told += [f"g{back}"] if back is not None else []
        return (*told, *sorted(self.effects))


PLAIN = Style()
_EFFECTS = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 9: "strike"}
_ENDS = {21: ("bold",), 22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 29: ("strike",)}


def pieces(line: str, style: Style = PLAIN) -> tuple[list[Piece], Style]:
    """A line of a log in styled pieces, and the style in which the next one begins.

    What a carriage return was overwritten by is what stays; other control characters are shown as U+FFFD.
    """
    if "\x1b" not in line and "\x9b" not in line and "\r" not in line:
        return ([Piece(visible(line), style.words())] if line else []), style
    found: list[Piece] = []
    segments = line.rstrip("\r").split("\r")
    for n, segment in enumerate(segments):
        # A later segment overwrites an earlier one, unless it is empty: then the cursor was only moved.
        if n and (segment or _ERASE.match(segment)):
            found = []
        at = 0
        for escape in _ESCAPE.finditer(segment):
            _add(found, segment[at : escape.start()], style)
            at = escape.end()
            if "m" in (escape[2], escape[4]):
                style = _styled(escape[1] if escape[2] else escape[3], style)
        _add(found, segment[at:], style)
    return found, style


def _add(found: list[Piece], text: str, style: Style) -> None:
    if text:
        found.append(Piece(visible(text), style.words()))


def _styled(parameters: str, style: Style) -> Style:
    """The style after a select-graphic-rendition sequence with these parameters."""
    codes = [int(code) if code.isdigit() and len(code) < 6 else 0 for code in re.split("[;:]", parameters)]
    at = 0
    while at < len(codes):
        code = codes[at]
        at += 1
        if code in (38, 48):
            colour, at = _extended(codes, at)
            style = _coloured(style, colour, back=code == 48)
        else:
            style = _after(style, code)
    return style


def _after(style: Style, code: int) -> Style:
    if code == 0:
        return PLAIN
    if code in _EFFECTS:
        return Style(style.front, style.back, style.effects | {_EFFECTS[code]}, style.inverse)
    if code in _ENDS:
        return Style(style.front, style.back, style.effects - set(_ENDS[code]), style.inverse)
    if code in (7, 27):
        return Style(style.front, style.back, style.effects, code == 7)
    if code in (39, 49):
        return _coloured(style, None, back=code == 49)
    for first, colour, back in ((30, 0, False), (40, 0, True), (90, 8, False), (100, 8, True)):
        if first <= code < first + 8:
            return _coloured(style, code - first + colour, back=back)
    return style


def _coloured(style: Style, colour: int | None, *, back: bool) -> Style:
    front, behind = (style.front, colour) if back else (colour, style.back)
    return Style(front, behind, style.effects, style.inverse)


def _extended(codes: list[int], at: int) -> tuple[int | None, int]:
    """The colour of ``38;5;n`` or ``38;2;r;g;b`` from its kind on, and where the parameters go on."""
    kind = codes[at] if at < len(codes) else 0
    if kind == 5 and at + 1 < len(codes):
        return _indexed(codes[at + 1]), at + 2
    if kind == 2 and at + 3 < len(codes):
        return _nearest(codes[at + 1], codes[at + 2], codes[at + 3]), at + 4
    return None, len(codes)


def _indexed(n: int) -> int | None:
    if n < 16:
        return n
    if n < 232:
        n -= 16
        return _nearest(_LEVELS[n // 36], _LEVELS[n // 6 % 6], _LEVELS[n % 6])
    grey = 8 + 10 * (n - 232)
    return _nearest(grey, grey, grey) if n < 256 else None


def _nearest(red: int, green: int, blue: int) -> int:
    def distance(n: int) -> int:
        r, g, b = _BASIC[n]
        return (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2

    return min(range(16), key=distance)
