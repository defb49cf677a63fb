"""What a question names, what a query is, and what an answer is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from banana_assets.core.evidence import Evidence

Frames = Mapping[str, pl.DataFrame]
"""The tables that a query reads, by name."""


@dataclass(frozen=True)
class Span:
    """A time that a question names: from ``first`` until ``last`` (open where None), in the words it was asked in."""

    first: datetime
    last: datetime | None
    words: str


@dataclass(frozen=True)
class Named:
    """What a question names of the data. ``jobs`` are ``pipeline/job``; ``like`` is a text to be looked for."""

    build: str | None = None
    jobs: tuple[str, ...] = ()
    branch: str | None = None
    tests: tuple[str, ...] = ()
    category: str | None = None
    status: str | None = None
    span: Span | None = None
    resource: str | None = None
    source: str | None = None
    severity: str | None = None
    limit: int | None = None
    like: str | None = None

    def given(self) -> dict[str, object]:
        """What is named, and only that."""
        return {name: value for name, value in vars(self).items() if value not in (None, ())}


@dataclass(frozen=True)
class Reply:
    """An answer: sentences, and the facts that they rest on. Where ``missing`` says what is not there, it is none."""

    text: str
    facts: tuple[Evidence, ...] = ()
    missing: str = ""


@dataclass(frozen=True)
class Query:
    """A question that can be answered.

    ``says`` is what it answers, in words. A question means it when it has a word of each group of ``needs`` (a group
    may be met by what is named: ``@build``, ``@like``...), and every other word is in ``may`` or says nothing.
    ``takes`` are the fields of Named that narrow it; ``tables`` what it reads; ``fill`` what to bring in where they are
    empty.
    """

    name: str
    says: str
    needs: tuple[frozenset[str], ...]
    may: frozenset[str]
    takes: frozenset[str]
    tables: tuple[str, ...]
    fill: str
    answer: Callable[[Frames, Named], Reply]


@dataclass(frozen=True)
class Understood:
    """What a question means: the query, what it names, and words of it that were not used."""

    query: Query | None
    named: Named
    unused: tuple[str, ...] = ()
    why: str = ""
