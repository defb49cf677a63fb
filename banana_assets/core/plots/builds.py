"""Builds over time: how long they took and how they ended; failures by class."""

from __future__ import annotations

from typing import Any

import polars as pl

from banana_assets.core.plots.style import CYCLE, INK, STATUS, dates, drawing, naive, nothing

MOST_CLASSES = 7


def builds_plot(builds: pl.DataFrame) -> bytes:
    """A mark a build (BUILDS) at its end, as high as it took, coloured by status; the line is the running median."""
    timed = builds.with_columns(at=pl.coalesce("finished_at", "started_at", "queued_at", "arrived_at")).sort(
        "at", "build_id"
    )
    if not timed.height:
        return nothing("no builds")
    seconds = timed["duration_seconds"]
    known = seconds.drop_nulls()
    longest = float(known.to_numpy().max()) if known.len() else 0.0
    scale, unit = (3600.0, "h") if longest >= 3 * 3600 else (60.0, "min") if longest >= 180 else (1.0, "s")
    with drawing(7.2, 2.8) as d:
        axes = d.axes
        for status, colour in STATUS.items():
            mine = timed.filter(pl.col("status") == status)
            if mine.height:
                heights = (mine["duration_seconds"].fill_null(0.0) / scale).to_list()
                mark = "o" if status == "success" else "X" if status in ("failed", "error") else "."
                axes.scatter(
                    naive(mine["at"].to_list()),
                    heights,
                    s=22,
                    marker=mark,
                    color=colour,
                    alpha=0.85,
                    linewidths=0,
                    label=f"{status} ({mine.height})",
                    zorder=3,
                )
        line = timed.drop_nulls("duration_seconds")
        if line.height >= 8:
            middle = line["duration_seconds"].rolling_median(7, min_samples=3, center=True) / scale
            axes.plot(naive(line["at"].to_list()), middle.to_list(), color=INK, linewidth=1.2, zorder=2)
        if unit_axis := known.len() > 0:
            axes.set_ylabel(f"duration ({unit})")
            axes.set_ylim(bottom=0)
        axes.yaxis.set_visible(unit_axis)
        axes.grid(axis="y")
        dates(axes)
        d.figure.legend(loc="outside upper left", ncols=6)
    return d.svg


def failures_plot(failures: pl.DataFrame) -> bytes:
    """Failed builds (BUILD_FAILURES) by class, stacked over hours, days, weeks or months: what gives a few bars."""
    if not failures.height:
        return nothing("no failed builds")
    times = failures["failed_at"].sort()
    days = (times[-1] - times[0]).days + 1
    every, width = (
        ("1h", 1 / 24) if days <= 2 else ("1d", 1.0) if days <= 45 else ("1w", 7.0) if days <= 400 else ("1mo", 30.0)
    )
    totals = failures.group_by("category").len().sort(["len", "category"], descending=[True, False])
    named = totals["category"].head(MOST_CLASSES).to_list()
    binned = failures.with_columns(
        bin=pl.col("failed_at").dt.truncate(every),
        kind=pl.when(pl.col("category").is_in(named)).then("category").otherwise(pl.lit("other")),
    )
    if binned["bin"].n_unique() == 1:
        return _classes(totals)
    axis = sorted(binned["bin"].unique().to_list())
    with drawing(7.2, 2.8) as d:
        base = [0.0] * len(axis)
        kinds = [*named, *(["other"] if totals.height > len(named) else [])]
        for kind, colour in zip(kinds, (*CYCLE[: len(named)], INK), strict=False):
            counted = dict(binned.filter(pl.col("kind") == kind).group_by("bin").len().iter_rows())
            heights = [float(counted.get(t, 0)) for t in axis]
            d.axes.bar(
                naive(axis),
                heights,
                width * 0.8,
                bottom=base,
                color=colour,
                align="edge",
                label=f"{kind.replace('_', ' ')} ({int(sum(heights))})",
            )
            base = [a + b for a, b in zip(base, heights, strict=True)]
        _counts(d.axes)
        d.axes.set_ylabel("failed builds " + {"1h": "an hour", "1d": "a day", "1w": "a week", "1mo": "a month"}[every])
        dates(d.axes)
        d.figure.legend(loc="outside right upper")
    return d.svg


def _classes(totals: pl.DataFrame) -> bytes:
    rows = totals.reverse()
    with drawing(7.2, 0.8 + 0.27 * rows.height) as d:
        d.axes.barh([k.replace("_", " ") for k in rows["category"]], rows["len"].to_list(), color=CYCLE[0], height=0.66)
        for y, n in enumerate(rows["len"]):
            d.axes.annotate(str(n), (n, y), xytext=(3, 0), textcoords="offset points", va="center", fontsize=8)
        d.axes.tick_params(axis="y", length=0)
        d.axes.xaxis.get_major_locator().set_params(integer=True)
        d.axes.set_xlabel("failed builds")
        d.axes.grid(axis="x")
    return d.svg


def _counts(axes: Any) -> None:
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.grid(axis="y")
