"""The tool that says how much of each resource will be used, and what to allot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import BaseModel, Field

from banana_assets.backends.llm.configured import NO_MODEL
from banana_assets.core.evidence import plural
from banana_assets.core.metrics.forecast.allocation import resource_type as type_of
from banana_assets.core.metrics.forecast.backtest import MODELS
from banana_assets.core.metrics.forecast.history import current
from banana_assets.core.metrics.forecast.predict import HOURS_AHEAD, unfit
from banana_assets.core.tables import RESOURCE_USAGE, RESOURCE_USAGE_PREDICTIONS
from banana_assets.core.text import shortlist
from banana_assets.core.units import unit_of
from banana_assets.interfaces.mcp.calls import Call
from banana_assets.interfaces.mcp.paging import FIGURE_BYTES, Cursor, MaxBytes, Paged, Part, fill, listed
from banana_assets.interfaces.mcp.records import Missing
from banana_assets.interfaces.mcp.tools import ToolSpec, tool
from banana_assets.interfaces.mcp.wire import size_of

MOST_UNFIT = 10
WATCH, INGEST, MATERIALIZE = "banana watch", "banana watch, or banana ingest resources PATH", "banana materialize"

Resource = Literal["cpu", "memory", "disk", "network", "all"]
Frames = Sequence[pl.DataFrame]


class Point(BaseModel):
    """A moment of a forecast."""

    ts: datetime = Field(description="When.")
    predicted_usage: float = Field(description="Median.")
    lo80: float = Field(description="Begin of the 80 % interval.")
    hi80: float = Field(description="End of it.")
    lo95: float = Field(description="Begin of the 95 % interval.")
    hi95: float = Field(description="End of it.")


class Crossing(BaseModel):
    """When 90 % of the limit is crossed."""

    limit: float = Field(description="What there is at most.")
    threshold: float = Field(description="90 % of it.")
    state: str = Field(description="reached, expected, possible, not_within or unknown.")
    at: datetime | None = Field(description="The likeliest moment.")
    earliest: datetime | None = Field(description="Begin of the 80 % range.")
    latest: datetime | None = Field(description="End of the 80 % range.")
    statement: str = Field(description="The same in a sentence.")


class Prediction(BaseModel):
    """The forecast of one series."""

    resource_type: str = Field(description="cpu, memory, disk, network or other.")
    source: str = Field(description="Host or pipeline.")
    metric: str = Field(description="What is forecast.")
    unit: str = Field(description="In which unit.")
    made_at: datetime = Field(description="The last reading that it knows.")
    prediction_window_hours: float = Field(description="How far it goes.")
    predicted_usage: float = Field(description="The highest median in the window.")
    upper80: float = Field(description="The highest hi80 in the window.")
    confidence_score: float | None = Field(
        description="Accuracy from earlier origins, 0 to 1; null where the past is too short."
    )
    confidence: str = Field(description="low, medium or high, by how long the past is.")
    model_used: str = Field(description="How it was forecast.")
    why: str = Field(description="Why so.")
    crossing: Crossing | None = Field(description="When a limit is reached; null where none is known.")
    points: list[Point] = Field(description="Evenly spread, the last of all in it; as many as fit.")
    points_total: int = Field(description="How many there are.")


class Allocation(BaseModel):
    """What to allot, in the unit of the metric."""

    resource: str = Field(description="Source and metric.")
    action: str = Field(description="grow, shrink, move, keep or watch.")
    currentAllocation: float | None = Field(description="Null where no limit is known.")  # noqa: N815
    recommendedAllocation: float | None = Field(  # noqa: N815
        description="Null where the past is too short, or no limit known."
    )
    predictedNeed: float = Field(  # noqa: N815
        description="The highest upper80, times how far peaks stand above the mean."
    )
    unit: str = Field(description="In which unit.")
    reasoning: str = Field(description="Why.")
    triggers: list[str] = Field(description="When to act.")
    actions: list[str] = Field(description="What to do then.")
    actBy: datetime | None = Field(description="By when; null where nothing is pressing.")  # noqa: N815


class Unsure(BaseModel):
    """A forecast less sure than was asked for."""

    source: str = Field(description="Host or pipeline.")
    metric: str = Field(description="What is forecast.")
    confidence_score: float | None = Field(description="Accuracy from earlier origins.")
    why: str = Field(description="Why it was forecast so.")


class UsagePredictions(Paged):
    """Forecasts by series, and what follows."""

    resource_type: Resource = Field(description="As asked for.")
    prediction_window_hours: float = Field(description="As asked for.")
    confidence_threshold: float = Field(description="As asked for.")
    status: Literal["predicted", "nothing_to_predict"] = Field(description="Whether there is any forecast.")
    predictions: list[Prediction] = Field(description="Those as sure as was asked for.")
    recommendations: list[Allocation] = Field(description="What to allot for them, the most pressing first.")
    below_threshold: list[Unsure] = Field(description="Less sure; a lower threshold lists them.")
    notes: list[str] = Field(description="What else is to be known.")
    missing: list[Missing] = Field(description="What is not, and what to run.")


@tool("Predict the use of resources")
def predict_resource_usage(
    call: Call,
    resource_type: Annotated[Resource, Field(description="Only that resource.")] = "all",
    prediction_window_hours: Annotated[
        float, Field(gt=0, le=HOURS_AHEAD, description="How far ahead, past the last reading of each series.")
    ] = 24,
    confidence_threshold: Annotated[
        float, Field(ge=0, le=1, description="Least accuracy from earlier origins; 0 takes all, known or not.")
    ] = 0.7,
    model: Annotated[
        str | None,
        Field(
            max_length=200,
            description=f"Forecast by this: {', '.join(MODELS)}. Without it each series has the one that did best from "
            "earlier origins. Language models make no figures; the name of one is told in `notes`.",
        ),
    ] = None,
    max_points: Annotated[int, Field(ge=1, le=500, description="Most points a series.")] = 3,
    max_bytes: MaxBytes = FIGURE_BYTES,
    cursor: Cursor = None,
) -> UsagePredictions:
    """Forecast processor, memory, disk and network use with 80 and 95 % intervals, say when a limit is reached and what
    to allot.

    Series that were never read, or too little, are in `missing` with the command that brings them in.
    """
    tables = call.sources.tables
    usage = tables.read(RESOURCE_USAGE)
    notes = []
    if model in MODELS:
        call.progress(0, 1, f"forecasting by {model}")
        made = call.sources.forecasts.of(usage, max(1, round(prediction_window_hours)), model)
        known, lacking = made.table, list(made.without.iter_rows())
    else:
        known, lacking = current(tables.read(RESOURCE_USAGE_PREDICTIONS)), unfit(usage)
        if model is not None and model not in NO_MODEL:
            notes.append(f"{model} makes no forecasts: each series has the method that did best from earlier origins.")
    kinds = {} if resource_type == "all" else {"resource_type": resource_type}
    known = known.filter(**kinds)
    found = _series(known, prediction_window_hours)
    sure = [one for one in found if confidence_threshold == 0 or _score(one) >= confidence_threshold]
    if found and not sure:
        notes.append(_unsure_all(found, confidence_threshold))
    missing = _unread(usage, known, resource_type) or _short(found, prediction_window_hours)
    missing += _unfit(lacking, resource_type)
    answer = UsagePredictions(
        resource_type=resource_type,
        prediction_window_hours=prediction_window_hours,
        confidence_threshold=confidence_threshold,
        status="predicted" if found else "nothing_to_predict",
        predictions=[],
        recommendations=[],
        below_threshold=[_unsure(one) for one in found if not any(one is other for other in sure)],
        notes=notes,
        missing=missing,
    )
    asked = {"type": resource_type, "hours": prediction_window_hours, "least": confidence_threshold, "model": model}
    names = [_name(frame) for frame in sure]
    urgent = sorted(sure, key=_urgency)
    parts: list[Part[Any]] = [
        Part(answer, "predictions", names, lambda n: _prediction(sure[n], max_points), lean=_thinner),
        Part(answer, "recommendations", [_name(frame) for frame in urgent], lambda n: _allocation(urgent[n])),
    ]
    parts += [listed(answer, "below_threshold"), listed(answer, "missing")]
    fill(answer, parts, asked | {"points": max_points}, cursor, max_bytes)
    return answer


def _series(known: pl.DataFrame, hours: float) -> list[pl.DataFrame]:
    """The forecasts within the window, a frame a series, by source and metric."""
    ahead = (pl.col("ts") - pl.col("made_at")) <= timedelta(hours=hours)
    # A grid wider than the window still has its first step.
    kept = known.filter(ahead | (pl.col("step") == 1)).sort("source", "metric", "step")
    return kept.partition_by("source", "metric", maintain_order=True)


def _name(frame: pl.DataFrame) -> str:
    return f"{frame['source'][0]} {frame['metric'][0]}"


def _score(frame: pl.DataFrame) -> float:
    score = frame["confidence_score"][0]
    return -1.0 if score is None else float(score)


def _prediction(frame: pl.DataFrame, most: int) -> Prediction:
    row = frame.row(0, named=True)
    last = frame["ts"][-1]
    flat = frame.select(pl.col("predicted_usage", "lo80", "hi80", "lo95", "hi95").n_unique()).row(0) == (1,) * 5
    places = _spread(frame.height, 1 if flat else most)
    return Prediction(
        resource_type=row["resource_type"],
        source=row["source"],
        metric=row["metric"],
        unit=unit_of(row["metric"]),
        made_at=row["made_at"],
        prediction_window_hours=(last - row["made_at"]).total_seconds() / 3600,
        predicted_usage=frame["predicted_usage"].max(),  # type: ignore[arg-type]
        upper80=frame["hi80"].max(),  # type: ignore[arg-type]
        confidence_score=row["confidence_score"],
        confidence=row["confidence"],
        model_used=row["model"],
        why=row["why"],
        crossing=Crossing(**row["crossing"]) if row["crossing"] else None,
        points=[Point(**one) for one in frame[places].select(list(Point.model_fields)).iter_rows(named=True)],
        points_total=frame.height,
    )


def _spread(n: int, most: int) -> list[int]:
    """At most so many of ``n`` places, evenly spread, the last one among them."""
    shown = min(n, most)
    return [n - 1 - k * n // shown for k in reversed(range(shown))]


def _thinner(told: Prediction, room: int) -> Prediction:
    """A forecast with as many of its points as these bytes hold, one at least, evenly spread as they were."""
    points, most = told.points, len(told.points)
    while most > 1 and size_of(told) > room:
        most = most * 9 // 10
        told = told.model_copy(update={"points": [points[place] for place in _spread(len(points), most)]})
    return told


def _allocation(frame: pl.DataFrame) -> Allocation:
    row = frame.row(0, named=True)
    advice: dict[str, Any] = row["advice"]
    return Allocation(
        resource=_name(frame),
        action=advice["action"],
        currentAllocation=advice["current_allocation"],
        recommendedAllocation=advice["recommended_allocation"],
        predictedNeed=advice["predicted_need"],
        unit=unit_of(row["metric"]),
        reasoning=advice["reasoning"],
        triggers=advice["triggers"],
        actions=advice["actions"],
        actBy=advice["act_by"],
    )


def _urgency(frame: pl.DataFrame) -> tuple[int, str]:
    order = ("grow", "move", "shrink", "keep", "watch")
    return order.index(frame["advice"][0]["action"]), _name(frame)


def _unsure(frame: pl.DataFrame) -> Unsure:
    row = frame.row(0, named=True)
    return Unsure(source=row["source"], metric=row["metric"], confidence_score=row["confidence_score"], why=row["why"])


def _unsure_all(found: Frames, least: float) -> str:
    """Why no forecast is listed, though there are some."""
    scored = [score for frame in found if (score := _score(frame)) >= 0]
    known = f"the surest reaches {max(scored):.2g}" if scored else "no forecast from an earlier origin was compared"
    return (
        f"{plural(len(found), 'series')} forecast, none with an accuracy of {least:g} or more ({known}); "
        "they are in below_threshold, and confidence_threshold 0 lists them."
    )


def _unread(usage: pl.DataFrame, known: pl.DataFrame, kind: Resource) -> list[Missing]:
    if not usage.height:
        return [Missing(what="resource readings: none were ever taken", run=INGEST)]
    if not known.height:
        what = "forecasts: none were computed" if kind == "all" else f"a forecast of any {kind} series"
        return [Missing(what=what, run=f"{INGEST}; then {MATERIALIZE}")]
    return []


def _short(found: Frames, hours: float) -> list[Missing]:
    """Series whose forecast ends before the window does: it reaches a third of their past."""
    short = []
    for frame in found:
        ahead = (frame["ts"][-1] - frame["made_at"][0]).total_seconds() / 3600
        if ahead < hours - frame["interval_seconds"][0] / 3600:
            short.append((ahead, _name(frame)))
    if not short:
        return []
    least, name = min(short)
    what = f"{name} beyond {least:.2g} hours"
    if len(short) > 1:
        what = f"{len(short)} series as far ahead as was asked; the shortest is {what}"
    return [Missing(what=f"{what}: a forecast reaches a third of what was read", run=WATCH)]


def _unfit(lacking: Sequence[Sequence[str]], kind: Resource) -> list[Missing]:
    """Series that cannot be forecast, those of one reason together."""
    mine: dict[str, list[str]] = {}
    for source, metric, why in lacking:
        if kind in ("all", type_of(metric)):
            mine.setdefault(why, []).append(f"{metric} of {source}")
    return [Missing(what=f"{shortlist(names, MOST_UNFIT)}: {why}", run=WATCH) for why, names in mine.items()]


TOOLS: tuple[ToolSpec, ...] = (predict_resource_usage,)
