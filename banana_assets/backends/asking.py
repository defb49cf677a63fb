"""``banana ask``: a question in words, answered from the tables, each figure with where it comes from.

Which query a question means is decided by its words. Where they decide nothing and a language model is set up, it may
choose one of the declared queries; it writes no word and no figure of the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from banana_assets.backends.reading_store import ReadingStore
from banana_assets.backends.tables import Tables
from banana_assets.core.ask.choosing import NONE, request
from banana_assets.core.ask.meaning import query, taken, understood
from banana_assets.core.ask.naming import Known
from banana_assets.core.ask.serving import served
from banana_assets.core.ask.types import Named, Query, Reply, Understood
from banana_assets.core.evidence import Evidence
from banana_assets.core.models.types import ModelError
from banana_assets.core.tables import BUILDS, LOG_FILES, RESOURCE_ROLLUPS, TABLES, TEST_HISTORY

if TYPE_CHECKING:
    from banana_assets.backends.llm.models import Models

SECONDS = 20.0
"""A model that is asked which query is meant has so long."""
HITS = 5
EXAMPLES = (
    "Ask, for example, why the last build failed, what fails most, how many builds failed last week, which tests are "
    "flaky, what takes longest, when the disk is full, what is new in the logs, or what to improve."
)


@dataclass(frozen=True)
class Answered:
    """What was asked, how it was understood (``by`` the words or a model), and the answer.

    ``answered`` is whether the data hold one; if not, ``missing`` says what is not there and what brings it in.
    ``unused`` are words of the question that play no part in the answer. ``versions`` are those of the tables read.
    """

    question: str
    query: str | None
    by: str
    named: Mapping[str, Any]
    unused: tuple[str, ...]
    answered: bool
    answer: str
    missing: str
    facts: tuple[Evidence, ...]
    versions: Mapping[str, int | None]


def ask(store: ReadingStore, tables: Tables, question: str, *, now: datetime, models: Models | None = None) -> Answered:
    """The answer to a question, or what is not in the data."""
    builds = store.builds()
    meant = understood(question, _known(tables, builds, now))
    by = "words"
    if meant.query is None and models is not None and models.configured:
        meant, by = _chosen(models, question, meant)
    if meant.query is None:
        reply = Reply("", missing=f"{meant.why} {EXAMPLES}")
        return _answered(question, meant, by, served(reply), {})
    frames, versions = _read(tables, builds, meant.query, meant.named)
    used = [name for name in meant.query.tables if name != "failure_clusters"] or list(meant.query.tables)
    if all(not frames[name].height for name in used) and meant.query.name not in (
        "outcomes",
        "templates",
        "model_costs",
    ):
        empty = _empty(meant.query, builds, tables)
        return _answered(question, meant, by, Reply("", missing=empty), versions)
    return _answered(question, meant, by, served(meant.query.answer(frames, meant.named)), versions)


def _known(tables: Tables, builds: pl.DataFrame, now: datetime) -> Known:
    tests = tables.scan(TEST_HISTORY).select("test_id", "title").collect()
    logs = tables.scan(LOG_FILES).select("source").unique().collect()["source"]
    hosts = tables.scan(RESOURCE_ROLLUPS).select("source").unique().collect()["source"]
    ended = (
        builds.select(pl.coalesce("finished_at", "started_at", "arrived_at").max()).item() if builds.height else None
    )
    return Known(
        now=now,
        latest=ended,
        builds=builds["build_id"].to_list(),
        jobs=sorted(builds.select(pl.concat_str("pipeline", "job", separator="/").unique()).to_series().to_list()),
        branches=sorted(builds["branch"].drop_nulls().unique().to_list()),
        tests=dict(tests.iter_rows()),
        sources=sorted({*logs.to_list(), *hosts.to_list()}),
    )


def _chosen(models: Models, question: str, meant: Understood) -> tuple[Understood, str]:
    """The query that a model chooses; what it is narrowed by stays what the words name."""
    try:
        answer = models.generate(request(question), complexity=0.1, deadline_seconds=SECONDS)
    except ModelError:
        return meant, "words"
    name = answer.value.get("query")
    if name == NONE or not isinstance(name, str):
        return meant, answer.model
    chosen = query(name)
    return replace(meant, query=chosen, named=taken(meant.named, chosen)), answer.model


def _read(
    tables: Tables, builds: pl.DataFrame, meant: Query, named: Named
) -> tuple[dict[str, pl.DataFrame], dict[str, int | None]]:
    frames = {}
    for name in meant.tables:
        frames[name] = builds if name == BUILDS.name else tables.read(TABLES[name])
    if named.like is not None:
        frames["hits"] = _hits(named.like, named.limit or HITS)
    return frames, {name: tables.version(TABLES[name]) for name in meant.tables if name != BUILDS.name}


def _hits(like: str, limit: int) -> pl.DataFrame:
    from banana_assets.backends.search import open_search, there_is_an_index
    from banana_assets.backends.settings import load

    settings = load()
    rows: list[dict[str, Any]] = []
    if there_is_an_index(settings):
        with open_search(settings, meaning=False) as index:
            found = [hit.document for hit in index.text(like, limit=limit)]
            rows = [{"kind": d.kind, "key": d.key, "title": d.title, "helped": d.helped} for d in found]
    return pl.DataFrame(rows, schema=dict.fromkeys(("kind", "key", "title", "helped"), pl.String))


def _empty(meant: Query, builds: pl.DataFrame, tables: Tables) -> str:
    told = f"The data do not tell {meant.says} yet: {' and '.join(meant.tables)} hold nothing."
    if builds.height and all(tables.version(TABLES[name]) is None for name in meant.tables if name != BUILDS.name):
        return f"{told} They are computed by `banana materialize`."
    return f"{told} {meant.fill[0].upper()}{meant.fill[1:]}." if meant.fill[0] != "`" else f"{told} {meant.fill}."


def _answered(question: str, meant: Understood, by: str, reply: Reply, versions: Mapping[str, int | None]) -> Answered:
    return Answered(
        question=question,
        query=meant.query.name if meant.query else None,
        by=by,
        named=meant.named.given(),
        unused=meant.unused,
        answered=not reply.missing,
        answer=reply.text,
        missing=reply.missing,
        facts=reply.facts,
        versions=versions,
    )
