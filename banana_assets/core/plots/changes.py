"""Levels that changed and readings that stand out, marked on their series."""

from __future__ import annotations

from typing import Any

import polars as pl

from banana_assets.core.metrics.anomalies.found import KEY, series
from banana_assets.core.metrics.runs import ended
from banana_assets.core.plots.style import BLUE, INK, ORANGE, RED, dates, drawing, naive, nothing, short

MOST_PANELS = 6
RATE_BUILDS = 20


def changes_plot(builds: pl.DataFrame, changes: pl.DataFrame) -> bytes:
    """A panel a job and metric that changed (BUILDS, BUILD_CHANGES), the latest change first: the builds, the levels
    as lines, the changes as marks."""
    if not changes.height:
        return nothing("no job takes longer, or fails more often, than it used to")
    newest = changes.group_by("pipeline", "job", "metric").agg(pl.col("found_at").max())
    keys = newest.sort("found_at", "pipeline", "job", "metric", descending=[True, False, False, False])
    shown = keys.head(MOST_PANELS).select("pipeline", "job", "metric").rows()
    runs = ended(builds)
    with drawing(7.2, 0.5 + 1.5 * len(shown)) as d:
        d.axes.remove()
        panels = d.figure.subplots(len(shown), 1, squeeze=False)[:, 0]
        for panel, (pipeline, job, metric) in zip(panels, shown, strict=True):
            mine = runs.filter((pl.col("pipeline") == pipeline) & (pl.col("job") == job))
            found = changes.filter(pipeline=pipeline, job=job, metric=metric).sort("since")
            _levels(panel, mine, found, metric)
            what = "duration (s)" if metric == "duration_seconds" else f"share of the last {RATE_BUILDS} that failed"
            panel.set_title(f"{short(f'{pipeline} {job}', 40)}: {what}", fontsize=8.5)
    return d.svg


def _levels(panel: Any, runs: pl.DataFrame, found: pl.DataFrame, metric: str) -> None:
    panel.patch.set_alpha(0)
    if metric == "duration_seconds":
        runs = runs.filter(~pl.col("red") & (pl.col("duration_seconds") > 0))
        times = naive(runs["at"].to_list())
        panel.plot(times, runs["duration_seconds"].to_list(), ".", color=INK, markersize=3)
        if runs["duration_seconds"].to_numpy().max() > 8 * runs["duration_seconds"].to_numpy().min():
            panel.set_yscale("log")
    else:
        times = naive(runs["at"].to_list())
        share = runs["red"].cast(pl.Float64).rolling_mean(RATE_BUILDS, min_samples=5)
        panel.plot(times, share.to_list(), color=INK, linewidth=1)
    since = naive(found["since"].to_list())
    begins, ends = [times[0], *since], [*since, times[-1]]
    levels = [found["before"][0], *found["after"].to_list()]
    for begin, end, level in zip(begins, ends, levels, strict=True):
        panel.plot([begin, end], [level, level], color=BLUE, linewidth=1.8)
    for moment, row in zip(since, found.iter_rows(named=True), strict=True):
        worse = row["after"] > row["before"]
        panel.axvline(moment, color=RED if worse else BLUE, linewidth=1, linestyle="--")
        told = f"x{row['after'] / row['before']:.2f}" if metric == "duration_seconds" else f"{row['after']:.0%}"
        panel.annotate(
            told,
            (moment, 1),
            xycoords=("data", "axes fraction"),
            xytext=(3, -2),
            textcoords="offset points",
            va="top",
            fontsize=7.5,
            color=RED if worse else BLUE,
        )
    panel.grid(axis="y")
    dates(panel)


def anomalies_plot(usage: pl.DataFrame, metrics: pl.DataFrame, anomalies: pl.DataFrame) -> bytes:
    """A panel a series with anomalies (RESOURCE_USAGE, SYSTEM_METRICS, METRIC_ANOMALIES), the highest score first."""
    if not anomalies.height:
        return nothing("no reading stands out")
    worst = (
        anomalies.group_by(KEY).agg(pl.col("score").max()).sort("score", *KEY, descending=[True, *[False] * len(KEY)])
    )
    keys = worst.head(MOST_PANELS).select(KEY).rows()
    known = {part.select(KEY).row(0): part for part in series(usage, metrics)}
    with drawing(7.2, 0.5 + 1.3 * len(keys)) as d:
        d.axes.remove()
        panels = d.figure.subplots(len(keys), 1, squeeze=False)[:, 0]
        for panel, key in zip(panels, keys, strict=True):
            part = known[key]
            found = anomalies.join(pl.DataFrame([key], schema=list(KEY), orient="row"), on=KEY)
            panel.patch.set_alpha(0)
            panel.plot(naive(part["ts"].to_list()), part["value"].to_list(), color=INK, linewidth=0.9)
            sizes = (12 + 60 * (found["score"] - 0.5).clip(0, 1)).to_list()
            panel.scatter(naive(found["ts"].to_list()), found["value"].to_list(), s=sizes, color=ORANGE, zorder=3)
            _, _, subject, metric = key
            panel.set_title(short(f"{subject}: {metric}" if subject else metric, 70), fontsize=8.5)
            panel.grid(axis="y")
            dates(panel)
    return d.svg
