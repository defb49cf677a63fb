"""What fails again and by chance: the largest clusters of failures, the flakiest tests, the slowest tests."""

from __future__ import annotations

from typing import Any

import polars as pl

from banana_assets.core.plots.style import CYCLE, INK, drawing, nothing, short

MOST = 12
TITLE_WIDTH = 58
MONO = "DejaVu Sans Mono"


def clusters_plot(clusters: pl.DataFrame) -> bytes:
    """Bars of the twelve largest clusters (FAILURE_CLUSTERS) by failed builds; those still open are filled."""
    if not clusters.height:
        return nothing("no failed builds")
    top = (
        clusters.sort(["failures", "last_seen", "cluster_id"], descending=[True, True, False])
        .head(MOST)
        .reverse()
        .with_columns(is_open=pl.col("state") == "open")
    )
    with drawing(7.2, 0.9 + 0.27 * top.height) as d:
        for is_open, word in ((True, "open"), (False, "resolved")):
            mine = top.with_row_index("y").filter(pl.col("is_open") == is_open)
            colour = CYCLE[0] if is_open else "none"
            d.axes.barh(
                mine["y"].to_list(),
                mine["failures"].to_list(),
                height=0.66,
                color=colour,
                edgecolor=CYCLE[0],
                linewidth=1,
                label=word,
            )
        for y, row in enumerate(top.iter_rows(named=True)):
            _told(d.axes, row["failures"], y, f"{row['failures']}{'  new' if row['is_new'] else ''}")
        _named(d.axes, top["title"].to_list())
        d.axes.xaxis.get_major_locator().set_params(integer=True)
        d.axes.set_xlabel("failed builds")
        d.figure.legend(loc="outside upper left", ncols=2)
    return d.svg


def flaky_plot(flaky: pl.DataFrame) -> bytes:
    """The twelve flakiest tests (FLAKY_TESTS), quiet ones last, by the lower end of the interval around each rate."""
    known = flaky.filter(pl.col("flakes") > 0)
    if not known.height:
        return nothing("no flaky tests")
    top = (
        known.sort(pl.col("state") == "quiet", "flake_rate_low", "test_id", descending=[False, True, False])
        .head(MOST)
        .reverse()
    )
    percent = top.select(rate=100 * pl.col("flake_rate"), low=100 * pl.col("flake_rate_low"),
                         high=100 * pl.col("flake_rate_high"))  # fmt: skip
    with drawing(7.2, 0.9 + 0.27 * top.height) as d:
        place = list(range(top.height))
        below, above = (percent["rate"] - percent["low"]).to_list(), (percent["high"] - percent["rate"]).to_list()
        d.axes.errorbar(
            percent["rate"].to_list(), place, xerr=[below, above], fmt="none", ecolor=INK, elinewidth=1, capsize=2.5
        )
        for state, colour in (("flaky", CYCLE[1]), ("broken", CYCLE[3]), ("quiet", CYCLE[0])):
            mine = [(x, y) for x, y, s in zip(percent["rate"], place, top["state"], strict=True) if s == state]
            if mine:
                d.axes.scatter([x for x, _ in mine], [y for _, y in mine], s=30, color=colour, label=state, zorder=3)
        for y, row in enumerate(top.iter_rows(named=True)):
            _told(d.axes, 100 * row["flake_rate_high"], y, f"{row['flakes']} of {row['runs']}")
        _named(d.axes, top["title"].to_list())
        d.axes.set_xlim(left=0)
        d.axes.set_xlabel("flakes, % of runs, with 95 % interval")
        d.figure.legend(loc="outside upper left", ncols=3)
    return d.svg


def history_plot(history: pl.DataFrame) -> bytes:
    """The twelve tests that take the longest (TEST_HISTORY): median and 95th percentile of their durations."""
    timed = history.drop_nulls("p95_seconds")
    if not timed.height:
        return nothing("no durations of tests")
    top = timed.sort(["p95_seconds", "test_id"], descending=[True, False]).head(MOST).reverse()
    longest = float(top["p95_seconds"][-1])
    scale, unit = (60.0, "min") if longest >= 180 else (1.0, "s") if longest >= 1 else (1e-3, "ms")
    medians, tails = ([value / scale for value in top[name]] for name in ("median_seconds", "p95_seconds"))
    with drawing(7.2, 0.9 + 0.27 * top.height) as d:
        place = list(range(top.height))
        d.axes.hlines(place, medians, tails, color=INK, linewidth=1)
        d.axes.scatter(medians, place, s=26, color=CYCLE[0], label="median", zorder=3)
        d.axes.scatter(tails, place, s=26, color=CYCLE[1], label="95th percentile", zorder=3, marker="|", linewidths=2)
        for y, (tail, slower) in enumerate(zip(tails, top["slower"], strict=True)):
            _told(d.axes, tail, y, "slower lately" if slower else "")
        _named(d.axes, top["title"].to_list())
        d.axes.set_xlim(left=0)
        d.axes.set_xlabel(f"duration ({unit})")
        d.figure.legend(loc="outside upper left", ncols=2)
    return d.svg


def _named(axes: Any, titles: list[str]) -> None:
    axes.set_yticks(range(len(titles)), [short(t, TITLE_WIDTH) for t in titles], fontsize=7.5, family=MONO)
    axes.set_ylim(-0.6, len(titles) - 0.4)
    axes.margins(x=0.2)
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def _told(axes: Any, x: float, y: int, text: str) -> None:
    axes.annotate(text, (x, y), xytext=(4, 0), textcoords="offset points", va="center", fontsize=7.5)
