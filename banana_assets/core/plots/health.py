"""Health as a bar from 0 to 100: what is left, and what each deduction took."""

from __future__ import annotations

from typing import Any

import polars as pl

from banana_assets.core.plots.style import BLUE, GREEN, INK, ORANGE, PURPLE, RED, dates, drawing, naive, nothing, short

SHADES = (RED, PURPLE, "#2aa3b0", "#b5892e", "#c76aa0", BLUE)
MOST_PIPELINES = 8
MOST_REASONS = 6


def health_plot(health: pl.DataFrame) -> bytes:
    """The past of the score, then a bar a pipeline (BUILD_HEALTH), all together on top, with its 95 % interval; below,
    what cost most in all."""
    if not health.height:
        return nothing("no finished builds")
    ranked = health.with_columns(all=pl.col("pipeline") != "").sort("all", "score", "pipeline")
    rows = list(ranked.head(MOST_PIPELINES + 1).iter_rows(named=True))
    if len(rows) == 2:
        rows = rows[1:]  # One pipeline and "all" are the same bar.
    reasons = rows[0]["deductions"][:MOST_REASONS]
    bottom = 0.24 * len(reasons)
    past = rows[0]["history"]
    above = 1.5 if len(past) > 1 else 0.0
    with drawing(7.2, 1.0 + 0.36 * len(rows) + bottom + above) as d:
        axes = d.axes
        if above:
            axes.remove()
            trend, axes = d.figure.subplots(2, 1, height_ratios=[above - 0.3, 0.6 + 0.36 * len(rows)])
            _trend(trend, past, rows[0])
            axes.patch.set_alpha(0)
            axes.set_axisbelow(True)
        for y, row in enumerate(reversed(rows)):
            score = row["score"]
            colour = GREEN if score >= 80 else ORANGE if score >= 50 else RED
            axes.barh(y, score, color=colour, height=0.6)
            left = score
            # Only the bar whose reasons stand below shows each of them; further ones just show what is lost.
            for k, deduction in enumerate(row["deductions"]):
                shade = SHADES[k % len(SHADES)] if row is rows[0] and k < MOST_REASONS else INK
                axes.barh(
                    y, deduction["points"], left=left, color=shade, height=0.6, alpha=0.45 if shade != INK else 0.2
                )
                left += deduction["points"]
            for colour, thick in (("#1c1f24", 3.0), ("white", 1.2)):
                axes.plot([row["score_low"], row["score_high"]], [y, y], color=colour, linewidth=thick)
            axes.annotate(f"{score:.0f}", (2, y), va="center", color="white", fontsize=9, fontweight="bold")
        axes.set_yticks(range(len(rows)), [short(r["pipeline"] or "all together", 28) for r in reversed(rows)])
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(0, 100)
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        for k, deduction in enumerate(reasons):
            axes.annotate(
                f"-{deduction['points']:.1f}  {short(deduction['reason'], 92)}",
                (0, 0),
                xycoords=("axes fraction", "axes fraction"),
                xytext=(12, -26 - 17 * k),
                textcoords="offset points",
                fontsize=7.8,
                va="top",
            )
            axes.annotate(
                "■",
                (0, 0),
                xycoords="axes fraction",
                xytext=(0, -25 - 17 * k),
                textcoords="offset points",
                color=SHADES[k % len(SHADES)],
                fontsize=9,
                va="top",
            )
    return d.svg


def _trend(axes: Any, past: list[dict[str, Any]], row: dict[str, Any]) -> None:
    """The score at earlier moments with its interval, and where it goes."""
    times = naive([p["as_of"] for p in past])
    axes.patch.set_alpha(0)
    axes.fill_between(times, [p["low"] for p in past], [p["high"] for p in past], color=BLUE, alpha=0.18, linewidth=0)
    axes.plot(times, [p["score"] for p in past], "o-", ms=2.5, color=BLUE, linewidth=1.2)
    goes = f", {row['direction']} ({row['change']:+.1f})" if row["direction"] else ""
    axes.set_title(f"score of {short(row['pipeline'] or 'all together', 28)}{goes}", fontsize=8.5)
    axes.set_ylim(0, 102)
    axes.grid(axis="y")
    axes.margins(x=0.02)
    dates(axes)
