"""Media and queues as frozen values; fields that a newer server adds are let be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from banana_assets.interfaces.client._types import moment


@dataclass(frozen=True)
class MissingValues:
    """A field that is missing in ``missing`` of the ``expected`` items; ``derivable`` follow from the rest."""

    field: str
    missing: int
    expected: int
    derivable: int


@dataclass(frozen=True)
class MetadataQuality:
    """How complete metadata are: ``completeness`` in 0..1, fields from the worst on, and what to do, in words.

    ``message`` says what to run where there are no media.
    """

    completeness: float
    items: int
    expected_values: int
    missing_values: int
    fields: tuple[MissingValues, ...]
    advice: tuple[str, ...]
    message: str | None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> MetadataQuality:
        """The analysis in an answer."""
        return cls(
            completeness=told["completenessScore"],
            items=told["itemCount"],
            expected_values=told["expectedValues"],
            missing_values=told["missingValues"],
            fields=tuple(
                MissingValues(one["field"], one["missingCount"], one["expectedCount"], one["derivableCount"])
                for one in told["missingFields"]
            ),
            advice=tuple(one["action"] for one in told["recommendations"]),
            message=told.get("message"),
        )


@dataclass(frozen=True)
class Proposal:
    """A value proposed for a field of an item. Its rule was right for ``hits`` of the ``tried`` known values that were
    hidden from it."""

    proposal_id: int
    item_id: str
    collection: str
    uri: str
    field: str
    value: tuple[str, ...]
    origin: str
    rule: str
    source: str
    confidence: float | None
    tried: int
    hits: int
    state: str
    decided_at: datetime | None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Proposal:
        """The proposal in an answer."""
        names = ("proposal_id", "item_id", "collection", "uri", "field", "origin", "rule", "source", "confidence")
        values = {name: told[name] for name in (*names, "tried", "hits", "state")}
        return cls(**values, value=tuple(told["value"]), decided_at=moment(told["decided_at"]))


@dataclass(frozen=True)
class ProposalPage:
    """A page of proposals, the oldest first; ``next`` is the cursor of the following one."""

    proposals: tuple[Proposal, ...]
    next: str | None


@dataclass(frozen=True)
class Place:
    """A task that waits, with its ``place`` in the order to begin and by arrival, from 1."""

    task_id: str
    kind: str
    place: int
    first_come_place: int
    begins_at: datetime | None
    expected_seconds: float | None


@dataclass(frozen=True)
class Queue:
    """What another order saves a task of a queue, in seconds with a 95 % interval, and what should begin now."""

    queue: str
    origin: str
    tasks: int
    verdict: str
    saved_seconds: float
    saved_low: float | None
    saved_high: float | None
    statement: str
    at_once: int
    best_at_once: int | None
    waiting: tuple[Place, ...]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Queue:
        """The queue in an answer."""
        names = ("queue", "origin", "tasks", "verdict", "saved_seconds", "saved_low", "saved_high", "statement")
        values = {name: told[name] for name in (*names, "at_once", "best_at_once")}
        return cls(**values, waiting=tuple(map(_place, told["waiting"])))


@dataclass(frozen=True)
class Room:
    """A time in which work of a kind may begin; ``risk`` is the chance that room runs out at ``best_at``."""

    queue: str
    kind: str
    host: str
    begins_at: datetime
    ends_at: datetime
    best_at: datetime
    risk: float
    tightest: str

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Room:
        """The window in an answer."""
        values = {name: told[name] for name in ("queue", "kind", "host", "risk", "tightest")}
        for name in ("begins_at", "ends_at", "best_at"):
            values[name] = datetime.fromisoformat(told[name])
        return cls(**values)


def _place(told: Mapping[str, Any]) -> Place:
    return Place(
        task_id=told["task_id"],
        kind=told["kind"],
        place=told["place"],
        first_come_place=told["first_come_place"],
        begins_at=moment(told["begins_at"]),
        expected_seconds=told["expected_seconds"],
    )
