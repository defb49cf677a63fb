"""Ways to write a sentence so that a person does not see it and a model does."""

from __future__ import annotations

LOOKALIKES = str.maketrans("aceiopxyABEHKMOPTX", "асеіорхуАВЕНКМОРТХ")


def coloured(text: str) -> str:
    """A colour between every few letters."""
    return "".join(f"\x1b[3{i % 8}m{text[i : i + 3]}" for i in range(0, len(text), 3)) + "\x1b[0m"


def zero_width(text: str, between: str = "\u200b") -> str:
    """A character without width behind every letter."""
    return between.join(text)


def backwards(text: str) -> str:
    """Written from its end, and turned round by an override."""
    return f"\u202e{text[::-1]}\u202c"


def in_tags(text: str) -> str:
    """As tag characters, which nothing draws."""
    return "".join(chr(0xE0000 + ord(c)) for c in text if ord(c) < 0x80)


def greek_and_cyrillic(text: str) -> str:
    """Some letters replaced by ones of other scripts that look the same."""
    return text.translate(LOOKALIKES)


def mathematical(text: str) -> str:
    """Letters in mathematical bold."""
    return "".join(
        chr(0x1D400 + ord(c) - 65) if "A" <= c <= "Z" else chr(0x1D41A + ord(c) - 97) if "a" <= c <= "z" else c
        for c in text
    )


def full_width(text: str) -> str:
    """Letters in full width."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
