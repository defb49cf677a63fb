from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banana_assets.core.logs.ansi import PLAIN, pieces


def shown(line: str) -> list[tuple[str, ...]]:
    return [(piece.text, *piece.styles) for piece in pieces(line)[0]]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("plain", [("plain",)]),
        ("", []),
        ("\x1b[31mred\x1b[0m not", [("red", "f1"), (" not",)]),
        ("\x1b[1;4;92mloud\x1b[22m less", [("loud", "f10", "bold", "underline"), (" less", "f10", "underline")]),
        ("\x1b[38;5;196mnear red", [("near red", "f1")]),
        ("\x1b[38;2;40;180;220mnear cyan", [("near cyan", "f14")]),
        ("\x1b[41mback\x1b[49m", [("back", "g1")]),
        ("\x1b[7mturned", [("turned", "f0", "g7")]),
        ("\x1b]8;;https://evil.example\x1b\\text\x1b]8;;\x1b\\", [("text",)]),
        ("\x1b]0;title", []),
        ("\x1b[2J\x1b[10;10Hmoved", [("moved",)]),
        ("10%\r50%\r100%", [("100%",)]),
        ("done\r", [("done",)]),
        ("section_end:1:name\r\x1b[0K", []),
        ("bell\x07 and \u202eback", [("bell\ufffd and \ufffdback",)]),
        ("\x1b[999999999999999mstill", [("still",)]),
    ],
)
def test_a_line_as_a_terminal_leaves_it(line: str, expected: list[tuple[str, ...]]) -> None:
    assert shown(line) == expected


def test_a_colour_goes_on_over_lines() -> None:
    _, style = pieces("\x1b[33mbegin")
    assert pieces("rest", style)[0][0].styles == ("f3",)
    assert pieces("end\x1b[m", style)[1] == PLAIN


@given(st.text(alphabet=st.sampled_from("ab\x1b[]0;38m25\r\x07K\\\x9b\u202e9"), max_size=60))
def test_nothing_that_a_terminal_obeys_is_left(line: str) -> None:
    found, _ = pieces(line)
    assert not set("".join(piece.text for piece in found)) & set("\x1b\r\x07\x9b\u202e")
    words = {word for piece in found for word in piece.styles}
    known = {f"{kind}{n}" for kind in "fg" for n in range(16)} | {"bold", "dim", "italic", "underline", "strike"}
    assert words <= known
