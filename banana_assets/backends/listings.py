"""The derived tables as they are listed for others: which are shown, in which order, and what they can be asked for.

One declaration a table serves the HTTP interface and whoever else lists. Rows come in a settled order; a page ends with
a cursor that names its last row, so that pages join also when rows are added between them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import polars as pl

from banana_assets.backends.cursors import cursor_of, not_ours, values_of
from banana_assets.backends.tables import Tables
from banana_assets.core.errors import MissingError
from banana_assets.core.safety.serving import served
from banana_assets.core.schema import Table
from banana_assets.core.tables import (
    BOTTLENECKS,
    BUILD_CHANGES,
    BUILD_FAILURES,
    BUILD_HEALTH,
    BUILD_STEPS,
    EXECUTION_WINDOWS,
    FAILURE_CLUSTERS,
    FLAKY_TESTS,
    LLM_CALLS,
    LOG_PATTERNS,
    MEDIA_ITEMS,
    METADATA_QUALITY,
    METRIC_ANOMALIES,
    OPTIMIZATION_RECOMMENDATIONS,
    PLAN_OUTCOMES,
    PLAN_TEMPLATES,
    PLANS,
    QUEUE_SCHEDULES,
    RESOURCE_USAGE,
    RESOURCE_USAGE_PREDICTIONS,
    SYSTEM_METRICS,
    TASKS,
    TEST_HISTORY,
)
from banana_assets.core.text import short_path
from banana_assets.core.vocabulary import SEVERITY_RANK

FilterKind = Literal["is", "holds", "since", "until", "least"]


@dataclass(frozen=True)
class Filter:
    """A question about one column: equal to, a list that holds, at or after a moment, before one, at least."""

    column: str
    kind: FilterKind


@dataclass(frozen=True)
class Listing:
    """How a table is listed. ``order`` has columns with whether they descend; the table's key settles the rest."""

    name: str
    table: Table
    order: tuple[tuple[str, bool], ...]
    filters: Mapping[str, Filter] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """The columns that are shown."""
        return [c.name for c in self.table.columns if c.name not in self.hidden]


def _is(*columns: str) -> dict[str, Filter]:
    return {name: Filter(name, "is") for name in columns}


def _span(column: str) -> dict[str, Filter]:
    return {"since": Filter(column, "since"), "until": Filter(column, "until")}


LISTINGS: Mapping[str, Listing] = {
    listing.name: listing
    for listing in (
        Listing(
            "patterns",
            LOG_PATTERNS,
            (("severity_rank", True), ("frequency", True)),
            _is("severity", "state", "trend") | {"source": Filter("sources", "holds")} | _span("last_seen"),
            hidden=("groups", "shapes"),
        ),
        Listing(
            "failures",
            BUILD_FAILURES,
            (("failed_at", True),),
            _is("category", "build_id", "fingerprint", "tool") | _span("failed_at"),
        ),
        Listing(
            "clusters",
            FAILURE_CLUSTERS,
            (("last_seen", True),),
            _is("category", "state", "is_new") | {"job": Filter("jobs", "holds")} | _span("last_seen"),
        ),
        Listing("flaky-tests", FLAKY_TESTS, (("flake_rate_low", True),), _is("pipeline", "state", "quarantine")),
        Listing("tests", TEST_HISTORY, (("failing_builds", True), ("failures", True)), _is("pipeline", "last_status")),
        Listing("steps", BUILD_STEPS, (("build_id", False), ("position", False)), _is("build_id", "name")),
        Listing(
            "metrics",
            SYSTEM_METRICS,
            (("ts", True),),
            _is("metric", "granularity", "dimension", "subject") | _span("ts"),
        ),
        Listing("health", BUILD_HEALTH, (("pipeline", False),), _is("pipeline")),
        Listing(
            "changes",
            BUILD_CHANGES,
            (("found_at", True),),
            _is("pipeline", "job", "metric", "latest") | _span("found_at"),
        ),
        Listing("usage", RESOURCE_USAGE, (("ts", True),), _is("source", "metric") | _span("ts")),
        Listing(
            "forecasts",
            RESOURCE_USAGE_PREDICTIONS,
            (("source", False), ("metric", False), ("ts", False)),
            _is("source", "metric", "resource_type", "current") | _span("ts"),
        ),
        Listing("anomalies", METRIC_ANOMALIES, (("ts", True),), _is("origin", "metric", "subject") | _span("ts")),
        Listing("bottlenecks", BOTTLENECKS, (("severity_rank", True),), _is("kind", "severity")),
        Listing(
            "recommendations",
            OPTIMIZATION_RECOMMENDATIONS,
            (("impact_score", True),),
            _is("status", "recommendation_type", "implementation_difficulty")
            | {"min_impact": Filter("impact_score", "least")},
        ),
        Listing("tasks", TASKS, (("queued_at", True),), _is("queue", "kind", "status") | _span("queued_at")),
        Listing("queues", QUEUE_SCHEDULES, (("saved_seconds", True),), _is("origin", "queue", "verdict")),
        Listing(
            "windows",
            EXECUTION_WINDOWS,
            (("begins_at", False),),
            _is("origin", "queue", "kind", "host") | _span("begins_at"),
        ),
        Listing("media", MEDIA_ITEMS, (("arrived_at", True),), _is("collection", "record_schema", "kind", "title")),
        Listing(
            "metadata-quality",
            METADATA_QUALITY,
            (("share", True),),
            _is("record_schema", "collection", "field", "measure"),
            hidden=("history",),
        ),
        Listing("plans", PLANS, (("created_at", True),), _is("kind", "status", "planner", "subject", "template_id")),
        Listing(
            "outcomes", PLAN_OUTCOMES, (("decided_at", True),), _is("outcome", "category", "kind", "planner", "subject")
        ),
        Listing("templates", PLAN_TEMPLATES, (("success_low", True),), _is("category", "tool", "origin")),
        Listing(
            "costs",
            LLM_CALLS,
            (("started_at", True),),
            _is("task", "provider", "model", "outcome") | _span("started_at"),
        ),
    )
}
"""Every listing by its name."""

_NUMBER = re.compile("[0-9]{1,18}", re.ASCII)
_PLACES = frozenset({"path", "uri"})
_TELLING = frozenset({"description", "fact"})
_ABSOLUTE = re.compile(r"/|[A-Za-z]:\\")
_NAMED = re.compile(r"(?<!\S)/[^\n]+(?=, line \d+$)|(?<= ran since from `)/[^`\n]+")


@dataclass(frozen=True)
class Rows:
    """A page of rows ready for JSON, texts without secrets; ``total`` counts all that fit the questions."""

    items: list[dict[str, Any]]
    total: int
    following: str | None


def read(tables: Tables, listing: Listing, asked: Mapping[str, Any], *, limit: int, cursor: str | None = None) -> Rows:
    """The rows that fit, from the beginning or after a cursor.

    Raises InputError for a cursor that is none, or whose row is gone.
    """
    frame = _ordered(tables.scan(listing.table).filter(*_conditions(listing, asked)).collect(), listing)
    start = _after(frame, listing, cursor) if cursor else 0
    page = frame.slice(start, limit)
    more = start + page.height < frame.height and page.height > 0
    items = served([outward(row) for row in page.select(listing.columns).to_dicts()])
    following = cursor_of(*page.select(listing.table.key).row(-1)) if more else None
    return Rows(items, frame.height, following)


def one(tables: Tables, listing: Listing, key: str) -> dict[str, Any] | None:
    """The row of that key (its first column, as text); None where there is none."""
    name = listing.table.key[0]
    told: str | int = key
    if listing.table.dtypes[name].is_integer():
        if not _NUMBER.fullmatch(key):
            return None
        told = int(key)
    rows = tables.scan(listing.table).filter(pl.col(name) == told).select(listing.columns).collect()
    return served(outward(rows.row(0, named=True))) if rows.height else None


def outward(told: Any) -> Any:
    """What is told, without where on this machine the files lie that it names: each by its name and folder."""
    if isinstance(told, list | tuple):
        return [outward(one) for one in told]
    if not isinstance(told, dict):
        return told
    if told.get("kind") == "ingest" and told.get("arguments"):
        # What a step takes in; who launches it has the whole paths from the table.
        return told | {"arguments": [short_path(one) if _ABSOLUTE.match(one) else one for one in told["arguments"]]}
    # An item without a title is called by its place.
    places = {*_PLACES, "title"} if "item_id" in told else _PLACES
    return {n: _placed(n, v, places) if isinstance(v, str) else outward(v) for n, v in told.items()}


def _placed(name: str, text: str, places: Collection[str]) -> str:
    if name in places:
        return short_path(text) if _ABSOLUTE.match(text) else text
    # Advice and plans of before told examples, and where builds were taken from, so.
    return _NAMED.sub(lambda found: short_path(found[0]), text) if name in _TELLING else text


def _conditions(listing: Listing, asked: Mapping[str, Any]) -> list[pl.Expr]:
    found = []
    for name, value in asked.items():
        if value is None:
            continue
        column, kind = pl.col(listing.filters[name].column), listing.filters[name].kind
        if kind == "is":
            found.append(column == value)
        elif kind == "holds":
            found.append(column.list.contains(value))
        elif kind == "until":
            found.append(column < pl.lit(value))
        else:
            found.append(column >= pl.lit(value))
    return found


def _ordered(frame: pl.DataFrame, listing: Listing) -> pl.DataFrame:
    by = [*listing.order, *((name, False) for name in listing.table.key if name not in dict(listing.order))]
    ranked = (
        pl.col("severity").replace_strict(SEVERITY_RANK, default=0, return_dtype=pl.Int64)
        if "severity" in frame.columns
        else pl.lit(0)
    )
    return frame.with_columns(severity_rank=ranked).sort(
        [name for name, _ in by], descending=[down for _, down in by], nulls_last=True, maintain_order=True
    )


def _after(frame: pl.DataFrame, listing: Listing, cursor: str) -> int:
    names = listing.table.key
    key = values_of(cursor, len(names))
    told = [_typed(value, listing.table.dtypes[name]) for name, value in zip(names, key, strict=True)]
    same = pl.all_horizontal([pl.col(n).eq_missing(pl.lit(v)) for n, v in zip(names, told, strict=True)])
    places = frame.select(same.arg_true()).to_series()
    if not places.len():
        raise MissingError("The list has changed: the last row of that page is gone.", "Begin again without a cursor.")
    return int(places[0]) + 1


def _typed(value: Any, dtype: Any) -> Any:
    """A value of a key as JSON holds it, in the type of its column. Raises MissingError for one of another type."""
    if value is None:
        return None
    if isinstance(dtype, pl.Datetime):
        try:
            moment = datetime.fromisoformat(value)
        except (ValueError, TypeError) as error:
            raise not_ours() from error
        if moment.tzinfo is None:
            raise not_ours()
        return moment
    if dtype.is_integer():
        if type(value) is not int or abs(value) >= 2**31:
            raise not_ours()
    elif not isinstance(value, str):
        raise not_ours()
    return value
