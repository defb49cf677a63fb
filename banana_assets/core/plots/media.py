"""Metadata: by field, what is there, what rules could fill in, and what is missing."""

from __future__ import annotations

import polars as pl

from banana_assets.core.plots.style import BLUE, GREEN, RED, drawing, nothing, short

MOST_FIELDS = 16
MOST_COLLECTIONS = 10


def items_plot(items: pl.DataFrame) -> bytes:
    """Items (MEDIA_ITEMS) by collection, those that are there."""
    counted = items.filter("present").group_by("collection").len().sort(["len", "collection"], descending=[True, False])
    if counted.is_empty():
        return nothing("no media")
    rows = counted.head(MOST_COLLECTIONS).rows()
    with drawing(7.2, 0.8 + 0.3 * len(rows)) as d:
        axes = d.axes
        for y, (_, n) in enumerate(reversed(rows)):
            axes.barh(y, n, color=BLUE, height=0.6)
            axes.annotate(f" {n:,}", (n, y), va="center", fontsize=8)
        axes.set_yticks(range(len(rows)), [short(name, 28) for name, _ in reversed(rows)])
        axes.tick_params(axis="y", length=0)
        axes.margins(x=0.12)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        axes.set_title("items by collection")
    return d.svg


def quality_plot(quality: pl.DataFrame) -> bytes:
    """A bar a field (METADATA_QUALITY), the worst on top: there, derivable, missing; all collections together."""
    rows = quality.filter((pl.col("collection") == "") & (pl.col("field") != "") & (pl.col("measure") == "missing"))
    if rows.is_empty():
        return nothing("no media")
    grouped = rows.group_by("field").agg(pl.col("affected", "of", "derivable").sum())
    worst = grouped.sort(pl.col("affected") / pl.col("of"), "field", descending=[True, False]).head(MOST_FIELDS)
    with drawing(7.2, 1.0 + 0.28 * worst.height) as d:
        axes = d.axes
        shown = list(reversed(worst.rows(named=True)))
        for y, row in enumerate(shown):
            there = 100 * (1 - row["affected"] / row["of"])
            could = 100 * (row["derivable"] or 0) / row["of"]
            parts = ((there, GREEN, "there"), (could, BLUE, "derivable"), (100 - there - could, RED, "missing"))
            left = 0.0
            for width, colour, label in parts:
                axes.barh(y, width, left=left, color=colour, height=0.62, label=label if y == 0 else None)
                left += width
            axes.annotate(f"{there:.0f} %", (1, y), va="center", color="white", fontsize=8, fontweight="bold")
        axes.set_yticks(range(len(shown)), [short(row["field"], 24) for row in shown])
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(0, 100)
        axes.set_ylim(-0.6, len(shown) - 0.4)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        axes.set_title("expected values, % of items")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderaxespad=0.3)
    return d.svg
