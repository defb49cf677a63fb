"""The tool that finds what was seen before, and a text in the lines of one log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from banana_assets.backends.search import Search, open_search, there_is_an_index
from banana_assets.core.errors import InputError
from banana_assets.core.evidence import plural
from banana_assets.core.search.types import Filters, Hit
from banana_assets.core.tables import LOG_PATTERNS
from banana_assets.core.text import cut
from banana_assets.core.vocabulary import SEARCH_KINDS
from banana_assets.interfaces.cli.asked import moment, nearest
from banana_assets.interfaces.mcp.calls import Call
from banana_assets.interfaces.mcp.log_lines import LogFile, LogLine, Shown, StoredLog, Texts, leaner, log_named
from banana_assets.interfaces.mcp.naming import BuildId
from banana_assets.interfaces.mcp.paging import DEFAULT_BYTES, Cursor, MaxBytes, Paged, Part, fill, listed
from banana_assets.interfaces.mcp.records import Missing, Severity, before_data
from banana_assets.interfaces.mcp.tools import ToolSpec, tool

MOST_HITS = 100
LONGEST_TITLE = 300
LONGEST_TEXT = 1_000
ENOUGH_WORDS = 0.5
"""A best hit with less of what was asked for is no reason not to look for the same in other words."""

MATERIALIZE = "banana materialize"
BRING = "banana ingest logs PATH, or banana ingest builds PATH"

Kind = Literal[SEARCH_KINDS]  # type: ignore[valid-type]
Kinds = Annotated[
    list[Kind],
    BeforeValidator(lambda told: [told] if isinstance(told, str) else told, json_schema_input_type=Kind | list[Kind]),
    Field(description=f"Only this kind of things, or these: {', '.join(SEARCH_KINDS)}."),
]


class FoundLine(LogLine):
    """A line that holds what was looked for."""


class FoundItem(BaseModel):
    """Something that was seen before."""

    kind: str
    key: str
    title: str
    text: str
    helped: str | None = Field(description="What made it go away, or what is proposed.")
    severity: str | None
    sources: list[str]
    first_seen: datetime | None
    last_seen: datetime | None
    build_id: str | None
    place: str | None = Field(
        description="Where an example of it stands: LOG:LINE, for `log_file` (of a failure `build_id`) and `around` of "
        "get_log_lines."
    )
    words: float | None = Field(description="Share of what was asked that it has, by how telling each word is.")
    cosine: float | None = Field(description="How near its meaning is; 1 is the same.")


class FoundInLogs(Paged):
    """What was found: things seen before, or lines of one log."""

    mode: str = Field(description="What was looked at: words, meaning, words and meaning, or lines of one log.")
    items: list[FoundItem] = Field(description="The nearest first.")
    lines: list[FoundLine]
    build_id: str | None
    log_file: str | None
    total: int = Field(
        description=f"How many there are that were asked for; of things seen before, at most {MOST_HITS}."
    )
    missing: list[Missing]
    notes: list[str]


@tool("Search logs and what was seen before")
def search_logs(
    call: Call,
    query: Annotated[str, Field(min_length=1, max_length=20_000, description="Words, or lines of a log.")],
    build_id: Annotated[
        BuildId | None, Field(description="Look in the lines of this build's log for the exact text, in any case.")
    ] = None,
    log_file: Annotated[LogFile | None, Field(description="The same in the log of an application.")] = None,
    how: Annotated[
        Literal["auto", "words", "meaning", "both"],
        Field(description="auto: by words, and by meaning too where words find little."),
    ] = "auto",
    kind: Kinds | None = None,
    severity: Annotated[Severity | None, Field(description="At least that severe.")] = None,
    source: Annotated[
        str | None, Field(max_length=500, description="Only of that program's log, pipeline, pipeline/job or host.")
    ] = None,
    since: Annotated[
        str | None,
        Field(
            max_length=40,
            description="Seen since then (UTC), or so long before the latest build or event: 24h, 7d.",
        ),
    ] = None,
    until: Annotated[str | None, Field(max_length=40, description="Seen before that day or time.")] = None,
    limit: Annotated[int, Field(ge=1, le=100, description="Most to find.")] = 10,
    max_bytes: MaxBytes = DEFAULT_BYTES,
    cursor: Cursor = None,
) -> FoundInLogs:
    """Search log patterns, failures, plans and more by words and meaning, with what helped; or, with a build or a log
    file, its lines for an exact text.
    """
    if build_id is not None or log_file is not None:
        told = [kind, severity, source, since, until]
        if any(value is not None for value in told):
            raise InputError("Lines of one log have no kind, severity, source or time.", "Leave these away.")
        return _in_lines(call, log_named(call, build_id, log_file), query, limit, max_bytes, cursor)
    settings = call.sources.settings
    if not there_is_an_index(settings):
        return _found("nothing", missing=[Missing(what="Nothing is indexed yet.", run=MATERIALIZE)])
    with open_search(settings, meaning=how != "words") as search:
        latest = max((m for m in (search.latest(), _latest_build(call)) if m is not None), default=None)
        filters = _filters(search, kind, severity, source, since, until, latest)
        hits = _hits(search, query, filters, how)
        mode, notes = _mode(search, hits, how), list(search.notes)
        if not hits and (since or until):
            notes += _at_other_times(_hits(search, query, replace(filters, since=None, until=None), how))
    asked = {"query": query, "how": how, "kind": kind, "severity": severity, "source": source} | {
        "since": since, "until": until
    }  # fmt: skip
    missing = _missing(call, filters, latest)
    made = _found(mode, total=len(hits), missing=missing, notes=notes)
    keys = [f"{hit.document.kind} {hit.document.key}" for hit in hits]
    things = Part(made, "items", keys, lambda n: _thing(hits[n]), limit)
    fill(made, [things, listed(made, "missing"), listed(made, "notes")], asked, cursor, max_bytes)
    return made


def _missing(call: Call, filters: Filters, latest: datetime | None) -> list[Missing]:
    """What of the time asked for has nothing in the data."""
    earliest = min((m for m in _firsts(call) if m is not None), default=None)
    told = before_data(filters.since, earliest, "logs and builds", BRING)
    if filters.until is not None and earliest is not None and filters.until < earliest:
        return [Missing(what=f"anything before {earliest:%Y-%m-%d %H:%M} UTC: logs and builds begin there", run=BRING)]
    if filters.since is not None and latest is not None and filters.since > latest:
        told.append(Missing(what=f"anything since then: the latest is of {latest:%Y-%m-%d %H:%M} UTC", run=BRING))
    return told


def _at_other_times(hits: list[Hit]) -> list[str]:
    """What is found where the time asked for holds nothing."""
    if not hits:
        return []
    latest = max((m for hit in hits if (m := hit.document.last_seen) is not None), default=None)
    seen = f", the latest of them last seen {latest:%Y-%m-%d %H:%M} UTC" if latest else ""
    return [f"Nothing in the time that was asked for; at other times {plural(len(hits), 'thing')}{seen}."]


def _latest_build(call: Call) -> Any:
    return call.sources.builds.read()["at"].max()


def _firsts(call: Call) -> Iterator[Any]:
    yield call.sources.tables.read(LOG_PATTERNS)["first_seen"].min()
    yield call.sources.builds.read()["at"].min()


def _filters(
    search: Search,
    kinds: list[str] | None,
    severity: str | None,
    source: str | None,
    since: str | None,
    until: str | None,
    latest: datetime | None,
) -> Filters:
    if source is not None and source not in (known := search.sources()):
        raise InputError(f"Nothing is known of the source {source}.", f"Near it are {nearest(source, known)}.")
    return Filters(
        tuple(kinds or ()),
        severity,
        source,
        moment(since, latest) if since else None,
        moment(until, latest) if until else None,
    )


def _hits(search: Search, query: str, filters: Filters, how: str) -> list[Hit]:
    hits = search.by("words" if how == "auto" else how)(query, filters, MOST_HITS)
    if how == "auto" and (not hits or (hits[0].words or 0.0) < ENOUGH_WORDS):
        return search.search(query, filters, MOST_HITS)
    return hits


def _mode(search: Search, hits: list[Hit], how: str) -> str:
    """What was looked at, of what can be: ``auto`` asks for meaning only where words find little."""
    if how == "meaning":
        return search.mode.removeprefix("words and ")
    return search.mode if how == "both" or any(hit.cosine is not None for hit in hits) else "words"


def _thing(hit: Hit) -> FoundItem:
    document = hit.document
    return FoundItem(
        kind=document.kind,
        key=document.key,
        title=cut(document.title, LONGEST_TITLE),
        text=cut(document.text, LONGEST_TEXT),
        helped=document.helped,
        severity=document.severity,
        sources=list(document.sources[:10]),
        first_seen=document.first_seen,
        last_seen=document.last_seen,
        build_id=document.build_id,
        place=document.told_place,
        words=None if hit.words is None else round(hit.words, 3),
        cosine=None if hit.cosine is None else round(hit.cosine, 3),
    )


def _in_lines(call: Call, log: StoredLog, query: str, limit: int, max_bytes: int, cursor: str | None) -> FoundInLogs:
    numbers = call.sources.pages.find(log.sha256, log.size, query) if log.total else []
    made = _found("lines of one log", total=len(numbers))
    made.build_id, made.log_file = log.build_id, log.path
    shown = Shown(call, log, numbers)
    lines = Part(made, "lines", Texts(numbers), lambda n: FoundLine(**shown.line(n)), limit, leaner)
    fill(made, [lines], {"query": query, "log": log.sha256}, cursor, max_bytes)
    return made


def _found(mode: str, *, total: int = 0, missing: Sequence[Missing] = (), notes: Sequence[str] = ()) -> FoundInLogs:
    return FoundInLogs(
        mode=mode, items=[], lines=[], build_id=None, log_file=None, total=total, missing=list(missing),
        notes=list(notes),
    )  # fmt: skip


TOOLS: tuple[ToolSpec, ...] = (search_logs,)
