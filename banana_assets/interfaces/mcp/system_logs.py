"""The tool that says what the logs of applications did."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import BaseModel, Field

from banana_assets.backends.advising import recommendations_now
from banana_assets.backends.focusing import Focus, asks, focus
from banana_assets.core.advice.bottlenecks import worst_first
from banana_assets.core.advice.confidence import with_confidence
from banana_assets.core.errors import InputError
from banana_assets.core.evidence import plural
from banana_assets.core.logs.states import with_states
from banana_assets.core.logs.triage import MOST_SHOWN
from banana_assets.core.logs.window import LEAST_OF_LEVEL, SEVERITY_RULE, Window, patterns_within, window
from banana_assets.core.tables import (
    BOTTLENECKS,
    BUILD_FAILURES,
    LOG_FILES,
    LOG_PATTERNS,
    LOG_SHAPES,
    RESOURCE_USAGE_PREDICTIONS,
)
from banana_assets.core.text import cut
from banana_assets.interfaces.mcp.calls import Call
from banana_assets.interfaces.mcp.paging import LEAN_BYTES, Cursor, MaxBytes, Paged, Part, fill, listed
from banana_assets.interfaces.mcp.records import (
    Missing,
    Pattern,
    Recommendation,
    Severity,
    Span,
    before_data,
    pattern_fields,
    recommendation,
    resolved_at,
)
from banana_assets.interfaces.mcp.tools import ToolSpec, tool

DEFAULT_HOURS = 24.0
MOST_HOURS = 10 * 366 * 24
MOST_ISSUES = 5
LONGEST_ISSUE = 80
MOST_BOTTLENECKS = 5
MOST_RECOMMENDATIONS = 10
OF_LOGS = ("pattern_rate", "errors_in_hour")
"""What recommendations that rest on logs are measured by (``vocabulary.EFFECT_MEASURES``)."""

INGEST, MATERIALIZE = "banana ingest logs PATH", "banana materialize"

Level = Literal["error", "warn", "info", "debug"]


class Seen(Pattern):
    """A pattern that came in the window; ``frequency`` and ``last_detected`` are those of the window."""

    frequency_in_all: int = Field(description="Events in all that was ingested.")


class Summary(BaseModel):
    """The window in figures, over all levels."""

    totalLogs: int = Field(description="Events.")  # noqa: N815
    errorRate: float | None = Field(description="Share of errors; null without events.")  # noqa: N815
    warningRate: float | None = Field(description="Share of warnings.")  # noqa: N815
    topIssues: list[str] = Field(description="The worst patterns, a short line each.")  # noqa: N815
    sources: int = Field(description="How many logs wrote in it.")
    withoutTime: int = Field(  # noqa: N815
        description="Events whose lines carry no time; they count by when their file arrived."
    )


class Stuck(BaseModel):
    """Something that holds things up."""

    id: str = Field(description="The same for the same bottleneck.")
    kind: str = Field(description="What sort.")
    subject: str = Field(description="Which job, queue, resource or pattern.")
    severity: Severity = Field(description="How bad, by the rule.")
    description: str = Field(description="One sentence with the figures.")
    rule: str = Field(description="The rule that gave the severity.")


class LogAnalysis(Paged):
    """What the logs did in a window."""

    time_range_hours: float = Field(description="Hours looked back on.")
    window: Span = Field(
        description="What was counted: from a whole hour, the one in which the span begins, to the latest event."
    )
    patterns_found: int = Field(description="Patterns in the window that pass log_level.")
    patterns: list[Seen] = Field(description="The worst first; none where they were not asked for.")
    severity_rule: str = Field(description="How severities are given.")
    summary: Summary = Field(description="The window in figures, over all levels.")
    bottlenecks: list[Stuck] = Field(description="What held things up in the window, builds and resources too.")
    recommendations: list[Recommendation] = Field(description="Open ones that rest on logs, where asked for.")
    focus: list[str] = Field(description="Ids of patterns that the model asked would look at first; none without one.")
    model_used: str = Field(description="The language model that chose them, or none.")
    notes: list[str] = Field(description="What else is to be known: a model that did not answer.")
    analysis_timestamp: datetime = Field(description="When this was asked.")
    missing: list[Missing] = Field(description="What of the window is not in the data, and what to run.")


@tool("Analyze the logs of applications", reaches_out=True)
def analyze_system_logs(
    call: Call,
    time_range_hours: Annotated[
        float,
        Field(
            ge=0,
            le=MOST_HOURS,
            description="Hours up to the latest event in the data; 0 is what the settings say, 24 unless told.",
        ),
    ] = DEFAULT_HOURS,
    log_level: Annotated[
        Level | None, Field(description="Only patterns whose events reach this level; all where it is not given.")
    ] = None,
    include_patterns: Annotated[bool, Field(description="List the patterns, or only count them.")] = True,
    generate_recommendations: Annotated[bool, Field(description="Say what is worth doing about them.")] = False,
    model: Annotated[
        str | None,
        Field(
            max_length=200,
            description="Ask this language model (PROVIDER/NAME or NAME) which patterns to look at first; without it, "
            "or with `none`, none is asked: every figure is counted.",
        ),
    ] = None,
    limit: Annotated[int, Field(ge=1, le=500, description="Most patterns.")] = 10,
    max_bytes: MaxBytes = LEAN_BYTES,
    cursor: Cursor = None,
) -> LogAnalysis:
    """Say what application logs did in a span of time: error rates, patterns by severity with an example line each,
    what held things up, and on request what is worth doing.

    The span ends at the latest event in the data, so that old recordings have an answer too, and events count by the
    hour; `window` says which hours these are, and `missing` what of them was never ingested.
    """
    tables, store = call.sources.tables, call.sources.store
    hours = time_range_hours or float(call.sources.settings.log_analysis_window_hours)
    files = tables.read(LOG_FILES)
    found = window(tables.read(LOG_SHAPES), files, hours)
    states = store.pattern_states()
    known = with_states(tables.read(LOG_PATTERNS), states)
    within = patterns_within(found, known, LEAST_OF_LEVEL[log_level] if log_level else 0)
    resolved = resolved_at(states)
    first = _focus(call, within, model)
    answer = LogAnalysis(
        time_range_hours=hours,
        window=Span(begin=found.counted, end=found.end),
        patterns_found=within.height,
        patterns=[],
        severity_rule=SEVERITY_RULE,
        summary=_summary(found, within),
        bottlenecks=_bottlenecks(tables.read(BOTTLENECKS), found.begin),
        recommendations=_recommendations(call) if generate_recommendations else [],
        focus=list(first.patterns),
        model_used=first.model,
        notes=list(first.notes),
        analysis_timestamp=call.now,
        missing=_missing(call, found, files, hours),
    )

    def seen(n: int) -> Seen:
        row = within.row(n, named=True)
        told = pattern_fields(row, files, call.sources.quotes, resolved)
        told |= {"frequency": row["within"], "last_detected": row["last_within"]}
        return Seen(**told, frequency_in_all=row["frequency"])

    ids = within["pattern_id"].to_list() if include_patterns else []
    parts: list[Part[Any]] = [Part(answer, "patterns", ids, seen, limit)]
    parts += [listed(answer, "recommendations"), listed(answer, "bottlenecks")]
    asked = {"hours": hours, "level": log_level, "patterns": include_patterns, "advice": generate_recommendations}
    fill(answer, [*parts, listed(answer, "missing")], asked, cursor, max_bytes)
    return answer


def _summary(found: Window, within: pl.DataFrame) -> Summary:
    worst = within.filter(pl.col("severity") != "low").head(MOST_ISSUES)
    return Summary(
        totalLogs=found.events,
        errorRate=found.errors / found.events if found.events else None,
        warningRate=found.warnings / found.events if found.events else None,
        topIssues=[
            f"{row['severity']}: {cut(row['named_template'], LONGEST_ISSUE)} ({plural(row['within'], 'time')})"
            for row in worst.iter_rows(named=True)
        ],
        sources=found.cells["source"].n_unique(),
        withoutTime=found.untimed,
    )


def _focus(call: Call, within: pl.DataFrame, model: str | None) -> Focus:
    if not asks(model):
        return Focus()
    call.progress(0, 1, f"asking {model} which patterns to look at first")
    try:
        rows = within.head(MOST_SHOWN).to_dicts()
        return focus(call.sources.settings, call.sources.store.engine, rows, model)
    except InputError as error:
        return Focus(notes=(str(error),))


def _bottlenecks(frame: pl.DataFrame, begin: datetime | None) -> list[Stuck]:
    current = frame if begin is None else frame.filter(pl.col("until").is_null() | (pl.col("until") >= begin))
    rows = worst_first(current).head(MOST_BOTTLENECKS).iter_rows(named=True)
    same = ("kind", "subject", "severity", "description", "rule")
    return [Stuck(id=row["bottleneck_id"], **{name: row[name] for name in same}) for row in rows]


def _recommendations(call: Call) -> list[Recommendation]:
    tables = call.sources.tables
    known = recommendations_now(call.sources.store, tables).filter(
        pl.col("status") == "open", pl.col("target").struct.field("measure").is_in(OF_LOGS)
    )
    sure = with_confidence(
        known.head(MOST_RECOMMENDATIONS), tables.read(BUILD_FAILURES), tables.read(RESOURCE_USAGE_PREDICTIONS)
    )
    made = (recommendation(row, call.sources.quotes) for row in sure.iter_rows(named=True))
    return [one for one in made if one]


def _missing(call: Call, found: Window, files: pl.DataFrame, hours: float) -> list[Missing]:
    told = []
    unread = call.sources.store.log_files().join(files, on="file_id", how="anti").height
    if unread:
        what = f"{plural(unread, 'log file')} came in since the patterns were computed"
        told.append(Missing(what=what, run=MATERIALIZE))
    if not found.cells.height and not unread:
        told.append(Missing(what="application logs: none was ingested", run=INGEST))
    if found.end is None:
        return told
    told += before_data(found.begin, found.first, "logs", INGEST)
    if call.now - found.end > timedelta(hours=hours):
        told.append(Missing(what=f"the last {hours:g} hours: the latest event is of {_time(found.end)}", run=INGEST))
    return told


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


TOOLS: tuple[ToolSpec, ...] = (analyze_system_logs,)
