"""A job of a CI service as a build."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Job:
    """One run of a job. ``facts`` are fields of a manifest (pipeline, job, branch, commit, status...).

    ``log`` is the path of its log at the service's interface, where the job has ended; ``at`` is the latest time that
    it tells (ISO 8601). ``host`` is that of the service, where it is told.
    """

    build_id: str
    facts: Mapping[str, Any]
    log: str | None
    at: str | None
    host: str | None = None


@dataclass(frozen=True)
class Ignored:
    """Something that is about no job that ran, and why."""

    why: str


def text(value: object) -> str | None:
    """A text that says something, else None."""
    return value.strip() if isinstance(value, str) and value.strip() else None


def number(value: object) -> int | None:
    """A whole number that can be an id, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63 else None


def part(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object under a name; an empty one where there is none."""
    found = told.get(name)
    return found if isinstance(found, dict) else {}
