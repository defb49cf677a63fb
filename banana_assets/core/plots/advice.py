"""Bottlenecks and recommendations as bars."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from banana_assets.core.plots.style import BLUE, GREEN, INK, ORANGE, SEVERITY, drawing, logarithmic, nothing, wrapped
from banana_assets.core.vocabulary import SEVERITIES

MOST = 10
_DIFFICULTY = {"low": GREEN, "medium": BLUE, "high": ORANGE}


def bottlenecks_plot(bottlenecks: pl.DataFrame) -> bytes:
    """How many times its baseline each bottleneck (BOTTLENECKS) is, worst first; limits are shown as their share."""
    if not bottlenecks.height:
        return nothing("no bottlenecks found")
    rank = {word: k for k, word in enumerate(SEVERITIES)}
    rows = sorted(bottlenecks.iter_rows(named=True), key=lambda r: (-rank[r["severity"]], r["kind"], r["subject"]))[
        :MOST
    ]
    rows = rows[::-1]
    ratios = [_ratio(r) for r in rows]
    top = max(ratios)
    with drawing(7.2, 0.9 + 0.42 * len(rows)) as d:
        axes = d.axes
        axes.barh(range(len(rows)), ratios, color=[SEVERITY[r["severity"]] for r in rows], height=0.6)
        axes.axvline(1, color=INK, linewidth=0.8, linestyle=(0, (3, 3)))
        axes.set_yticks(
            range(len(rows)),
            [wrapped(f"{r['kind'].replace('_', ' ')}: {r['subject']}", 44) for r in rows],
            fontsize=7.8,
        )
        for y, (row, ratio) in enumerate(zip(rows, ratios, strict=True)):
            axes.annotate(
                f"{row['value']:.3g} / {row['baseline']:.3g} {row['unit']}",
                (ratio, y),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=7.5,
            )
        if top > 20:
            logarithmic(axes)
        axes.set_xlim(right=top * (2.6 if top > 20 else 1.3))
        _bars(axes)
        axes.set_xlabel("times its baseline or limit")
        for word in reversed(SEVERITIES):
            if any(r["severity"] == word for r in rows):
                axes.barh([-9], [1], color=SEVERITY[word], label=word)
        axes.set_ylim(-0.6, len(rows) - 0.4)
        d.figure.legend(loc="outside upper left", ncols=4)
    return d.svg


def _ratio(row: dict[str, float]) -> float:
    return (
        min(row["value"] / row["baseline"], 1e4) if row["baseline"] > 0 else max(2.0, math.sqrt(max(row["value"], 0)))
    )


def recommendations_plot(recommendations: pl.DataFrame) -> bytes:
    """The ten recommendations (OPTIMIZATION_RECOMMENDATIONS) of greatest impact, coloured by how hard they are."""
    recommendations = recommendations.filter(pl.col("status") == "open")
    if not recommendations.height:
        return nothing("nothing to recommend")
    top = recommendations.sort(["impact_score", "recommendation_id"], descending=[True, False]).head(MOST).reverse()
    with drawing(7.2, 0.9 + 0.42 * top.height) as d:
        axes = d.axes
        colours = [_DIFFICULTY[x] for x in top["implementation_difficulty"]]
        axes.barh(range(top.height), top["impact_score"].to_list(), color=colours, height=0.6)
        axes.set_yticks(range(top.height), [wrapped(t.split(". ")[0], 58) for t in top["description"]], fontsize=7.8)
        for y, score in enumerate(top["impact_score"]):
            axes.annotate(
                f"{score:.1f}", (score, y), xytext=(3, 0), textcoords="offset points", va="center", fontsize=8
            )
        axes.set_xlim(0, 10.6)
        _bars(axes)
        axes.set_xlabel("impact (0 to 10)")
        for word, colour in _DIFFICULTY.items():
            if word in set(top["implementation_difficulty"]):
                axes.barh([-9], [0], color=colour, label=f"{word} effort")
        axes.set_ylim(-0.6, top.height - 0.4)
        d.figure.legend(loc="outside upper left", ncols=3)
    return d.svg


def _bars(axes: Any) -> None:
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
