"""What a plan is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from banana_assets.core.evidence import Citation


@dataclass(frozen=True)
class Requirement:
    """What a step needs: ``Requirement("memory", 4, "GiB")``."""

    type: str
    amount: float
    unit: str


@dataclass(frozen=True)
class Subtask:
    """One step. ``dependencies`` are ids of steps that must be done before it."""

    id: str
    type: str
    description: str
    expects: str
    estimated_minutes: float
    dependencies: tuple[str, ...] = ()
    priority: str = "medium"
    resource_requirements: tuple[Requirement, ...] = ()
    citations: tuple[Citation, ...] = ()

    def row(self) -> dict[str, Any]:
        """The fields of SUBTASK."""
        return {
            "id": self.id,
            "type": self.type,
            "description": self.description,
            "expects": self.expects,
            "estimated_minutes": self.estimated_minutes,
            "dependencies": list(self.dependencies),
            "priority": self.priority,
            "resource_requirements": [vars(r) for r in self.resource_requirements],
            "citations": list(self.citations),
        }


@dataclass(frozen=True)
class Prediction:
    """What later builds should show if the plan works."""

    fingerprint: str | None
    statement: str
    decide_by: datetime | None


@dataclass(frozen=True)
class Plan:
    """A plan, or with status ``abstained`` the one reason why there is none."""

    plan_id: str
    goal: str
    subject: str
    approach: str
    subtasks: tuple[Subtask, ...]
    risk_assessment: str
    prediction: Prediction
    planner: str
    status: str = "pending"
    reason: str | None = field(default=None)

    def row(self) -> dict[str, Any]:
        """The columns of PLANS."""
        return {
            "plan_id": self.plan_id,
            "goal": self.goal,
            "subject": self.subject,
            "approach": self.approach,
            "status": self.status,
            "subtasks": [s.row() for s in self.subtasks],
            "risk_assessment": self.risk_assessment,
            "prediction": vars(self.prediction),
            "planner": self.planner,
            "reason": self.reason,
        }

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Plan:
        """The plan of a row of PLANS."""
        steps = tuple(
            Subtask(
                **row_of_step
                | {
                    "dependencies": tuple(row_of_step["dependencies"]),
                    "resource_requirements": tuple(Requirement(**r) for r in row_of_step["resource_requirements"]),
                    "citations": tuple(row_of_step["citations"]),
                }
            )
            for row_of_step in row["subtasks"]
        )
        return cls(**row | {"subtasks": steps, "prediction": Prediction(**row["prediction"])})
