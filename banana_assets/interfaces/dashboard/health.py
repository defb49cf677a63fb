"""Health: the score of each pipeline over time, what cost points, what has changed, and the success metrics."""

from __future__ import annotations

from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from banana_assets.backends.store import Store
from banana_assets.backends.tables import Tables
from banana_assets.core.metrics.success import Sources, Success, success
from banana_assets.core.tables import (
    BOTTLENECKS,
    BUILD_CHANGES,
    BUILD_FAILURES,
    BUILD_HEALTH,
    PLAN_OUTCOMES,
    RESOURCE_ROLLUPS,
    SYSTEM_METRICS,
)
from banana_assets.interfaces.api.answering import service_of
from banana_assets.interfaces.dashboard.plots import Band, Line, Plot
from banana_assets.interfaces.dashboard.reading import choices, table_page, versions
from banana_assets.interfaces.dashboard.viewing import Looking

router = APIRouter()
MOST_REASONS = 12
MOST_POINTS = 400
SHOWN = (
    ("build_failure_ratio", "Builds that failed"),
    ("build_duration_median_seconds", "Median duration of a build"),
    ("queue_wait_median_seconds", "Median wait in the queue"),
    ("time_to_green_median_seconds", "Median time to green"),
)
"""The metrics that are plotted where they are known, with what people call them."""


@router.get("/health")
async def health(request: Request, viewer: Looking, pipeline: Annotated[str, Query(max_length=500)] = "") -> Response:
    """Scores with their intervals; of one pipeline, or of all together."""
    service = service_of(request)

    def values() -> dict[str, Any]:
        scores = service.tables.read(BUILD_HEALTH)
        rows = scores.sort(pl.col("pipeline") != "", "score").to_dicts()
        chosen = next((row for row in rows if row["pipeline"] == pipeline), None)
        changes = service.tables.read(BUILD_CHANGES).sort("latest", "found_at", descending=True)
        if pipeline:
            changes = changes.filter(pl.col("pipeline") == pipeline)
        return {
            "rows": rows,
            "row": chosen,
            "pipeline": pipeline,
            "pipelines": choices(row["pipeline"] for row in rows if row["pipeline"]),
            "score_plot": _score(chosen) if chosen else None,
            "plots": _plots(service.tables, pipeline),
            "changes": changes.head(20).to_dicts(),
            "reasons": sorted(chosen["deductions"], key=lambda d: -d["points"])[:MOST_REASONS] if chosen else [],
            "metrics": [(one, _figure(one, one.value), _figure(one, one.baseline)) for one in _success(service)],
        }

    tables = (BUILD_HEALTH, BUILD_CHANGES, SYSTEM_METRICS, RESOURCE_ROLLUPS, BOTTLENECKS, PLAN_OUTCOMES)
    rests_on = (*await versions(request, *tables), service.feed.stamp())
    return await table_page(request, rests_on, "health.html", values)


def _score(row: dict[str, Any]) -> Plot | None:
    known = row["history"]
    if len(known) < 2:
        return None
    low, high = [[one[name] for one in known] for name in ("low", "high")]
    band = Band("95 % interval", low, high)
    line = Line("score", [one["score"] for one in known])
    named = row["pipeline"] or "all pipelines"
    times = [one["as_of"] for one in known]
    return Plot("score-plot", f"Health of {named}", "points of 100", times, (line,), (band,), least=0, most=100)


def _plots(tables: Tables, pipeline: str) -> list[Plot]:
    """The metrics of one pipeline, or of all: by the day where there are a few, else by the hour."""
    subject = (pl.col("dimension") == ("pipeline" if pipeline else "all")) & (pl.col("subject") == pipeline)
    mine = tables.scan(SYSTEM_METRICS).filter(subject).collect()
    found = []
    for name, title in SHOWN:
        of = mine.filter(pl.col("metric") == name).sort("ts")
        days = of.filter(pl.col("granularity") == "day")
        rows = (days if days.height >= 5 else of.filter(pl.col("granularity") == "hour")).tail(MOST_POINTS)
        if rows.height < 2:
            continue
        bands: tuple[Band, ...] = ()
        if rows["low"].null_count() < rows.height:
            bands = (Band("95 % interval", rows["low"].to_list(), rows["high"].to_list()),)
        line = Line(title, rows["value"].to_list())
        ident = f"{name.replace('_', '-')}-plot"
        found.append(Plot(ident, title, rows["unit"][0], rows["ts"].to_list(), (line,), bands, least=0))
    return found


def _success(service: Any) -> list[Success]:
    store: Store = service.store
    read = service.tables.read
    of_tables = map(read, (BUILD_FAILURES, RESOURCE_ROLLUPS, BOTTLENECKS, PLAN_OUTCOMES))
    sources = Sources(store.builds(), *of_tables)
    return success(sources, dict(store.baselines().select("metric", "value").iter_rows()))


def _figure(metric: Success, value: float | None) -> str | None:
    if value is None:
        return None
    return f"{value:.1%}" if metric.unit == "1" else f"{value:.3g} {'%' if metric.unit == 'percent' else metric.unit}"
