"""Which lines of a cause are quoted, and which of them tells."""

from __future__ import annotations

import pytest

from banana_assets.core.builds.titles import telling

TEXTS = [*(f"line {n}" for n in range(40)), "E   ValueError: too low", *(f"line {n}" for n in range(40))]


@pytest.mark.parametrize(
    ("title", "quoted"),
    [
        ("ValueError: too low", (41, 56, 51)),
        # Who says it, and of which test, may be longer than what is said.
        ("pytest says test_of_something_long: ValueError: too low", (41, 56, 51)),
        # What is nowhere marks nothing, and the beginning is quoted.
        ("something else", (11, 26, None)),
        ("", (11, 26, None)),
    ],
)
def test_the_line_that_tells_is_among_those_that_are_quoted(title: str, quoted: tuple[int, int, int | None]) -> None:
    assert telling([(11, 91)], TEXTS, title, 16) == [quoted]


def test_each_cause_is_quoted_by_itself() -> None:
    assert telling([(3, 4), (9, 11)], ["a", "error: b", "c", "d", "e"], "error: b", 2) == [(3, 4, 4), (9, 10, None)]
