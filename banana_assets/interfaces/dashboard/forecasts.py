"""Forecasts of resources: what was, what is to come with its bands, when a limit is crossed; and what stands out."""

from __future__ import annotations

from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from banana_assets.backends.tables import Tables
from banana_assets.core.tables import METRIC_ANOMALIES, RESOURCE_USAGE, RESOURCE_USAGE_PREDICTIONS
from banana_assets.core.units import quantity, unit_of
from banana_assets.interfaces.api.answering import service_of
from banana_assets.interfaces.dashboard.plots import Band, Line, Plot
from banana_assets.interfaces.dashboard.reading import choices, table_page, versions
from banana_assets.interfaces.dashboard.viewing import Looking

router = APIRouter()
SERIES = 8
PAST_POINTS = 288
MOST_ROWS = 16
MOST_ANOMALIES = 40
KEY = ["source", "metric"]


@router.get("/forecasts")
async def forecasts(
    request: Request,
    viewer: Looking,
    source: Annotated[str, Query(max_length=500)] = "",
    metric: Annotated[str, Query(max_length=500)] = "",
    start: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> Response:
    """A card for each series, those that come near their limit first."""
    tables = service_of(request).tables

    def values() -> dict[str, Any]:
        current = tables.scan(RESOURCE_USAGE_PREDICTIONS).filter(pl.col("current")).collect()
        series = current.sort("ts").unique(KEY, keep="first", maintain_order=True).sort(_urgency(), *KEY)
        sources, metrics = (choices(series[name]) for name in KEY)
        for name, told in (("source", source), ("metric", metric)):
            series = series.filter(pl.col(name) == told) if told else series
        shown = series.slice(start, SERIES)
        anomalies = tables.read(METRIC_ANOMALIES).sort("ts", descending=True)
        cards = [_card(tables, current, anomalies, row, start + n) for n, row in enumerate(shown.iter_rows(named=True))]
        if source:
            anomalies = anomalies.filter(pl.col("subject") == source)
        if metric:
            anomalies = anomalies.filter(pl.col("metric") == metric)
        return {
            "cards": cards,
            "total": series.height,
            "following": start + SERIES if start + SERIES < series.height else None,
            "known": current.height,
            "last": current["ts"].max(),
            "sources": sources,
            "metrics": metrics,
            "told": {"source": source, "metric": metric},
            "asked": bool(source or metric),
            "anomalies": [_said(row) for row in anomalies.head(MOST_ANOMALIES).to_dicts()],
            "anomalies_total": anomalies.height,
        }

    rests_on = await versions(request, RESOURCE_USAGE_PREDICTIONS, RESOURCE_USAGE, METRIC_ANOMALIES)
    return await table_page(request, rests_on, "forecasts.html", values)


def _urgency() -> pl.Expr:
    """What is above its limit first, then what will cross it, then what may."""
    order = {"reached": 0, "expected": 1, "possible": 2}
    return pl.col("crossing").struct.field("state").replace_strict(order, default=3, return_dtype=pl.Int8)


def _card(
    tables: Tables, current: pl.DataFrame, anomalies: pl.DataFrame, row: dict[str, Any], number: int
) -> dict[str, Any]:
    mine = (pl.col("source") == row["source"]) & (pl.col("metric") == row["metric"])
    ahead = current.filter(mine).sort("ts")
    past = tables.scan(RESOURCE_USAGE).filter(mine).sort("ts").tail(PAST_POINTS).collect()
    odd = anomalies.filter(
        (pl.col("origin") == "resource_usage") & (pl.col("subject") == row["source"])
        & (pl.col("metric") == row["metric"])
    )  # fmt: skip
    unit = unit_of(row["metric"])
    step = max(1, -(-ahead.height // MOST_ROWS))
    columns = ["ts", "predicted_usage", "lo80", "hi80", "lo95", "hi95"]
    table = [
        {"ts": one["ts"]} | {name: quantity(one[name], row["metric"]) for name in columns[1:]}
        for one in ahead.gather_every(step).select(columns).to_dicts()
    ]
    crossing = row["crossing"]
    return {
        "row": row,
        "plot": _plot(f"forecast-{number}", row, past, ahead, odd, unit),
        "read": past["ts"].max(),
        "until": ahead["ts"].max(),
        "table": table,
        "left_out": step > 1,
        "odd": odd.height,
        "limit": None if crossing is None or crossing["limit"] is None else quantity(crossing["limit"], row["metric"]),
    }


def _plot(
    ident: str, row: dict[str, Any], past: pl.DataFrame, ahead: pl.DataFrame, odd: pl.DataFrame, unit: str
) -> Plot:
    """History and forecast on one axis of times; each series is null where it is not known."""
    begin = past["ts"].min()
    known = past.select("ts", read="mean")
    marks = (
        odd.filter(pl.col("ts") >= begin).select("ts", odd="value")
        if begin is not None
        else odd.clear().select("ts", odd="value")
    )
    told = ahead.select("ts", "predicted_usage", "lo80", "hi80", "lo95", "hi95")
    whole = known.join(told, on="ts", how="full", coalesce=True).join(marks, on="ts", how="left").sort("ts")
    value = {name: whole[name].to_list() for name in whole.columns}
    lines = [Line("read", value["read"]), Line("median forecast", value["predicted_usage"], "dashed")]
    if marks.height:
        lines.append(Line("stands out", value["odd"], "points"))
    bands = (Band("95 %", value["lo95"], value["hi95"]), Band("80 %", value["lo80"], value["hi80"]))
    crossing = row["crossing"]
    limits = []
    if crossing is not None and crossing["threshold"] is not None and crossing["limit"]:
        limits = [
            ("limit", crossing["limit"]),
            (f"{crossing['threshold'] / crossing['limit']:.0%} of it", crossing["threshold"]),
        ]
    title = f"{row['metric'].replace('_', ' ')} of {row['source']}"
    most = 100.0 if unit == "percent" else None
    return Plot(ident, title, unit, value["ts"], lines, bands, limits, least=0, most=most)


def _said(row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        name: None if row[name] is None else quantity(row[name], row["metric"]) for name in ("value", "usual")
    }
