"""The tool that says how planning goes and how healthy the system is."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import BaseModel, Field

from banana_assets.backends.advising import recommendations_now
from banana_assets.backends.plan_records import PlanRecords
from banana_assets.core.advice.bottlenecks import worst_first
from banana_assets.core.logs.states import with_states
from banana_assets.core.metrics.health_answer import system_health
from banana_assets.core.metrics.trends import trends
from banana_assets.core.plans.success import successes
from banana_assets.core.tables import (
    BOTTLENECKS,
    BUILD_HEALTH,
    LOG_FILES,
    LOG_PATTERNS,
    PLAN_OUTCOMES,
    SYSTEM_METRICS,
)
from banana_assets.core.text import cut
from banana_assets.core.vocabulary import SEVERITY_RANK
from banana_assets.interfaces.mcp.calls import Call
from banana_assets.interfaces.mcp.paging import FIGURE_BYTES, Cursor, MaxBytes, Paged, Part, fill, listed
from banana_assets.interfaces.mcp.records import (
    Difficulty,
    Missing,
    Pattern,
    Span,
    before_data,
    facts,
    pattern_fields,
    resolved_at,
)
from banana_assets.interfaces.mcp.tools import ToolSpec, tool

WEEK = 168.0
MOST_HOURS = 10 * 366 * 24
MOST_RECOMMENDATIONS, MOST_PATTERNS, MOST_BOTTLENECKS, MOST_DAYS = 5, 5, 5, 31
LONGEST_ADVICE = 160

MATERIALIZE = "banana materialize"
INGEST = "banana ingest builds PATH, or banana record -- COMMAND"

_DAY_SCHEMA = {
    "metric": pl.String,
    "unit": pl.String,
    "day": pl.Date,
    "value": pl.Float64,
    "observations": pl.Int64,
}


class Day(BaseModel):
    """A metric on one day."""

    day: date = Field(description="The day, UTC.")
    value: float = Field(description="The metric.")
    observations: int = Field(description="What it rests on: builds, tests, events or plans.")


class Trend(BaseModel):
    """Where a metric goes: the later half of the days against the earlier one."""

    metric: str = Field(description="Which metric.")
    unit: str = Field(description="In which unit; 1 for a share.")
    direction: Literal["improving", "stable", "degrading"] | None = Field(
        description="A change counts when its 95 % interval leaves 0 out; null where there are too few days to say."
    )
    changePercent: float | None = Field(description="Of the mean of the later days over that of the earlier ones.")  # noqa: N815
    why: str = Field(description="How it is known.")
    points: list[Day] = Field(description="By day; the latest 31.")


class HealthTrend(BaseModel):
    """Where the score goes."""

    metric: str = Field(description="build_health.")
    direction: str | None = Field(description="improving, stable or degrading.")
    changePercent: float | None = Field(description="Of the score against that of the builds before.")  # noqa: N815


class Health(BaseModel):
    """How the pipelines are."""

    score: float | None = Field(description="0 to 100; null where no build has ended.")
    issues: list[str] = Field(description="What cost points, the most first.")
    trends: list[HealthTrend] = Field(description="Where the score goes.")


class Advice(BaseModel):
    """Something worth doing; get_optimization_recommendations tells all of it."""

    id: str = Field(description="The same for the same advice.")
    subject: str = Field(description="What it is about.")
    description: str = Field(description="What to do, in short.")
    impact_score: float = Field(description="Impact from 0 to 10.")
    implementation_difficulty: Difficulty = Field(description="How hard, judged by its kind.")
    status: str = Field(description="open.")


class Metrics(BaseModel):
    """Planning and health in figures."""

    totalPlans: int = Field(description="Plans made in the window; those that abstained are none.")  # noqa: N815
    averageOptimizationScore: float | None = Field(description="Their mean; null without plans.")  # noqa: N815
    averageResourceEfficiency: float | None = Field(description="Mean of how sparing they are.")  # noqa: N815
    abstainedPlans: int = Field(description="Goals in the window for which there was no plan.")  # noqa: N815
    successRate: float | None = Field(description="Share of decided plans that worked.")  # noqa: N815
    decidedOutcomes: int = Field(description="On how many plans that rate rests.")  # noqa: N815
    averageExecutionTime: float | None = Field(  # noqa: N815
        description="Seconds from the first step begun to the last one done, of plans done in the window."
    )
    topRecommendations: list[Advice] = Field(description="Open, by impact; at most 5.")  # noqa: N815
    recentPatterns: list[Pattern] = Field(  # noqa: N815
        description="Unresolved, seen in the window, the latest first, without examples; last those without a time."
    )
    topBottlenecks: list[str] = Field(description="The worst, a line each.")  # noqa: N815
    implementedRecommendations: int = Field(description="Those that people say were done.")  # noqa: N815
    pendingRecommendations: int = Field(description="Those still open.")  # noqa: N815
    systemHealth: Health | None = Field(  # noqa: N815
        description="As of the latest build, whatever the window; null where it was not asked for."
    )


class PlanningMetrics(Paged):
    """How planning goes."""

    metrics: Metrics = Field(description="The figures.")
    trends: list[Trend] | None = Field(description="By day; null where they were not asked for.")
    window: Span = Field(description="What was looked at; it ends at the latest plan, build or event there is.")
    generated_at: datetime = Field(description="When this was asked.")
    time_range_hours: float = Field(description="Hours looked back on.")
    missing: list[Missing] = Field(description="What of the window is not in the data, and what to run.")


@tool("Measure planning and health")
def get_planning_metrics(
    call: Call,
    include_trends: Annotated[bool, Field(description="Say where metrics go, by day.")] = True,
    include_health_score: Annotated[bool, Field(description="Score the pipelines and say what cost points.")] = True,
    time_range_hours: Annotated[
        float, Field(gt=0, le=MOST_HOURS, description="Hours up to the latest plan, build or event in the data.")
    ] = WEEK,
    max_bytes: MaxBytes = FIGURE_BYTES,
    cursor: Cursor = None,
) -> PlanningMetrics:
    """Say how planning goes: plans made, how they score, how often they worked, what is worth doing, patterns seen
    lately, the health of the pipelines, and where metrics go by day.
    """
    tables, store = call.sources.tables, call.sources.store
    health, files = tables.read(BUILD_HEALTH), tables.read(LOG_FILES)
    states = store.pattern_states()
    patterns = _dated(with_states(tables.read(LOG_PATTERNS), states))
    plans = PlanRecords(store.engine).figures()
    moments = (plans["created_at"].max(), health["as_of"].max(), patterns["at"].max())
    daily = tables.read(SYSTEM_METRICS)
    end = max((m for m in moments if isinstance(m, datetime)), default=None)
    begin = None if end is None else end - timedelta(hours=time_range_hours)
    recent = _since(plans, "created_at", begin)
    made = recent.filter(pl.col("status") != "abstained")
    outcomes = tables.read(PLAN_OUTCOMES)
    fixed, decided = successes(_since(outcomes, "decided_at", begin))
    known = recommendations_now(store, tables)
    resolved = resolved_at(states)
    answer = PlanningMetrics(
        metrics=Metrics(
            totalPlans=made.height,
            averageOptimizationScore=_mean(made["optimization_score"]),
            averageResourceEfficiency=_mean(made["resource_efficiency"]),
            abstainedPlans=recent.height - made.height,
            successRate=fixed / decided if decided else None,
            decidedOutcomes=decided,
            averageExecutionTime=_mean(_executed(_since(outcomes, "done_at", begin))),
            topRecommendations=_top(call, known),
            recentPatterns=[
                Pattern(**pattern_fields(row | {"examples": []}, files, call.sources.quotes, resolved))
                for row in _recent(patterns, begin).drop("groups", "shapes").iter_rows(named=True)
            ],
            topBottlenecks=[
                f"{severity}: {told}"
                for severity, told in worst_first(tables.read(BOTTLENECKS))
                .head(MOST_BOTTLENECKS)
                .select("severity", "description")
                .iter_rows()
            ],
            implementedRecommendations=known.filter(status="implemented").height,
            pendingRecommendations=known.filter(status="open").height,
            systemHealth=Health(**system_health(health.to_dicts())) if include_health_score else None,
        ),
        trends=_trends(daily, made, begin) if include_trends else None,
        window=Span(begin=begin, end=end),
        generated_at=call.now,
        time_range_hours=time_range_hours,
        missing=_missing(call, end, wants_health=include_health_score and not health.height)
        + before_data(begin, _first(plans, daily, patterns), "builds, logs and plans", INGEST),
    )
    metrics = answer.metrics
    parts: list[Part[Any]] = [
        listed(metrics, name) for name in ("topRecommendations", "recentPatterns", "topBottlenecks")
    ]
    parts += [listed(metrics.systemHealth, "issues")] if metrics.systemHealth else []
    parts += [listed(answer, "trends")] if answer.trends is not None else []
    asked = {"trends": include_trends, "health": include_health_score, "hours": time_range_hours}
    fill(answer, [*parts, listed(answer, "missing")], asked, cursor, max_bytes)
    return answer


def _dated(patterns: pl.DataFrame) -> pl.DataFrame:
    """With ``at``: the latest event, no later than its file's arrival; null where its lines carry no time."""
    at = pl.when(pl.col("last_seen").is_not_null()).then(pl.min_horizontal("last_seen", "last_arrived"))
    return patterns.with_columns(at=at)


def _recent(patterns: pl.DataFrame, begin: datetime | None) -> pl.DataFrame:
    """Open patterns of the window, the latest first, then the worst. Those without a time count by their arrival."""
    came = patterns.with_columns(came=pl.coalesce("at", "last_arrived"))
    rank = pl.col("severity").replace_strict(SEVERITY_RANK, return_dtype=pl.Int8)
    return (
        _since(came, "came", begin)
        .filter(state="open")
        .sort(pl.col("last_seen"), rank, "pattern_id", descending=[True, True, False], nulls_last=True)
        .head(MOST_PATTERNS)
    )


def _first(plans: pl.DataFrame, daily: pl.DataFrame, patterns: pl.DataFrame) -> datetime | None:
    """The earliest plan, day with builds, or event."""
    moments = (plans["created_at"].min(), daily["ts"].min(), patterns["first_seen"].min())
    return min((m for m in moments if isinstance(m, datetime)), default=None)


def _since(frame: pl.DataFrame, column: str, begin: datetime | None) -> pl.DataFrame:
    return frame if begin is None else frame.filter(pl.col(column) >= begin)


def _mean(values: pl.Series) -> float | None:
    known = values.drop_nulls()
    return float(known.mean()) if len(known) else None  # type: ignore[arg-type]


def _executed(outcomes: pl.DataFrame) -> pl.Series:
    return outcomes.select((pl.col("done_at") - pl.col("begun_at")).dt.total_microseconds() / 1e6).to_series()


def _top(call: Call, known: pl.DataFrame) -> list[Advice]:
    """The weightiest that rest on something that holds."""
    worth = known.filter(status="open").head(MOST_RECOMMENDATIONS).to_dicts()
    return [
        Advice(
            id=row["recommendation_id"],
            description=cut(row["description"], LONGEST_ADVICE),
            **{name: row[name] for name in ("subject", "impact_score", "implementation_difficulty", "status")},
        )
        for row in worth
        if facts(row["evidence"], call.sources.quotes)
    ]


def _trends(metrics: pl.DataFrame, plans: pl.DataFrame, begin: datetime | None) -> list[Trend]:
    days = _since(metrics.filter(granularity="day", dimension="all"), "ts", _midnight(begin)).with_columns(
        day=pl.col("ts").dt.date()
    )
    scores = [
        plans.group_by(day=pl.col("created_at").dt.date())
        .agg(value=pl.col(column).mean(), observations=pl.col(column).count().cast(pl.Int64))
        .drop_nulls("value")
        .with_columns(metric=pl.lit(f"plan_{column}"), unit=pl.lit("1"))
        for column in ("optimization_score", "resource_efficiency")
    ]
    daily = pl.concat([frame.select(pl.col(n).cast(t) for n, t in _DAY_SCHEMA.items()) for frame in (days, *scores)])
    return [
        Trend(
            metric=t.metric,
            unit=t.unit,
            direction=t.direction,  # type: ignore[arg-type]
            changePercent=t.change_percent,
            why=t.why,
            points=[Day(**vars(point)) for point in t.points[-MOST_DAYS:]],
        )
        for t in trends(daily)
    ]


def _midnight(begin: datetime | None) -> datetime | None:
    return None if begin is None else begin.replace(hour=0, minute=0, second=0, microsecond=0)


def _missing(call: Call, end: datetime | None, *, wants_health: bool) -> list[Missing]:
    told = []
    if end is None:
        told.append(Missing(what="builds, logs and plans: there are none", run=INGEST))
    elif wants_health:
        there = call.sources.store.builds().height
        told.append(
            Missing(what="health: it was never computed", run=MATERIALIZE)
            if there
            else Missing(what="health: there is no build", run=INGEST)
        )
    for table in (SYSTEM_METRICS, LOG_PATTERNS):
        if call.sources.tables.version(table) is None:
            told.append(Missing(what=f"{table.name.replace('_', ' ')}: they were never computed", run=MATERIALIZE))
    return told


TOOLS: tuple[ToolSpec, ...] = (get_planning_metrics,)
