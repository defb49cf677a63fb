"""Log patterns by how often they came, coloured by severity."""

from __future__ import annotations

import polars as pl

from banana_assets.core.plots.style import SEVERITY, drawing, logarithmic, nothing, short
from banana_assets.core.vocabulary import SEVERITIES, SEVERITY_RANK

MOST = 12


def patterns_plot(patterns: pl.DataFrame) -> bytes:
    """Bars of the twelve most pressing open patterns (LOG_PATTERNS): worst severity first, then the most frequent."""
    patterns = patterns.filter(pl.col("state") == "open")
    if not patterns.height:
        return nothing("no open log patterns")
    ranked = patterns.with_columns(rank=pl.col("severity").replace_strict(SEVERITY_RANK, return_dtype=pl.Int32)).sort(
        ["rank", "frequency", "pattern_id"], descending=[True, True, False]
    )
    top = ranked.head(MOST).reverse()
    counts = top["frequency"].to_list()
    with drawing(7.2, 0.9 + 0.27 * top.height) as d:
        axes = d.axes
        place = range(top.height)
        axes.barh(place, counts, color=[SEVERITY[s] for s in top["severity"]], height=0.66)
        axes.set_yticks(
            list(place), [short(t, 62) for t in top["named_template"]], fontsize=7.5, family="DejaVu Sans Mono"
        )
        wide = max(counts) / max(1, min(counts)) > 50
        if wide:
            logarithmic(axes)
            axes.set_xlim(left=0.8)
        for y, n in zip(place, counts, strict=True):
            axes.annotate(f"{n:,}", (n, y), xytext=(3, 0), textcoords="offset points", va="center", fontsize=7.5)
        axes.margins(x=0.14)
        axes.grid(axis="x")
        axes.tick_params(axis="y", length=0)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        axes.set_xlabel("events" + (" (logarithmic)" if wide else ""))
        for word in reversed(SEVERITIES):
            if word in set(top["severity"]):
                axes.barh([-9], [0], color=SEVERITY[word], label=word)
        axes.set_ylim(-0.6, top.height - 0.4)
        d.figure.legend(loc="outside upper left", ncols=4, title=None)
    return d.svg
