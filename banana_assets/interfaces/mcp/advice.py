"""The tool that says what is worth doing."""

from __future__ import annotations

from typing import Annotated, Literal

import polars as pl
from pydantic import BaseModel, Field

from banana_assets.backends.advising import recommendations_now
from banana_assets.backends.tables import Tables
from banana_assets.core.advice.confidence import with_confidence
from banana_assets.core.tables import (
    BUILD_FAILURES,
    METADATA_QUALITY,
    OPTIMIZATION_RECOMMENDATIONS,
    QUEUE_SCHEDULES,
    RESOURCE_USAGE,
    RESOURCE_USAGE_PREDICTIONS,
)
from banana_assets.interfaces.mcp.calls import Call
from banana_assets.interfaces.mcp.paging import LEAN_BYTES, Cursor, MaxBytes, Paged, Part, fill, listed
from banana_assets.interfaces.mcp.records import Missing, Recommendation, leaner, recommendation
from banana_assets.interfaces.mcp.tools import ToolSpec, tool

Category = Literal["performance", "resource", "metadata", "reliability", "schedule_optimization", "all"]
Hardness = Literal["low", "medium", "high", "all"]
Status = Literal["open", "implemented", "dismissed", "closed", "all"]

MATERIALIZE = "banana materialize"
RESTS_ON = {
    "metadata": (METADATA_QUALITY, "No media were looked at.", "banana ingest media PATH --collection NAME"),
    "resource": (RESOURCE_USAGE, "No resource was read.", "banana watch, or banana ingest resources FILE"),
    "schedule_optimization": (QUEUE_SCHEDULES, "No queue has ended tasks.", "banana ingest tasks FILE"),
}
"""Categories that need data of their own: the table, what is to be said where it is empty, and what brings it in."""


class Filters(BaseModel):
    """What the list was narrowed to."""

    category: Category = Field(description="What it improves.")
    min_impact_score: float = Field(description="Least impact.")
    implementation_difficulty: Hardness = Field(description="How hard.")
    status: Status = Field(description="What people decided.")


class Recommendations(Paged):
    """Recommendations, the weightiest first."""

    total_recommendations: int = Field(description="How many there are in all.")
    filtered_recommendations: int = Field(description="How many of them pass the filters.")
    recommendations: list[Recommendation] = Field(description="Those that fit, the greatest impact first.")
    filters_applied: Filters = Field(description="The filters, as they were understood.")
    withheld: int = Field(description="Left out here, since the logs do not say what they quote.")
    missing: list[Missing] = Field(description="What is not in the data yet, and what to run.")


@tool("Recommend what is worth doing")
def get_optimization_recommendations(
    call: Call,
    category: Annotated[Category, Field(description="Only those that improve this.")] = "all",
    min_impact_score: Annotated[float, Field(ge=0, le=10, description="Only those of at least this impact.")] = 0,
    implementation_difficulty: Annotated[Hardness, Field(description="Only those of this difficulty.")] = "all",
    limit: Annotated[int, Field(ge=1, le=50, description="Most recommendations.")] = 10,
    status: Annotated[Status, Field(description="What people decided, or closed: no longer found.")] = "open",
    max_bytes: MaxBytes = LEAN_BYTES,
    cursor: Cursor = None,
) -> Recommendations:
    """Say what is worth doing about builds, tests, logs and resources: impact, difficulty, how sure, and the evidence.

    Nothing is changed by asking.
    """
    tables = call.sources.tables
    known = recommendations_now(call.sources.store, tables)
    wanted = {"status": status, "recommendation_type": category, "implementation_difficulty": implementation_difficulty}
    found = known.filter(pl.col("impact_score") >= min_impact_score)
    found = found.filter(**{column: word for column, word in wanted.items() if word != "all"})
    found = with_confidence(found, tables.read(BUILD_FAILURES), tables.read(RESOURCE_USAGE_PREDICTIONS))
    filters = Filters(
        category=category,
        min_impact_score=min_impact_score,
        implementation_difficulty=implementation_difficulty,
        status=status,
    )
    answer = Recommendations(
        total_recommendations=known.height,
        filtered_recommendations=found.height,
        recommendations=[],
        filters_applied=filters,
        withheld=0,
        missing=_missing(tables, category),
    )

    def told(n: int) -> Recommendation | None:
        made = recommendation(found.row(n, named=True), call.sources.quotes)
        answer.withheld += made is None
        return made

    ids = found["recommendation_id"].to_list()
    advice = Part(answer, "recommendations", ids, told, limit, leaner)
    fill(answer, [advice, listed(answer, "missing")], filters.model_dump(), cursor, max_bytes)
    return answer


def _missing(tables: Tables, category: str) -> list[Missing]:
    if tables.version(OPTIMIZATION_RECOMMENDATIONS) is None:
        return [Missing(what="Recommendations were never computed.", run=MATERIALIZE)]
    if category in RESTS_ON:
        table, what, run = RESTS_ON[category]
        if tables.read(table).is_empty():
            return [Missing(what=what, run=f"{run}; then {MATERIALIZE}")]
    return []


TOOLS: tuple[ToolSpec, ...] = (get_optimization_recommendations,)
