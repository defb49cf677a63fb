"""The colours of the style sheets: every text has the contrast that WCAG 2.2 asks for (1.4.3: 4.5 to 1), in light and
in dark, and what is drawn 3 to 1 (1.4.11)."""

from __future__ import annotations

import re
from itertools import product

import pytest

from banana_assets.interfaces.dashboard.files import FOLDER

SHEET = (FOLDER / "banana.css").read_text()
NAMED = dict(re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}, #[0-9a-f]{6})\)", SHEET))
TERMINAL = dict(re.findall(r"\.([fg]\d+) \{ (?:color|background): light-dark\((#[0-9a-f]{6}, #[0-9a-f]{6})\)", SHEET))
for names, told in re.findall(r"((?:\.[fg]\d+, )+\.[fg]\d+) \{ \w+: light-dark\((#[0-9a-f]{6}, #[0-9a-f]{6})\)", SHEET):
    TERMINAL |= dict.fromkeys(re.findall(r"[fg]\d+", names), told)

TEXTS = [
    *product(("ink", "dim", "link", "good", "bad", "warn", "busy"), ("paper", "ground", "raised")),
    *((word, f"{word}-ground") for word in ("good", "bad", "warn", "busy")),
    *product(("ink", "dim", "link"), ("cause",)),
    *product(("ink", "dim"), ("busy-ground", "good-ground")),
    *product((f"f{n}" for n in range(16)), ("paper", "ground", "cause", "raised", "busy-ground")),
    *(("ink", f"g{n}") for n in range(16)),
]
DRAWN = [*product(("edge", "focus", "link", "warn", "bad", "good", "busy"), ("paper", "ground"))]


def colour(name: str, dark: bool) -> tuple[float, ...]:
    told = (TERMINAL if re.fullmatch(r"[fg]\d+", name) else NAMED)[name].split(", ")[dark]
    return tuple(int(told[n : n + 2], 16) / 255 for n in (1, 3, 5))


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """The contrast ratio of WCAG 2.2, from 1 to 21."""

    def luminance(rgb: tuple[float, ...]) -> float:
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_measure_is_the_one_of_the_guidelines() -> None:
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    # The grey that the guidelines' own notes name as just enough on white.
    assert contrast((0x76 / 255,) * 3, (1, 1, 1)) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_can_be_read(dark: bool) -> None:
    faint = {
        f"{text} on {ground}": round(ratio, 2)
        for text, ground in TEXTS
        if (ratio := contrast(colour(text, dark), colour(ground, dark))) < 4.5
    }
    assert not faint


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_line_can_be_seen(dark: bool) -> None:
    faint = {
        f"{line} on {ground}": round(ratio, 2)
        for line, ground in DRAWN
        if (ratio := contrast(colour(line, dark), colour(ground, dark))) < 3
    }
    assert not faint
