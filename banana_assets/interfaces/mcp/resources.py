"""What can be read by its address: builds, plans and patterns, masked and bounded, with their ids completed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import quote

import polars as pl

from banana_assets.backends.plan_records import PlanRecords
from banana_assets.core.advice.quoting import example_citation
from banana_assets.core.errors import InputError
from banana_assets.core.ids import begun
from banana_assets.core.logs.states import with_states
from banana_assets.core.plans.text import as_markdown
from banana_assets.core.plans.types import Plan
from banana_assets.core.tables import LOG_FILES, LOG_PATTERNS
from banana_assets.core.text import cut
from banana_assets.interfaces.mcp.calls import Call, Sources
from banana_assets.interfaces.mcp.explaining import explain_failure
from banana_assets.interfaces.mcp.naming import plan_named
from banana_assets.interfaces.mcp.paging import MOST_BYTES
from banana_assets.interfaces.mcp.records import Pattern, Quote, pattern_fields, resolved_at

JSON, MARKDOWN = "application/json", "text/markdown"
NEWEST = 10
"""So many of each kind are listed."""

MOST_COMPLETED = 100
TITLE = 120
EXAMPLES = 3


@dataclass(frozen=True)
class Listed:
    """A resource in the list."""

    uri: str
    name: str
    title: str
    mime_type: str


@dataclass(frozen=True)
class Kind:
    """A kind of resource.

    ``read`` gives its text and raises BananaError; ``newest`` lists a few, with titles; ``ids`` are those that an id
    may be completed to, the likeliest first.
    """

    scheme: str
    title: str
    description: str
    mime_type: str
    read: Callable[[Call, str], str]
    newest: Callable[[Sources], list[tuple[str, str]]]
    ids: Callable[[Sources], list[str]]

    @property
    def template(self) -> str:
        """The URI with a place for the id."""
        return self.scheme + "://{id}"

    def uri(self, ident: str) -> str:
        """The URI of one."""
        return f"{self.scheme}://{quote(ident, safe='')}"

    def listed(self, sources: Sources) -> list[Listed]:
        """The few that are listed."""
        return [
            Listed(self.uri(ident), f"{self.scheme} {ident}", cut(" ".join(title.split()), TITLE), self.mime_type)
            for ident, title in self.newest(sources)
        ]

    def completed(self, sources: Sources, begun: str) -> list[str]:
        """The ids that begin so; where none does, those that have it in them."""
        ids = self.ids(sources)
        return [one for one in ids if one.startswith(begun)] or [one for one in ids if begun in one]


class WholePattern(Pattern):
    """A pattern in full."""

    files: int
    trend: float | None
    rarity: float
    state: str
    examples: list[Quote]


def _build(call: Call, ident: str) -> str:
    if not ident:
        raise InputError("No build is named.", "resources/list has the newest ones; list_failed_builds has more.")
    return explain_failure.function(call, ident, max_bytes=MOST_BYTES).model_dump_json(by_alias=True)


def _builds(sources: Sources) -> list[tuple[str, str]]:
    failed = sources.builds.read().filter(pl.col("status").is_in(["failed", "error"])).head(NEWEST)
    return [
        (row["build_id"], f"{row['pipeline']}/{row['job']}: {row['cause'] or row['status']}")
        for row in failed.iter_rows(named=True)
    ]


def _build_ids(sources: Sources) -> list[str]:
    builds = sources.builds.read()
    red = pl.col("status").is_in(["failed", "error"])
    return [*builds.filter(red)["build_id"], *builds.filter(~red)["build_id"]]


def _plan(call: Call, ident: str) -> str:
    return as_markdown(held(plan_named(call, ident), call.sources)) + "\n"


def held(plan: Plan, sources: Sources) -> Plan:
    """The plan with those of its citations that their logs still say."""
    steps = [
        replace(step, citations=tuple(c for c in map(sources.quotes.restated, step.citations) if c is not None))
        for step in plan.subtasks
    ]
    return replace(plan, subtasks=tuple(steps))


def _plans(sources: Sources) -> list[tuple[str, str]]:
    made = PlanRecords(sources.store.engine).figures().filter(pl.col("status") != "abstained").tail(NEWEST).reverse()
    return list(made.select("plan_id", "goal").iter_rows())


def _plan_ids(sources: Sources) -> list[str]:
    return PlanRecords(sources.store.engine).figures()["plan_id"].reverse().to_list()


def _pattern(call: Call, ident: str) -> str:
    tables, quotes = call.sources.tables, call.sources.quotes
    states = call.sources.store.pattern_states()
    known = tables.read(LOG_PATTERNS)
    mine = begun(ident, known["pattern_id"].to_list(), "pattern", "analyze_system_logs lists them.")
    found = with_states(known.filter(pattern_id=mine), states)
    row, files = found.row(0, named=True), tables.read(LOG_FILES)
    cited = [example_citation(example, files) for example in row["examples"][:EXAMPLES]]
    shown = [Quote(**one) for one in (quotes.restated(c) for c in cited if c) if one]
    fields = pattern_fields(row, files, quotes, resolved_at(states))
    same = {name: row[name] for name in ("files", "trend", "rarity", "state")}
    return WholePattern(**fields, **same, examples=shown).model_dump_json(by_alias=True)


def _patterns(sources: Sources) -> list[tuple[str, str]]:
    worst = _worst(sources).filter(state="open").head(NEWEST)
    return list(worst.select("pattern_id", "named_template").iter_rows())


def _pattern_ids(sources: Sources) -> list[str]:
    return _worst(sources)["pattern_id"].to_list()


def _worst(sources: Sources) -> pl.DataFrame:
    known = sources.tables.read(LOG_PATTERNS)
    return known.sort(["severity_number", "frequency", "pattern_id"], descending=[True, True, False])


KINDS: tuple[Kind, ...] = (
    Kind(
        "build",
        "Build",
        "A build and, where it failed, all that explains it: the answer of explain_failure.",
        JSON,
        _build,
        _builds,
        _build_ids,
    ),
    Kind(
        "plan",
        "Plan",
        "A plan: steps in order with the log lines they rest on, risks, fallback, prediction.",
        MARKDOWN,
        _plan,
        _plans,
        _plan_ids,
    ),
    Kind(
        "pattern",
        "Log pattern",
        "A template of log messages: how often, how bad, since when, with example lines.",
        JSON,
        _pattern,
        _patterns,
        _pattern_ids,
    ),
)
