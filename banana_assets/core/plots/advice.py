"""Bottlenecks over time, recommendations by impact and difficulty, and what came of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl

from banana_assets.core.plots.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    RED,
    SEVERITY,
    dates,
    drawing,
    naive,
    nothing,
    wrapped,
)
from banana_assets.core.vocabulary import SEVERITIES, SEVERITY_RANK

MOST = 12
_DIFFICULTY = {"low": GREEN, "medium": BLUE, "high": ORANGE}
_VERDICT = {"better": GREEN, "worse": RED, "no_clear_change": INK, "too_early": BLUE}


def bottlenecks_plot(bottlenecks: pl.DataFrame) -> bytes:
    """Since when each of the twelve worst bottlenecks (BOTTLENECKS) is there, worst first, coloured by severity."""
    if not bottlenecks.height:
        return nothing("no bottlenecks found")
    rows = sorted(
        bottlenecks.iter_rows(named=True), key=lambda r: (-SEVERITY_RANK[r["severity"]], r["kind"], r["subject"])
    )
    shown = rows[:MOST][::-1]
    end = max((r["until"] for r in rows if r["until"]), default=None)
    if end is None:
        return nothing("no bottleneck has a time")
    begins = naive([r["since"] or end for r in shown])
    stop = naive([end])[0]
    least = max((stop - min(begins)) / 100, timedelta(seconds=1))
    with drawing(7.4, 1.0 + 0.46 * len(shown)) as d:
        axes = d.axes
        for y, (row, begin) in enumerate(zip(shown, begins, strict=True)):
            # What began with the latest build still has a width.
            start = min(begin, stop - least)
            until = naive([row["until"] or end])[0]
            axes.barh(y, max(until, start + least) - start, left=start, color=SEVERITY[row["severity"]], height=0.5)
            axes.annotate(
                _now(row),
                (stop, y),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=7.5,
                annotation_clip=False,
            )
        axes.set_yticks(range(len(shown)), [wrapped(_named(r), 44) for r in shown], fontsize=7.8)
        axes.set_xlim(min(begins) - 2 * least, stop + least)
        dates(axes)
        _bars(axes)
        axes.set_xlabel("since when (UTC); now / before, or limit", loc="left")
        for word in reversed(SEVERITIES):
            if any(r["severity"] == word for r in shown):
                axes.barh([-9], [timedelta(0)], left=[stop], color=SEVERITY[word], label=word)
        axes.set_ylim(-0.6, len(shown) - 0.4)
        d.figure.legend(loc="outside upper left", ncols=4)
        if len(rows) > MOST:
            axes.set_title(f"the worst {MOST} of {len(rows)}")
    return d.svg


def _named(row: dict[str, Any]) -> str:
    return f"{row['kind'].replace('_', ' ')}: {row['subject']}"


def _now(row: dict[str, Any]) -> str:
    unit = "" if row["unit"] == "1" else f" {row['unit']}"
    return f"{row['value']:.3g} / {row['baseline']:.3g}{unit}"


def recommendations_plot(recommendations: pl.DataFrame) -> bytes:
    """The twelve open recommendations (OPTIMIZATION_RECOMMENDATIONS) of greatest impact, by how hard they are; below
    them what came of those that people implemented."""
    still_open = recommendations.filter(pl.col("status") == "open")
    top = still_open.sort(["impact_score", "recommendation_id"], descending=[True, False]).head(MOST).reverse()
    done = recommendations.filter(pl.col("status") == "implemented").drop_nulls("effect")
    done = done.sort(["implemented_at", "recommendation_id"], descending=[True, False]).head(MOST).reverse()
    if not top.height and not done.height:
        return nothing("nothing to recommend")
    if not done.height:
        with drawing(7.2, 1.0 + 0.42 * top.height) as d:
            _impacts(d.axes, top)
            d.figure.legend(loc="outside upper left", ncols=3)
        return d.svg
    with drawing(7.2, 2.2 + 0.42 * (top.height + 1.4 * done.height)) as d:
        d.axes.remove()
        upper, lower = d.figure.subplots(2, height_ratios=[max(1, top.height), 1.4 * done.height + 0.5])
        for axes in (upper, lower):
            axes.patch.set_alpha(0)
            axes.set_axisbelow(True)
        if top.height:
            _impacts(upper, top)
        else:
            upper.set_axis_off()
        _effects(lower, done)
        if top.height:
            d.figure.legend(loc="outside upper left", ncols=3)
    return d.svg


def _impacts(axes: Any, top: pl.DataFrame) -> None:
    colours = [_DIFFICULTY[x] for x in top["implementation_difficulty"]]
    axes.barh(range(top.height), top["impact_score"].to_list(), color=colours, height=0.6)
    axes.set_yticks(range(top.height), [wrapped(_lead(t), 58) for t in top["description"]], fontsize=7.8)
    for y, score in enumerate(top["impact_score"]):
        axes.annotate(f"{score:.1f}", (score, y), xytext=(3, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_xlim(0, max(4.0, 1.12 * max(top["impact_score"].to_list())))
    _bars(axes)
    axes.set_xlabel("impact, of 10")
    for word, colour in _DIFFICULTY.items():
        if word in set(top["implementation_difficulty"]):
            axes.barh([-9], [0], color=colour, label=f"{word} effort")
    axes.set_ylim(-0.6, top.height - 0.4)


def _effects(axes: Any, done: pl.DataFrame) -> None:
    """Each difference in percent of the level before, with its interval; where there is none, in words."""
    names = []
    reach = 20.0
    for y, row in enumerate(done.iter_rows(named=True)):
        effect = row["effect"]
        verdict = effect["verdict"]
        names.append(wrapped(f"{_day(row['implemented_at'])} {_lead(row['description'])}", 58))
        whole = effect["before"]
        if effect["low"] is None or not whole:
            axes.annotate(verdict.replace("_", " "), (0, y), xytext=(5, 0), textcoords="offset points", va="center")
            axes.plot([0], [y], marker="|", color=INK)
            continue
        middle, low, high = (100 * effect[k] / abs(whole) for k in ("difference", "low", "high"))
        colour = _VERDICT.get(verdict, INK)
        axes.plot([low, high], [y, y], color=colour, linewidth=2)
        axes.plot([middle], [y], marker="o", color=colour, markersize=5)
        said = f"{verdict.replace('_', ' ')}, {effect['n_before']} before, {effect['n_after']} after"
        axes.annotate(said, (middle, y), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=7.5)
        reach = max(reach, *(min(300.0, 1.25 * abs(v)) for v in (low, high)))
    axes.axvline(0, color=INK, linewidth=0.8, linestyle=(0, (3, 3)))
    axes.set_yticks(range(done.height), names, fontsize=7.8)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-0.6, done.height - 0.1)
    _bars(axes)
    axes.set_xlabel("what came of it: change in %, 95 % interval")


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}:"


def _lead(text: str) -> str:
    return text.split(". ")[0]


def _bars(axes: Any) -> None:
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
