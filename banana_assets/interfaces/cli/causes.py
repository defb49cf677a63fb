"""The lines that explain a failure, as people read them."""

from __future__ import annotations

from collections.abc import Sequence

WIDEST = 200


def cause_lines(text: str, spans: Sequence[tuple[int, int]], most: int = 24) -> list[str]:
    """The lines of a cause with their numbers in the log, gaps marked; at most so many.

    ``text`` holds the lines of the spans (1-based, both ends inclusive) one after the other.
    """
    numbers = [n for first, last in spans for n in range(first, last + 1)]
    shown, previous = list[str](), None
    for number, line in list(zip(numbers, text.split("\n"), strict=False))[:most]:
        if previous is not None and number != previous + 1:
            shown.append("         ...")
        shown.append(f"  {number:>6} | {line[:WIDEST]}".rstrip())
        previous = number
    if len(numbers) > most:
        shown.append(f"         ... {len(numbers) - most} more lines")
    return shown
