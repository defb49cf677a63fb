"""Resource series in words: when they are high, where they go, when a limit is crossed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from banana_assets.core.evidence import stable_id
from banana_assets.core.safety.secrets import mask
from banana_assets.core.search.types import Document
from banana_assets.core.units import quantity

DAY, WEEK = 86400, 7 * 86400
LEAST_SWING = 0.1
"""Hours, or days of the week, whose means differ by less than this share of the mean are alike."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_SERIES = ["source", "metric"]
_SEVERITY = {"reached": "high", "expected": "high", "possible": "medium"}


def of_usage(usage: pl.DataFrame, predictions: pl.DataFrame) -> Iterator[Document]:
    """A document a series of RESOURCE_USAGE, with its newest forecast of RESOURCE_USAGE_PREDICTIONS.

    Hours of the day are told of series over two days or longer, days of the week of those over two weeks; UTC.
    """
    forecasts = {
        (row["source"], row["metric"]): row
        for row in predictions.filter("current").sort("ts").group_by(_SERIES).agg(pl.all().last()).iter_rows(named=True)
    }
    read = usage.filter(pl.col("samples") > 0)
    for (source, metric), series in read.sort("ts").group_by(_SERIES, maintain_order=True):
        said = [*_level(series, str(metric)), *_shape(series, str(metric))]
        forecast = forecasts.get((str(source), str(metric)))
        said += _forecast(forecast) if forecast else []
        title = f"{str(metric).replace('_', ' ')} of {source}"
        text = mask("\n".join(said)).text
        yield Document(
            document_id=f"resource-{stable_id(str(source), str(metric))}",
            kind="resource",
            key=f"{source}/{metric}",
            title=mask(title).text,
            text=f"{metric}\n{text}",
            essence=mask(f"{title}\n" + "\n".join(said[1:])).text,
            helped=mask(forecast["advice"]["reasoning"]).text if forecast and forecast["advice"]["reasoning"] else None,
            severity=_severity(forecast),
            sources=(mask(str(source)).text,),
            first_seen=series["ts"][0],
            last_seen=series["ts"][-1],
        )


def _level(series: pl.DataFrame, metric: str) -> Iterator[str]:
    mean, peak = series["mean"].mean(), series["peak"].max()
    assert isinstance(mean, float)
    assert isinstance(peak, float)
    yield f"mean {quantity(mean, metric)}, peak {quantity(peak, metric)}"


def _shape(series: pl.DataFrame, metric: str) -> Iterator[str]:
    span = (series["ts"][-1] - series["ts"][0]).total_seconds()
    if span >= 2 * DAY:
        yield _cycle(series, pl.col("ts").dt.hour(), [f"{hour:02d}:00" for hour in range(24)], metric, "day", "hour")
    if span >= 2 * WEEK:
        yield _cycle(series, pl.col("ts").dt.weekday() - 1, list(WEEKDAYS), metric, "week", "day")


def _cycle(series: pl.DataFrame, place: pl.Expr, names: list[str], metric: str, cycle: str, part: str) -> str:
    means = series.group_by(place=place.cast(pl.Int64)).agg(pl.col("mean").mean()).sort("place")
    low, high = means.sort("mean", "place").row(0, named=True), means.sort("mean", "place").row(-1, named=True)
    level = series["mean"].mean()
    assert isinstance(level, float)
    if high["mean"] - low["mean"] <= LEAST_SWING * abs(level):
        return f"steady: every {part} of the {cycle} is alike"
    return (
        f"recurs each {cycle}: highest {names[high['place']]} ({quantity(high['mean'], metric)}), "
        f"lowest {names[low['place']]} ({quantity(low['mean'], metric)})"
    )


def _forecast(row: dict[str, Any]) -> Iterator[str]:
    metric = row["metric"]
    ahead = row["prediction_window_hours"]
    yield (
        f"forecast {ahead:.3g} h ahead: {quantity(row['predicted_usage'], metric)}, "
        f"80 % between {quantity(row['lo80'], metric)} and {quantity(row['hi80'], metric)}"
    )
    if row["crossing"] and row["crossing"]["statement"]:
        yield row["crossing"]["statement"]
    if row["advice"]["action"]:
        yield f"advice: {row['advice']['action']}"


def _severity(forecast: dict[str, Any] | None) -> str:
    state = forecast["crossing"]["state"] if forecast and forecast["crossing"] else None
    return _SEVERITY.get(state or "", "low")
