"""What is searched and what is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from banana_assets.core.errors import InputError
from banana_assets.core.evidence import stable_id
from banana_assets.core.text import short_path
from banana_assets.core.vocabulary import SEARCH_KINDS, SEVERITIES

COLLECTIONS = {
    "pattern": "log_patterns",
    "failure": "failures",
    "resource": "resource_usage",
    "plan": "plans",
    "template": "planning_templates",
}
"""Kind of document to the collection of vectors that holds its embedding."""

TEXT_INDEX = "planning_index"
"""The index of words, of all kinds together."""


@dataclass(frozen=True)
class Document:
    """One thing that can be found: a row of PLANNING_INDEX.

    ``document_id`` is ``kind-key``, of letters, digits, ``-`` and ``_`` alone; ``key`` is the key of its row in the
    table it comes from. ``text`` is what is searched beside the title, ``essence`` what is embedded: the same without
    what differs from run to run. ``helped`` says what made it go away, or what is proposed where nothing has yet.
    Nothing here holds a secret.
    """

    document_id: str
    kind: str
    key: str
    title: str
    text: str
    essence: str
    helped: str | None = None
    severity: str | None = None
    sources: tuple[str, ...] = ()
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    build_id: str | None = None
    place: str | None = None

    @property
    def content_hash(self) -> str:
        """The same for the same content."""
        return stable_id(*(repr(value) for value in asdict(self).values()))

    @property
    def told_place(self) -> str | None:
        """Where an example of it stands, as it is told outside: of a log's file without where its folder lies."""
        return short_path(self.place) if self.kind == "pattern" and self.place else self.place

    def row(self) -> dict[str, Any]:
        """The columns of PLANNING_INDEX."""
        return asdict(self) | {"content_hash": self.content_hash}

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Document:
        """The document of a row of PLANNING_INDEX."""
        values = {name: value for name, value in row.items() if name != "content_hash"}
        return cls(**values | {"sources": tuple(row["sources"])})


@dataclass(frozen=True)
class Filters:
    """Which documents may be found: of these kinds, at least that severe, of that source, seen in that time.

    Empty means any. A document without a severity or a time is left out where one is asked for.
    """

    kinds: tuple[str, ...] = ()
    severity: str | None = None
    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        if unknown := [kind for kind in self.kinds if kind not in SEARCH_KINDS]:
            raise InputError(f"There is no kind {unknown[0]!r} to search.", f"Kinds are {', '.join(SEARCH_KINDS)}.")
        if self.severity is not None and self.severity not in SEVERITIES:
            raise InputError(f"There is no severity {self.severity!r}.", f"Use one of {', '.join(SEVERITIES)}.")

    @property
    def severities(self) -> tuple[str, ...]:
        """The severities that pass; all where none is asked for."""
        return SEVERITIES[SEVERITIES.index(self.severity) :] if self.severity else SEVERITIES

    def passes(self, document: Document) -> bool:
        """Whether the document may be found."""
        return (
            (not self.kinds or document.kind in self.kinds)
            and (self.severity is None or document.severity in self.severities)
            and (self.source is None or self.source in document.sources)
            and (self.since is None or (document.last_seen is not None and document.last_seen >= self.since))
            and (self.until is None or (document.first_seen is not None and document.first_seen <= self.until))
        )


@dataclass(frozen=True)
class Hit:
    """A document that was found, and why.

    ``score`` orders hits of one search and means nothing beside another's. ``words`` is the share of what was asked, by
    how telling each word is, that the document has; ``cosine`` how near its meaning is (1 the same, 0 unrelated). Each
    is None where that search did not find it. ``same`` marks the very failure that was asked for, by its fingerprint.
    """

    document: Document
    score: float
    words: float | None = None
    cosine: float | None = None
    same: bool = False


def joined(answers: Sequence[Sequence[Hit]]) -> list[Hit]:
    """The hits of several questions as one ranking, each document once, with what it was first found by."""
    if len(answers) == 1:
        return list(answers[0])
    hits: dict[str, Hit] = {}
    for answer in answers:
        for hit in answer:
            hits.setdefault(hit.document.document_id, hit)
    order = fused(*([hit.document.document_id for hit in answer] for answer in answers))
    return [replace(hits[name], score=score) for name, score in order.items()]


@dataclass(frozen=True)
class Updated:
    """What bringing the index up to date did: documents by kind, how many were new or changed and how many went, texts
    embedded anew (the others were known) and still to be embedded, how it searches, and why not by meaning."""

    documents: dict[str, int]
    written: int
    removed: int
    embedded: int
    waiting: int
    mode: str
    note: str = ""
    seconds: float = field(default=0.0, compare=False)


def fused(*rankings: Sequence[str]) -> dict[str, float]:
    """Reciprocal rank fusion: each id with the sum of ``1 / (60 + rank)`` over the rankings with it, the best first.

    Source: Cormack, Clarke and Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning
    methods" (2009), whose constant is 60.
    """
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, name in enumerate(ranking, 1):
            scores[name] = scores.get(name, 0.0) + 1 / (60 + rank)
    return dict(sorted(scores.items(), key=lambda item: (-item[1], item[0])))
