"""How every plot looks: transparent ground, mid-tone ink that reads on white and on dark, no clock and no chance."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from banana_assets.core.text import cut, visible

INK = "#7d828a"
"""Grey with a contrast of at least 3.8 to 1 on white and on near-black."""

BLUE, ORANGE, GREEN, RED, PURPLE = "#3f7fd9", "#e08a2c", "#2f9e6b", "#dc4b4b", "#9363c9"
SEVERITY = {"low": "#5f9bd1", "medium": "#d9a520", "high": ORANGE, "critical": RED}
STATUS = {"success": GREEN, "failed": RED, "error": PURPLE, "cancelled": INK, "running": BLUE, "queued": BLUE}
CYCLE = (BLUE, ORANGE, GREEN, PURPLE, RED, "#2aa3b0", "#b5892e", "#c76aa0")

_SETTINGS: dict[str, Any] = {
    "svg.hashsalt": "banana",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": INK,
    "grid.alpha": 0.22,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "text.parse_math": False,
    "axes.unicode_minus": False,
}


class Drawing:
    """A figure and its axes; ``svg`` after the ``with`` block that ``drawing`` opens."""

    def __init__(self, figure: Any, axes: Any) -> None:
        self.figure, self.axes = figure, axes
        self.svg = b""


@contextmanager
def drawing(width: float = 7.2, height: float = 3.0) -> Iterator[Drawing]:
    """A figure of that size (inches), written to ``svg`` when the block ends."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    settings: Any = _SETTINGS
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        figure.patch.set_alpha(0)
        axes = figure.add_subplot()
        axes.patch.set_alpha(0)
        axes.set_axisbelow(True)
        drawn = Drawing(figure, axes)
        yield drawn
        out = io.BytesIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None}, transparent=True, dpi=144)
        drawn.svg = out.getvalue()


def nothing(text: str) -> bytes:
    """The plot of a frame without rows: one line that says so."""
    with drawing(7.2, 0.7) as d:
        d.axes.set_axis_off()
        d.axes.text(0.5, 0.5, text, ha="center", va="center", transform=d.axes.transAxes)
    return d.svg


def short(text: str, width: int = 60) -> str:
    """The text on one line, cut with an ellipsis."""
    flat = visible(" ".join(text.split()))
    return cut(flat, width)


def wrapped(text: str, width: int, lines: int = 2) -> str:
    """The text on at most so many lines."""
    parts = textwrap.wrap(visible(" ".join(text.split())), width) or [""]
    return "\n".join(
        parts if len(parts) <= lines else [*parts[: lines - 1], short(" ".join(parts[lines - 1 :]), width)]
    )


def logarithmic(axes: Any) -> None:
    """A logarithmic x axis with plain numbers."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def dates(axes: Any) -> None:
    """A time axis with as few words as needed."""
    from datetime import UTC

    from matplotlib import dates as drawn_dates

    kinds: Any = drawn_dates
    locator: Any = kinds.AutoDateLocator(tz=UTC, minticks=3, maxticks=7)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(kinds.ConciseDateFormatter(locator, tz=UTC))


def naive(times: list[datetime]) -> list[datetime]:
    """The times without their zone (all are UTC), which is faster to draw."""
    return [t.replace(tzinfo=None) for t in times]
