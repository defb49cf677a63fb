"""What language models were asked by day: calls by how they ended, tokens, dollars."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

from banana_assets.core.plots.style import BLUE, CYCLE, GREEN, INK, drawing, nothing

MOST_DAYS = 60
CACHED = "kept answer"


def calls_plot(calls: pl.DataFrame) -> bytes:
    """The last days of LLM_CALLS, a bar a day, stacked by outcome."""
    if not calls.height:
        return nothing("no language model was asked")
    told = calls.with_columns(
        pl.col("started_at").dt.date().alias("day"),
        pl.when(pl.col("cache_hit")).then(pl.lit(CACHED)).otherwise(pl.col("outcome")).alias("ended"),
    )
    last = told["day"].max()
    assert isinstance(last, date)
    told = told.filter(pl.col("day") > last - timedelta(days=MOST_DAYS))
    sums = told.group_by("day", "ended").agg(
        calls=pl.len(),
        tokens=pl.col("input_tokens").sum() + pl.col("output_tokens").sum(),
        dollars=pl.col("cost").sum(),
    )
    often = sums.group_by("ended").agg(pl.col("calls").sum()).sort("calls", "ended", descending=[True, False])["ended"]
    order = [e for e in ("ok", CACHED) if e in often] + [e for e in often if e not in ("ok", CACHED)]
    others = iter(c for c in CYCLE * len(order) if c not in (GREEN, BLUE))
    colours = {e: GREEN if e == "ok" else BLUE if e == CACHED else next(others) for e in order}
    panels = [("calls by how they ended", "calls"), ("tokens, in and out", "tokens")]
    panels += [("US dollars", "dollars")] if sums["dollars"].sum() > 0 else []
    first = told["day"].min()
    assert isinstance(first, date)
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    with drawing(7.2, 0.8 + 1.35 * len(panels)) as d:
        from matplotlib.ticker import FuncFormatter, MaxNLocator

        d.axes.remove()
        axes = d.figure.subplots(len(panels), 1, squeeze=False, sharex=True)[:, 0]
        for panel, (title, column) in zip(axes, panels, strict=True):
            _stacked(panel, sums, days, column, colours)
            panel.set_title(title, fontsize=8.5)
            panel.patch.set_alpha(0)
            panel.grid(axis="y")
            panel.yaxis.set_major_locator(MaxNLocator(4, integer=column != "dollars"))
            panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        d.figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=min(len(order), 6))
        step = -(-len(days) // 8)
        axes[-1].set_xticks(range(0, len(days), step), [f"{day:%b} {day.day}" for day in days[::step]])
        axes[-1].set_xlim(-0.6, max(len(days), 6) - 0.4)
        axes[-1].tick_params(axis="x", color=INK)
    return d.svg


def _stacked(panel: Any, sums: pl.DataFrame, days: list[date], column: str, colours: dict[str, str]) -> None:
    base = [0.0] * len(days)
    for ended, colour in colours.items():
        found = dict(sums.filter(pl.col("ended") == ended).select("day", column).iter_rows())
        heights = [float(found.get(day, 0)) for day in days]
        if any(heights) or column == "calls":
            panel.bar(range(len(days)), heights, bottom=base, color=colour, width=0.7, label=ended.replace("_", " "))
        base = [low + high for low, high in zip(base, heights, strict=True)]
