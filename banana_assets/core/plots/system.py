"""System metrics over time: what logs write and how builds go, all subjects together."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from banana_assets.core.plots.style import BLUE, GREEN, ORANGE, RED, dates, drawing, naive, nothing

HOURLY_SPAN = timedelta(days=4)
"""Up to this span the plot shows hours, beyond it days."""

PANELS = (
    ("log events", (("log_events", BLUE), ("log_warnings", ORANGE), ("log_errors", RED))),
    ("builds", (("builds", GREEN), ("build_failures", RED))),
    ("median duration of a build, s", (("build_duration_median_seconds", BLUE),)),
)


def metrics_plot(metrics: pl.DataFrame) -> bytes:
    """A panel each (SYSTEM_METRICS) for log events, builds and durations, by hour or by day."""
    whole = metrics.filter(pl.col("dimension") == "all")
    shown = [(title, lines) for title, lines in PANELS if whole["metric"].is_in([name for name, _ in lines]).any()]
    if not shown:
        return nothing("no log with times, and no build")
    with drawing(7.2, 0.4 + 1.4 * len(shown)) as d:
        d.axes.remove()
        panels = d.figure.subplots(len(shown), 1, squeeze=False)[:, 0]
        for panel, (title, lines) in zip(panels, shown, strict=True):
            panel.patch.set_alpha(0)
            mine = whole.filter(pl.col("metric").is_in([name for name, _ in lines]))
            hours = mine.filter(pl.col("granularity") == "hour")
            first, last = hours.select(first=pl.col("ts").min(), last=pl.col("ts").max()).row(0)
            grain, margin = ("hour", timedelta(hours=1)) if last - first <= HOURLY_SPAN else ("day", timedelta(days=1))
            for name, colour in lines:
                line = mine.filter(pl.col("metric") == name, pl.col("granularity") == grain).sort("ts")
                if line.height:
                    label = name.replace("_", " ")
                    panel.plot(
                        naive(line["ts"].to_list()), line["value"].to_list(), "o-", ms=2.5, color=colour, label=label
                    )
            panel.set_title(f"{title}, by {grain}", fontsize=8.5)
            panel.set_ylim(bottom=0)
            panel.grid(axis="y")
            panel.set_xlim(*naive([first - margin, last + margin]))
            dates(panel)
            if len(lines) > 1:
                panel.legend(loc="upper left", ncols=3)
    return d.svg
