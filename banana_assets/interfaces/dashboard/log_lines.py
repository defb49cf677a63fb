"""The lines of a log as markup: numbered, linkable, coloured by class, with the headings of steps between them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from banana_assets.backends.log_pages import Line
from banana_assets.core.builds.timing import TimedStep
from banana_assets.interfaces.dashboard.wording import count, shown, span

WINDOW = 400
MOST_LINES = 2_000
_STAMP = re.compile(
    r"\[?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)\]?(?: [0-9a-f]{2}[OE][ +])?(?: |$)", re.ASCII
)
_MARKER = re.compile(r"##\[[a-z]+\]|::[a-z-]+::", re.ASCII)


@dataclass(frozen=True)
class Window:
    """Which lines of a log are shown: ``first`` to ``last`` of ``total``, from 1."""

    first: int
    last: int
    total: int

    @property
    def above(self) -> tuple[int, int] | None:
        """The lines that come before, as many as are loaded at once."""
        return (max(1, self.first - WINDOW), self.first - 1) if self.first > 1 else None

    @property
    def below(self) -> tuple[int, int] | None:
        """The lines that follow."""
        return (self.last + 1, min(self.total, self.last + WINDOW)) if self.last < self.total else None


def window_at(line: int, total: int) -> Window:
    """The window around a line."""
    first = max(1, min(line - WINDOW // 3, total - WINDOW + 1))
    return Window(first, min(total, first + WINDOW - 1), total)


def markup(lines: Sequence[Line], causes: Sequence[tuple[int, int]], steps: Sequence[TimedStep] = ()) -> Markup:
    """The lines of a log; those of a cause are marked, and a step's heading stands before its first line."""
    starts = {step.first_line: n for n, step in enumerate(steps)} if len(steps) > 1 else {}
    spans = sorted(causes)
    firsts = [first for first, _ in spans]
    parts: list[str] = []
    for line in lines:
        n = line.number
        if n in starts:
            parts.append(_heading(steps[starts[n]]))
        place = bisect_right(firsts, n) - 1
        cause = place >= 0 and n <= spans[place][1]
        parts.append(f'<div class="l{" cause" if cause else ""}" id="L{n}">')
        # Hundreds of stops for the tab key: arrow keys walk through the lines instead.
        parts.append(f'<a href="#L{n}" data-n="{n}" aria-label="Line {n}" tabindex="-1"></a><code>{_text(line)}')
        if line.omitted:
            parts.append(f'<span class="cut">… {count(line.omitted)} more characters</span>')
        parts.append("</code></div>\n")
    return Markup("".join(parts))  # every text in it is escaped above


def quoted(lines: Sequence[Line], page: Markup, told: int | None = None) -> Markup:
    """Lines quoted beside the log, whose numbers lead to them in the log of that page; ``told`` is marked."""
    parts: list[str] = []
    for line in lines:
        n = line.number
        parts.append(f'<div class="l{" cause" if n == told else ""}"><a href="{page}?line={n}#L{n}" data-n="{n}"')
        parts.append(f' aria-label="Line {n}"></a><code>{_text(line)}</code></div>\n')
    return Markup("".join(parts))  # every text in it is escaped below


def _text(line: Line) -> str:
    parts, told = list(line.pieces), ""
    # The time that the CI service put before each line is there when it is asked for, its markers are dim.
    for kind, pattern in (("ts", _STAMP), ("marker", _MARKER)):
        found = pattern.match(parts[0].text) if parts else None
        if found:
            told += f'<span class="{kind}">{escape(found[0])}</span>'
            parts[0] = parts[0]._replace(text=parts[0].text[found.end() :])
    return told + "".join(
        f'<span class="{" ".join(styles)}">{escape(text)}</span>' if styles else str(escape(text))
        for text, styles in parts
    )


def _heading(step: TimedStep) -> str:
    took = f'<span class="took">{span(step.duration_seconds)}</span>' if step.duration_seconds is not None else ""
    return (
        f'<div class="step" data-first="{step.first_line}" data-last="{step.last_line}">'
        f'<button type="button" aria-expanded="true">{escape(shown(step.name))}</button>{took}</div>\n'
    )


def spans_of(diagnosis: Mapping[str, object] | None) -> list[tuple[int, int]]:
    """The lines of a cause (``diagnosis`` as a row of BUILD_FAILURES has it)."""
    cause = diagnosis["cause"] if diagnosis else []
    return [(one["first"], one["last"]) for one in cause]  # type: ignore[attr-defined]
