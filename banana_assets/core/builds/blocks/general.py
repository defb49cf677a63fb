"""How far a message goes by its layout alone: indentation, paragraphs, lines that begin alike, sections, stack frames.

Each function takes the cleaned lines and the 0-based anchor and returns the first and last line, as in ``span``.
"""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import re

from banana_assets.core.builds.blocks.span import Lines, Span, down_while, indent, until


def line(texts: Lines, i: int) -> Span:
    """The line alone."""
    return i, i


def indented(texts: Lines, i: int) -> Span:
    """The lines below that are indented deeper than the anchor, without a blank line between."""
    depth = indent(texts[i])
    return down_while(texts, i, lambda t: bool(t.strip()) and indent(t) > depth, 60)


def indented_gap(texts: Lines, i: int) -> Span:
    """Deeper indented lines, blank lines between allowed."""
    depth = indent(texts[i])
    return down_while(texts, i, lambda t: not t.strip() or indent(t) > depth, 40)


def indented_tab(texts: Lines, i: int) -> Span:
    """Lines that begin with a tab, as xcodebuild lists commands."""
    return down_while(texts, i, lambda t: t.startswith("\t"), 40)


def paragraph(texts: Lines, i: int) -> Span:
    """To the next blank line."""
    return down_while(texts, i, lambda t: bool(t.strip()), 40)


def paragraph_more(texts: Lines, i: int) -> Span:
    """To the end of the paragraph, and the next paragraph when it holds what the first announced."""
    _, last = paragraph(texts, i)
    j = last + 1
    while j < min(len(texts), last + 4) and not texts[j].strip():
        j += 1
    if j < len(texts) and j > last and texts[j].strip() and not _COMMAND.match(texts[j]):
        _, last = paragraph(texts, j)
    return i, min(last, i + 30)


_COMMAND = re.compile(r"^(?:\$ |\+ |> |The command |error Command|npm |##)")


def paragraph_back(texts: Lines, i: int) -> Span:
    """The paragraph that ends at the anchor."""
    first = i
    while first > 0 and i - first < 40 and texts[first - 1].strip():
        first -= 1
    return first, i


def run(texts: Lines, i: int) -> Span:
    """The lines below that begin as the anchor does (same indentation, same first characters)."""
    head = texts[i].strip()[:5]
    depth = indent(texts[i])
    return down_while(texts, i, lambda t: t.strip()[:5] == head or (bool(t.strip()) and indent(t) > depth), 40)


def run_back(texts: Lines, i: int) -> Span:
    """Up to ten lines above the anchor, to the last blank line or command."""
    first = i
    while first > 0 and i - first < 10 and texts[first - 1].strip() and not _COMMAND.match(texts[first - 1]):
        first -= 1
    return first, i


_FRAME = re.compile(
    r"^\s*(?:at\s|\.\.\. \d+ (?:more|common)|Caused by|Suppressed|from\s|--->|---|File \"|\d+: |in [`'/]|#\d+\s)|^\s+\S|^\S+:\d+:in "
)


def stack(texts: Lines, i: int) -> Span:
    """An exception's message with its frames (``at ...``, ``from ...``, ``Caused by``)."""
    return down_while(texts, i, lambda t: bool(_FRAME.match(t)), 60)


def section(texts: Lines, i: int) -> Span:
    """An indented section with blank lines, as mocha's failures: to the next line that is not indented, but for a line
    of values that stands by itself below a message that announces it with a colon."""
    last, blank = i, 0
    for j in range(i + 1, min(len(texts), i + 1_500)):
        text = texts[j]
        if text.strip():
            announced = last > i and blank == 1 and indent(texts[last]) > 3 and texts[last].endswith(":")
            if indent(text) < 1 and not (announced and not "".join(texts[j + 1 : j + 2]).strip()):
                break
            blank, last = 0, j
        else:
            blank += 1
            if blank > 3:
                break
    return i, last


_NUMBERED_END = re.compile(
    r"^(?:\s*\d+\) \S|Finished (?:in|after) |Failed examples:|FAILURES!|ERRORS!|Tests: \d|--$|WARNINGS!|There (?:was|were) \d|Randomized with"
    r"|\d+ (?:tests?|examples?|doctests?|properties)\b.*\b(?:failure|error)|Top \d+ slowest|Slowest|Tests run:|Legacy deprecation|OK[ ,(]|"
    r"\s+\d+ (?:failed|flaky|passed|skipped|did not run)\b|Remaining |KO )"
)


def numbered(texts: Lines, i: int) -> Span:
    """A numbered failure, ``1) name``, to the next number or the counts."""
    return until(texts, i, _NUMBERED_END, 80, blanks=2)


def rspec(texts: Lines, i: int) -> Span | None:
    """A numbered failure of RSpec, whose text stands below its name; mocha parts the name over lines that go deeper."""
    below = next((text for text in texts[i + 1 : i + 3] if text.strip()), "")
    return None if indent(below) > indent(texts[i]) + 4 else numbered(texts, i)


def box(texts: Lines, i: int) -> Span:
    """A report drawn with box characters or indented below its title."""
    return down_while(texts, i, lambda t: bool(re.match(r"^\s*[│╰├╵╷└─>]|^\s{2,}\S", t)), 40)


def causes(texts: Lines, i: int) -> Span:
    """Cargo's error with its indented causes, blank lines between."""
    return down_while(
        texts, i, lambda t: not t.strip() or t.startswith((" ", "Caused by:", "required by", "versions that meet")), 40
    )
