"""System metrics over time: what logs write and how builds go, all subjects together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from banana_assets.core.metrics.changes import duration_changes
from banana_assets.core.plots.style import BLUE, GREEN, INK, ORANGE, PURPLE, RED, dates, drawing, naive, nothing

HOURLY_SPAN = timedelta(days=4)
"""Up to this span the plot shows hours, beyond it days."""

MOST_POINTS = 400
"""Buckets in which changes are looked for, the latest."""

PANELS = (
    ("log events", (("log_events", BLUE), ("log_warnings", ORANGE), ("log_errors", RED))),
    ("builds", (("builds", GREEN), ("build_failures", RED), ("jobs_red", PURPLE))),
    ("share of builds that failed", (("build_failure_ratio", RED),)),
    ("median duration of a build, s", (("build_duration_median_seconds", BLUE),)),
    ("median wait of a build, s", (("build_queue_median_seconds", ORANGE),)),
    ("mean time to green, s", (("time_to_green_mean_seconds", RED),)),
)
LEVELS = ("log_events", "build_duration_median_seconds")
"""Metrics whose changes of level are marked."""


def metrics_plot(metrics: pl.DataFrame) -> bytes:
    """A panel each (SYSTEM_METRICS) for logs, builds, failures and durations, by hour or by day.

    Shades are 95 % intervals; dashed lines stand where a level changed (``changes.duration_changes``).
    """
    whole = metrics.filter(pl.col("dimension") == "all")
    shown = [(title, lines) for title, lines in PANELS if whole["metric"].is_in([name for name, _ in lines]).any()]
    if not shown:
        return nothing("no log with times, and no build")
    with drawing(7.2, 0.4 + 1.3 * len(shown)) as d:
        d.axes.remove()
        panels = d.figure.subplots(len(shown), 1, squeeze=False, sharex=True)[:, 0]
        hours = whole.filter(pl.col("granularity") == "hour")
        first, last = hours.select(first=pl.col("ts").min(), last=pl.col("ts").max()).row(0)
        grain, margin = ("hour", timedelta(hours=1)) if last - first <= HOURLY_SPAN else ("day", timedelta(days=1))
        for panel, (title, lines) in zip(panels, shown, strict=True):
            panel.patch.set_alpha(0)
            mine = whole.filter(pl.col("metric").is_in([name for name, _ in lines]))
            for name, colour in lines:
                line = mine.filter(pl.col("metric") == name, pl.col("granularity") == grain).sort("ts")
                if line.height:
                    _line(panel, line, name, colour)
            panel.set_title(f"{title}, by {grain}", fontsize=8.5)
            panel.set_ylim(bottom=0)
            panel.grid(axis="y")
            if len(lines) > 1:
                panel.legend(loc="lower right", bbox_to_anchor=(1, 0.97), ncols=3, borderaxespad=0)
        panels[-1].set_xlim(*naive([first - margin, last + margin]))
        dates(panels[-1])
    return d.svg


def _line(panel: Any, line: pl.DataFrame, name: str, colour: str) -> None:
    times = naive(line["ts"].to_list())
    panel.plot(times, line["value"].to_list(), "o-", ms=2.5, color=colour, label=name.replace("_", " "))
    between = line.drop_nulls(["low", "high"])
    if between.height:
        at = naive(between["ts"].to_list())
        # Bars, not a band: buckets without an interval lie between.
        panel.vlines(at, between["low"].to_list(), between["high"].to_list(), color=colour, alpha=0.35, linewidth=2.2)
    for moment in changed(line) if name in LEVELS else ():
        panel.axvline(naive([moment])[0], color=INK, linewidth=0.9, linestyle=(0, (4, 3)))


def changed(line: pl.DataFrame) -> Sequence[datetime]:
    """Since when the values of one metric (rows of SYSTEM_METRICS in order of time) are at another level."""
    recent = line.filter(pl.col("value") > 0).tail(MOST_POINTS)
    found = duration_changes(np.asarray(recent["value"].to_numpy(), dtype=np.float64))
    return [recent["ts"][change.start] for change in found]
