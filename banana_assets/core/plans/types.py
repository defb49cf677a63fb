"""What a plan is made of."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from banana_assets.core.evidence import Citation

STEP_TYPES = ("reproduce", "measure", "inspect", "change", "verify", "prevent")
"""``change`` mends; ``verify`` shows whether it did; the ones before look, ``prevent`` keeps it from coming again."""

PRIORITIES = ("low", "medium", "high")


@dataclass(frozen=True)
class Requirement:
    """What a step needs while it runs: ``Requirement("memory", 4, "GiB")``. ``type`` is one of RESOURCE_TYPES."""

    type: str
    amount: float
    unit: str


@dataclass(frozen=True)
class Action:
    """A step that can be launched here, after approval: ``kind`` is one of PLAN_ACTIONS, ``arguments`` what it acts on
    (paths to ingest, arrival days to compute)."""

    kind: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableRow:
    """A row of a table that a step rests on: ``TableRow("bottlenecks", "39ebb196bd36c596")``."""

    table: str
    key: str


@dataclass(frozen=True)
class Subtask:
    """One step. ``dependencies`` are ids of steps that must be done before it; ``rests_on`` are rows of tables that it
    rests on beside the cited lines."""

    id: str
    type: str
    description: str
    expects: str
    estimated_minutes: float
    dependencies: tuple[str, ...] = ()
    priority: str = "medium"
    resource_requirements: tuple[Requirement, ...] = ()
    citations: tuple[Citation, ...] = ()
    action: Action | None = None
    rests_on: tuple[TableRow, ...] = ()


@dataclass(frozen=True)
class Risk:
    """What could go wrong, and what is done about it."""

    description: str
    mitigation: str


@dataclass(frozen=True)
class Prediction:
    """What later builds should show if the plan works: which fingerprint stops, by when that is decided."""

    fingerprint: str | None
    statement: str
    decide_by: datetime | None


@dataclass(frozen=True)
class ScorePart:
    """One part of a score: its value in 0..1, its weight, and what it was counted from."""

    name: str
    value: float
    weight: float
    why: str


@dataclass(frozen=True)
class Issue:
    """What validation found. ``level`` is one of ISSUE_LEVELS; ``step`` the id of the step that it is about."""

    level: str
    message: str
    step: str | None = None


@dataclass(frozen=True)
class Plan:
    """A plan, or with status ``abstained`` the one reason why there is none.

    ``kind`` is one of PLAN_KINDS and says what ``subject`` is: a failure's cluster_id, a recommendation_id, or the goal
    that somebody asked for. The scores are in 0..1 and None for a plan that abstained; ``*_parts`` show how they came.
    """

    plan_id: str
    kind: str
    goal: str
    subject: str
    approach: str
    subtasks: tuple[Subtask, ...]
    risks: tuple[Risk, ...]
    fallback_plan: str
    prediction: Prediction
    planner: str
    created_at: datetime
    model_used: str = "none"
    status: str = "pending"
    reason: str | None = None
    context: str | None = None
    constraints: tuple[str, ...] = ()
    preferred_approach: str | None = None
    optimization_score: float | None = None
    optimization_parts: tuple[ScorePart, ...] = ()
    resource_efficiency: float | None = None
    efficiency_parts: tuple[ScorePart, ...] = ()
    issues: tuple[Issue, ...] = ()
    template_id: str | None = None
    supersedes: str | None = None

    def row(self) -> dict[str, Any]:
        """The columns of PLANS."""
        return asdict(self)

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Plan:
        """The plan of a row of PLANS."""
        return cls(
            **row
            | {
                "subtasks": tuple(_subtask(step) for step in row["subtasks"]),
                "risks": tuple(Risk(**r) for r in row["risks"]),
                "prediction": Prediction(**row["prediction"]),
                "constraints": tuple(row["constraints"]),
                "optimization_parts": tuple(ScorePart(**p) for p in row["optimization_parts"]),
                "efficiency_parts": tuple(ScorePart(**p) for p in row["efficiency_parts"]),
                "issues": tuple(Issue(**i) for i in row["issues"]),
            }
        )


def _subtask(row: dict[str, Any]) -> Subtask:
    action = row["action"]
    return Subtask(
        **row
        | {
            "dependencies": tuple(row["dependencies"]),
            "resource_requirements": tuple(Requirement(**r) for r in row["resource_requirements"]),
            "citations": tuple(row["citations"]),
            "action": Action(action["kind"], tuple(action["arguments"])) if action else None,
            "rests_on": tuple(TableRow(**r) for r in row["rests_on"]),
        }
    )
