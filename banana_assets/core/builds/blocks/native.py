"""How far the messages of compilers, linkers and test runners of C, C++, Rust and Go go.

Each function takes the cleaned lines and the 0-based anchor and returns the first and last line, as in ``span``.
"""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import re

from banana_assets.core.builds.blocks.span import Lines, Span, down_while, indent, trim, until

_RUSTC_SIGN = re.compile(r"^\s*(?:--> .+:\d+|= (?:note|help): |\|$)")
_RUSTC_CODE = re.compile(
    r"^\s*error\[E\d{4}\]|^[A-Z]{1,4}\d{2,4} |^(?:invalid-syntax|unformatted)\b|internal compiler error"
)
_RUSTC_MORE = re.compile(
    r"^\s*(?:-->|:::|\d+ *[|+~-]|\||=|\.\.\.|\^|[~|/_\\ ]+$|note:|help:|\d+ \|)|^\s*(?:note|help)(?:\[\S+\])?: "
)


def rustc(texts: Lines, i: int) -> Span | None:
    """A diagnostic in rustc's style: arrows, numbered source lines, notes and help. Others begin with ``error:`` too."""
    if not any(_RUSTC_SIGN.match(text) for text in texts[i + 1 : i + 6]) and not _RUSTC_CODE.search(texts[i]):
        return None
    last = i
    for j in range(i + 1, min(len(texts), i + 80)):
        text = texts[j]
        if text.strip() and not _RUSTC_MORE.match(text) and not (j == i + 1 and text.lstrip().startswith("-->")):
            # The message itself may be wrapped: accept until the arrow, right below the anchor only.
            if j - i <= 4 and any(t.lstrip().startswith("-->") for t in texts[j + 1 : j + 4]):
                last = j
                continue
            break
        if not text.strip() and not (j + 1 < len(texts) and _RUSTC_MORE.match(texts[j + 1] or "x")):
            break
        last = j
    return trim(texts, i, last)


_GCC_ABOVE = re.compile(
    r"^(?:In file included from |\s+from |.*: (?:In (?:static |member |lambda )?(?:function|member function|constructor|destructor|method|instantiation)"
    r"|In function|At global scope|At top level|in function `).*|.*:\d+:(?:\d+:)?\s+(?:required|recursively required|in .*expansion|instantiated) from .*)"
)

_GCC_BELOW = re.compile(
    r"^(?:\s+\S|\s*\d+ \||\s*\|)|^\S+:\d+:(?:\d+:)? (?:note|warning: this|required from)|^compilation terminated\."
)


def gcc(texts: Lines, i: int) -> Span:
    """A diagnostic of gcc, clang or swiftc: the includes above, the source line, caret and notes below."""
    first = i
    while first > 0 and i - first < 12 and _GCC_ABOVE.match(texts[first - 1]):
        first -= 1
    return first, down_while(texts, i, lambda t: bool(_GCC_BELOW.match(t)), 30)[1]


def caret_gap(texts: Lines, i: int) -> Span:
    """A message with the caret some lines below, blank lines between."""
    for j in range(i + 1, min(len(texts), i + 9)):
        if re.match(r"^\s*[\^~]+[\^~\s]*$", texts[j]):
            return i, j
    return i, i


_CARGO_NEXT = re.compile(r"^(?:---- \S.* ----|failures:|test result:)$")


def cargo_test(texts: Lines, i: int) -> Span:
    """The captured output of one failed Rust test."""
    first, last = until(texts, i, _CARGO_NEXT, 60)
    while last > i and re.match(r"^note: (?:run with|Some details)", texts[last]):
        last -= 1
    return trim(texts, first, last)


def panic(texts: Lines, i: int) -> Span:
    """A Rust panic with its message and what assert_eq! adds."""
    return down_while(
        texts,
        i,
        lambda t: bool(t.strip()) and not t.startswith(("note: ", "stack backtrace", "error: ", "The command")),
        8,
    )


def go_test(texts: Lines, i: int) -> Span:
    """A failed Go test: what it printed just above (``-v``) or below."""
    depth = indent(texts[i])
    last = down_while(
        texts, i, lambda t: bool(t.strip()) and indent(t) > depth and not t.lstrip().startswith("--- "), 60
    )[1]
    first = i
    if last == i:
        while (
            first > 0
            and i - first < 30
            and re.match(r"^\s+\S", texts[first - 1])
            and not texts[first - 1].lstrip().startswith("--- ")
        ):
            first -= 1
    return first, last


def go_panic(texts: Lines, i: int) -> Span:
    """A Go panic with its first goroutine."""
    seen, last = False, i
    for j in range(i + 1, min(len(texts), i + 60)):
        text = texts[j]
        if not text.strip() and seen:
            break
        if re.match(r"^(?:FAIL|exit status|goroutine (?!1 ).*\[(?!running))", text):
            break
        seen = seen or text.startswith("goroutine ")
        last = j
    return trim(texts, i, last)


def go_race(texts: Lines, i: int) -> Span:
    """The race detector's report, to its closing ruler."""
    return until(texts, i, re.compile(r"^={10,}$"), 60)


def go_build(texts: Lines, i: int) -> Span:
    """A Go compile error with the ``# package`` line above and its continuation below."""
    first = i - 1 if i > 0 and re.match(r"^# \S+", texts[i - 1]) else i
    return first, down_while(texts, i, lambda t: t.startswith(("\t", "    ")), 10)[1]


def cmake(texts: Lines, i: int) -> Span:
    """A CMake error with its indented text and call stack."""
    return down_while(texts, i, lambda t: not t.strip() or t.startswith(("  ", "Call Stack")), 40)


def ctest(texts: Lines, i: int) -> Span:
    """CTest's list of failed tests."""
    return down_while(texts, i, lambda t: not t.strip() or t.startswith(("\t", " ")), 60)


def gtest(texts: Lines, i: int) -> Span:
    """A GoogleTest failure to the test's closing line."""
    return until(texts, i, re.compile(r"^\[\s+(?:FAILED|OK|RUN|-+)\s+\]|^\S+[:(]\d+\)?: Failure$"), 30)


def asan(texts: Lines, i: int) -> Span:
    """A sanitizer's report to its summary."""
    stop = re.compile(r"^(?:Shadow bytes|SUMMARY: )")
    last = until(texts, i, stop, 60)[1]
    return trim(texts, i, last)
