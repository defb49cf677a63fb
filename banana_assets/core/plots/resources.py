"""Resource use over time, and its forecast with 80 % and 95 % intervals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl

from banana_assets.core.plots.style import BLUE, CYCLE, INK, ORANGE, RED, dates, drawing, naive, nothing, short
from banana_assets.core.units import scale_of

MOST_LINES = 8


def usage_plot(usage: pl.DataFrame) -> bytes:
    """A small panel a metric (RESOURCE_USAGE), the mean as a line a source and the peak as its shade."""
    if not usage.height:
        return nothing("no resource readings")
    metrics = usage["metric"].unique().sort().head(MOST_LINES).to_list()
    with drawing(7.2, 0.5 + 1.15 * len(metrics)) as d:
        d.axes.remove()
        panels = d.figure.subplots(len(metrics), 1, sharex=True, squeeze=False)[:, 0]
        for panel, metric in zip(panels, metrics, strict=True):
            panel.patch.set_alpha(0)
            mine = usage.filter(pl.col("metric") == metric)
            for (source,), group in sorted(mine.partition_by("source", as_dict=True).items(), key=str)[: len(CYCLE)]:
                colour = CYCLE[sorted(usage["source"].unique().to_list()).index(source) % len(CYCLE)]
                whole = _gaps(group.sort("ts"))
                times, (scale, _) = naive(whole["ts"].to_list()), _scale(metric, mine)
                panel.plot(times, (whole["mean"] / scale).to_numpy(), color=colour, linewidth=1.1, label=str(source))
                panel.fill_between(
                    times,
                    (whole["mean"] / scale).to_numpy(),
                    (whole["peak"] / scale).to_numpy(),
                    color=colour,
                    alpha=0.18,
                    linewidth=0,
                )
            panel.set_title(_title(metric, mine), fontsize=8.5)
            panel.grid(axis="y")
        dates(panels[-1])
        handles, labels = panels[0].get_legend_handles_labels()
        if len(labels) > 1:
            d.figure.legend(handles, [short(x, 24) for x in labels], loc="outside upper left", ncols=4)
    return d.svg


def forecast_plot(usage: pl.DataFrame, predictions: pl.DataFrame) -> bytes:
    """The last part of each series (RESOURCE_USAGE) and what comes (RESOURCE_USAGE_PREDICTIONS), up to four panels."""
    if not predictions.height:
        return nothing("no series long enough to forecast")
    keys = predictions.select("source", "metric").unique().sort("source", "metric").head(4).rows()
    with drawing(7.2, 0.4 + 1.7 * len(keys)) as d:
        d.axes.remove()
        panels = d.figure.subplots(len(keys), 1, squeeze=False)[:, 0]
        for panel, (source, metric) in zip(panels, keys, strict=True):
            _forecast(panel, usage, predictions, source, metric)
        named = {t: h for p in panels for h, t in zip(*p.get_legend_handles_labels(), strict=True)}
        d.figure.legend(list(named.values()), list(named), loc="outside upper left", ncols=5)
    return d.svg


def _forecast(panel: Any, usage: pl.DataFrame, predictions: pl.DataFrame, source: str, metric: str) -> None:
    here = (pl.col("source") == source) & (pl.col("metric") == metric)
    ahead = predictions.filter(here).sort("ts")
    span = ahead["ts"][-1] - ahead["made_at"][0]
    past = usage.filter(here & (pl.col("ts") > ahead["made_at"][0] - 3 * max(span, timedelta(minutes=1)))).sort("ts")
    scale, _ = _scale(metric, past)
    axes = panel
    whole = _gaps(past)
    if past.height and past["ts"][-1] == ahead["made_at"][0]:
        now = dict.fromkeys(("predicted_usage", "lo80", "hi80", "lo95", "hi95"), past["mean"][-1])
        first = ahead.head(1).with_columns(ts=pl.col("made_at"), **{k: pl.lit(v) for k, v in now.items()})
        ahead = pl.concat([first, ahead])
    times = naive(ahead["ts"].to_list())
    axes.patch.set_alpha(0)
    axes.plot(naive(whole["ts"].to_list()), (whole["mean"] / scale).to_list(), color=INK, linewidth=1.1, label="read")
    for low, high, alpha, name in (("lo95", "hi95", 0.16, "95 %"), ("lo80", "hi80", 0.28, "80 %")):
        axes.fill_between(
            times,
            (ahead[low] / scale).to_list(),
            (ahead[high] / scale).to_list(),
            color=BLUE,
            alpha=alpha,
            linewidth=0,
            label=name,
        )
    axes.plot(times, (ahead["predicted_usage"] / scale).to_list(), color=BLUE, linewidth=1.5, label="forecast")
    _limit(axes, ahead["crossing"][-1], scale)
    low = ahead["confidence"][0] == "low"
    note = f"{ahead['model'][0].replace('_', ' ')}, {ahead['confidence'][0]} confidence"
    axes.set_title(f"{short(source, 30)}: {_title(metric, past)}", fontsize=8.5)
    axes.annotate(
        note,
        (1, 1),
        xycoords="axes fraction",
        xytext=(0, 4),
        textcoords="offset points",
        ha="right",
        fontsize=7.5,
        color=ORANGE if low else INK,
    )
    axes.grid(axis="y")
    axes.margins(x=0.01)
    dates(axes)


def _limit(axes: Any, crossing: dict[str, Any] | None, scale: float) -> None:
    """90 % of the limit as a line where it is, or may be, crossed, and the 80 % range of the time as a shade."""
    if crossing is None or crossing["state"] not in ("reached", "expected", "possible"):
        return
    axes.axhline(crossing["threshold"] / scale, color=RED, linewidth=0.9, linestyle="--", label="90 % of the limit")
    begin, end = crossing["earliest"], crossing["latest"]
    if begin is not None and begin != end:
        right = axes.get_xlim()[1]
        from_, to = naive([begin, end or begin])
        axes.axvspan(from_, to if end is not None else right, color=RED, alpha=0.12, linewidth=0)
    if crossing["at"] is not None:
        axes.plot(naive([crossing["at"]]), [crossing["threshold"] / scale], "o", color=RED, markersize=4)


def _gaps(group: pl.DataFrame) -> pl.DataFrame:
    """The same with an empty point in each gap, so that no line is drawn over it."""
    if group.height < 2:
        return group
    step = timedelta(seconds=int(group["interval_seconds"][0]))
    before = group.filter(pl.col("ts").diff().shift(-1) > step)
    holes = before.with_columns(ts=pl.col("ts") + step, mean=pl.lit(None, pl.Float64), peak=pl.lit(None, pl.Float64))
    return pl.concat([group, holes]).sort("ts")


def _scale(metric: str, frame: pl.DataFrame) -> tuple[float, str]:
    return scale_of(metric, float(frame["peak"].abs().to_numpy().max()) if frame.height else 0.0)


def _title(metric: str, frame: pl.DataFrame) -> str:
    _, unit = _scale(metric, frame)
    return metric.replace("_", " ") + (f" ({unit})" if unit else "")
